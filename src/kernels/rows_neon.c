#include <arm_neon.h>

#include "kernels/variants.h"

enum { BYTES = 16, WORDS = 8 };

// Widened, as panels_neon.c wants it.
void vch_lay_i8_neon(void *out, const int8_t *x, size_t count)
{
    int16_t *words = out;
    size_t i = 0;

    for (; i + WORDS <= count; i += WORDS)
        vst1q_s16(words + i, vmovl_s8(vld1_s8(x + i)));
    for (; i < count; i++)
        words[i] = x[i]; // NOLINT(bugprone-signed-char-misuse,cert-str34-c): numbers
}

#define MAX_POOL(name, type, vector, step, load, max, store) \
    void vch_max_pool_##name##_neon(type *out, const type *x, const uint32_t *places, \
                                    size_t count, const uint32_t *taps, size_t tap_count, \
                                    size_t channels) \
    { \
        const size_t whole = channels - channels % (step); \
        for (size_t i = 0; i < count; i++, out += channels) { \
            const type *at = x + places[i]; \
            for (size_t c = 0; c < whole; c += (step)) { \
                vector most = load(at + taps[0] + c); \
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

MAX_POOL(i8, int8_t, int8x16_t, BYTES, vld1q_s8, vmaxq_s8, vst1q_s8)
MAX_POOL(i16, int16_t, int16x8_t, WORDS, vld1q_s16, vmaxq_s16, vst1q_s16)

static int16x8_t widen_i8(const int8_t *x)
{
    return vmovl_s8(vld1_s8(x));
}

static int16x8_t widen_i16(const int16_t *x)
{
    return vld1q_s16(x);
}

#define SUM_TAPS(name, type) \
    void vch_sum_taps_##name##_neon(int32_t *sums, const type *x, const uint32_t *taps, \
                                    size_t tap_count, size_t channels) \
    { \
        size_t c = 0; \
        for (; c + WORDS <= channels; c += WORDS) { \
            int32x4_t low = vdupq_n_s32(0), high = vdupq_n_s32(0); \
            for (size_t t = 0; t < tap_count; t++) { \
                const int16x8_t words = widen_##name(x + taps[t] + c); \
                low = vaddw_s16(low, vget_low_s16(words)); \
                high = vaddw_high_s16(high, words); \
            } \
            vst1q_s32(sums + c, low); \
            vst1q_s32(sums + c + 4, high); \
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
    int16_t multipliers[2];
    int32x4_t half, shift;
    int16x8_t lo, hi;
};

static struct sum sum_of(const struct vch_add *how)
{
    return (struct sum){
        .multipliers = {(int16_t)how->multipliers[0], (int16_t)how->multipliers[1]},
        .half = vdupq_n_s32((int32_t)1 << (how->shift - 1)),
        .shift = vdupq_n_s32(-(int32_t)how->shift), // to the right
        .lo = vdupq_n_s16((int16_t)how->lo),
        .hi = vdupq_n_s16((int16_t)how->hi),
    };
}

static int16x4_t add_four(const struct sum *s, int16x4_t a, int16x4_t b)
{
    int32x4_t sum = vmlal_n_s16(s->half, a, s->multipliers[0]);

    sum = vmlal_n_s16(sum, b, s->multipliers[1]);
    return vqmovn_s32(vshlq_s32(sum, s->shift));
}

// Narrowing saturates to 16 bits, and the clamp that follows lies inside them, so that together
// they are the clamp alone.
static int16x8_t add_words(const struct sum *s, int16x8_t a, int16x8_t b)
{
    const int16x8_t words = vcombine_s16(add_four(s, vget_low_s16(a), vget_low_s16(b)),
                                         add_four(s, vget_high_s16(a), vget_high_s16(b)));

    return vminq_s16(vmaxq_s16(words, s->lo), s->hi);
}

void vch_add_i8_neon(int8_t *out, const int8_t *a, const int8_t *b, size_t count,
                     const struct vch_add *how)
{
    const struct sum s = sum_of(how);
    size_t i = 0;

    for (; i + WORDS <= count; i += WORDS)
        vst1_s8(out + i, vmovn_s16(add_words(&s, widen_i8(a + i), widen_i8(b + i))));
    vch_add_i8_portable(out + i, a + i, b + i, count - i, how);
}

void vch_add_i16_neon(int16_t *out, const int16_t *a, const int16_t *b, size_t count,
                      const struct vch_add *how)
{
    const struct sum s = sum_of(how);
    size_t i = 0;

    for (; i + WORDS <= count; i += WORDS)
        vst1q_s16(out + i, add_words(&s, vld1q_s16(a + i), vld1q_s16(b + i)));
    vch_add_i16_portable(out + i, a + i, b + i, count - i, how);
}
