// Calibration samples, checked against the model's inputs.
#pragma once

#include "base/complaint.h"
#include "base/status.h"
#include "import/import.h"
#include "import/layers.h"

struct vch_samples {
    const float *values; // borrowed; sample after sample, in each the inputs end to end
    size_t count, size;
};

// USAGE where there are none; MALFORMED where they do not fit the inputs or are not finite.
vch_status vch_samples_init(struct vch_samples *out, const struct vch_layers *layers,
                            const struct vch_import_options *options,
                            struct vch_complaint *complaint);

// One sample of zeros, for models whose scales do not depend on samples.
vch_status vch_samples_zero(struct vch_samples *out, const struct vch_layers *layers,
                            struct vch_arena *arena);

// Copies one sample into the inputs' buffers.
void vch_samples_load(double *const *buffers, const struct vch_layers *layers,
                      const struct vch_samples *samples, size_t index);

// One input of a sample to the port's integers. Samples are float32, which rounds the largest int32
// up to what no longer is one: here it counts as the largest.
vch_status vch_samples_quantise(void *out, const struct vch_graph *graph,
                                const struct vch_port *port, const float *sample, size_t count,
                                struct vch_complaint *complaint);
