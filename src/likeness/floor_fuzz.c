// Any bytes at all, and the same under a true digest: what is taken is written again as the same
// bytes.
#include "likeness/floor.h"

#include <string.h>

#include "base/check.h"

static void decode(const uint8_t *data, size_t size, struct vch_arena *arena)
{
    struct vch_complaint complaint = {0};
    struct vch_floor floor = {0};
    uint8_t *again = NULL;
    size_t again_size = 0;

    if (!vch_is_ok(vch_floor_decode(&floor, data, size, arena, &complaint))) {
        VCH_ASSERT(complaint.text[0] != '\0');
        return;
    }
    VCH_ASSERT(vch_is_ok(vch_floor_encode(&again, &again_size, &floor, arena)));
    VCH_ASSERT(again_size == size && memcmp(again, data, size) == 0);
    VCH_ASSERT(vch_floor_rank(&floor, 0) == floor.score_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_arena arena;

    vch_arena_init(&arena, 1 << 24);
    decode(data, size, &arena);
    uint8_t *sealed = vch_arena_alloc(&arena, size, 1);
    if (size >= VCH_DIGEST_SIZE && sealed != NULL) {
        memcpy(sealed, data, size);
        const struct vch_digest digest = vch_hash_bytes(sealed, size - VCH_DIGEST_SIZE);
        memcpy(sealed + size - VCH_DIGEST_SIZE, digest.bytes, VCH_DIGEST_SIZE);
        decode(sealed, size, &arena);
    }
    vch_arena_release(&arena);
    return 0;
}
