#include "kernels/packing.h"

#include "base/check.h"

size_t vch_packing_channels(const struct vch_packing *packing, size_t channels)
{
    return (channels + packing->panel - 1) / packing->panel * packing->panel;
}

size_t vch_packing_size(const struct vch_packing *packing, size_t channels, size_t terms)
{
    return vch_packing_channels(packing, channels) * terms * packing->weight_size;
}

// Panels one after another; inside each, groups of terms; inside these, the panel's channels.
static size_t index_of(const struct vch_packing *packing, size_t channel, size_t term, size_t terms)
{
    size_t panel = channel / packing->panel, group = term / packing->group;
    size_t row = panel * (terms / packing->group) + group;

    return (row * packing->panel + channel % packing->panel) * packing->group +
           term % packing->group;
}

static void store(void *out, size_t size, size_t index, int weight)
{
    if (size == 1)
        ((int8_t *)out)[index] = (int8_t)weight;
    else
        ((int16_t *)out)[index] = (int16_t)weight;
}

void vch_packing_weights(void *out, int32_t *starts, const struct vch_packing *packing,
                         const int8_t *weights, size_t channels, size_t stride,
                         const uint32_t *terms, size_t term_count)
{
    VCH_ASSERT(term_count % packing->group == 0);
    for (size_t channel = 0; channel < vch_packing_channels(packing, channels); channel++) {
        int64_t sum = 0;
        for (size_t t = 0; t < term_count; t++) {
            int weight = 0;
            if (channel < channels && terms[t] != VCH_PACKING_ABSENT)
                // NOLINTNEXTLINE(bugprone-signed-char-misuse,cert-str34-c): a number
                weight = weights[channel * stride + terms[t]];
            store(out, packing->weight_size, index_of(packing, channel, t, term_count), weight);
            sum += weight;
        }
        starts[channel] = (int32_t)(-sum * packing->input_flip); // modulo 2^32, as kernels count
    }
}
