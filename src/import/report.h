// How far the integer model is from the float model, on the calibration samples.
#pragma once

#include "base/complaint.h"
#include "base/status.h"
#include "import/import.h"
#include "import/lower.h"
#include "import/sensitivity.h"

// What the report compares. The lanes are the calibration's.
struct vch_report {
    const struct vch_graph *graph;
    const struct vch_layers *layers;
    const struct vch_lower_value *map;
    struct vch_lanes *lanes;
    const struct vch_sensitivity_shares *shares; // or NULL
    const struct vch_import_options *options;
};

// Runs both models on every sample. The tensors' list is in the arena.
vch_status vch_report_run(struct vch_import_report *out, const struct vch_report *at,
                          struct vch_arena *arena, struct vch_complaint *complaint);
