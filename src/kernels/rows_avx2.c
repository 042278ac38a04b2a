#include <immintrin.h>
#include <string.h>

#include "kernels/variants.h"

enum { BYTES = 32, WORDS = 16 };

static __m256i load(const void *x)
{
    return _mm256_loadu_si256(x);
}

static void store(void *out, __m256i value)
{
    _mm256_storeu_si256(out, value);
}

static __m256i widen(const int8_t *x)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)x));
}

// Widened, as panels_avx2.c wants it.
void vch_lay_i8_avx2(void *out, const int8_t *x, size_t count)
{
    int16_t *words = out;
    size_t i = 0;

    for (; i + WORDS <= count; i += WORDS)
        store(words + i, widen(x + i));
    for (; i < count; i++)
        words[i] = x[i]; // NOLINT(bugprone-signed-char-misuse,cert-str34-c): numbers
}

#define MAX_POOL(name, type, step, max) \
    void vch_max_pool_##name##_avx2(type *out, const type *x, const uint32_t *places, \
                                    size_t count, const uint32_t *taps, size_t tap_count, \
                                    size_t channels) \
    { \
        const size_t whole = channels - channels % (step); \
        for (size_t i = 0; i < count; i++, out += channels) { \
            const type *at = x + places[i]; \
            for (size_t c = 0; c < whole; c += (step)) { \
                __m256i most = load(at + taps[0] + c); \
                for (size_t t = 1; t < tap_count; t++) \
                    most = max(most, load(at + taps[t] + c)); \
                store(out + c, most); \
            } \
            for (size_t c = whole; c < channels; c++) { \
                type most = at[taps[0] + c]; \
                for (size_t t = 1; t < tap_count; t++) \
                    if (at[taps[t] + c] > most) most = at[taps[t] + c]; \
                out[c] = most; \
            } \
        } \
    }

MAX_POOL(i8, int8_t, BYTES, _mm256_max_epi8)
MAX_POOL(i16, int16_t, WORDS, _mm256_max_epi16)

static __m256i widen_i8(const int8_t *x)
{
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)x));
}

static __m256i widen_i16(const int16_t *x)
{
    return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)x));
}

#define SUM_TAPS(name, type) \
    void vch_sum_taps_##name##_avx2(int32_t *sums, const type *x, const uint32_t *taps, \
                                    size_t tap_count, size_t channels) \
    { \
        size_t c = 0; \
        for (; c + 8 <= channels; c += 8) { \
            __m256i sum = _mm256_setzero_si256(); \
            for (size_t t = 0; t < tap_count; t++) \
                sum = _mm256_add_epi32(sum, widen_##name(x + taps[t] + c)); \
            store(sums + c, sum); \
        } \
        for (; c < channels; c++) { \
            sums[c] = 0; \
            for (size_t t = 0; t < tap_count; t++) \
                sums[c] += x[taps[t] + c]; \
        } \
    }

SUM_TAPS(i8, int8_t)
SUM_TAPS(i16, int16_t)

struct sum {
    __m256i multipliers, half, lo, hi; // lo and hi as 16 bits
    __m128i shift;
};

static struct sum sum_of(const struct vch_add *how)
{
    const uint32_t pair = (uint16_t)how->multipliers[0] | (uint32_t)(uint16_t)how->multipliers[1]
                                                              << 16;

    return (struct sum){
        .multipliers = _mm256_set1_epi32((int32_t)pair),
        .half = _mm256_set1_epi32((int32_t)1 << (how->shift - 1)),
        .lo = _mm256_set1_epi16((int16_t)how->lo),
        .hi = _mm256_set1_epi16((int16_t)how->hi),
        .shift = _mm_cvtsi64_si128(how->shift),
    };
}

static __m256i add_pairs(const struct sum *s, __m256i pairs)
{
    return _mm256_sra_epi32(_mm256_add_epi32(_mm256_madd_epi16(pairs, s->multipliers), s->half),
                            s->shift);
}

// Packing saturates to 16 bits, and the clamp that follows lies inside them, so that together they
// are the clamp alone.
static __m256i add_words(const struct sum *s, __m256i a, __m256i b)
{
    const __m256i words = _mm256_packs_epi32(add_pairs(s, _mm256_unpacklo_epi16(a, b)),
                                             add_pairs(s, _mm256_unpackhi_epi16(a, b)));
    return _mm256_min_epi16(_mm256_max_epi16(words, s->lo), s->hi);
}

void vch_add_i8_avx2(int8_t *out, const int8_t *a, const int8_t *b, size_t count,
                     const struct vch_add *how)
{
    const struct sum s = sum_of(how);
    size_t i = 0;

    for (; i + WORDS <= count; i += WORDS) {
        const __m256i words = add_words(&s, widen(a + i), widen(b + i));
        const __m256i bytes =
            _mm256_permute4x64_epi64(_mm256_packs_epi16(words, words), _MM_SHUFFLE(3, 1, 2, 0));
        _mm_storeu_si128((__m128i *)(out + i), _mm256_castsi256_si128(bytes));
    }
    vch_add_i8_portable(out + i, a + i, b + i, count - i, how);
}

void vch_add_i16_avx2(int16_t *out, const int16_t *a, const int16_t *b, size_t count,
                      const struct vch_add *how)
{
    const struct sum s = sum_of(how);
    size_t i = 0;

    for (; i + WORDS <= count; i += WORDS)
        store(out + i, add_words(&s, load(a + i), load(b + i)));
    vch_add_i16_portable(out + i, a + i, b + i, count - i, how);
}
