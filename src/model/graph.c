#include "model/graph.h"

#include "base/check.h"

enum { WORK_BITS_MAX = 46 };

static const struct {
    const char *text;
    bool is_parametric;
} OPERATORS[] = {
#define X(name, text, parametric) [VCH_OPERATOR_##name] = {text, parametric},
    VCH_OPERATORS(X)
#undef X
};

const char *vch_graph_operator_text(enum vch_operator_kind kind)
{
    VCH_ASSERT(kind < VCH_OPERATOR_COUNT);
    return OPERATORS[kind].text;
}

bool vch_graph_is_parametric(enum vch_operator_kind kind)
{
    VCH_ASSERT(kind < VCH_OPERATOR_COUNT);
    return OPERATORS[kind].is_parametric;
}

// Products of two checked shapes' counts, 28 bits each, with a few bits more.
static uint64_t work_of(const struct vch_graph *graph, const struct vch_operator *operator_)
{
    const struct vch_shape *out = &graph->values[operator_->output].shape;
    const struct vch_window *window = &operator_->window;
    uint64_t count = vch_tensor_shape_count(out);

    switch (operator_->kind) {
    case VCH_OPERATOR_LINEAR:
    case VCH_OPERATOR_CONVOLUTION: {
        const struct vch_shape *weights = &graph->parameters[operator_->parameters[0]].shape;
        return count * (vch_tensor_shape_count(weights) / weights->dims[0]);
    }
    case VCH_OPERATOR_MATMUL: {
        const struct vch_shape *a = &graph->values[operator_->inputs[0]].shape;
        return count * a->dims[a->rank - 1];
    }
    case VCH_OPERATOR_ADD:
    case VCH_OPERATOR_CONCAT: return count * operator_->input_count;
    case VCH_OPERATOR_MAX_POOL:
    case VCH_OPERATOR_AVERAGE_POOL: return count * window->kernel[0] * window->kernel[1];
    case VCH_OPERATOR_ARGMAX:
        return vch_tensor_shape_count(&graph->values[operator_->inputs[0]].shape);
    case VCH_OPERATOR_TREES: {
        uint32_t features = graph->values[operator_->inputs[0]].shape.dims[out->rank - 1];
        uint64_t rows = vch_tensor_shape_count(&graph->values[operator_->inputs[0]].shape);
        uint64_t trees = graph->parameters[operator_->parameters[1]].shape.dims[0];
        return rows / features * trees * ((uint64_t)operator_->depth_max + 1);
    }
    case VCH_OPERATOR_CONSTANT: return 0;
    case VCH_OPERATOR_MULTIPLY:
    case VCH_OPERATOR_RESCALE:
    case VCH_OPERATOR_TABLE:
    case VCH_OPERATOR_RESHAPE:
    case VCH_OPERATOR_TRANSPOSE:
    case VCH_OPERATOR_SLICE:
    case VCH_OPERATOR_PAD:
    case VCH_OPERATOR_SOFTMAX:
    case VCH_OPERATOR_GATHER: return count;
    case VCH_OPERATOR_DIVIDE: return 4 * count;
    case VCH_OPERATOR_NORMALISE: return 2 * count;
    case VCH_OPERATOR_COUNT: break;
    }
    return 0;
}

uint64_t vch_graph_work(const struct vch_graph *graph, const struct vch_operator *operator_)
{
    uint64_t work = work_of(graph, operator_), most = (uint64_t)1 << WORK_BITS_MAX;
    return work < most ? work : most;
}
