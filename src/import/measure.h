// How far an integer model's outputs are from the float model's, on the calibration samples: what
// the choice of types goes by (sensitivity.h).
#pragma once

#include "base/complaint.h"
#include "base/status.h"
#include "import/import.h"
#include "import/lanes.h"
#include "model/graph.h"

struct vch_measure {
    const struct vch_import_options *options;
    const struct vch_samples *samples;
    const struct vch_network *network;
    size_t count;                       // samples whose outputs are kept, from the first on
    size_t size;                        // numbers of all outputs together
    float *wanted;                      // the float model's, sample after sample
    uint32_t *choices;                  // per sample and output: the largest element, and the next
    double ranges[VCH_GRAPH_PORTS_MAX]; // of each output: the largest magnitude
    double powers[VCH_GRAPH_PORTS_MAX]; // mean square of all samples
};

struct vch_measure_loss {
    double points; // 0..100 and more: see vch_measure_run
    double noise;  // mean squared error as a part of the power, added up over the outputs
};

// Runs the float model once more, on as many samples as memory allows.
vch_status vch_measure_init(struct vch_measure *out, struct vch_lanes *lanes,
                            const struct vch_import_options *options, struct vch_arena *arena);

// On the first `count` samples. Points of an output are the largest of three: of a hundred samples,
// how many have another largest element (an output of whole numbers: any other element), unless the
// float model sees less than a thousandth of the range between the two; how many are to be expected
// to, given how far the float model's two largest elements are apart and how much that distance is
// off on average, which few samples suffice for; and the mean error in percent of the range. Of
// several outputs the worst counts.
vch_status vch_measure_run(struct vch_measure_loss *out, const struct vch_measure *measure,
                           const struct vch_graph *graph, size_t count, struct vch_arena *arena,
                           struct vch_complaint *complaint);
