// Operators that take parts of a tensor, or put it into a larger one.
#include <stdlib.h>
#include <string.h>

#include "import/translate_pick.h"

static int64_t limit(int64_t x, int64_t lo, int64_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static struct vch_layer whole(struct vch_translate *at, uint32_t *x)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_SLICE, at->node.name, x, 1);

    for (uint32_t i = 0; i < VCH_NETWORK_RANK_MAX; i++)
        layer.step[i] = 1;
    return layer;
}

// One axis of ONNX's Slice: bounds may be negative or beyond the end, steps negative.
static vch_status slice_axis(struct vch_layer *layer, struct vch_network_shape *shape,
                             const struct vch_translate *at, uint32_t axis, int64_t begin,
                             int64_t end, int64_t step)
{
    int64_t size = shape->dims[axis];

    if (step == 0 || step > INT32_MAX || step < -INT32_MAX)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "a step of %lld", (long long)step);
    begin = begin < 0 && begin >= INT64_MIN + size ? begin + size : begin;
    end = end < 0 && end >= INT64_MIN + size ? end + size : end;
    begin = limit(begin, 0, step > 0 ? size : size - 1);
    end = limit(end, step > 0 ? 0 : -1, size);
    int64_t count = step > 0 ? (end - begin + step - 1) / step : (begin - end - step - 1) / -step;
    layer->begin[axis] = begin;
    layer->step[axis] = step;
    shape->dims[axis] = count > 0 ? (uint32_t)count : 0;
    return VCH_OK;
}

vch_status vch_translate_slice(struct vch_translate *at)
{
    uint32_t x = 0, seen = 0;
    const int64_t *begin = NULL, *end = NULL, *axes = NULL, *steps = NULL;
    size_t begin_count = 0, end_count = 0, axis_count = 0, step_count = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_list(&begin, &begin_count, at, "starts", 1));
    VCH_TRY(vch_translate_list(&end, &end_count, at, "ends", 2));
    VCH_TRY(vch_translate_list(&axes, &axis_count, at, "axes", 3));
    VCH_TRY(vch_translate_list(&steps, &step_count, at, "steps", 4));
    struct vch_layer layer = whole(at, &x);
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    if (begin_count != end_count || begin_count > shape.rank ||
        (axes != NULL && axis_count != begin_count) || (steps != NULL && step_count != begin_count))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its lists differ in length");
    for (uint32_t i = 0; i < begin_count; i++) {
        uint32_t axis = i;
        if (axes != NULL) VCH_TRY(vch_translate_axis(&axis, at, axes[i], shape.rank));
        if ((seen >> axis & 1) != 0)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "axis %u comes twice", axis);
        seen |= 1u << axis;
        VCH_TRY(
            slice_axis(&layer, &shape, at, axis, begin[i], end[i], steps == NULL ? 1 : steps[i]));
    }
    return vch_translate_finish(at, &layer, &shape);
}

vch_status vch_translate_split(struct vch_translate *at)
{
    uint32_t x = 0, axis = 0;
    const int64_t *sizes = NULL;
    size_t count = 0;
    int64_t wanted = 0, begin = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_network_integer(&wanted, &at->node, "axis", 0, at->complaint));
    struct vch_network_shape from = *vch_translate_shape_of(at, x);
    VCH_TRY(vch_translate_axis(&axis, at, wanted, from.rank));
    VCH_TRY(vch_translate_list(&sizes, &count, at, "split", 1));
    if (sizes != NULL && count != at->node.output_count)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu sizes for %u outputs", count,
                                    at->node.output_count);
    int64_t even = ((int64_t)from.dims[axis] + at->node.output_count - 1) / at->node.output_count;
    for (uint32_t i = 0; i < at->node.output_count; i++) {
        struct vch_network_shape shape = from;
        struct vch_layer layer = whole(at, &x);
        uint32_t output = at->node.outputs[i];
        int64_t size = sizes != NULL ? sizes[i] : limit(from.dims[axis] - begin, 0, even);
        if (size < 0 || size > from.dims[axis] - begin)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                        "part %u does not fit %u elements of axis %u", i,
                                        from.dims[axis], axis);
        layer.begin[axis] = begin;
        shape.dims[axis] = (uint32_t)size;
        begin += size;
        if (output == VCH_NONE) continue;
        VCH_TRY(size == 0 ? vch_translate_nothing(at, x, &shape, output)
                          : vch_translate_emit(at, &layer, &shape, &output));
    }
    if (begin == from.dims[axis]) return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its parts do not add up to the whole");
}

// Constants are stretched; of what depends on the input only the shape itself is accepted.
vch_status vch_translate_expand(struct vch_translate *at)
{
    uint32_t operands[2] = {0};
    const int64_t *list = NULL;
    size_t count = 0;
    struct vch_network_shape wanted = {0}, shape = {0};

    VCH_TRY(vch_translate_operand(&operands[0], at, 0));
    VCH_TRY(vch_translate_list(&list, &count, at, "shape", 1));
    if (count > VCH_NETWORK_RANK_MAX)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "%zu dimensions", count);
    wanted.rank = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        if (list[i] < 1 || list[i] > VCH_NETWORK_COUNT_MAX)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "a dimension of %lld",
                                        (long long)list[i]);
        wanted.dims[i] = (uint32_t)list[i];
    }
    struct vch_network_value value = at->network->values[operands[0]];
    VCH_TRY(vch_translate_broadcast(&shape, at, &value.shape, &wanted));
    if (vch_network_same_shape(&shape, &value.shape))
        return vch_translate_rename(at, 0, operands[0]);
    VCH_TRY(vch_translate_pick_filled(at, &wanted, value.type, 1, &operands[1]));
    struct vch_layer layer = vch_layers_new(VCH_LAYER_MULTIPLY, at->node.name, operands, 2);
    if (value.constant == NULL) { // adding zero stretches, and costs no precision
        VCH_TRY(vch_translate_pick_filled(at, &wanted, value.type, 0, &operands[1]));
        layer.kind = VCH_LAYER_ADD;
    }
    return vch_translate_finish(at, &layer, &shape);
}
