#include "ledger/store_record.h"

#include <string.h>

#include "base/bytes.h"
#include "base/reader.h"
#include "ledger/store_order.h"

enum { KIND_NODES = 1, KIND_ENTRIES, KIND_HEAD, KIND_CHECKPOINT, KIND_BLOB };
enum { SEAL_SIZE = 8, WRITER_SIZE = VCH_STORE_RECORD_WRITER_SIZE };

static const uint64_t SIZE_LIMIT = (uint64_t)1 << VCH_STORE_LEVELS_MAX;

static const char *const NAMES[] = {"", "nodes", "entries", "head", "checkpoint", "blob"};

// A record being written: room for exactly what it will hold.
struct record {
    uint8_t *bytes;
    size_t offset;
};

static void put(struct record *record, const void *bytes, size_t size)
{
    if (size > 0) memcpy(record->bytes + record->offset, bytes, size);
    record->offset += size;
}

static void put_u32(struct record *record, uint32_t value)
{
    vch_put_u32le(record->bytes + record->offset, value);
    record->offset += 4;
}

static void put_u64(struct record *record, uint64_t value)
{
    vch_put_u64le(record->bytes + record->offset, value);
    record->offset += 8;
}

static void seal(struct record *record)
{
    struct vch_digest digest = vch_hash_bytes(record->bytes, record->offset);

    put(record, digest.bytes, SEAL_SIZE);
}

static bool start(struct record *record, uint8_t kind, size_t size, struct vch_arena *arena)
{
    record->bytes = vch_arena_alloc(arena, size, 1);
    record->offset = 0;
    if (record->bytes != NULL) put(record, &kind, 1);
    return record->bytes != NULL;
}

uint8_t *vch_store_record_encode_nodes(size_t *size, uint64_t first, uint32_t count,
                                       const struct vch_digest *nodes, struct vch_arena *arena)
{
    size_t nodes_size = (size_t)vch_store_order_between(first, count) * sizeof *nodes;
    struct record record;

    *size = 1 + 8 + 4 + nodes_size + SEAL_SIZE;
    if (!start(&record, KIND_NODES, *size, arena)) return NULL;
    put_u64(&record, first);
    put_u32(&record, count);
    put(&record, nodes, nodes_size);
    seal(&record);
    return record.bytes;
}

uint8_t *vch_store_record_encode_entries(size_t *size, const uint8_t *writer, uint64_t first,
                                         const struct vch_store_entry *entries, uint32_t count,
                                         struct vch_arena *arena)
{
    struct record record;

    *size = 1 + WRITER_SIZE + 8 + 4 + 2 * (size_t)count + SEAL_SIZE;
    for (uint32_t i = 0; i < count; i++)
        *size += entries[i].size;
    if (!start(&record, KIND_ENTRIES, *size, arena)) return NULL;
    put(&record, writer, WRITER_SIZE);
    put_u64(&record, first);
    put_u32(&record, count);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t entry_size[2] = {(uint8_t)entries[i].size, (uint8_t)(entries[i].size >> 8)};
        put(&record, entry_size, sizeof entry_size);
    }
    for (uint32_t i = 0; i < count; i++)
        put(&record, entries[i].bytes, entries[i].size);
    seal(&record);
    return record.bytes;
}

static void encode_sized_digest(uint8_t *out, uint8_t kind, uint64_t size,
                                const struct vch_digest *digest)
{
    struct record record = {.bytes = out};

    put(&record, &kind, 1);
    put_u64(&record, size);
    put(&record, digest->bytes, sizeof *digest);
    seal(&record);
}

void vch_store_record_encode_head(uint8_t out[VCH_STORE_RECORD_HEAD_SIZE],
                                  const struct vch_store_head *head)
{
    encode_sized_digest(out, KIND_HEAD, head->size, &head->root);
}

void vch_store_record_encode_blob(uint8_t out[VCH_STORE_RECORD_BLOB_SIZE],
                                  const struct vch_store_record_blob *blob)
{
    encode_sized_digest(out, KIND_BLOB, blob->size, &blob->digest);
}

uint8_t *vch_store_record_encode_checkpoint(size_t *size,
                                            const struct vch_store_checkpoint *checkpoint,
                                            struct vch_arena *arena)
{
    struct record record;

    *size = VCH_STORE_RECORD_HEAD_SIZE + checkpoint->note_size;
    if (!start(&record, KIND_CHECKPOINT, *size, arena)) return NULL;
    put_u64(&record, checkpoint->tree.size);
    put(&record, checkpoint->tree.root.bytes, sizeof checkpoint->tree.root);
    put(&record, checkpoint->note, checkpoint->note_size);
    seal(&record);
    return record.bytes;
}

static vch_status malformed(uint8_t kind, const char *what, struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "the store's record of %s %s: it was damaged or written by something else; "
                        "restore the store from a copy",
                        NAMES[kind], what);
}

// Opens a record of this kind between its kind and its seal.
static vch_status unseal(struct vch_reader *out, uint8_t kind, const uint8_t *bytes, size_t size,
                         struct vch_complaint *complaint)
{
    if (size < 1 + SEAL_SIZE || size > VCH_STORE_RECORD_SIZE_MAX)
        return malformed(kind, "has an impossible length", complaint);
    if (bytes[0] != kind) return malformed(kind, "is of another kind or version", complaint);
    struct vch_digest digest = vch_hash_bytes(bytes, size - SEAL_SIZE);
    if (memcmp(digest.bytes, bytes + size - SEAL_SIZE, SEAL_SIZE) != 0)
        return malformed(kind, "does not match its seal", complaint);
    *out = (struct vch_reader){.bytes = bytes + 1, .size = size - 1 - SEAL_SIZE};
    return VCH_OK;
}

static vch_status read_range(struct vch_reader *reader, uint64_t *first, uint32_t *count)
{
    VCH_TRY(vch_reader_u64le(reader, first));
    VCH_TRY(vch_reader_u32le(reader, count));
    bool is_range = *first<SIZE_LIMIT && * count> 0 && *count <= VCH_STORE_GROUP_MAX &&
                    *first + *count < SIZE_LIMIT;
    return is_range ? VCH_OK : VCH_FAIL(MALFORMED);
}

static size_t rest(const struct vch_reader *reader)
{
    return reader->size - reader->offset;
}

vch_status vch_store_record_decode_nodes(struct vch_store_completed *out, const uint8_t *bytes,
                                         size_t size, struct vch_arena *arena,
                                         struct vch_complaint *complaint)
{
    struct vch_reader reader;

    VCH_TRY(unseal(&reader, KIND_NODES, bytes, size, complaint));
    if (!vch_is_ok(read_range(&reader, &out->first, &out->count)))
        return malformed(KIND_NODES, "names an impossible range", complaint);
    size_t nodes_size = (size_t)vch_store_order_between(out->first, out->count) * VCH_DIGEST_SIZE;
    if (rest(&reader) != nodes_size)
        return malformed(KIND_NODES, "does not have a digest for each node", complaint);
    struct vch_digest *nodes = vch_arena_alloc(arena, nodes_size, 1);
    if (nodes == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(nodes, reader.bytes + reader.offset, nodes_size);
    out->nodes = nodes;
    return VCH_OK;
}

static vch_status read_entries(struct vch_reader *reader, struct vch_store_record_entries *out)
{
    struct vch_reader sizes;
    const uint8_t *bytes = NULL;

    VCH_TRY(vch_reader_bytes(reader, 2 * (size_t)out->count, &bytes));
    sizes = (struct vch_reader){.bytes = bytes, .size = 2 * (size_t)out->count};
    for (uint32_t i = 0; i < out->count; i++) {
        uint16_t size = 0;
        VCH_TRY(vch_reader_u16le(&sizes, &size));
        out->entries[i].size = size;
        VCH_TRY(vch_reader_bytes(reader, size, &out->entries[i].bytes));
    }
    return rest(reader) == 0 ? VCH_OK : VCH_FAIL(MALFORMED);
}

vch_status vch_store_record_decode_entries(struct vch_store_record_entries *out,
                                           const uint8_t *bytes, size_t size,
                                           struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_reader reader;

    VCH_TRY(unseal(&reader, KIND_ENTRIES, bytes, size, complaint));
    if (!vch_is_ok(vch_reader_bytes(&reader, WRITER_SIZE, &out->writer)) ||
        !vch_is_ok(read_range(&reader, &out->first, &out->count)))
        return malformed(KIND_ENTRIES, "names an impossible range", complaint);
    out->entries = VCH_ARENA_NEW(arena, struct vch_store_entry, out->count);
    if (out->entries == NULL) return VCH_FAIL(NO_MEMORY);
    if (!vch_is_ok(read_entries(&reader, out)))
        return malformed(KIND_ENTRIES, "is not as long as its entries", complaint);
    return VCH_OK;
}

// What heads, checkpoints and blobs begin with.
static vch_status read_sized_digest(struct vch_reader *reader, uint64_t size_limit, uint64_t *size,
                                    struct vch_digest *digest)
{
    const uint8_t *bytes = NULL;

    VCH_TRY(vch_reader_u64le(reader, size));
    VCH_TRY(vch_reader_bytes(reader, sizeof *digest, &bytes));
    memcpy(digest->bytes, bytes, sizeof *digest);
    return *size < size_limit ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status read_tree(struct vch_reader *reader, struct vch_store_head *out)
{
    return read_sized_digest(reader, SIZE_LIMIT, &out->size, &out->root);
}

vch_status vch_store_record_decode_head(struct vch_store_head *out, const uint8_t *bytes,
                                        size_t size, struct vch_complaint *complaint)
{
    struct vch_reader reader;

    VCH_TRY(unseal(&reader, KIND_HEAD, bytes, size, complaint));
    if (!vch_is_ok(read_tree(&reader, out)) || rest(&reader) != 0)
        return malformed(KIND_HEAD, "names an impossible tree", complaint);
    return VCH_OK;
}

vch_status vch_store_record_decode_checkpoint(struct vch_store_checkpoint *out,
                                              const uint8_t *bytes, size_t size,
                                              struct vch_complaint *complaint)
{
    struct vch_reader reader;

    VCH_TRY(unseal(&reader, KIND_CHECKPOINT, bytes, size, complaint));
    if (!vch_is_ok(read_tree(&reader, &out->tree)))
        return malformed(KIND_CHECKPOINT, "names an impossible tree", complaint);
    out->note_size = rest(&reader);
    out->note = reader.bytes + reader.offset;
    if (out->note_size == 0 || out->note_size > VCH_STORE_NOTE_SIZE_MAX)
        return malformed(KIND_CHECKPOINT, "has a note of impossible length", complaint);
    return VCH_OK;
}

vch_status vch_store_record_decode_blob(struct vch_store_record_blob *out, const uint8_t *bytes,
                                        size_t size, struct vch_complaint *complaint)
{
    struct vch_reader reader;

    VCH_TRY(unseal(&reader, KIND_BLOB, bytes, size, complaint));
    if (!vch_is_ok(
            read_sized_digest(&reader, VCH_STORE_BLOB_SIZE_MAX + 1, &out->size, &out->digest)) ||
        rest(&reader) != 0)
        return malformed(KIND_BLOB, "has an impossible length", complaint);
    return VCH_OK;
}
