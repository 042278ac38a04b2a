// A convolution turned around: what undoes, in shape, a convolution with these spans and weights.
#pragma once

#include "import/translate_convolve.h"

// Its weights are (C, channels / groups, kernel...) of x (N, C, ...). Of its spans, size is x's and
// the rest the other convolution's; begin and end may be negative, and `extra` elements per axis
// follow behind the end.
vch_status vch_translate_transposed(struct vch_translate *at, uint32_t x,
                                    const struct vch_translate_convolution *conv,
                                    const int64_t *extra, uint32_t *output);
