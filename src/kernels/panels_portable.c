#include "base/check.h"
#include "kernels/variants.h"

// The definition of what leaves a sum.
static int32_t finish(int64_t sum, const struct vch_panels *panels, size_t channel)
{
    int64_t value =
        (sum * panels->multipliers[channel] + panels->addends[channel]) >> panels->shifts[channel];

    return value < panels->lo ? panels->lo : value > panels->hi ? panels->hi : (int32_t)value;
}

static void store(void *out, size_t size, size_t index, int32_t value)
{
    switch (size) {
    case 1: ((int8_t *)out)[index] = (int8_t)value; return;
    case 2: ((int16_t *)out)[index] = (int16_t)value; return;
    case 4: ((int32_t *)out)[index] = value; return;
    default: VCH_ASSERT(false);
    }
}

// Packed with panels and groups of 1: a channel's weights are a row, and nothing is flipped.
#define PANELS(name, from) \
    static int64_t sum_##name(const uint8_t *place, const struct vch_panels *panels, \
                              size_t channel) \
    { \
        const size_t steps = panels->run_steps; \
        const int8_t *w = (const int8_t *)panels->weights + channel * panels->run_count * steps; \
        int64_t sum = 0; \
        for (uint32_t r = 0; r < panels->run_count; r++, w += steps) { \
            const from *x = (const from *)(const void *)(place + panels->runs[r]); \
            int32_t part = 0; /* fits: block_runs is at least 1 */ \
            for (size_t k = 0; k < steps; k++) \
                part += x[k] * w[k]; \
            sum += part; \
        } \
        return sum; \
    } \
    void vch_panels_##name##_portable(void *out, size_t out_stride, const void *x, \
                                      const uint32_t *places, size_t count, \
                                      const struct vch_panels *panels, size_t first, size_t last) \
    { \
        for (size_t i = 0; i < count; i++) \
            for (size_t n = first; n < last; n++) \
                store(out, panels->out_size, i *out_stride + n, \
                      finish(sum_##name((const uint8_t *)x + places[i], panels, n), panels, n)); \
    }

PANELS(i8, int8_t)
PANELS(i16, int16_t)

void vch_rescale_i32_portable(void *out, size_t out_stride, const int32_t *sums, size_t count,
                              const struct vch_panels *panels)
{
    for (size_t i = 0; i < count; i++)
        for (size_t n = 0; n < panels->channels; n++)
            store(out, panels->out_size, i * out_stride + n,
                  finish(sums[i * panels->channels + n], panels, n));
}

#define DEPTHWISE(name, from) \
    void vch_depthwise_##name##_portable(void *out, size_t out_stride, const from *x, \
                                         const uint32_t *places, size_t count, \
                                         const struct vch_panels *panels) \
    { \
        for (size_t i = 0; i < count; i++) { \
            for (size_t n = 0; n < panels->channels; n++) { \
                const int8_t *w = (const int8_t *)panels->weights + n; \
                int64_t sum = 0; \
                for (uint32_t t = 0; t < panels->run_count; t++) { \
                    const from *row = x + (places[i] + panels->runs[t]) / sizeof *x; \
                    sum += row[n] * w[t * panels->channels]; \
                } \
                store(out, panels->out_size, i *out_stride + n, finish(sum, panels, n)); \
            } \
        } \
    }

DEPTHWISE(i8, int8_t)
DEPTHWISE(i16, int16_t)
