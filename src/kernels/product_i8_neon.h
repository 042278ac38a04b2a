// The loops that product_i8 shares between NEON's levels. Whoever includes this has defined
//
//     static int32x4_t accumulate(int32x4_t acc, int8x16_t x, int8x16_t y)
//
// which adds the sixteen products of x and y to the lanes of acc, four to each, exactly.
#pragma once

#include <arm_neon.h>

#include "base/check.h"
#include "kernels/variants.h"

enum { ROWS = 4, COLUMNS = 4, STEP = 16 };

static int32_t dot_rest(const int8_t *x, const int8_t *y, size_t from, size_t depth)
{
    int32_t total = 0;

    for (size_t k = from; k < depth; k++)
        total += x[k] * y[k];
    return total;
}

// A block of at most ROWS x COLUMNS results, held in registers. `rows` and `columns` are constants
// where it is called, so that the loops unroll.
static inline __attribute__((always_inline)) void block(int32_t *out, size_t out_stride,
                                                        const int8_t *a, const int8_t *b,
                                                        size_t depth, const size_t rows,
                                                        const size_t columns)
{
    int32x4_t acc[ROWS][COLUMNS];
    const size_t whole = depth - depth % STEP;

    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            acc[i][j] = vdupq_n_s32(0);
    for (size_t k = 0; k < whole; k += STEP) {
        int8x16_t y[COLUMNS];
        for (size_t j = 0; j < columns; j++)
            y[j] = vld1q_s8(b + j * depth + k);
        for (size_t i = 0; i < rows; i++) {
            const int8x16_t x = vld1q_s8(a + i * depth + k);
            for (size_t j = 0; j < columns; j++)
                acc[i][j] = accumulate(acc[i][j], x, y[j]);
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            out[i * out_stride + j] =
                vaddvq_s32(acc[i][j]) + dot_rest(a + i * depth, b + j * depth, whole, depth);
}

static inline __attribute__((always_inline)) void rows_against_all(int32_t *out, size_t out_stride,
                                                                   const int8_t *a, const int8_t *b,
                                                                   size_t columns, size_t depth,
                                                                   const size_t rows)
{
    size_t j = 0;

    for (; j + COLUMNS <= columns; j += COLUMNS)
        block(out + j, out_stride, a, b + j * depth, depth, rows, COLUMNS);
    for (; j < columns; j++)
        block(out + j, out_stride, a, b + j * depth, depth, rows, 1);
}

static void product(int32_t *out, size_t out_stride, const int8_t *a, size_t rows, const int8_t *b,
                    size_t columns, size_t depth)
{
    size_t i = 0;

    VCH_ASSERT(depth <= VCH_DOT_I8_COUNT_MAX);
    for (; i + ROWS <= rows; i += ROWS)
        rows_against_all(out + i * out_stride, out_stride, a + i * depth, b, columns, depth, ROWS);
    for (; i < rows; i++)
        rows_against_all(out + i * out_stride, out_stride, a + i * depth, b, columns, depth, 1);
}
