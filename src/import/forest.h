// A tree ensemble of ai.onnx.ml, read from its node's attributes and checked.
//
//     nodes    as listed; children are indices into the same array, already oriented so that
//              "key(feature) <= threshold" goes left
//     weights  what a leaf adds to a target's score
//
// Whatever the file says, each tree is one tree: every node reached from its root exactly once.
// A binary classifier that scores only one class becomes two targets, (1 - s, s) or (-s, s).
//
// A forest that averages probabilities over n trees has weights p / n, rounded to float32. For n
// that is no power of two that rounding decides votes that should be even. Such a forest has
// divisor n: its weights are read as multiples of 1 / n, so that even votes are even again, and
// go where a sum in float32, tree by tree, would send them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "import/ensemble.h"
#include "import/network.h"

#define VCH_FOREST_NODES_MAX (1u << 22)
#define VCH_FOREST_WEIGHTS_MAX (1u << 24)
#define VCH_FOREST_TARGETS_MAX 4096u
#define VCH_FOREST_LEAF_VALUES_MAX (1u << 26) // leaves times targets
#define VCH_FOREST_FEATURES_MAX (1u << 24)
#define VCH_FOREST_DEPTH_MAX 4096u

enum vch_forest_transform {
    VCH_FOREST_NONE,
    VCH_FOREST_LOGISTIC,
    VCH_FOREST_SOFTMAX,
};

struct vch_forest_node {
    int64_t tree, id; // the file's own numbers, for messages
    bool is_leaf;
    bool is_nan_left;
    int32_t feature, threshold; // key, see model/trees.h
    uint32_t left, right;       // indices of nodes
    uint32_t parents;           // how many nodes lead here
};

struct vch_forest_weight {
    uint32_t node, target;
    double value;
};

struct vch_forest {
    bool is_classifier;
    enum vch_forest_transform transform;
    uint32_t node_count, tree_count, weight_count, target_count;
    uint32_t feature_count; // largest feature used, plus one
    struct vch_forest_node *nodes;
    uint32_t *roots; // node of each tree, in order of appearance
    struct vch_forest_weight *weights;
    double *base;                      // per target
    uint32_t divisor;                  // see above; 1 for all others
    bool is_tie_second;                // even votes of two classes go to the second
    struct vch_ensemble_labels labels; // classifier
};

// Reads a TreeEnsembleClassifier or TreeEnsembleRegressor. MALFORMED, LIMIT, UNSUPPORTED, each
// with a complaint that names tree and node.
vch_status vch_forest_read(struct vch_forest *out, const struct vch_network_node *node,
                           struct vch_arena *arena, struct vch_complaint *complaint);

// The parameters of a TREES operator: see model/trees.h.
struct vch_forest_packed {
    uint32_t node_count, tree_count, leaf_count, target_count, depth_max;
    int32_t *nodes, *roots;
    int64_t *leaves, *base;
    int exponent;
    double scale;     // a score is its integer times this: 2^-exponent, over the divisor
    int range;        // every score is below 2^range
    uint64_t bound;   // power of two, at most 2^59: no |integer score| is above
    double error_max; // of a score, from rounding leaves; 0 when all are exact
};

vch_status vch_forest_pack(struct vch_forest_packed *out, const struct vch_forest *forest,
                           struct vch_arena *arena, struct vch_complaint *complaint);
