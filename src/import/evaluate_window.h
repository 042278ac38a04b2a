// Pooling in double precision.
#pragma once

#include "import/layers.h"

void vch_evaluate_window_pool(double *out, const struct vch_layers *layers,
                              const struct vch_layer *layer, const double *x);
