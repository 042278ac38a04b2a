#include <arm_neon.h>

// A product of two bytes is at most 2^14 and fits int16; a second one beside it would not, so that
// each is widened as it is added. The depth keeps the total inside int32.
static inline int32x4_t accumulate(int32x4_t acc, int8x16_t x, int8x16_t y)
{
    acc = vpadalq_s16(acc, vmull_s8(vget_low_s8(x), vget_low_s8(y)));
    return vpadalq_s16(acc, vmull_high_s8(x, y));
}

#include "kernels/product_i8_neon.h"

void vch_product_i8_neon(int32_t *out, size_t out_stride, const int8_t *a, size_t rows,
                         const int8_t *b, size_t columns, size_t depth)
{
    product(out, out_stride, a, rows, b, columns, depth);
}
