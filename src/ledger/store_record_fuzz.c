// Records as an engine may hold them, with a seal that fits: whatever is accepted is written the
// same way again.
#include <string.h>

#include "base/check.h"
#include "ledger/store_order.h"
#include "ledger/store_record.h"

enum { SEAL_SIZE = 8, ARENA_MAX = 16 << 20 };

static void check_same(const uint8_t *again, size_t again_size, const uint8_t *bytes, size_t size)
{
    VCH_ASSERT(again != NULL && again_size == size && memcmp(again, bytes, size) == 0);
}

static void try_groups(const uint8_t *bytes, size_t size, struct vch_arena *arena)
{
    struct vch_store_record_entries entries = {0};
    struct vch_store_completed nodes = {0};
    struct vch_complaint complaint = {0};
    size_t again_size = 0;

    if (vch_is_ok(vch_store_record_decode_entries(&entries, bytes, size, arena, &complaint))) {
        uint8_t *again = vch_store_record_encode_entries(&again_size, entries.writer, entries.first,
                                                         entries.entries, entries.count, arena);
        check_same(again, again_size, bytes, size);
    }
    if (vch_is_ok(vch_store_record_decode_nodes(&nodes, bytes, size, arena, &complaint))) {
        uint8_t *again = vch_store_record_encode_nodes(&again_size, nodes.first, nodes.count,
                                                       nodes.nodes, arena);
        check_same(again, again_size, bytes, size);
    } else {
        VCH_ASSERT(complaint.text[0] != '\0');
    }
}

static void try_others(const uint8_t *bytes, size_t size, struct vch_arena *arena)
{
    struct vch_store_head head = {0};
    struct vch_store_checkpoint checkpoint = {0};
    struct vch_store_record_blob blob = {0};
    uint8_t fixed[VCH_STORE_RECORD_HEAD_SIZE];
    size_t again_size = 0;

    if (vch_is_ok(vch_store_record_decode_head(&head, bytes, size, NULL))) {
        vch_store_record_encode_head(fixed, &head);
        check_same(fixed, sizeof fixed, bytes, size);
    }
    if (vch_is_ok(vch_store_record_decode_blob(&blob, bytes, size, NULL))) {
        vch_store_record_encode_blob(fixed, &blob);
        check_same(fixed, sizeof fixed, bytes, size);
    }
    if (vch_is_ok(vch_store_record_decode_checkpoint(&checkpoint, bytes, size, NULL))) {
        uint8_t *again = vch_store_record_encode_checkpoint(&again_size, &checkpoint, arena);
        check_same(again, again_size, bytes, size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_digest seal = vch_hash_bytes(data, size);
    struct vch_arena arena;

    vch_arena_init(&arena, ARENA_MAX);
    uint8_t *record = vch_arena_alloc(&arena, size + SEAL_SIZE, 1);
    if (record != NULL) {
        if (size > 0) memcpy(record, data, size);
        memcpy(record + size, seal.bytes, SEAL_SIZE);
        try_groups(record, size + SEAL_SIZE, &arena);
        try_others(record, size + SEAL_SIZE, &arena);
    }
    vch_arena_release(&arena);
    return 0;
}
