#include "import/zip.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/reader.h"
#include "import/zip_format.h"

enum {
    COMMENT_MAX = 65535,
    DEFLATE_RATIO_MAX = 1032, // zlib's documented limit
    FLAG_ENCRYPTED = 1,
};

static uint32_t get_u16le(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8;
}

static vch_status malformed(struct vch_complaint *complaint, const char *what)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED, "the archive is damaged: %s", what);
}

// The end record is the last one whose comment ends exactly where the file does.
static const uint8_t *find_end(const uint8_t *bytes, size_t size)
{
    for (size_t comment = 0; comment <= COMMENT_MAX && comment + VCH_ZIP_END_SIZE <= size;
         comment++) {
        const uint8_t *at = bytes + size - comment - VCH_ZIP_END_SIZE;
        if (vch_get_u32le(at) == VCH_ZIP_END_MAGIC && get_u16le(at + 20) == comment) return at;
    }
    return NULL;
}

vch_status vch_zip_open(struct vch_zip *out, const uint8_t *bytes, size_t size,
                        struct vch_complaint *complaint)
{
    const uint8_t *end = find_end(bytes, size);

    if (end == NULL)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "not an .npz archive, or cut short: its directory is missing");
    uint32_t count = get_u16le(end + 10), directory_size = vch_get_u32le(end + 12);
    uint32_t offset = vch_get_u32le(end + 16);
    if (count == 0xffff || directory_size == UINT32_MAX || offset == UINT32_MAX)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the archive is in the zip64 format; expected less than 4 GiB");
    if (get_u16le(end + 4) != 0 || get_u16le(end + 6) != 0 || get_u16le(end + 8) != count)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED, "the archive is in several parts");
    if (count > VCH_ZIP_MEMBERS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the archive has %u members; at most %u",
                            count, VCH_ZIP_MEMBERS_MAX);
    if ((uint64_t)offset + directory_size != (uint64_t)(end - bytes))
        return malformed(complaint, "its directory is not where the end record says");
    *out = (struct vch_zip){bytes, size, offset, directory_size, count};
    return VCH_OK;
}

static vch_status read_entry(struct vch_zip_member *out, struct vch_reader *reader)
{
    const uint8_t *entry = NULL, *name = NULL, *rest = NULL;

    VCH_TRY(vch_reader_bytes(reader, VCH_ZIP_ENTRY_SIZE, &entry));
    if (vch_get_u32le(entry) != VCH_ZIP_ENTRY_MAGIC) return VCH_FAIL(MALFORMED);
    size_t name_size = get_u16le(entry + 28);
    VCH_TRY(vch_reader_bytes(reader, name_size, &name));
    VCH_TRY(vch_reader_bytes(reader, get_u16le(entry + 30) + get_u16le(entry + 32), &rest));
    *out = (struct vch_zip_member){
        .name = (const char *)name,
        .name_size = name_size,
        .method = get_u16le(entry + 8) & FLAG_ENCRYPTED ? UINT32_MAX : get_u16le(entry + 10),
        .checksum = vch_get_u32le(entry + 16),
        .compressed_size = vch_get_u32le(entry + 20),
        .size = vch_get_u32le(entry + 24),
        .offset = vch_get_u32le(entry + 42),
    };
    return VCH_OK;
}

static bool is_named(const struct vch_zip_member *member, const char *name, const char *suffix)
{
    size_t size = strlen(name), suffix_size = strlen(suffix);

    if (member->name_size < size || memcmp(member->name, name, size) != 0) return false;
    if (member->name_size == size) return true;
    return member->name_size == size + suffix_size &&
           memcmp(member->name + size, suffix, suffix_size) == 0;
}

// "'a.npy', 'b.npy', ..." for a complaint.
static void list_names(char *out, size_t size, const struct vch_zip *zip)
{
    struct vch_reader reader = {zip->bytes + zip->directory_offset, zip->directory_size, 0};
    struct vch_zip_member member = {0};
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < zip->member_count && vch_is_ok(read_entry(&member, &reader)); i++) {
        if (used + member.name_size + 8 > size) {
            (void)snprintf(out + used, size - used, ", ...");
            return;
        }
        used += (size_t)snprintf(out + used, size - used, "%s'%.*s'", i > 0 ? ", " : "",
                                 (int)member.name_size, member.name);
    }
}

vch_status vch_zip_find(struct vch_zip_member *out, const struct vch_zip *zip, const char *name,
                        const char *suffix, struct vch_complaint *complaint)
{
    struct vch_reader reader = {zip->bytes + zip->directory_offset, zip->directory_size, 0};
    uint32_t found = 0;
    char names[256];

    for (uint32_t i = 0; i < zip->member_count; i++) {
        struct vch_zip_member member = {0};
        if (!vch_is_ok(read_entry(&member, &reader)))
            return malformed(complaint, "a directory entry is broken");
        if (name != NULL && !is_named(&member, name, suffix)) continue;
        *out = member;
        found++;
    }
    if (reader.offset != reader.size) return malformed(complaint, "its directory has extra bytes");
    if (found == 1) return VCH_OK;

    list_names(names, sizeof names, zip);
    if (name == NULL)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "the archive holds %u arrays (%s); say which one to use", found, names);
    return vch_complain(complaint, found == 0 ? VCH_CODE_USAGE : VCH_CODE_MALFORMED,
                        found == 0 ? "the archive has no array called '%.100s'; it has: %s"
                                   : "the archive has more than one array called '%.100s': %s",
                        name, names);
}

// The compressed bytes, checked to lie before the directory.
static vch_status locate(const uint8_t **out, const struct vch_zip *zip,
                         const struct vch_zip_member *member, struct vch_complaint *complaint)
{
    struct vch_reader reader = {zip->bytes, zip->directory_offset, 0};
    const uint8_t *local = NULL, *skipped = NULL;

    if (member->offset == UINT32_MAX || member->size == UINT32_MAX ||
        member->compressed_size == UINT32_MAX)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "a member of the archive has 4 GiB or more (zip64)");
    if (!vch_is_ok(vch_reader_bytes(&reader, member->offset, &skipped)) ||
        !vch_is_ok(vch_reader_bytes(&reader, VCH_ZIP_LOCAL_SIZE, &local)) ||
        vch_get_u32le(local) != VCH_ZIP_LOCAL_MAGIC)
        return malformed(complaint, "a member is not where the directory says");
    if (!vch_is_ok(
            vch_reader_bytes(&reader, get_u16le(local + 26) + get_u16le(local + 28), &skipped)) ||
        !vch_is_ok(vch_reader_bytes(&reader, member->compressed_size, out)))
        return malformed(complaint, "a member reaches into the directory");
    return VCH_OK;
}

static void *take_memory(void *arena, unsigned count, unsigned size)
{
    return vch_arena_alloc(arena, count, size);
}

static void keep_memory(void *arena, void *memory)
{
    (void)arena, (void)memory; // the arena's owner gives everything back at once
}

static vch_status inflate_all(uint8_t *out, uint32_t size, const uint8_t *in, uint32_t in_size,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    z_stream stream = {.zalloc = take_memory,
                       .zfree = keep_memory,
                       .opaque = arena,
                       .next_in = in,
                       .avail_in = in_size,
                       .next_out = out,
                       .avail_out = size};

    int result = inflateInit2(&stream, -MAX_WBITS);
    if (result == Z_OK) result = inflate(&stream, Z_FINISH);
    bool is_whole = result == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0;
    (void)inflateEnd(&stream);
    if (result == Z_MEM_ERROR)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY, "no memory to inflate an array");
    return is_whole ? VCH_OK
                    : malformed(complaint, "a deflated member does not inflate to its size");
}

static vch_status expand(const uint8_t **out, const struct vch_zip_member *member,
                         const uint8_t *packed, struct vch_arena *arena,
                         struct vch_complaint *complaint)
{
    if (member->size > ((uint64_t)member->compressed_size + 1) * DEFLATE_RATIO_MAX)
        return malformed(complaint, "a member claims to inflate beyond what deflate can do");
    uint8_t *bytes = vch_arena_alloc(arena, member->size, 1);
    if (bytes == NULL)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY,
                            "no memory for an array that inflates to %u bytes", member->size);
    VCH_TRY(inflate_all(bytes, member->size, packed, member->compressed_size, arena, complaint));
    *out = bytes;
    return VCH_OK;
}

vch_status vch_zip_read(const uint8_t **out, const struct vch_zip *zip,
                        const struct vch_zip_member *member, struct vch_arena *arena,
                        struct vch_complaint *complaint)
{
    const uint8_t *packed = NULL, *bytes = NULL;

    VCH_TRY(locate(&packed, zip, member, complaint));
    switch (member->method) {
    case 0:
        if (member->size != member->compressed_size)
            return malformed(complaint, "a stored member has two sizes");
        bytes = packed;
        break;
    case 8: VCH_TRY(expand(&bytes, member, packed, arena, complaint)); break;
    default:
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "a member is encrypted or compressed in a way that is not supported; "
                            "expected stored or deflated (numpy.savez, numpy.savez_compressed)");
    }
    if (crc32(0, bytes, member->size) != member->checksum)
        return malformed(complaint, "a member's CRC-32 is wrong");
    *out = bytes;
    return VCH_OK;
}
