#include <immintrin.h>

#include "kernels/variants.h"

// A product of int16 and int8 is below 2^22 and a pair of them below 2^23, so that 128 pairs stay
// inside int32; then the lanes are widened. vpdpwssd does not saturate.
enum { COLUMNS = 4, STEP = 32, STEPS_MAX = 128 };

static __mmask32 first(size_t count)
{
    return count >= STEP ? ~(__mmask32)0 : ((__mmask32)1 << count) - 1;
}

static __m512i add_widened(__m512i total, __m512i lanes)
{
    total = _mm512_add_epi64(total, _mm512_cvtepi32_epi64(_mm512_castsi512_si256(lanes)));
    return _mm512_add_epi64(total, _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(lanes, 1)));
}

// One row against at most COLUMNS columns; `columns` is a constant where it is called.
static inline __attribute__((always_inline)) void
block(int64_t *out, const int16_t *a, const int8_t *b, size_t depth, const size_t columns)
{
    __m512i total[COLUMNS];
    size_t k = 0;

    for (size_t j = 0; j < columns; j++)
        total[j] = _mm512_setzero_si512();
    while (k < depth) {
        size_t stop = depth - k > STEP * STEPS_MAX ? k + STEP * STEPS_MAX : depth;
        __m512i acc[COLUMNS];
        for (size_t j = 0; j < columns; j++)
            acc[j] = _mm512_setzero_si512();
        for (; k < stop; k += STEP) {
            const __mmask32 mask = first(depth - k);
            __m512i x = _mm512_maskz_loadu_epi16(mask, a + k);
            for (size_t j = 0; j < columns; j++) {
                __m512i y = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, b + j * depth + k));
                acc[j] = _mm512_dpwssd_epi32(acc[j], x, y);
            }
        }
        for (size_t j = 0; j < columns; j++)
            total[j] = add_widened(total[j], acc[j]);
    }
    for (size_t j = 0; j < columns; j++)
        out[j] = _mm512_reduce_add_epi64(total[j]);
}

void vch_product_i16_avx512vnni(int64_t *out, size_t out_stride, const int16_t *a, size_t rows,
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
