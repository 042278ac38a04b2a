// Which tensors need more bits: measured one by one on the calibration samples, then taken from the
// most rewarding on until a target is met.
#pragma once

#include "base/complaint.h"
#include "base/status.h"
#include "import/calibrate.h"
#include "import/measure.h"

// Turns int8 activations of `calibration` into int16, and gives layers two rows of weights, until
// no more than options->loss_max points are lost or options->size_max bytes are reached. LIMIT,
// saying what is possible, where a demand cannot be met. Without demands, 16-bit models get what
// brings them within a tenth of a point, where that is possible.
vch_status vch_sensitivity_choose(struct vch_calibration *calibration, struct vch_layers *layers,
                                  const struct vch_import_options *options, struct vch_arena *arena,
                                  struct vch_complaint *complaint);

// Where the error of the outputs comes from: of the noise that goes away when tensors get more
// bits, one at a time, which part goes with each. Per value of the network: of its own rounding,
// and of the weights of the layer that computes it. The parts add up to 1, or are 0 where nothing
// can be gained.
struct vch_sensitivity_shares {
    double *of_values, *of_weights; // in the arena
};

vch_status vch_sensitivity_measure(struct vch_sensitivity_shares *out,
                                   struct vch_calibration *calibration, struct vch_layers *layers,
                                   const struct vch_import_options *options,
                                   struct vch_arena *arena, struct vch_complaint *complaint);
