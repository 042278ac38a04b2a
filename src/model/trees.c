#include "model/trees.h"

#include "base/check.h"

struct trees {
    const struct vch_graph *graph;
    const struct vch_operator *operator_;
    const int32_t (*nodes)[VCH_TREES_COLUMNS];
    const int32_t *roots;
    const int64_t *leaves, *base;
    uint32_t node_count, tree_count, leaf_count, target_count, feature_count;
    struct vch_complaint *complaint;
};

static const struct vch_parameter *parameter(const struct trees *trees, uint32_t i)
{
    return &trees->graph->parameters[trees->operator_->parameters[i]];
}

static vch_status refuse(const struct trees *trees, const char *what, uint32_t index)
{
    return vch_complain(trees->complaint, VCH_CODE_MALFORMED, "trees \"%s\": %s (index %u)",
                        trees->operator_->name, what, index);
}

static vch_status check_node(const struct trees *trees, uint32_t index)
{
    const int32_t *node = trees->nodes[index];
    int64_t left = node[VCH_TREES_LEFT], right = node[VCH_TREES_RIGHT];

    if (node[VCH_TREES_FEATURE] == -1) {
        if (left < 0 || left >= trees->leaf_count)
            return refuse(trees, "a leaf without values", index);
        return VCH_OK;
    }
    if (node[VCH_TREES_FEATURE] < 0 || (uint32_t)node[VCH_TREES_FEATURE] >= trees->feature_count)
        return refuse(trees, "a node asks for a feature that does not exist", index);
    if (left <= index || right <= index || left >= trees->node_count || right >= trees->node_count)
        return refuse(trees, "a node's children do not come after it", index);
    if (node[VCH_TREES_NAN_LEFT] != 0 && node[VCH_TREES_NAN_LEFT] != 1)
        return refuse(trees, "NAN_LEFT is neither 0 nor 1", index);
    return VCH_OK;
}

static uint64_t size_of(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

// By node, from the last to the first, since children come after parents: the length of the
// longest path below it, and the largest |leaf value| of one target below it.
struct below {
    uint32_t depth;
    uint64_t largest;
};

static struct below below_node(const struct trees *trees, const struct below *below, uint32_t index,
                               uint32_t target)
{
    const int32_t *node = trees->nodes[index];
    size_t row = (size_t)node[VCH_TREES_LEFT] * trees->target_count;

    if (node[VCH_TREES_FEATURE] == -1)
        return (struct below){0, size_of(trees->leaves[row + target])};
    struct below left = below[node[VCH_TREES_LEFT]], right = below[node[VCH_TREES_RIGHT]];
    return (struct below){
        .depth = 1 + (left.depth > right.depth ? left.depth : right.depth),
        .largest = left.largest > right.largest ? left.largest : right.largest,
    };
}

static vch_status check_target(const struct trees *trees, struct below *below, uint32_t target)
{
    uint64_t sum = size_of(trees->base[target]);

    for (uint32_t i = trees->node_count; i > 0; i--)
        below[i - 1] = below_node(trees, below, i - 1, target);
    for (uint32_t i = 0; i < trees->tree_count; i++) {
        struct below tree = below[trees->roots[i]];
        if (tree.depth > trees->operator_->depth_max)
            return refuse(trees, "a tree is deeper than the graph says", i);
        if (__builtin_add_overflow(sum, tree.largest, &sum))
            return refuse(trees, "a score could exceed the promised bound", target);
    }
    if (sum > trees->operator_->bias_bound)
        return refuse(trees, "a score could exceed the promised bound", target);
    return VCH_OK;
}

static vch_status check_trees(const struct trees *trees, struct vch_arena *scratch)
{
    struct below *below = VCH_ARENA_NEW(scratch, struct below, trees->node_count);

    if (below == NULL)
        return vch_complain(trees->complaint, VCH_CODE_NO_MEMORY, "no memory to check trees");
    for (uint32_t i = 0; i < trees->node_count; i++)
        VCH_TRY(check_node(trees, i));
    for (uint32_t i = 0; i < trees->tree_count; i++)
        if (trees->roots[i] < 0 || (uint32_t)trees->roots[i] >= trees->node_count)
            return refuse(trees, "a root that does not exist", i);
    for (uint32_t target = 0; target < trees->target_count; target++)
        VCH_TRY(check_target(trees, below, target));
    return VCH_OK;
}

vch_status vch_trees_check(const struct vch_graph *graph, const struct vch_operator *operator_,
                           struct vch_arena *scratch, struct vch_complaint *complaint)
{
    const struct vch_shape *x = &graph->values[operator_->inputs[0]].shape;
    struct trees trees = {.graph = graph, .operator_ = operator_, .complaint = complaint};

    VCH_ASSERT(operator_->kind == VCH_OPERATOR_TREES);
    trees.nodes = parameter(&trees, 0)->data;
    trees.node_count = parameter(&trees, 0)->shape.dims[0];
    trees.roots = parameter(&trees, 1)->data;
    trees.tree_count = parameter(&trees, 1)->shape.dims[0];
    trees.leaves = parameter(&trees, 2)->data;
    trees.leaf_count = parameter(&trees, 2)->shape.dims[0];
    trees.base = parameter(&trees, 3)->data;
    trees.target_count = parameter(&trees, 3)->shape.dims[0];
    trees.feature_count = x->dims[x->rank - 1];

    struct vch_arena_mark mark = vch_arena_mark(scratch);
    vch_status status = check_trees(&trees, scratch);
    vch_arena_rewind(scratch, mark);
    return status;
}
