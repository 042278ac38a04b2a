// Makes a noise floor from honest runs of one model on the same inputs.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "likeness/floor.h"

#define VCH_CALIBRATION_INPUTS_MIN 16u
#define VCH_CALIBRATION_INPUTS_MAX 65536u

struct vch_calibration {
    const char *name;
    uint32_t run_count, input_count, coordinate_count;
    const int64_t *const *runs; // each (inputs, coordinates): machines or engines, all honest
};

// What a person looks at before trusting a floor: a run that stands out sets it for all.
struct vch_calibration_run {
    uint64_t typical; // mean square of the run's distances, the median and the largest over
    uint64_t largest; // held-out inputs; in units of 1/65536 scale squared
};

// The floor, and `run_count` rows of `seen`, in the arena. USAGE for too few runs or inputs or a
// name that no floor can have; LIMIT; MALFORMED for a coordinate that is no number or at the limit;
// NO_MEMORY. All with a complaint.
vch_status vch_calibration_floor(struct vch_floor *out, struct vch_calibration_run **seen,
                                 const struct vch_calibration *of, struct vch_arena *arena,
                                 struct vch_complaint *complaint);
