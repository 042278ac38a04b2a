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
    bool is_key;                     // held as keys (keys.h): its scale says nothing
    double scale_narrow, scale_wide; // as int8 and as int16, where there is that choice; else 0
    double scale_int16; // of real numbers in int32: for readers that take int16; else 0
};

struct vch_calibration {
    struct vch_calibrate_value *values; // per value of the network
    double **means;                     // per value that a product reads: of each element
    struct vch_lanes lanes;             // for evaluation, constants filled in
};

// Ranges by the smallest expected squared error over histograms; results that leave the model, or
// go into a softmax, keep their whole range in int16. MALFORMED where the float model overflows.
vch_status vch_calibrate_run(struct vch_calibration *out, const struct vch_layers *layers,
                             const struct vch_samples *samples,
                             const struct vch_import_options *options, struct vch_arena *arena,
                             struct vch_complaint *complaint);

// For calibrate.c, once every value has a scale: whole numbers get a scale of 1 and a type that
// holds whatever they can become, real numbers that are compared the same steps, and keys where
// they are inputs that are only compared.
vch_status vch_calibrate_exact(struct vch_calibration *at, const struct vch_layers *layers,
                               struct vch_arena *arena, struct vch_complaint *complaint);
