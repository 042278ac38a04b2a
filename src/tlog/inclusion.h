// That a leaf is in a tree, and where (RFC 6962, section 2.1.1).
#pragma once

#include "tlog/tree.h"

// The path of leaf `index` in the tree of the first `size` leaves; USAGE unless index < size.
vch_status vch_inclusion_prove(struct vch_tree_path *out, uint64_t index, uint64_t size,
                               const struct vch_tree_nodes *nodes);

// VCH_OK exactly when `path` shows the leaf's digest at `index` of `size` under `root`; BAD_PROOF
// otherwise. Everything but `root` and `size` may come from an adversary.
vch_status vch_inclusion_verify(const struct vch_digest *root, uint64_t size,
                                const struct vch_digest *leaf, uint64_t index,
                                const struct vch_tree_path *path);
