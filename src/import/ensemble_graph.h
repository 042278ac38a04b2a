// The integer graph of a tree ensemble: keys in, trees, then a class, scores, or both.
//
//     keys int32 (features) - TREES - scores int64 (targets) - ARGMAX - class int32 ()
//                                            |
//                                            RESCALE int16 - TABLE or SOFTMAX - probabilities int16
#pragma once

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "import/forest.h"
#include "model/graph.h"

enum vch_ensemble_graph_output {
    VCH_ENSEMBLE_GRAPH_CLASS,
    VCH_ENSEMBLE_GRAPH_SCORES,
};

struct vch_ensemble_graph_port {
    const char *name;
    enum vch_ensemble_graph_output what;
};

struct vch_ensemble_graph_plan {
    const char *name; // of the model
    const char *node; // of the ensemble
    const char *input;
    uint32_t feature_count; // of the input, at least the forest's
    uint32_t output_count;
    struct vch_ensemble_graph_port outputs[VCH_GRAPH_PORTS_MAX];
};

// Graph and parameters in the arena. `score_error` is the largest error of a score, transforms
// included, against real arithmetic on the float leaves.
vch_status vch_ensemble_graph_build(struct vch_graph **out, double *score_error,
                                    const struct vch_ensemble_graph_plan *plan,
                                    const struct vch_forest *forest, struct vch_arena *arena,
                                    struct vch_complaint *complaint);
