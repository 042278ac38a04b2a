// Whether an engine's answers fit together.
//
// A walk goes down from the peaks of the tree at the log's end, hashing at each step, along the
// border of an earlier size: it ends with that size's peaks, and has shown that the later tree
// extends the earlier one. All it costs is a few digests for each level.
#pragma once

#include "ledger/store_engine.h"
#include "tlog/tree.h"

// Nodes as vch_store_nodes has them; each is complete in the log.
vch_status vch_store_check_nodes(struct vch_store_engine *engine, unsigned level, uint64_t first,
                                 uint32_t count, struct vch_digest *out, struct vch_arena *arena,
                                 struct vch_complaint *complaint);

// The tree with this head, of the engine's nodes; BAD_PROOF when they have another root.
vch_status vch_store_check_tree(struct vch_tree *out, struct vch_store_engine *engine,
                                const struct vch_store_head *head, struct vch_arena *arena,
                                struct vch_complaint *complaint);

// The tree of the first `size` entries of `tree`, by the walk; BAD_PROOF where a step does not
// hash. `size` is at most the tree's.
vch_status vch_store_check_prefix(struct vch_tree *out, struct vch_store_engine *engine,
                                  const struct vch_tree *tree, uint64_t size,
                                  struct vch_arena *arena, struct vch_complaint *complaint);

// Entries that hash to the leaves beside them; BAD_PROOF otherwise.
vch_status vch_store_check_slice(const struct vch_store_slice *slice,
                                 struct vch_complaint *complaint);
