// Convolution in double precision.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "import/layers.h"

vch_status vch_evaluate_convolution_run(double *out, const struct vch_layers *layers,
                                        const struct vch_layer *layer, const double *x,
                                        struct vch_arena *scratch);

// Bytes of scratch that it takes.
size_t vch_evaluate_convolution_scratch(const struct vch_layers *layers,
                                        const struct vch_layer *layer);
