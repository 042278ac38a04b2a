// Cross-layer equalisation: where two layers with weights follow each other and nothing between
// them minds a positive factor, the first's channels are divided and the second's weights
// multiplied by one number per channel, so that channels of all sizes share one scale better.
#pragma once

#include "base/workers.h"
#include "import/layers.h"
#include "import/samples.h"

// Looks at a few samples and changes the weights of those pairs that are expected to lose less.
// `steps` is the largest integer of an activation. The float model stays what it was.
vch_status vch_equalise_layers(struct vch_layers *layers, const struct vch_samples *samples,
                               double steps, struct vch_workers *workers, struct vch_arena *arena);
