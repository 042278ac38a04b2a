// Classical models of ai.onnx.ml: tree ensembles straight to the integer graph, linear models
// rewritten into ai.onnx operators.
#pragma once

#include "base/complaint.h"
#include "base/status.h"
#include "import/import.h"
#include "import/network.h"

// Whether the network holds a TreeEnsemble operator, and so is lowered here and not quantised.
bool vch_ensemble_is(const struct vch_network *network);

// The whole network, which must be one tree ensemble and its ZipMap, Cast, Identity and the like:
// KEYS input, TREES, ARGMAX and so on. Needs no calibration.
vch_status vch_ensemble_lower(struct vch_graph **graph, struct vch_import_report *report,
                              struct vch_network *network, const struct vch_import_options *options,
                              struct vch_arena *arena, struct vch_complaint *complaint);

// Replaces LinearClassifier, LinearRegressor, Scaler, Normalizer and ZipMap by nodes of ai.onnx
// (MatMul, Add, Sub, Mul, Sigmoid, Softmax, ArgMax, ...), before shapes are inferred. Class labels
// of an integer output end up in `labels` (per graph output; count 0 where there are none).
struct vch_ensemble_labels {
    uint32_t count;
    const char *const *texts; // in the arena
};
vch_status vch_ensemble_rewrite(struct vch_network *network,
                                struct vch_ensemble_labels labels[VCH_GRAPH_PORTS_MAX],
                                struct vch_complaint *complaint);
