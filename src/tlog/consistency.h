// That one tree is a prefix of another (RFC 6962, section 2.1.2).
#pragma once

#include "tlog/tree.h"

// From the first `old_size` leaves to the first `size`; USAGE unless old_size <= size. Empty from
// 0, and from a size to itself.
vch_status vch_consistency_prove(struct vch_tree_path *out, uint64_t old_size, uint64_t size,
                                 const struct vch_tree_nodes *nodes);

// VCH_OK exactly when `path` shows that the tree under `root` begins with the tree under
// `old_root`; BAD_PROOF otherwise. The empty tree has the root of no leaves, and begins every tree.
// Everything but the old size and root may come from an adversary.
vch_status vch_consistency_verify(uint64_t old_size, const struct vch_digest *old_root,
                                  uint64_t size, const struct vch_digest *root,
                                  const struct vch_tree_path *path);
