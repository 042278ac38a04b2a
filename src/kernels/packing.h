// How operands are laid out for the packed products of a level (kernels.h).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

#define VCH_PACKING_ABSENT UINT32_MAX // a term that is not there: its weight is 0
#define VCH_PACKING_SLACK 64u // bytes after laid out activations that may be read, and only read

// Bytes of packed weights: `terms` is the number of terms of a sum, a multiple of the group.
size_t vch_packing_size(const struct vch_packing *packing, size_t channels, size_t terms);

// Channels rounded up to whole panels: the entries that starts, addends, multipliers and shifts of
// struct vch_panels have.
size_t vch_packing_channels(const struct vch_packing *packing, size_t channels);

// Packs (channels, stride) weights, of which term t of a channel is weights[terms[t]]. `starts`
// takes one entry per rounded-up channel: what the sum of that channel must start from, so that the
// flip of its activations does not count.
void vch_packing_weights(void *out, int32_t *starts, const struct vch_packing *packing,
                         const int8_t *weights, size_t channels, size_t stride,
                         const uint32_t *terms, size_t term_count);
