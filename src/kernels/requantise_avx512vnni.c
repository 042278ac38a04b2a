#include <immintrin.h>

#include "kernels/variants.h"

struct lanes {
    __m512i bias, multiplier, half, lo, hi;
    __m128i shift;
};

static struct lanes spread(int64_t bias, const struct vch_requantise *how)
{
    const int64_t half = (int64_t)1 << (how->shift - 1);

    return (struct lanes){
        .bias = _mm512_set1_epi64(bias),
        .multiplier = _mm512_set1_epi64(how->multiplier),
        .half = _mm512_set1_epi64(half),
        .lo = _mm512_set1_epi64(how->lo),
        .hi = _mm512_set1_epi64(how->hi),
        .shift = _mm_cvtsi64_si128(how->shift),
    };
}

// Eight accumulators. The 64-bit product by a multiplier below 2^15 is put together from its
// halves modulo 2^64, which is exact because the true product fits.
static __m512i requantise(__m512i acc, const struct lanes *l)
{
    __m512i x = _mm512_add_epi64(acc, l->bias);
    __m512i low = _mm512_mul_epu32(x, l->multiplier);
    __m512i high = _mm512_mul_epu32(_mm512_srli_epi64(x, 32), l->multiplier);
    __m512i product = _mm512_add_epi64(low, _mm512_slli_epi64(high, 32));
    __m512i value = _mm512_sra_epi64(_mm512_add_epi64(product, l->half), l->shift);
    return _mm512_min_epi64(_mm512_max_epi64(value, l->lo), l->hi);
}

static __mmask8 first(size_t count)
{
    return count >= 8 ? 0xff : (__mmask8)((1u << count) - 1);
}

static __m512i load_i32(const int32_t *acc, __mmask8 mask)
{
    return _mm512_cvtepi32_epi64(_mm256_maskz_loadu_epi32(mask, acc));
}

static __m512i load_i64(const int64_t *acc, __mmask8 mask)
{
    return _mm512_maskz_loadu_epi64(mask, acc);
}

#define REQUANTISE(from, to, from_type, to_type, store) \
    void vch_requantise_##from##_to_##to##_avx512vnni(to_type *out, const from_type *acc, \
                                                      size_t count, int64_t bias, \
                                                      const struct vch_requantise *how) \
    { \
        if (how->multiplier < 0) { /* the halves above are unsigned */ \
            vch_requantise_##from##_to_##to##_portable(out, acc, count, bias, how); \
            return; \
        } \
        const struct lanes l = spread(bias, how); \
        for (size_t i = 0; i < count; i += 8) { \
            __mmask8 mask = first(count - i); \
            store(out + i, mask, requantise(load_##from(acc + i, mask), &l)); \
        } \
    }

REQUANTISE(i32, i8, int32_t, int8_t, _mm512_mask_cvtepi64_storeu_epi8)
REQUANTISE(i32, i16, int32_t, int16_t, _mm512_mask_cvtepi64_storeu_epi16)
REQUANTISE(i64, i8, int64_t, int8_t, _mm512_mask_cvtepi64_storeu_epi8)
REQUANTISE(i64, i16, int64_t, int16_t, _mm512_mask_cvtepi64_storeu_epi16)
REQUANTISE(i64, i32, int64_t, int32_t, _mm512_mask_cvtepi64_storeu_epi32)
