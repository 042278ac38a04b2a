#include <immintrin.h>

#include "base/check.h"
#include "kernels/variants.h"

// vpdpbusd multiplies unsigned by signed bytes, so b is moved up by 128:
//
//     sum of a * b = sum of a * (b + 128) - 128 * sum of a
//
// It does not saturate, and what wraps modulo 2^32 on the way wraps back in the subtraction: the
// result fits int32 because of the depth.
enum { ROWS = 4, COLUMNS = 4, STEP = 64 };

static __mmask64 first(size_t count)
{
    return count >= STEP ? ~(__mmask64)0 : ((__mmask64)1 << count) - 1;
}

static __m512i move_up(__m512i b)
{
    return _mm512_xor_si512(b, _mm512_set1_epi8((char)0x80));
}

static uint32_t sum(__m512i lanes)
{
    return (uint32_t)_mm512_reduce_add_epi32(lanes);
}

// The correction of one row: 128 * sum of a, modulo 2^32.
static uint32_t correction(const int8_t *a, size_t depth)
{
    const __m512i ones = _mm512_set1_epi8(1);
    __m512i acc = _mm512_setzero_si512();

    for (size_t k = 0; k < depth; k += STEP)
        acc = _mm512_dpbusd_epi32(acc, ones, _mm512_maskz_loadu_epi8(first(depth - k), a + k));
    return 128 * sum(acc);
}

// The four sums of four accumulators, in one register.
static __m128i sum_four(const __m512i acc[COLUMNS])
{
    __m256i h[COLUMNS];

    for (size_t j = 0; j < COLUMNS; j++)
        h[j] =
            _mm256_add_epi32(_mm512_castsi512_si256(acc[j]), _mm512_extracti64x4_epi64(acc[j], 1));
    __m256i pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(h[0], h[1]), _mm256_hadd_epi32(h[2], h[3]));
    return _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
}

// ROWS or 1 rows against COLUMNS columns; `rows` is a constant where it is called.
static inline __attribute__((always_inline)) void block(int32_t *out, size_t out_stride,
                                                        const int8_t *a, const int8_t *b,
                                                        size_t depth, const uint32_t *corrections,
                                                        const size_t rows)
{
    __m512i acc[ROWS][COLUMNS];

    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < COLUMNS; j++)
            acc[i][j] = _mm512_setzero_si512();
    for (size_t k = 0; k < depth; k += STEP) {
        const __mmask64 mask = first(depth - k);
        __m512i y[COLUMNS];
        for (size_t j = 0; j < COLUMNS; j++)
            y[j] = move_up(_mm512_maskz_loadu_epi8(mask, b + j * depth + k));
        for (size_t i = 0; i < rows; i++) {
            // Zero where masked, so that what b became there does not count.
            __m512i x = _mm512_maskz_loadu_epi8(mask, a + i * depth + k);
            for (size_t j = 0; j < COLUMNS; j++)
                acc[i][j] = _mm512_dpbusd_epi32(acc[i][j], y[j], x);
        }
    }
    for (size_t i = 0; i < rows; i++) {
        __m128i sums = _mm_sub_epi32(sum_four(acc[i]), _mm_set1_epi32((int32_t)corrections[i]));
        _mm_storeu_si128((__m128i *)(out + i * out_stride), sums);
    }
}

static int32_t dot(const int8_t *a, const int8_t *b, size_t depth, uint32_t corrected)
{
    __m512i acc = _mm512_setzero_si512();

    for (size_t k = 0; k < depth; k += STEP) {
        const __mmask64 mask = first(depth - k);
        __m512i y = move_up(_mm512_maskz_loadu_epi8(mask, b + k));
        acc = _mm512_dpbusd_epi32(acc, y, _mm512_maskz_loadu_epi8(mask, a + k));
    }
    return (int32_t)(sum(acc) - corrected);
}

static void rows_against_all(int32_t *out, size_t out_stride, const int8_t *a, size_t rows,
                             const int8_t *b, size_t columns, size_t depth)
{
    uint32_t corrections[ROWS];
    size_t j = 0;

    for (size_t i = 0; i < rows; i++)
        corrections[i] = correction(a + i * depth, depth);
    for (; j + COLUMNS <= columns; j += COLUMNS) {
        if (rows == ROWS)
            block(out + j, out_stride, a, b + j * depth, depth, corrections, ROWS);
        else
            for (size_t i = 0; i < rows; i++)
                block(out + i * out_stride + j, out_stride, a + i * depth, b + j * depth, depth,
                      corrections + i, 1);
    }
    for (; j < columns; j++)
        for (size_t i = 0; i < rows; i++)
            out[i * out_stride + j] = dot(a + i * depth, b + j * depth, depth, corrections[i]);
}

void vch_product_i8_avx512vnni(int32_t *out, size_t out_stride, const int8_t *a, size_t rows,
                               const int8_t *b, size_t columns, size_t depth)
{
    VCH_ASSERT(depth <= VCH_DOT_I8_COUNT_MAX);
    for (size_t i = 0; i < rows; i += ROWS)
        rows_against_all(out + i * out_stride, out_stride, a + i * depth,
                         rows - i < ROWS ? rows - i : ROWS, b, columns, depth);
}
