// Convolution and pooling in double precision.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "import/layers.h"

vch_status vch_evaluate_window_convolution(double *out, const struct vch_layers *layers,
                                           const struct vch_layer *layer, const double *x,
                                           struct vch_arena *scratch);
void vch_evaluate_window_pool(double *out, const struct vch_layers *layers,
                              const struct vch_layer *layer, const double *x);
