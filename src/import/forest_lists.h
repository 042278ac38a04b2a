// The attributes of a tree ensemble as parallel lists, with their lengths compared.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "import/network.h"

struct vch_forest_lists {
    size_t node_count;
    const int64_t *tree_ids, *node_ids, *feature_ids, *true_ids, *false_ids;
    const int64_t *missing_tracks_true; // NULL where absent
    const float *values;
    const char *const *modes;
    size_t weight_count;
    const int64_t *weight_trees, *weight_nodes, *weight_targets;
    const float *weights;
    size_t base_count;
    const float *base;
};

// MALFORMED when two lists that belong together differ in length, LIMIT when they are too long,
// UNSUPPORTED for the variants in double precision.
vch_status vch_forest_lists_read(struct vch_forest_lists *out, const struct vch_network_node *node,
                                 struct vch_complaint *complaint);
