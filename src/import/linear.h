// LinearClassifier and LinearRegressor of ai.onnx.ml as products with a weight matrix.
#pragma once

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "import/ensemble.h"
#include "import/network.h"

enum vch_linear_transform {
    VCH_LINEAR_NONE,
    VCH_LINEAR_LOGISTIC,
    VCH_LINEAR_SOFTMAX,
};

// The class is the largest of x W' + b, ties to the lowest index; the scores are that through the
// transform. Two classes with one row of coefficients (w, c) have become the rows (-w, -c) and
// (w, c); their scores without a transform are (1 - s, s), by convention.
struct vch_linear {
    const struct vch_network_tensor *weights;    // (rows, features)
    const struct vch_network_tensor *bias;       // (rows), or NULL
    const struct vch_network_tensor *score_bias; // differs from `bias` under the convention only
    enum vch_linear_transform transform;
    struct vch_ensemble_labels labels; // classifier
};

// Either operator. Tensors are the network's. MALFORMED, UNSUPPORTED with a complaint.
vch_status vch_linear_read(struct vch_linear *out, struct vch_network *network,
                           const struct vch_network_node *node, struct vch_complaint *complaint);
