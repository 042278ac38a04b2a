// Decision trees over order-preserving integer keys.
//
// A float32 feature enters as an int32 key such that a < b exactly when key(a) < key(b):
// for bits u of the float, key = u & 0x80000000 ? -(u & 0x7fffffff) : u. Both zeros get key 0; any
// NaN gets VCH_TREES_NAN, above every number. Agreement with a float model is then exact.
//
// Parameters of a TREES operator:
//     0  nodes   int32 (node_count, VCH_TREES_COLUMNS)
//     1  roots   int32 (tree_count)          node index of each tree's root
//     2  leaves  int64 (leaf_count, targets) fixed point, added up over trees
//     3  base    int64 (targets)             added once
// At an inner node: go to `left` when key(feature) <= threshold, or when the feature is NaN and
// NAN_LEFT is set; else to `right`. Children always have higher indices than their parent, so that
// every walk ends; depth_max bounds it. At a leaf FEATURE is -1 and LEFT is the row of `leaves`.
// The operand is int32 (..., features), the output int64 (..., targets). The operator's bias_bound
// bounds every score: for each target, sum over trees of the largest |leaf| plus |base|.
#pragma once

#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "model/graph.h"

#define VCH_TREES_COLUMNS 5
#define VCH_TREES_DEPTH_MAX 65536u
#define VCH_TREES_NAN INT32_MAX

enum vch_trees_column {
    VCH_TREES_FEATURE,
    VCH_TREES_THRESHOLD,
    VCH_TREES_LEFT,
    VCH_TREES_RIGHT,
    VCH_TREES_NAN_LEFT, // 0 or 1
};

// The key of a float32's bits.
static inline int32_t vch_trees_key(uint32_t bits)
{
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return VCH_TREES_NAN;
    return bits >> 31 ? -(int32_t)magnitude : (int32_t)magnitude;
}

// Checks the parameters of a TREES operator, all held, of a graph that passed vch_graph_check:
// children after parents, indices in range, no path longer than depth_max, scores within
// bias_bound. MALFORMED with a complaint.
vch_status vch_trees_check(const struct vch_graph *graph, const struct vch_operator *operator_,
                           struct vch_arena *scratch, struct vch_complaint *complaint);
