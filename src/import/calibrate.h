// Scales of activations, from what they are on the calibration samples.
#pragma once

#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "import/lanes.h"
#include "import/layers.h"
#include "import/samples.h"
#include "model/tensor.h"

struct vch_calibrate_value {
    double largest;   // |value| on the samples
    bool is_negative; // on any of them
    double scale;
    enum vch_type type;
};

struct vch_calibration {
    struct vch_calibrate_value *values; // per value of the network
    struct vch_lanes lanes;             // for evaluation, constants filled in
};

// Ranges by the smallest expected squared error over histograms; results that leave the model, or
// go into a softmax, keep their whole range in int16. MALFORMED where the float model overflows.
vch_status vch_calibrate_run(struct vch_calibration *out, const struct vch_layers *layers,
                             const struct vch_samples *samples,
                             const struct vch_import_options *options, struct vch_arena *arena,
                             struct vch_complaint *complaint);

// The range (largest |x| that is not cut off) with the smallest expected squared error for a grid
// of `steps` steps on either side of zero. counts[i] numbers lie in [i, i + 1) * width.
double vch_calibrate_range(const uint64_t *counts, size_t count, double width, double steps,
                           double *error);
