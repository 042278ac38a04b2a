// The convolutional inverter for images: the network of split/decoder.h, trained by Adam (Kingma
// and Ba, 2015) on the squared error, a fixed number of steps, from the seed. Of
// VCH_INVERT_CONVOLUTION_PART_COUNT networks on the way, the first included, the one that does
// best on the validation samples guesses. Sums over a batch are taken in a fixed order, so that
// threads change nothing.
#pragma once

#include <stdbool.h>

#include "base/status.h"
#include "split/inversion.h"

#define VCH_INVERT_CONVOLUTION_STEPS 400u // a multiple of ..._PART_COUNT; of this many batches
#define VCH_INVERT_CONVOLUTION_BATCH 16u
#define VCH_INVERT_CONVOLUTION_PART_COUNT 8u // stops on the way, and parts of progress

// Is there a network for these shapes that is small enough?
bool vch_invert_convolution_is_possible(const struct vch_inversion *of);

// NO_MEMORY only, where it is possible.
vch_status vch_invert_convolution_run(struct vch_inversion_result *out,
                                      const struct vch_inversion *of);
