// Pools and reductions.
#include <string.h>

#include "import/translate_window.h"

vch_status vch_translate_pool(struct vch_translate *at)
{
    bool is_max = strcmp(at->node.operator_, "MaxPool") == 0;
    uint32_t x = 0;
    struct vch_layer layer =
        vch_layers_new(is_max ? VCH_LAYER_MAX_POOL : VCH_LAYER_AVERAGE_POOL, at->node.name, &x, 1);
    struct vch_network_shape shape = {0};

    if (at->node.output_count > 1 && at->node.outputs[1] != VCH_NONE)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "its indices cannot be computed");
    VCH_TRY(vch_translate_window_image(at, &x, &shape));
    VCH_TRY(vch_translate_window(&layer.window, &shape, at, NULL));
    for (uint32_t i = 0; i < 2; i++) {
        const struct vch_window *window = &layer.window;
        bool is_padded = window->pad_begin[i] > 0 || window->pad_end[i] > 0;
        if (window->pad_begin[i] >= window->kernel[i] || window->pad_end[i] >= window->kernel[i] ||
            (is_padded && window->dilation[i] > 1))
            return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                        "pads as large as the kernel, or pads with dilation");
    }
    return vch_translate_window_finish(at, &layer, &shape);
}

vch_status vch_translate_global_pool(struct vch_translate *at)
{
    bool is_max = strcmp(at->node.operator_, "GlobalMaxPool") == 0;
    uint32_t x = 0;
    struct vch_layer layer =
        vch_layers_new(is_max ? VCH_LAYER_MAX_POOL : VCH_LAYER_AVERAGE_POOL, at->node.name, &x, 1);
    struct vch_network_shape shape = {0};

    VCH_TRY(vch_translate_window_image(at, &x, &shape));
    if (shape.dims[2] > VCH_GRAPH_KERNEL_DIM_MAX || shape.dims[3] > VCH_GRAPH_KERNEL_DIM_MAX)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "a picture of %u by %u; at most %u",
                                    shape.dims[2], shape.dims[3], VCH_GRAPH_KERNEL_DIM_MAX);
    layer.window = (struct vch_window){
        .kernel = {shape.dims[2], shape.dims[3]},
        .stride = {1, 1},
        .dilation = {1, 1},
        .groups = 1,
    };
    shape.dims[2] = shape.dims[3] = 1;
    return vch_translate_window_finish(at, &layer, &shape);
}

struct reduction {
    bool marks[VCH_NETWORK_RANK_MAX];
    uint32_t order[VCH_NETWORK_RANK_MAX]; // axes that stay, then those that go
    size_t kept, reduced;
    struct vch_network_shape result;
};

static vch_status plan_reduction(struct reduction *plan, const struct vch_translate *at, uint32_t x,
                                 bool *is_nothing)
{
    const struct vch_network_shape *shape = vch_translate_shape_of(at, x);
    const int64_t *axes = NULL;
    size_t count = 0;
    int64_t keeps = 1, noop = 0;
    uint32_t next = 0;

    VCH_TRY(vch_translate_list(&axes, &count, at, "axes", 1));
    VCH_TRY(vch_network_integer(&keeps, &at->node, "keepdims", 1, at->complaint));
    VCH_TRY(vch_network_integer(&noop, &at->node, "noop_with_empty_axes", 0, at->complaint));
    *is_nothing = count == 0 && noop != 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t axis = 0;
        VCH_TRY(vch_translate_axis(&axis, at, axes[i], shape->rank));
        plan->marks[axis] = true;
    }
    plan->kept = plan->reduced = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        plan->marks[i] = plan->marks[i] || count == 0;
        if (plan->marks[i]) plan->reduced *= shape->dims[i];
        if (plan->marks[i] && keeps == 0) continue;
        plan->result.dims[plan->result.rank++] = plan->marks[i] ? 1 : shape->dims[i];
    }
    for (uint32_t i = 0; i < shape->rank; i++)
        if (!plan->marks[i]) plan->order[next++] = i;
    for (uint32_t i = 0; i < shape->rank; i++)
        if (plan->marks[i]) plan->order[next++] = i;
    plan->kept = plan->reduced == 0 ? 0 : vch_network_count(shape) / plan->reduced;
    return VCH_OK;
}

// The window that covers `size` elements as height times width, both within the engine's limit.
static vch_status cover(uint32_t *kernel, const struct vch_translate *at, size_t size)
{
    for (uint32_t width = VCH_GRAPH_KERNEL_DIM_MAX; width > 0; width--)
        if (size % width == 0 && size / width <= VCH_GRAPH_KERNEL_DIM_MAX) {
            kernel[0] = (uint32_t)(size / width);
            kernel[1] = width;
            return VCH_OK;
        }
    return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "a reduction over %zu elements", size);
}

vch_status vch_translate_reduce(struct vch_translate *at)
{
    bool is_max = strcmp(at->node.operator_, "ReduceMax") == 0;
    uint32_t x = 0, moved = VCH_NONE, image = VCH_NONE, pooled = VCH_NONE, kernel[2] = {0};
    uint32_t output = at->node.outputs[0];
    struct reduction plan = {0};
    bool is_nothing = false, is_sum = strcmp(at->node.operator_, "ReduceSum") == 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(plan_reduction(&plan, at, x, &is_nothing));
    if (is_nothing) return vch_translate_rename(at, 0, x);
    VCH_TRY(vch_translate_transpose_to(at, x, plan.order, &moved));
    VCH_TRY(cover(kernel, at, plan.reduced));
    struct vch_network_shape shape = {.rank = 4,
                                      .dims = {1, (uint32_t)plan.kept, kernel[0], kernel[1]}};
    VCH_TRY(vch_translate_reshape_to(at, moved, &shape, &image));
    struct vch_layer layer = vch_layers_new(is_max ? VCH_LAYER_MAX_POOL : VCH_LAYER_AVERAGE_POOL,
                                            at->node.name, &image, 1);
    layer.window = (struct vch_window){
        .kernel = {kernel[0], kernel[1]}, .stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
    shape.dims[2] = shape.dims[3] = 1;
    VCH_TRY(vch_translate_emit(at, &layer, &shape, &pooled));
    if (is_sum) {
        double factor = (double)plan.reduced;
        uint32_t summed = VCH_NONE;
        VCH_TRY(vch_translate_affine(at, pooled, &factor, 1, NULL, 0, &summed));
        pooled = summed;
    }
    return vch_translate_reshape_to(at, pooled, &plan.result, &output);
}
