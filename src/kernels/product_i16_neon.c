#include <arm_neon.h>

#include "kernels/variants.h"

// A product of int16 and int8 is at most 2^22, so that 256 of them stay inside int32; then the
// lanes are widened. A step adds two to each lane.
enum { COLUMNS = 4, STEP = 8, STEPS_MAX = 128 };

static int64_t dot_rest(const int16_t *x, const int8_t *y, size_t from, size_t depth)
{
    int64_t total = 0;

    for (size_t k = from; k < depth; k++)
        total += (int32_t)x[k] * y[k];
    return total;
}

// One row against at most COLUMNS columns; `columns` is a constant where it is called.
static inline __attribute__((always_inline)) void
block(int64_t *out, const int16_t *a, const int8_t *b, size_t depth, const size_t columns)
{
    int64x2_t total[COLUMNS];
    const size_t whole = depth - depth % STEP;

    for (size_t j = 0; j < columns; j++)
        total[j] = vdupq_n_s64(0);
    for (size_t k = 0; k < whole;) {
        const size_t stop = whole - k > STEP * STEPS_MAX ? k + STEP * STEPS_MAX : whole;
        int32x4_t acc[COLUMNS];
        for (size_t j = 0; j < columns; j++)
            acc[j] = vdupq_n_s32(0);
        for (; k < stop; k += STEP) {
            const int16x8_t x = vld1q_s16(a + k);
            for (size_t j = 0; j < columns; j++) {
                const int16x8_t y = vmovl_s8(vld1_s8(b + j * depth + k));
                acc[j] = vmlal_s16(acc[j], vget_low_s16(x), vget_low_s16(y));
                acc[j] = vmlal_high_s16(acc[j], x, y);
            }
        }
        for (size_t j = 0; j < columns; j++)
            total[j] = vpadalq_s32(total[j], acc[j]);
    }
    for (size_t j = 0; j < columns; j++)
        out[j] = vaddvq_s64(total[j]) + dot_rest(a, b + j * depth, whole, depth);
}

void vch_product_i16_neon(int64_t *out, size_t out_stride, const int16_t *a, size_t rows,
                          const int8_t *b, size_t columns, size_t depth)
{
    for (size_t i = 0; i < rows; i++) {
        size_t j = 0;
        for (; j + COLUMNS <= columns; j += COLUMNS)
            block(out + i * out_stride + j, a + i * depth, b + j * depth, depth, COLUMNS);
        for (; j < columns; j++)
            block(out + i * out_stride + j, a + i * depth, b + j * depth, depth, 1);
    }
}
