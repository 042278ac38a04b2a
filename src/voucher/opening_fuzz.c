// Any bytes at all: an opening that is accepted encodes to the very same bytes.
#include "voucher/opening.h"

#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_arena arena;
    struct vch_complaint complaint = {0};
    struct vch_opening opening;
    uint8_t *again = NULL;
    size_t again_size = 0;

    vch_arena_init(&arena, 1 << 24);
    if (vch_is_ok(vch_opening_decode(&opening, data, size, &arena, &complaint))) {
        VCH_ASSERT(
            vch_is_ok(vch_opening_encode(&again, &again_size, &opening, &arena, &complaint)));
        VCH_ASSERT(again_size == size && memcmp(again, data, size) == 0);
    } else {
        VCH_ASSERT(complaint.text[0] != '\0');
    }
    vch_arena_release(&arena);
    return 0;
}
