#include <arm_neon.h>

// sdot sums four products of signed bytes into int32, without saturating.
static inline int32x4_t accumulate(int32x4_t acc, int8x16_t x, int8x16_t y)
{
    return vdotq_s32(acc, x, y);
}

#include "kernels/product_i8_neon.h"

void vch_product_i8_neondot(int32_t *out, size_t out_stride, const int8_t *a, size_t rows,
                            const int8_t *b, size_t columns, size_t depth)
{
    product(out, out_stride, a, rows, b, columns, depth);
}
