#include <immintrin.h>

#include "kernels/variants.h"

// A product of int16 and int8 is below 2^22 and a pair of them below 2^23, so that 128 pairs stay
// inside int32; then the lanes are widened. vpdpwssd does not saturate.
enum { ROWS = 2, COLUMNS = 4, STEP = 32, STEPS_MAX = 128 };

static __mmask32 first(size_t count)
{
    return count >= STEP ? ~(__mmask32)0 : ((__mmask32)1 << count) - 1;
}

static __m512i add_widened(__m512i total, __m512i lanes)
{
    total = _mm512_add_epi64(total, _mm512_cvtepi32_epi64(_mm512_castsi512_si256(lanes)));
    return _mm512_add_epi64(total, _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(lanes, 1)));
}

static inline __attribute__((always_inline)) void clear(__m512i sums[ROWS][COLUMNS])
{
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLUMNS; j++)
            sums[i][j] = _mm512_setzero_si512();
}

// Terms [from, to): each column is widened once for all rows.
static inline __attribute__((always_inline)) void sum_terms(__m512i acc[ROWS][COLUMNS],
                                                            const int16_t *a, const int8_t *b,
                                                            size_t depth, size_t from, size_t to,
                                                            const size_t rows, const size_t columns)
{
    for (size_t k = from; k < to; k += STEP) {
        const __mmask32 mask = first(depth - k);
        __m512i x[ROWS];
        for (size_t i = 0; i < rows; i++)
            x[i] = _mm512_maskz_loadu_epi16(mask, a + i * depth + k);
        for (size_t j = 0; j < columns; j++) {
            __m512i y = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, b + j * depth + k));
            for (size_t i = 0; i < rows; i++)
                acc[i][j] = _mm512_dpwssd_epi32(acc[i][j], x[i], y);
        }
    }
}

// At most ROWS rows against at most COLUMNS columns; both are constants where it is called.
static inline __attribute__((always_inline)) void block(int64_t *out, size_t out_stride,
                                                        const int16_t *a, const int8_t *b,
                                                        size_t depth, const size_t rows,
                                                        const size_t columns)
{
    __m512i total[ROWS][COLUMNS], acc[ROWS][COLUMNS];

    clear(total);
    for (size_t k = 0, stop = 0; k < depth; k = stop) {
        stop = depth - k > STEP * STEPS_MAX ? k + STEP * STEPS_MAX : depth;
        clear(acc);
        sum_terms(acc, a, b, depth, k, stop, rows, columns);
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++)
                total[i][j] = add_widened(total[i][j], acc[i][j]);
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            out[i * out_stride + j] = _mm512_reduce_add_epi64(total[i][j]);
}

static inline __attribute__((always_inline)) void rows_against_all(int64_t *out, size_t out_stride,
                                                                   const int16_t *a,
                                                                   const int8_t *b, size_t columns,
                                                                   size_t depth, const size_t rows)
{
    size_t j = 0;

    for (; j + COLUMNS <= columns; j += COLUMNS)
        block(out + j, out_stride, a, b + j * depth, depth, rows, COLUMNS);
    for (; j < columns; j++)
        block(out + j, out_stride, a, b + j * depth, depth, rows, 1);
}

void vch_product_i16_avx512vnni(int64_t *out, size_t out_stride, const int16_t *a, size_t rows,
                                const int8_t *b, size_t columns, size_t depth)
{
    size_t i = 0;

    for (; i + ROWS <= rows; i += ROWS)
        rows_against_all(out + i * out_stride, out_stride, a + i * depth, b, columns, depth, ROWS);
    if (i < rows)
        rows_against_all(out + i * out_stride, out_stride, a + i * depth, b, columns, depth, 1);
}
