// Models that bring their scales: values on a grid keep the file's.
#pragma once

#include "import/calibrate.h"

// For calibrate.c: the scale and type of every value that a layer rounds to a grid, and of inputs
// that nothing else reads. A grid of -128..127 is int8, where nobody reads the integers themselves:
// -128 counts as -127, as does -32768 in int16.
vch_status vch_quantised_fix(struct vch_calibration *at, const struct vch_layers *layers,
                             struct vch_arena *scratch);

// Whether calibration has nothing to find: every scale follows from the file's.
vch_status vch_quantised_is_complete(bool *out, const struct vch_layers *layers,
                                     struct vch_arena *scratch);
