// One tap at a time, eight channels beside each other: products are at most 2^22, and all of them
// stay inside int32 as long as block_runs says so.
#include "kernels/finish_neon.h"
#include "kernels/variants.h"

ALWAYS int16x8_t load_i8(const void *x, size_t count)
{
    int8_t bytes[PANEL] = {0};

    if (count == PANEL) return vmovl_s8(vld1_s8(x));
    memcpy(bytes, x, count);
    return vmovl_s8(vld1_s8(bytes));
}

ALWAYS int16x8_t load_i16(const void *x, size_t count)
{
    int16_t words[PANEL] = {0};

    if (count == PANEL) return vld1q_s16(x);
    memcpy(words, x, count * sizeof words[0]);
    return vld1q_s16(words);
}

// The channels of one panel at every place.
#define DEPTHWISE(name, from) \
    ALWAYS void finish_##name(const struct finish *f, uint8_t *out, size_t channel, \
                              const uint8_t *x, const struct vch_panels *p, const int8_t *w) \
    { \
        int32x4_t low = vdupq_n_s32(0), high = vdupq_n_s32(0); \
        for (uint32_t t = 0; t < p->run_count; t++, w += p->channels) { \
            const int16x8_t terms = load_##name(x + p->runs[t], f->count); \
            const int16x8_t weights = load_i8(w, f->count); \
            low = vmlal_s16(low, vget_low_s16(terms), vget_low_s16(weights)); \
            high = vmlal_high_s16(high, terms, weights); \
        } \
        store(f, out, channel, finish_narrow(f, 0, low), finish_narrow(f, 1, high)); \
    } \
    void vch_depthwise_##name##_neon(void *out, size_t out_stride, const from *x, \
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
                finish_##name(&f, (uint8_t *)out + i * out_stride * p->out_size, n, \
                              at + places[i], p, w); \
        } \
    }

DEPTHWISE(i8, int8_t)
DEPTHWISE(i16, int16_t)
