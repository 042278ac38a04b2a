// Any bytes at all: what is taken is written again as the same bytes.
#include "likeness/floor.h"

#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_arena arena;
    struct vch_complaint complaint = {0};
    struct vch_floor floor = {0};

    vch_arena_init(&arena, 1 << 24);
    if (vch_is_ok(vch_floor_decode(&floor, data, size, &arena, &complaint))) {
        uint8_t *again = NULL;
        size_t again_size = 0;
        VCH_ASSERT(vch_is_ok(vch_floor_encode(&again, &again_size, &floor, &arena)));
        VCH_ASSERT(again_size == size && memcmp(again, data, size) == 0);
        VCH_ASSERT(vch_floor_rank(&floor, 0) == floor.score_count);
    } else {
        VCH_ASSERT(complaint.text[0] != '\0');
    }
    vch_arena_release(&arena);
    return 0;
}
