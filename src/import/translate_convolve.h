// A convolution over one to three dimensions, as layers.
//
// The integer model has pictures of one sample: (1, C, H, W). More dimensions go into its height: a
// kernel's depth becomes channels of shifted copies, samples and depths stand below each other with
// their padding between them, and the rows where a window reaches from one into the next are cut
// out afterwards.
#pragma once

#include "import/translate_span.h"

struct vch_translate_convolution {
    struct vch_translate_spans spans; // placed; begin and end are not negative
    // Of kind CONVOLUTION, but for its operand and the axes of its window: weights (channels, C /
    // groups, kernel...), bias (channels), groups, and what scales quantised weights have.
    struct vch_layer layer;
};

// One group, nothing else set.
struct vch_translate_convolution vch_translate_convolve_new(const struct vch_translate *at);
// Of x (N, C, ...). *output as for vch_translate_emit.
vch_status vch_translate_convolve(struct vch_translate *at, uint32_t x,
                                  const struct vch_translate_convolution *conv, uint32_t *output);
