// Products of at most half a panel of channels. Private to the AVX-512 kernels.
#pragma once

#include "kernels/kernels.h"

enum { FEW = 8 };

// As panels_i8 for the channels [first, first + channels), at most FEW, the first of a panel, to
// int8 outputs with is_narrow.
void vch_few_i8_avx512vnni(int8_t *out, size_t out_stride, const void *x, const uint32_t *places,
                           size_t count, const struct vch_panels *panels, size_t first,
                           size_t channels);
