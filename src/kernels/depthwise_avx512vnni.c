// Two taps at a time, interleaved for vpdpwssd: a pair of products is below 2^23, and all of them
// stay inside int32 as long as block_runs says so.
#include <immintrin.h>

#include "kernels/finish_avx512vnni.h"
#include "kernels/variants.h"

enum { PAIRS_MAX = 64 };

// (a0, b0, a1, b1, ...) of 16 channels, as 16 bits.
ALWAYS __m512i pair_words(__m256i a, __m256i b)
{
    const __m512i order =
        _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7, 38, 6,
                         37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
    return _mm512_permutex2var_epi16(_mm512_castsi256_si512(a), order, _mm512_castsi256_si512(b));
}

ALWAYS __m512i pair_bytes(__m128i a, __m128i b)
{
    const __m256i low = _mm256_castsi128_si256(_mm_unpacklo_epi8(a, b));
    return _mm512_cvtepi8_epi16(_mm256_inserti128_si256(low, _mm_unpackhi_epi8(a, b), 1));
}

ALWAYS __m512i load_i8(const void *a, const void *b, __mmask16 mask)
{
    return pair_bytes(_mm_maskz_loadu_epi8(mask, a), _mm_maskz_loadu_epi8(mask, b));
}

ALWAYS __m512i load_i16(const void *a, const void *b, __mmask16 mask)
{
    return pair_words(_mm256_maskz_loadu_epi16(mask, a), _mm256_maskz_loadu_epi16(mask, b));
}

// Weights of one panel, paired; the last tap of an odd number goes with itself and a weight of 0.
static void pair_weights(__m512i pairs[PAIRS_MAX], const struct vch_panels *p, const int8_t *w,
                         __mmask16 mask)
{
    for (uint32_t t = 0; t < p->run_count; t += 2, w += 2 * (size_t)p->channels) {
        const bool is_pair = t + 1 < p->run_count;
        const __m128i second =
            is_pair ? _mm_maskz_loadu_epi8(mask, w + p->channels) : _mm_setzero_si128();
        pairs[t / 2] = pair_bytes(_mm_maskz_loadu_epi8(mask, w), second);
    }
}

// The channels of one panel at every place, their weights held ready.
#define DEPTHWISE(name, from) \
    ALWAYS __m512i sums_##name(const uint8_t *x, const struct vch_panels *p, const __m512i *w, \
                               __mmask16 mask) \
    { \
        __m512i sums = _mm512_setzero_si512(); \
        for (uint32_t t = 0; t < p->run_count; t += 2) { \
            const uint32_t second = t + 1 < p->run_count ? t + 1 : t; \
            sums = _mm512_dpwssd_epi32( \
                sums, load_##name(x + p->runs[t], x + p->runs[second], mask), w[t / 2]); \
        } \
        return sums; \
    } \
    void vch_depthwise_##name##_avx512vnni(void *out, size_t out_stride, const from *x, \
                                           const uint32_t *places, size_t count, \
                                           const struct vch_panels *p) \
    { \
        if (p->block_runs < p->run_count || p->run_count > 2 * PAIRS_MAX) { \
            vch_depthwise_##name##_portable(out, out_stride, x, places, count, p); \
            return; \
        } \
        for (size_t n = 0; n < p->channels; n += PANEL) { \
            const struct finish f = finish_of(p, n, p->channels); \
            const uint8_t *at = (const uint8_t *)(x + n); \
            __m512i w[PAIRS_MAX]; \
            pair_weights(w, p, (const int8_t *)p->weights + n, f.mask); \
            for (size_t i = 0; i < count; i++) \
                store(&f, (uint8_t *)out + i * out_stride * p->out_size, n, \
                      finish_narrow(&f, sums_##name(at + places[i], p, w, f.mask))); \
        } \
    }

DEPTHWISE(i8, int8_t)
DEPTHWISE(i16, int16_t)
