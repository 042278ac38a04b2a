#include "tlog/inclusion.h"

#include "tlog/descent.h"

_Static_assert(sizeof(size_t) == sizeof(uint64_t), "a tree's size fits where sizes are counted");

vch_status vch_inclusion_prove(struct vch_tree_path *out, uint64_t index, uint64_t size,
                               const struct vch_tree_nodes *nodes)
{
    struct vch_descent descent = {.count = size, .nodes = nodes, .path = out};

    out->count = 0;
    if (index >= size || size > VCH_TREE_SIZE_MAX) return VCH_FAIL(USAGE);
    while (descent.count > 1)
        VCH_TRY(vch_descent_step(&descent, index));
    vch_descent_end(&descent);
    return VCH_OK;
}

vch_status vch_inclusion_verify(const struct vch_digest *root, uint64_t size,
                                const struct vch_digest *leaf, uint64_t index,
                                const struct vch_tree_path *path)
{
    if (size > VCH_TREE_SIZE_MAX || path->count > VCH_TREE_PATH_MAX) return VCH_FAIL(BAD_PROOF);
    return vch_merkle_verify(root, leaf, index, size, path->nodes, path->count);
}
