#include <immintrin.h>
#include <string.h>

#include "kernels/variants.h"

struct lanes {
    __m256i bias, multiplier, half, lo, hi, offset, shifted_offset;
    __m128i shift;
};

static struct lanes spread(int64_t bias, const struct vch_requantise *how)
{
    const int64_t half = (int64_t)1 << (how->shift - 1);

    return (struct lanes){
        .bias = _mm256_set1_epi64x(bias),
        .multiplier = _mm256_set1_epi64x(how->multiplier),
        .half = _mm256_set1_epi64x(half),
        .lo = _mm256_set1_epi64x(how->lo),
        .hi = _mm256_set1_epi64x(how->hi),
        .offset = _mm256_set1_epi64x(INT64_MIN),
        .shifted_offset = _mm256_set1_epi64x((int64_t)(((uint64_t)1 << 63) >> how->shift)),
        .shift = _mm_cvtsi64_si128(how->shift),
    };
}

// Four accumulators. The product is put together from its halves modulo 2^64, which is exact
// because the true product fits; AVX2 has no arithmetic shift of 64 bits, so the value is moved to
// the unsigned range and back.
static __m256i requantise(__m256i acc, const struct lanes *l)
{
    __m256i x = _mm256_add_epi64(acc, l->bias);
    __m256i low = _mm256_mul_epu32(x, l->multiplier);
    __m256i high = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), l->multiplier);
    __m256i sum = _mm256_add_epi64(_mm256_add_epi64(low, _mm256_slli_epi64(high, 32)), l->half);
    __m256i moved = _mm256_srl_epi64(_mm256_xor_si256(sum, l->offset), l->shift);
    __m256i value = _mm256_sub_epi64(moved, l->shifted_offset);

    value = _mm256_blendv_epi8(value, l->lo, _mm256_cmpgt_epi64(l->lo, value));
    return _mm256_blendv_epi8(value, l->hi, _mm256_cmpgt_epi64(value, l->hi));
}

// The low 32 bits of each of four 64-bit lanes.
static __m128i narrow(__m256i value)
{
    const __m256i even = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    return _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(value, even));
}

static __m256i load_i32(const int32_t *acc)
{
    return _mm256_cvtepi32_epi64(_mm_loadu_si128((const __m128i *)acc));
}

static __m256i load_i64(const int64_t *acc)
{
    return _mm256_loadu_si256((const __m256i *)acc);
}

static void store_i8(int8_t *out, __m256i value)
{
    const __m128i low = _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    int32_t four = _mm_cvtsi128_si32(_mm_shuffle_epi8(narrow(value), low));
    memcpy(out, &four, sizeof four);
}

static void store_i16(int16_t *out, __m256i value)
{
    __m128i words = narrow(value);
    int64_t four = _mm_cvtsi128_si64(_mm_packs_epi32(words, words)); // already in range
    memcpy(out, &four, sizeof four);
}

static void store_i32(int32_t *out, __m256i value)
{
    _mm_storeu_si128((__m128i *)out, narrow(value));
}

#define REQUANTISE(from, to, from_type, to_type) \
    void vch_requantise_##from##_to_##to##_avx2(to_type *out, const from_type *acc, size_t count, \
                                                int64_t bias, const struct vch_requantise *how) \
    { \
        size_t i = 0; \
        if (how->multiplier >= 0) { /* the halves above are unsigned */ \
            const struct lanes l = spread(bias, how); \
            for (; i + 4 <= count; i += 4) \
                store_##to(out + i, requantise(load_##from(acc + i), &l)); \
        } \
        vch_requantise_##from##_to_##to##_portable(out + i, acc + i, count - i, bias, how); \
    }

REQUANTISE(i32, i8, int32_t, int8_t)
REQUANTISE(i32, i16, int32_t, int16_t)
REQUANTISE(i64, i8, int64_t, int8_t)
REQUANTISE(i64, i16, int64_t, int16_t)
REQUANTISE(i64, i32, int64_t, int32_t)
