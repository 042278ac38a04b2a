// From a tree's root towards a leaf, collecting what is left beside: how both proofs are made.
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "tlog/tree.h"

struct vch_descent {
    uint64_t first, count; // the subtree that was reached
    const struct vch_tree_nodes *nodes;
    struct vch_tree_path *path; // from the root down, until the descent ends
};

// How many leaves the left subtree holds: the largest power of two below `count`, which is above 1.
uint64_t vch_descent_left_count(const struct vch_descent *descent);

// Into the subtree that holds leaf `index`; the root of the other one joins the path.
vch_status vch_descent_step(struct vch_descent *descent, uint64_t index);

// The root of the subtree that was reached joins the path itself.
vch_status vch_descent_take(struct vch_descent *descent);

// Turns the path into the order of proofs: from the leaf up.
void vch_descent_end(struct vch_descent *descent);
