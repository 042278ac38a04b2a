#include "ledger/store_etcd_blobs.h"

#include <string.h>

#include "ledger/store_record.h"

enum { PART_SIZE = 1 << 20 }; // etcd takes 1.5 MiB a request

// Parts first, and then the name that leads to them: whoever finds a name finds all of its blob.
vch_status vch_store_etcd_blobs_put(struct vch_etcd_log *log, const struct vch_digest *name,
                                    const struct vch_digest *digest, const void *bytes, size_t size,
                                    struct vch_complaint *complaint)
{
    struct vch_store_record_blob blob = {.size = size, .digest = *digest};
    uint8_t record[VCH_STORE_RECORD_BLOB_SIZE];
    vch_etcd_log_key key;

    for (size_t at = 0; at < size; at += PART_SIZE) {
        size_t part_size = size - at < PART_SIZE ? size - at : PART_SIZE;
        vch_arena_release(&log->arena);
        vch_etcd_log_key_part(log, key, "blob", digest, at / PART_SIZE);
        VCH_TRY(vch_etcd_log_put(log, key, (const uint8_t *)bytes + at, part_size, complaint));
    }
    vch_arena_release(&log->arena);
    vch_etcd_log_key_digest(log, key, "name", name);
    vch_store_record_encode_blob(record, &blob);
    return vch_etcd_log_put(log, key, record, sizeof record, complaint);
}

static vch_status get_parts(struct vch_etcd_log *log, const struct vch_store_record_blob *blob,
                            uint8_t *out, struct vch_complaint *complaint)
{
    vch_etcd_log_key key;

    for (size_t at = 0; at < blob->size; at += PART_SIZE) {
        size_t wanted = blob->size - at < PART_SIZE ? blob->size - at : PART_SIZE, size = 0;
        const uint8_t *part = NULL;
        vch_arena_release(&log->arena);
        vch_etcd_log_key_part(log, key, "blob", &blob->digest, at / PART_SIZE);
        VCH_TRY(vch_etcd_log_get(log, key, &part, &size, complaint));
        if (part == NULL || size != wanted)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "etcd has no whole part %zu of a blob: the store was damaged or "
                                "altered; put it again",
                                at / PART_SIZE);
        memcpy(out + at, part, size);
    }
    return VCH_OK;
}

vch_status vch_store_etcd_blobs_get(struct vch_etcd_log *log, const struct vch_digest *name,
                                    struct vch_digest *digest, uint8_t **out, size_t *size,
                                    struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_store_record_blob found = {0};
    const uint8_t *record = NULL;
    size_t record_size = 0;
    vch_etcd_log_key key;

    vch_arena_release(&log->arena);
    vch_etcd_log_key_digest(log, key, "name", name);
    VCH_TRY(vch_etcd_log_get(log, key, &record, &record_size, complaint));
    if (record == NULL) return VCH_OK;
    VCH_TRY(vch_store_record_decode_blob(&found, record, record_size, complaint));
    uint8_t *bytes = vch_arena_alloc(arena, found.size, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(get_parts(log, &found, bytes, complaint));
    *digest = found.digest;
    *out = bytes;
    *size = found.size;
    return VCH_OK;
}
