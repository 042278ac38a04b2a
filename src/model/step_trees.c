// Decision trees: each tree is walked from its root, and the leaves reached are added up. Within a
// block of rows the trees are the outer loop, so that a tree stays in the cache while all pass it.
#include "base/check.h"
#include "model/step.h"
#include "model/trees.h"

struct trees {
    const struct vch_step *step;
    const int32_t *nodes, *roots;
    const int64_t *leaves, *base;
    size_t features, targets, tree_count, rows, blocks, pieces;
};

enum { BLOCK = 64 };

static const int64_t *walk(const struct trees *t, size_t tree, const int32_t *keys)
{
    const int32_t *node = t->nodes + (size_t)t->roots[tree] * VCH_TREES_COLUMNS;

    for (uint32_t depth = 0; node[VCH_TREES_FEATURE] >= 0; depth++) {
        VCH_ASSERT(depth <= t->step->operator_->depth_max); // vch_trees_check has seen to it
        int32_t key = keys[node[VCH_TREES_FEATURE]];
        bool is_left = key <= node[VCH_TREES_THRESHOLD] ||
                       (key == VCH_TREES_NAN && node[VCH_TREES_NAN_LEFT] != 0);
        int32_t next = node[is_left ? VCH_TREES_LEFT : VCH_TREES_RIGHT];
        node = t->nodes + (size_t)next * VCH_TREES_COLUMNS;
    }
    return t->leaves + (size_t)node[VCH_TREES_LEFT] * t->targets;
}

static void run_block(const struct trees *t, size_t first, size_t count)
{
    const int32_t *keys = (const int32_t *)t->step->inputs[0] + first * t->features;
    int64_t *out = (int64_t *)t->step->output + first * t->targets;

    for (size_t i = 0; i < count * t->targets; i++)
        out[i] = t->base[i % t->targets];
    for (size_t tree = 0; tree < t->tree_count; tree++) {
        for (size_t row = 0; row < count; row++) {
            const int64_t *leaf = walk(t, tree, keys + row * t->features);
            for (size_t i = 0; i < t->targets; i++)
                out[row * t->targets + i] += leaf[i];
        }
    }
}

static void run_piece(void *context, size_t piece)
{
    const struct trees *t = context;
    struct vch_step_part part = vch_step_part(piece, t->pieces, t->blocks);

    for (size_t i = part.first; i < part.last; i++)
        run_block(t, i * BLOCK, t->rows - i * BLOCK < BLOCK ? t->rows - i * BLOCK : BLOCK);
}

void vch_step_trees(const struct vch_step *step)
{
    const struct vch_shape *x = &vch_step_input(step, 0)->shape;
    const struct vch_operator *operator_ = step->operator_;
    struct trees t = {
        .step = step,
        .nodes = vch_step_parameter(step, 0),
        .roots = vch_step_parameter(step, 1),
        .leaves = vch_step_parameter(step, 2),
        .base = vch_step_parameter(step, 3),
        .features = x->dims[x->rank - 1],
        .targets = step->graph->parameters[operator_->parameters[3]].shape.dims[0],
        .tree_count = step->graph->parameters[operator_->parameters[1]].shape.dims[0],
    };

    t.rows = vch_tensor_shape_count(x) / t.features * step->batch;
    t.blocks = (t.rows + BLOCK - 1) / BLOCK;
    t.pieces = vch_step_piece_count(step->batch * vch_graph_work(step->graph, operator_), t.blocks);
    vch_workers_run(step->workers, run_piece, &t, t.pieces);
}
