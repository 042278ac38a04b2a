#include <immintrin.h>

#include "kernels/variants.h"

// A product of int16 and int8 is below 2^22 and a pair of them below 2^23, so that 128 pairs stay
// inside int32; then the lanes are widened.
enum { COLUMNS = 4, STEP = 16, STEPS_MAX = 128 };

static __m256i add_widened(__m256i total, __m256i lanes)
{
    total = _mm256_add_epi64(total, _mm256_cvtepi32_epi64(_mm256_castsi256_si128(lanes)));
    return _mm256_add_epi64(total, _mm256_cvtepi32_epi64(_mm256_extracti128_si256(lanes, 1)));
}

static int64_t sum(__m256i lanes)
{
    __m128i half = _mm_add_epi64(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    return _mm_cvtsi128_si64(half) + _mm_extract_epi64(half, 1);
}

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
    __m256i total[COLUMNS];
    size_t whole = depth - depth % STEP, k = 0;

    for (size_t j = 0; j < columns; j++)
        total[j] = _mm256_setzero_si256();
    while (k < whole) {
        size_t stop = whole - k > STEP * STEPS_MAX ? k + STEP * STEPS_MAX : whole;
        __m256i acc[COLUMNS];
        for (size_t j = 0; j < columns; j++)
            acc[j] = _mm256_setzero_si256();
        for (; k < stop; k += STEP) {
            __m256i x = _mm256_loadu_si256((const __m256i *)(a + k));
            for (size_t j = 0; j < columns; j++) {
                __m256i y =
                    _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(b + j * depth + k)));
                acc[j] = _mm256_add_epi32(acc[j], _mm256_madd_epi16(x, y));
            }
        }
        for (size_t j = 0; j < columns; j++)
            total[j] = add_widened(total[j], acc[j]);
    }
    for (size_t j = 0; j < columns; j++)
        out[j] = sum(total[j]) + dot_rest(a, b + j * depth, whole, depth);
}

void vch_product_i16_avx2(int64_t *out, size_t out_stride, const int16_t *a, size_t rows,
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
