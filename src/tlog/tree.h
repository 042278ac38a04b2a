// The tree of a log (RFC 6962, section 2.1) while it grows: the roots of the perfect subtrees that
// its leaves fall into, at most one per level. crypto/merkle.h has the hashes.
//
// Whoever keeps all nodes gives each a level and an index: node (0, i) is the digest of leaf i, and
// (l, i) is the parent of (l - 1, 2 i) and (l - 1, 2 i + 1). Only perfect subtrees have nodes, so
// that no node ever changes; what the right edge needs beyond them is computed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"

#define VCH_TREE_LEVELS_MAX 63u // a tree has fewer than 2^63 leaves
#define VCH_TREE_SIZE_MAX ((uint64_t)INT64_MAX)

struct vch_tree {
    uint64_t size;
    struct vch_digest peaks[VCH_TREE_LEVELS_MAX]; // peaks[l] counts when bit l of size is set
};

// All zero is the empty tree, too.
void vch_tree_init(struct vch_tree *tree);

// Appends the digest of a leaf (vch_merkle_leaf of the entry). Returns how many nodes are complete
// now that were not before, and writes them to `completed` unless it is NULL: node l of them is
// node (l, index >> l), where index is the leaf's. The tree has room.
unsigned vch_tree_append(struct vch_tree *tree, const struct vch_digest *leaf,
                         struct vch_digest completed[VCH_TREE_LEVELS_MAX + 1]);

struct vch_digest vch_tree_root(const struct vch_tree *tree);

// Where nodes can be read: any error ends what is being computed. Only asked for nodes that are
// complete in the tree at hand.
struct vch_tree_nodes {
    vch_status (*read)(void *context, unsigned level, uint64_t index, struct vch_digest *out);
    void *context;
};

// The tree of the first `size` leaves, from its nodes.
vch_status vch_tree_load(struct vch_tree *out, uint64_t size, const struct vch_tree_nodes *nodes);

// The root over leaves [first, first + count), count above 0, as a subtree of its own; `first` is a
// multiple of the smallest power of two that is at least `count`.
vch_status vch_tree_range_root(struct vch_digest *out, uint64_t first, uint64_t count,
                               const struct vch_tree_nodes *nodes);

// A proof: digests in the order of RFC 6962.
#define VCH_TREE_PATH_MAX 64u
struct vch_tree_path {
    uint32_t count;
    struct vch_digest nodes[VCH_TREE_PATH_MAX];
};
