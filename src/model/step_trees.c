// Decision trees: each tree is walked from its root, and the leaves reached are added up.
#include "base/check.h"
#include "model/step.h"
#include "model/trees.h"

struct trees {
    const struct vch_step *step;
    const int32_t *nodes, *roots;
    const int64_t *leaves, *base;
    size_t features, targets, tree_count;
};

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

static void run_row(void *context, size_t row)
{
    const struct trees *t = context;
    const int32_t *keys = (const int32_t *)t->step->inputs[0] + row * t->features;
    int64_t *out = (int64_t *)t->step->output + row * t->targets;

    for (size_t i = 0; i < t->targets; i++)
        out[i] = t->base[i];
    for (size_t tree = 0; tree < t->tree_count; tree++) {
        const int64_t *leaf = walk(t, tree, keys);
        for (size_t i = 0; i < t->targets; i++)
            out[i] += leaf[i];
    }
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

    size_t rows = vch_tensor_shape_count(x) / t.features * step->batch;
    vch_workers_run(vch_step_workers(step, (uint64_t)rows * t.tree_count * operator_->depth_max),
                    run_row, &t, rows);
}
