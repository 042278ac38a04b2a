// Values that must have one scale: the steps of an unrolled layer share weights and tables then.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "import/calibrate.h"

// Results of layers with the same tie get the widest type and the largest range among them.
vch_status vch_calibrate_tie_values(struct vch_calibrate_value *values,
                                    const struct vch_layers *layers, struct vch_arena *scratch);
