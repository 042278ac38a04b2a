// Which real numbers are int32: those whose differences count beside steps of int16.
#pragma once

#include "import/calibrate.h"
#include "import/calibrate_rows.h"

// Once every value has a scale, before ties.
vch_status vch_calibrate_widen(struct vch_calibration *at, const struct vch_layers *layers,
                               const struct vch_calibrate_rows *rows, struct vch_arena *scratch);
