// From the numbers that an ONNX file gives to trees and nodes to indices, and proof that they form
// trees.
#pragma once

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "import/forest.h"
#include "import/forest_lists.h"

// Fills in nodes, roots, node_count, tree_count and feature_count; and node and value of each
// weight (its target is the caller's). Nodes without a path from their tree's root, with two
// parents, or called the same are MALFORMED; the complaint names tree and node.
vch_status vch_forest_link(struct vch_forest *out, const struct vch_forest_lists *lists,
                           struct vch_arena *arena, struct vch_complaint *complaint);
