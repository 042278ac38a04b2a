// Rules of the operators that slide a window over an image.
#include "model/op_rules.h"

#include "base/check.h"

enum { STRIDE_MAX = 1 << 16, PAD_MAX = 1 << 16 };

vch_status vch_op_rules_image(uint32_t *channel_axis, const struct vch_op_rules *at)
{
    const struct vch_shape *shape = &vch_op_rules_input(at, 0)->shape;

    *channel_axis = shape->rank == 4 ? 1 : 0;
    if (shape->rank == 3 || (shape->rank == 4 && shape->dims[0] == 1)) return VCH_OK;
    return vch_op_rules_refuse(at, VCH_CODE_MALFORMED,
                               "its operand must be (C, H, W) or (1, C, H, W)");
}

vch_status vch_op_rules_window(uint32_t *out, const struct vch_op_rules *at, uint32_t axis,
                               uint32_t size)
{
    const struct vch_window *window = &at->operator_->window;
    uint32_t kernel = window->kernel[axis], stride = window->stride[axis];
    uint32_t dilation = window->dilation[axis];
    uint32_t begin = window->pad_begin[axis], end = window->pad_end[axis];

    VCH_ASSERT(axis < 2);
    if (kernel < 1 || kernel > VCH_GRAPH_KERNEL_DIM_MAX || stride < 1 || stride > STRIDE_MAX ||
        dilation < 1 || dilation > STRIDE_MAX || begin > PAD_MAX || end > PAD_MAX)
        return vch_op_rules_refuse(
            at, VCH_CODE_LIMIT, "kernel %u, stride %u, dilation %u, pads %u and %u are no window",
            kernel, stride, dilation, begin, end);
    uint64_t reach = (uint64_t)(kernel - 1) * dilation + 1;
    uint64_t padded = (uint64_t)size + begin + end;
    if (padded < reach)
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED,
                                   "a window of %llu does not fit %llu elements",
                                   (unsigned long long)reach, (unsigned long long)padded);
    *out = (uint32_t)((padded - reach) / stride + 1);
    return VCH_OK;
}

// The output's height and width; its channels are `channels`.
static vch_status shape_follows(const struct vch_op_rules *at, uint32_t channel_axis,
                                uint32_t channels)
{
    struct vch_shape want = vch_op_rules_input(at, 0)->shape;
    uint32_t *dims = want.dims + channel_axis;

    dims[0] = channels;
    VCH_TRY(vch_op_rules_window(&dims[1], at, 0, dims[1]));
    VCH_TRY(vch_op_rules_window(&dims[2], at, 1, dims[2]));
    return vch_op_rules_shape_is(at, &want);
}

vch_status vch_op_rules_convolution(const struct vch_op_rules *at)
{
    const struct vch_window *window = &at->operator_->window;
    const struct vch_parameter *weights = vch_op_rules_parameter(at, 0);
    const struct vch_value *x = vch_op_rules_input(at, 0);
    const uint32_t *dims = weights->shape.dims; // (out, C / groups, KH, KW)
    uint32_t axis = 0, groups = window->groups;

    VCH_TRY(vch_op_rules_image(&axis, at));
    VCH_TRY(vch_op_rules_type_among(at, "operand", x->type, VCH_OP_RULES_NARROW));
    uint32_t channels = x->shape.dims[axis];
    if (groups == 0 || channels % groups != 0)
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "%u channels in %u groups", channels,
                                   groups);
    if (weights->type != VCH_TYPE_I8 || weights->shape.rank != 4 || dims[0] % groups != 0 ||
        dims[1] != channels / groups || dims[2] != window->kernel[0] ||
        dims[3] != window->kernel[1])
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED,
                                   "its weights must be int8 (_, %u, %u, %u)", channels / groups,
                                   window->kernel[0], window->kernel[1]);
    VCH_TRY(vch_op_rules_bias(at, dims[0]));
    VCH_TRY(shape_follows(at, axis, dims[0]));
    uint32_t count = at->operator_->scaling.count == 1 ? 1 : dims[0];
    return vch_op_rules_scaling(at, count, count);
}

// With pads below the kernel and without dilation every window holds at least one element.
static vch_status pool(const struct vch_op_rules *at)
{
    const struct vch_window *window = &at->operator_->window;
    uint32_t axis = 0;

    VCH_TRY(vch_op_rules_image(&axis, at));
    VCH_TRY(shape_follows(at, axis, vch_op_rules_input(at, 0)->shape.dims[axis]));
    for (uint32_t i = 0; i < 2; i++) {
        bool is_padded = window->pad_begin[i] > 0 || window->pad_end[i] > 0;
        if (is_padded && window->dilation[i] > 1)
            return vch_op_rules_refuse(at, VCH_CODE_UNSUPPORTED, "dilation with padding");
        if (window->pad_begin[i] >= window->kernel[i] || window->pad_end[i] >= window->kernel[i])
            return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "a pad is as large as the kernel");
    }
    return VCH_OK;
}

vch_status vch_op_rules_max_pool(const struct vch_op_rules *at)
{
    VCH_TRY(vch_op_rules_type_is(at, vch_op_rules_input(at, 0)->type));
    return pool(at);
}

vch_status vch_op_rules_average_pool(const struct vch_op_rules *at)
{
    const struct vch_window *window = &at->operator_->window;

    VCH_TRY(vch_op_rules_type_among(at, "operand", vch_op_rules_input(at, 0)->type,
                                    VCH_OP_RULES_REQUANTISED));
    VCH_TRY(pool(at));
    bool is_padded = window->pad_begin[0] > 0 || window->pad_end[0] > 0 ||
                     window->pad_begin[1] > 0 || window->pad_end[1] > 0;
    uint32_t count =
        is_padded && !window->count_includes_pad ? window->kernel[0] * window->kernel[1] : 1;
    return vch_op_rules_scaling(at, count, count);
}
