#include <immintrin.h>
#include <string.h>

#include "kernels/variants.h"

enum { BYTES = 64, WORDS = 32 };

static __mmask64 first_bytes(size_t count)
{
    return count >= BYTES ? ~(__mmask64)0 : ((__mmask64)1 << count) - 1;
}

static __mmask32 first_words(size_t count)
{
    return count >= WORDS ? ~(__mmask32)0 : ((__mmask32)1 << count) - 1;
}

void vch_lay_i8_avx512vnni(void *out, const int8_t *x, size_t count)
{
    const __m512i flip = _mm512_set1_epi8((char)0x80);

    for (size_t i = 0; i < count; i += BYTES) {
        const __mmask64 mask = first_bytes(count - i);
        _mm512_mask_storeu_epi8((uint8_t *)out + i, mask,
                                _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, x + i), flip));
    }
}

void vch_max_pool_i8_avx512vnni(int8_t *out, const int8_t *x, const uint32_t *places, size_t count,
                                const uint32_t *taps, size_t tap_count, size_t channels)
{
    for (size_t i = 0; i < count; i++, out += channels) {
        for (size_t c = 0; c < channels; c += BYTES) {
            const __mmask64 mask = first_bytes(channels - c);
            const int8_t *at = x + places[i] + c;
            __m512i most = _mm512_maskz_loadu_epi8(mask, at + taps[0]);
            for (size_t t = 1; t < tap_count; t++)
                most = _mm512_max_epi8(most, _mm512_maskz_loadu_epi8(mask, at + taps[t]));
            _mm512_mask_storeu_epi8(out + c, mask, most);
        }
    }
}

void vch_max_pool_i16_avx512vnni(int16_t *out, const int16_t *x, const uint32_t *places,
                                 size_t count, const uint32_t *taps, size_t tap_count,
                                 size_t channels)
{
    for (size_t i = 0; i < count; i++, out += channels) {
        for (size_t c = 0; c < channels; c += WORDS) {
            const __mmask32 mask = first_words(channels - c);
            const int16_t *at = x + places[i] + c;
            __m512i most = _mm512_maskz_loadu_epi16(mask, at + taps[0]);
            for (size_t t = 1; t < tap_count; t++)
                most = _mm512_max_epi16(most, _mm512_maskz_loadu_epi16(mask, at + taps[t]));
            _mm512_mask_storeu_epi16(out + c, mask, most);
        }
    }
}

#define SUM_TAPS(name, type, load) \
    void vch_sum_taps_##name##_avx512vnni(int32_t *sums, const type *x, const uint32_t *taps, \
                                          size_t tap_count, size_t channels) \
    { \
        for (size_t c = 0; c < channels; c += 16) { \
            const __mmask16 mask = (__mmask16)first_words(channels - c); \
            __m512i sum = _mm512_setzero_si512(); \
            for (size_t t = 0; t < tap_count; t++) \
                sum = _mm512_add_epi32(sum, load(mask, x + taps[t] + c)); \
            _mm512_mask_storeu_epi32(sums + c, mask, sum); \
        } \
    }

static __m512i widen_bytes(__mmask16 mask, const int8_t *x)
{
    return _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask, x));
}

static __m512i widen_words(__mmask16 mask, const int16_t *x)
{
    return _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(mask, x));
}

SUM_TAPS(i8, int8_t, widen_bytes)
SUM_TAPS(i16, int16_t, widen_words)

struct sum {
    __m512i multipliers, half, lo, hi; // lo and hi as 16 bits
    __m128i shift;
};

static struct sum sum_of(const struct vch_add *how)
{
    const uint32_t pair = (uint16_t)how->multipliers[0] | (uint32_t)(uint16_t)how->multipliers[1]
                                                              << 16;

    return (struct sum){
        .multipliers = _mm512_set1_epi32((int32_t)pair),
        .half = _mm512_set1_epi32((int32_t)1 << (how->shift - 1)),
        .lo = _mm512_set1_epi16((int16_t)how->lo),
        .hi = _mm512_set1_epi16((int16_t)how->hi),
        .shift = _mm_cvtsi64_si128(how->shift),
    };
}

// Pairs of words in, words out: packing saturates to 16 bits, which the clamp inside them undoes
// nothing of. vpdpwssd does not saturate; the sum fits by the caller's promise.
static __m512i add_words(const struct sum *s, __m512i a, __m512i b)
{
    const __m512i low = _mm512_dpwssd_epi32(s->half, _mm512_unpacklo_epi16(a, b), s->multipliers);
    const __m512i high = _mm512_dpwssd_epi32(s->half, _mm512_unpackhi_epi16(a, b), s->multipliers);
    const __m512i words =
        _mm512_packs_epi32(_mm512_sra_epi32(low, s->shift), _mm512_sra_epi32(high, s->shift));
    return _mm512_min_epi16(_mm512_max_epi16(words, s->lo), s->hi);
}

void vch_add_i8_avx512vnni(int8_t *out, const int8_t *a, const int8_t *b, size_t count,
                           const struct vch_add *how)
{
    const struct sum s = sum_of(how);

    for (size_t i = 0; i < count; i += WORDS) {
        const __mmask32 mask = first_words(count - i);
        const __m512i x = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, a + i));
        const __m512i y = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, b + i));
        _mm256_mask_storeu_epi8(out + i, mask, _mm512_cvtepi16_epi8(add_words(&s, x, y)));
    }
}

void vch_add_i16_avx512vnni(int16_t *out, const int16_t *a, const int16_t *b, size_t count,
                            const struct vch_add *how)
{
    const struct sum s = sum_of(how);

    for (size_t i = 0; i < count; i += WORDS) {
        const __mmask32 mask = first_words(count - i);
        _mm512_mask_storeu_epi16(out + i, mask,
                                 add_words(&s, _mm512_maskz_loadu_epi16(mask, a + i),
                                           _mm512_maskz_loadu_epi16(mask, b + i)));
    }
}
