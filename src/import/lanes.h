// The float model on several samples at once, one per lane: what calibration and the report walk
// over the samples with.
//
//     for (first = 0; first < samples->count; first += count)
//         vch_lanes_run(lanes, first, &count)     buffers[lane][value] is of sample first + lane
//
// A lane computes one sample alone, so neither threads nor lanes can change a number; whoever adds
// up over samples does so in their order.
#pragma once

#include "base/workers.h"
#include "import/layers.h"
#include "import/samples.h"

struct vch_lanes {
    const struct vch_layers *layers;
    const struct vch_samples *samples;
    struct vch_workers *workers;
    size_t count, first;       // lanes, and the sample in lane 0
    double ***buffers;         // per lane and value; constants are shared
    struct vch_arena *scratch; // per lane
    vch_status *statuses;      // likewise
};

vch_status vch_lanes_init(struct vch_lanes *out, const struct vch_layers *layers,
                          const struct vch_samples *samples, struct vch_workers *workers,
                          struct vch_arena *arena);

// Samples from `first` on, as many as there are lanes or samples left.
vch_status vch_lanes_run(struct vch_lanes *lanes, size_t first, size_t *count);
