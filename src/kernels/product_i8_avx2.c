#include <immintrin.h>

#include "base/check.h"
#include "kernels/variants.h"

enum { ROWS = 4, COLUMNS = 2, STEP = 16 };

static __m256i widen(const int8_t *bytes)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)bytes));
}

static int32_t sum(__m256i lanes)
{
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, _MM_SHUFFLE(1, 0, 3, 2)));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, _MM_SHUFFLE(2, 3, 0, 1)));
    return _mm_cvtsi128_si32(half);
}

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
    __m256i acc[ROWS][COLUMNS];
    size_t whole = depth - depth % STEP;

    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            acc[i][j] = _mm256_setzero_si256();
    // Widened to 16 bits before multiplying: maddubs would saturate. A sum of two products is
    // below 2^16, and the depth keeps the total inside int32.
    for (size_t k = 0; k < whole; k += STEP) {
        __m256i y[COLUMNS];
        for (size_t j = 0; j < columns; j++)
            y[j] = widen(b + j * depth + k);
        for (size_t i = 0; i < rows; i++) {
            __m256i x = widen(a + i * depth + k);
            for (size_t j = 0; j < columns; j++)
                acc[i][j] = _mm256_add_epi32(acc[i][j], _mm256_madd_epi16(x, y[j]));
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            out[i * out_stride + j] =
                sum(acc[i][j]) + dot_rest(a + i * depth, b + j * depth, whole, depth);
}

void vch_product_i8_avx2(int32_t *out, size_t out_stride, const int8_t *a, size_t rows,
                         const int8_t *b, size_t columns, size_t depth)
{
    size_t i = 0;

    VCH_ASSERT(depth <= VCH_DOT_I8_COUNT_MAX);
    for (; i + ROWS <= rows; i += ROWS) {
        size_t j = 0;
        for (; j + COLUMNS <= columns; j += COLUMNS)
            block(out + i * out_stride + j, out_stride, a + i * depth, b + j * depth, depth, ROWS,
                  COLUMNS);
        for (; j < columns; j++)
            block(out + i * out_stride + j, out_stride, a + i * depth, b + j * depth, depth, ROWS,
                  1);
    }
    for (; i < rows; i++) {
        size_t j = 0;
        for (; j + COLUMNS <= columns; j += COLUMNS)
            block(out + i * out_stride + j, out_stride, a + i * depth, b + j * depth, depth, 1,
                  COLUMNS);
        for (; j < columns; j++)
            block(out + i * out_stride + j, out_stride, a + i * depth, b + j * depth, depth, 1, 1);
    }
}
