// Bias correction: what a product's inputs are on average, so that the expected error of rounded
// weights can be taken back by the bias (product.h).
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "import/layers.h"

// (groups, fan-in) averages over all places where the weights are applied, padding included, from
// the average of each input element. *out stays NULL where `input` is.
vch_status vch_correct_means(double **out, const struct vch_layers *layers,
                             const struct vch_layer *layer, const double *input,
                             struct vch_arena *arena);
