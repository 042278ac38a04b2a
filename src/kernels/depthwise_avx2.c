// Two taps at a time, interleaved for vpmaddwd: a pair of products is below 2^23, and all of them
// stay inside int32 as long as block_runs says so.
#include <immintrin.h>
#include <string.h>

#include "kernels/finish_avx2.h"
#include "kernels/variants.h"

ALWAYS __m128i load_i8(const void *x, size_t count)
{
    int64_t bytes = 0;

    if (count == PANEL)
        memcpy(&bytes, x, PANEL);
    else
        memcpy(&bytes, x, count);
    return _mm_cvtepi8_epi16(_mm_cvtsi64_si128(bytes));
}

ALWAYS __m128i load_i16(const void *x, size_t count)
{
    int16_t words[PANEL] = {0};

    if (count == PANEL) return _mm_loadu_si128(x);
    memcpy(words, x, count * sizeof words[0]);
    return _mm_loadu_si128((const __m128i *)(const void *)words);
}

// (a0, b0, a1, b1, ...)
ALWAYS __m256i pairs(__m128i a, __m128i b)
{
    return _mm256_set_m128i(_mm_unpackhi_epi16(a, b), _mm_unpacklo_epi16(a, b));
}

// The channels of one panel at every place. The last tap of an odd number is paired with zeros.
#define DEPTHWISE(name, from) \
    ALWAYS __m256i sums_##name(const uint8_t *x, const struct vch_panels *p, const int8_t *w, \
                               size_t count) \
    { \
        __m256i sums = _mm256_setzero_si256(); \
        for (uint32_t t = 0; t < p->run_count; t += 2, w += 2 * (size_t)p->channels) { \
            const bool is_pair = t + 1 < p->run_count; \
            const __m128i zero = _mm_setzero_si128(); \
            const __m256i terms = pairs(load_##name(x + p->runs[t], count), \
                                        is_pair ? load_##name(x + p->runs[t + 1], count) : zero); \
            const __m256i weights = \
                pairs(load_i8(w, count), is_pair ? load_i8(w + p->channels, count) : zero); \
            sums = _mm256_add_epi32(sums, _mm256_madd_epi16(terms, weights)); \
        } \
        return sums; \
    } \
    void vch_depthwise_##name##_avx2(void *out, size_t out_stride, const from *x, \
                                     const uint32_t *places, size_t count, \
                                     const struct vch_panels *p) \
    { \
        if (p->block_runs < p->run_count) { \
            vch_depthwise_##name##_portable(out, out_stride, x, places, count, p); \
            return; \
        } \
        for (size_t n = 0; n < p->channels; n += PANEL) { \
            const struct finish f = finish_of(p, n, p->channels); \
            const uint8_t *at = (const uint8_t *)(x + n); \
            const int8_t *w = (const int8_t *)p->weights + n; \
            for (size_t i = 0; i < count; i++) \
                store(&f, (uint8_t *)out + i * out_stride * p->out_size, n, \
                      finish_narrow(&f, sums_##name(at + places[i], p, w, f.count))); \
        } \
    }

DEPTHWISE(i8, int8_t)
DEPTHWISE(i16, int16_t)
