#include "tlog/descent.h"

#include "base/check.h"

uint64_t vch_descent_left_count(const struct vch_descent *descent)
{
    uint64_t left = 1;

    VCH_ASSERT(descent->count > 1 && descent->count <= VCH_TREE_SIZE_MAX);
    while (left < descent->count - left)
        left *= 2;
    return left;
}

static vch_status push_root(struct vch_descent *descent, uint64_t first, uint64_t count)
{
    struct vch_tree_path *path = descent->path;

    VCH_ASSERT(path->count < VCH_TREE_PATH_MAX);
    return vch_tree_range_root(&path->nodes[path->count++], first, count, descent->nodes);
}

vch_status vch_descent_step(struct vch_descent *descent, uint64_t index)
{
    uint64_t left = vch_descent_left_count(descent), right = descent->count - left;
    uint64_t middle = descent->first + left;

    if (index < middle) {
        descent->count = left;
        return push_root(descent, middle, right);
    }
    VCH_TRY(push_root(descent, descent->first, left));
    descent->first = middle;
    descent->count = right;
    return VCH_OK;
}

vch_status vch_descent_take(struct vch_descent *descent)
{
    return push_root(descent, descent->first, descent->count);
}

void vch_descent_end(struct vch_descent *descent)
{
    struct vch_digest *nodes = descent->path->nodes;
    uint32_t count = descent->path->count;

    for (uint32_t i = 0; i < count / 2; i++) {
        struct vch_digest other = nodes[count - 1 - i];
        nodes[count - 1 - i] = nodes[i];
        nodes[i] = other;
    }
}
