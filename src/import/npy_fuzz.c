// Any bytes at all, as a single array and as an archive of them.
#include "import/npy.h"

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_arena arena;
    struct vch_complaint complaint = {0};
    struct vch_npy array = {0};

    vch_arena_init(&arena, 1 << 24);
    if (vch_is_ok(vch_npy_decode(&array, data, size, &arena, &complaint)) ||
        vch_is_ok(vch_npy_decode_archive(&array, NULL, data, size, &arena, &complaint)) ||
        vch_is_ok(vch_npy_decode_archive(&array, "x", data, size, &arena, &complaint))) {
        uint8_t *again = NULL;
        size_t again_size = 0;
        VCH_ASSERT(array.count >= 1 && array.values != NULL && array.rank <= VCH_NPY_RANK_MAX);
        (void)vch_npy_encode(&again, &again_size, array.values, array.dims, array.rank, &arena);
    } else {
        VCH_ASSERT(complaint.text[0] != '\0');
    }
    vch_arena_release(&arena);
    return 0;
}
