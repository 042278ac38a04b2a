#include "tlog/consistency.h"

#include <stdbool.h>

#include "tlog/descent.h"

// RFC 6962's SUBPROOF: down to the smallest subtree that ends where the old tree does. The verifier
// has that subtree's root when it is the whole old tree, which is when every step led left.
vch_status vch_consistency_prove(struct vch_tree_path *out, uint64_t old_size, uint64_t size,
                                 const struct vch_tree_nodes *nodes)
{
    struct vch_descent descent = {.count = size, .nodes = nodes, .path = out};

    out->count = 0;
    if (old_size > size || size > VCH_TREE_SIZE_MAX) return VCH_FAIL(USAGE);
    if (old_size == 0 || old_size == size) return VCH_OK;
    while (descent.first + descent.count != old_size)
        VCH_TRY(vch_descent_step(&descent, old_size - 1));
    if (descent.first > 0) VCH_TRY(vch_descent_take(&descent));
    vch_descent_end(&descent);
    return VCH_OK;
}

// Both roots, grown from the same digests. `node` and `last` are this level's positions of the old
// tree's right edge and of the new one's.
struct climb {
    struct vch_digest old_root, root;
    uint64_t node, last;
};

static void rise(struct climb *at)
{
    at->node /= 2;
    at->last /= 2;
}

// RFC 9162, section 2.1.4.2. A digest on the left is part of both trees, one on the right of the
// new tree alone.
static void join(struct climb *at, const struct vch_digest *digest)
{
    if (at->node % 2 == 0 && at->node < at->last) {
        at->root = vch_merkle_parent(&at->root, digest);
        rise(at);
        return;
    }
    at->old_root = vch_merkle_parent(digest, &at->old_root);
    at->root = vch_merkle_parent(digest, &at->root);
    while (at->node % 2 == 0 && at->node != 0)
        rise(at);
    rise(at);
}

static bool is_power_of_two(uint64_t value)
{
    return (value & (value - 1)) == 0;
}

static vch_status check_path(uint64_t old_size, const struct vch_digest *old_root, uint64_t size,
                             const struct vch_digest *root, const struct vch_tree_path *path)
{
    uint32_t used = is_power_of_two(old_size) ? 0 : 1;
    struct climb at = {.node = old_size - 1, .last = size - 1};

    if (path->count < 1) return VCH_FAIL(BAD_PROOF);
    at.old_root = at.root = used == 0 ? *old_root : path->nodes[0];
    while (at.node % 2 == 1)
        rise(&at);
    for (; used < path->count; used++) {
        if (at.last == 0) return VCH_FAIL(BAD_PROOF); // more digests than levels
        join(&at, &path->nodes[used]);
    }
    bool is_right = at.last == 0 && vch_hash_is_equal(&at.old_root, old_root) &&
                    vch_hash_is_equal(&at.root, root);
    return is_right ? VCH_OK : VCH_FAIL(BAD_PROOF);
}

// Where nothing needs a proof, nothing may be sent as one.
static vch_status check_equal(const struct vch_digest *a, const struct vch_digest *b,
                              const struct vch_tree_path *path)
{
    return path->count == 0 && vch_hash_is_equal(a, b) ? VCH_OK : VCH_FAIL(BAD_PROOF);
}

vch_status vch_consistency_verify(uint64_t old_size, const struct vch_digest *old_root,
                                  uint64_t size, const struct vch_digest *root,
                                  const struct vch_tree_path *path)
{
    struct vch_digest empty = vch_merkle_root_in_place(NULL, 0);

    if (old_size > size || size > VCH_TREE_SIZE_MAX || path->count > VCH_TREE_PATH_MAX)
        return VCH_FAIL(BAD_PROOF);
    if (old_size == size) return check_equal(old_root, root, path);
    if (old_size == 0) return check_equal(old_root, &empty, path);
    return check_path(old_size, old_root, size, root, path);
}
