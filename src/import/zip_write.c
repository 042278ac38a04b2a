// An archive of stored members, as numpy.savez writes it.
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "import/zip.h"
#include "import/zip_format.h"

enum { VERSION = 20, DATE = 1 << 5 | 1 }; // ZIP 2.0; the first of January 1980, ZIP's zero

static void put_u16le(uint8_t *out, size_t value)
{
    out[0] = (uint8_t)(value & 255);
    out[1] = (uint8_t)(value >> 8 & 255);
}

// What local header and directory entry have in common, from the version needed on.
static void put_common(uint8_t *out, const struct vch_zip_source *source, uint32_t checksum)
{
    put_u16le(out, VERSION);
    put_u16le(out + 8, DATE);
    vch_put_u32le(out + 10, checksum);
    vch_put_u32le(out + 14, (uint32_t)source->size);
    vch_put_u32le(out + 18, (uint32_t)source->size);
    put_u16le(out + 22, strlen(source->name));
}

static size_t put_local(uint8_t *out, const struct vch_zip_source *source, uint32_t checksum)
{
    size_t name = strlen(source->name);

    memset(out, 0, VCH_ZIP_LOCAL_SIZE);
    vch_put_u32le(out, VCH_ZIP_LOCAL_MAGIC);
    put_common(out + 4, source, checksum);
    memcpy(out + VCH_ZIP_LOCAL_SIZE, source->name, name);
    memcpy(out + VCH_ZIP_LOCAL_SIZE + name, source->bytes, source->size);
    return VCH_ZIP_LOCAL_SIZE + name + source->size;
}

static size_t put_entry(uint8_t *out, const struct vch_zip_source *source, uint32_t checksum,
                        size_t offset)
{
    size_t name = strlen(source->name);

    memset(out, 0, VCH_ZIP_ENTRY_SIZE);
    vch_put_u32le(out, VCH_ZIP_ENTRY_MAGIC);
    put_u16le(out + 4, VERSION);
    put_common(out + 6, source, checksum);
    vch_put_u32le(out + 42, (uint32_t)offset);
    memcpy(out + VCH_ZIP_ENTRY_SIZE, source->name, name);
    return VCH_ZIP_ENTRY_SIZE + name;
}

static void put_end(uint8_t *out, uint32_t count, size_t directory, size_t size)
{
    memset(out, 0, VCH_ZIP_END_SIZE);
    vch_put_u32le(out, VCH_ZIP_END_MAGIC);
    put_u16le(out + 8, count);
    put_u16le(out + 10, count);
    vch_put_u32le(out + 12, (uint32_t)size);
    vch_put_u32le(out + 16, (uint32_t)directory);
}

static vch_status size_of_all(size_t *out, const struct vch_zip_source *sources, uint32_t count)
{
    size_t size = VCH_ZIP_END_SIZE;

    for (uint32_t i = 0; i < count; i++) {
        size_t name = strlen(sources[i].name);
        if (name > UINT16_MAX || sources[i].size > UINT32_MAX) return VCH_FAIL(LIMIT);
        size += VCH_ZIP_LOCAL_SIZE + VCH_ZIP_ENTRY_SIZE + 2 * name + sources[i].size;
    }
    if (size > UINT32_MAX) return VCH_FAIL(LIMIT);
    *out = size;
    return VCH_OK;
}

vch_status vch_zip_write(uint8_t **out, size_t *size, const struct vch_zip_source *sources,
                         uint32_t count, struct vch_arena *arena)
{
    size_t offsets[VCH_ZIP_MEMBERS_WRITTEN_MAX], at = 0;
    uint32_t checksums[VCH_ZIP_MEMBERS_WRITTEN_MAX];

    if (count > VCH_ZIP_MEMBERS_WRITTEN_MAX) return VCH_FAIL(LIMIT);
    VCH_TRY(size_of_all(size, sources, count));
    uint8_t *bytes = vch_arena_alloc(arena, *size, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++) {
        checksums[i] = (uint32_t)crc32(0, sources[i].bytes, (uInt)sources[i].size);
        offsets[i] = at;
        at += put_local(bytes + at, &sources[i], checksums[i]);
    }
    size_t directory = at;
    for (uint32_t i = 0; i < count; i++)
        at += put_entry(bytes + at, &sources[i], checksums[i], offsets[i]);
    put_end(bytes + at, count, directory, at - directory);
    *out = bytes;
    return VCH_OK;
}
