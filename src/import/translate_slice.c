// Operators that take parts of a tensor, or put it into a larger one.
#include <stdlib.h>
#include <string.h>

#include "import/translate.h"

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
        if (size < 1 || size > from.dims[axis] - begin)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                        "part %u does not fit %u elements of axis %u", i,
                                        from.dims[axis], axis);
        layer.begin[axis] = begin;
        shape.dims[axis] = (uint32_t)size;
        begin += size;
        if (output != VCH_NONE) VCH_TRY(vch_translate_emit(at, &layer, &shape, &output));
    }
    if (begin == from.dims[axis]) return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its parts do not add up to the whole");
}

// The slice that holds index `i` of an axis alone.
static vch_status pick(struct vch_translate *at, uint32_t x, uint32_t axis, int64_t i,
                       uint32_t *output)
{
    struct vch_layer layer = whole(at, &x);
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);

    layer.begin[axis] = i;
    shape.dims[axis] = 1;
    return vch_translate_emit(at, &layer, &shape, output);
}

static vch_status pick_all(struct vch_translate *at, uint32_t x, uint32_t axis,
                           const int64_t *indices, size_t count, uint32_t *output)
{
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    uint32_t parts[VCH_GRAPH_OPERANDS_MAX];
    int64_t step = count > 1 ? indices[1] - indices[0] : 1;
    bool is_even = step != 0;

    for (size_t i = 1; i < count; i++)
        is_even = is_even && indices[i] - indices[i - 1] == step;
    shape.dims[axis] = (uint32_t)count;
    if (is_even) {
        struct vch_layer layer = whole(at, &x);
        layer.begin[axis] = indices[0];
        layer.step[axis] = step;
        return vch_translate_emit(at, &layer, &shape, output);
    }
    if (count > VCH_GRAPH_OPERANDS_MAX)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "%zu indices without a common step; at most %u are supported",
                                    count, VCH_GRAPH_OPERANDS_MAX);
    for (size_t i = 0; i < count; i++) {
        parts[i] = VCH_NONE;
        VCH_TRY(pick(at, x, axis, indices[i], &parts[i]));
    }
    struct vch_layer layer =
        vch_layers_new(VCH_LAYER_CONCAT, at->node.name, parts, (uint32_t)count);
    layer.axis = axis;
    return vch_translate_emit(at, &layer, &shape, output);
}

// Constant indices only: slices, then the shape that the indices' own shape asks for.
vch_status vch_translate_gather(struct vch_translate *at)
{
    uint32_t x = 0, operand = 0, axis = 0, parts = VCH_NONE, output = at->node.outputs[0];
    int64_t wanted = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_operand(&operand, at, 1));
    VCH_TRY(vch_network_integer(&wanted, &at->node, "axis", 0, at->complaint));
    struct vch_network_shape from = *vch_translate_shape_of(at, x), to = from;
    VCH_TRY(vch_translate_axis(&axis, at, wanted, from.rank));
    const struct vch_network_tensor *indices = at->network->values[operand].constant;
    if (indices == NULL || indices->type != VCH_NETWORK_INTEGER || indices->count == 0)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "its indices must be constant");
    int64_t *list = VCH_ARENA_NEW(at->network->arena, int64_t, indices->count);
    if (list == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < indices->count; i++) {
        int64_t index = indices->integers[i], size = from.dims[axis];
        if (index < -size || index >= size)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "index %lld of %lld",
                                        (long long)index, (long long)size);
        list[i] = index < 0 ? index + size : index;
    }
    VCH_TRY(pick_all(at, x, axis, list, indices->count, &parts));
    to.rank = from.rank - 1 + indices->shape.rank;
    if (to.rank > VCH_NETWORK_RANK_MAX)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "its result has %u dimensions", to.rank);
    for (uint32_t i = 0; i < indices->shape.rank; i++)
        to.dims[axis + i] = indices->shape.dims[i];
    for (uint32_t i = axis + 1; i < from.rank; i++)
        to.dims[i - 1 + indices->shape.rank] = from.dims[i];
    return vch_translate_reshape_to(at, parts, &to, &output);
}

static vch_status pad_amounts(struct vch_layer *layer, struct vch_network_shape *shape,
                              struct vch_translate *at)
{
    const int64_t *pads = NULL;
    size_t count = 0;
    uint32_t rank = shape->rank;

    VCH_TRY(vch_translate_list(&pads, &count, at, "pads", 1));
    if (vch_translate_has(at, 3))
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "a list of axes is not supported");
    if (count != 2 * (size_t)rank)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu pads for %u dimensions", count,
                                    rank);
    for (uint32_t i = 0; i < rank; i++) {
        layer->begin[i] = pads[i];
        layer->end[i] = pads[rank + i];
        if (pads[i] < 0 || pads[i] > INT16_MAX || pads[rank + i] < 0 || pads[rank + i] > INT16_MAX)
            return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "pads of %lld and %lld",
                                        (long long)pads[i], (long long)pads[rank + i]);
        shape->dims[i] += (uint32_t)(pads[i] + pads[rank + i]);
    }
    return VCH_OK;
}

vch_status vch_translate_pad(struct vch_translate *at)
{
    uint32_t x = 0;
    const char *mode = NULL;
    float fill = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    struct vch_layer layer = vch_layers_new(VCH_LAYER_PAD, at->node.name, &x, 1);
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    VCH_TRY(vch_network_text(&mode, &at->node, "mode", "constant", at->complaint));
    if (strcmp(mode, "constant") != 0)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "mode '%.20s' is not supported, 'constant' is", mode);
    VCH_TRY(vch_network_real(&fill, &at->node, "value", 0, at->complaint));
    layer.fill = (double)fill;
    if (vch_translate_has(at, 2))
        VCH_TRY(vch_translate_scalar(&layer.fill, at, at->node.inputs[2], "constant_value"));
    VCH_TRY(pad_amounts(&layer, &shape, at));
    return vch_translate_finish(at, &layer, &shape);
}

// A tensor of one value of the operand's type, to stretch others with.
static vch_status filled(struct vch_translate *at, const struct vch_network_shape *shape,
                         enum vch_network_type type, int64_t fill, uint32_t *value)
{
    struct vch_network_tensor *tensor = NULL;

    VCH_TRY(vch_translate_grow(at, shape, 0));
    VCH_TRY(vch_network_new_tensor(at->network, type, shape, &tensor));
    for (size_t i = 0; i < tensor->count; i++) {
        if (type == VCH_NETWORK_REAL) tensor->reals[i] = (float)fill;
        if (type == VCH_NETWORK_INTEGER) tensor->integers[i] = fill;
    }
    return vch_network_add_constant(at->network, at->node.name, tensor, value);
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
    VCH_TRY(filled(at, &wanted, value.type, 1, &operands[1]));
    struct vch_layer layer = vch_layers_new(VCH_LAYER_MULTIPLY, at->node.name, operands, 2);
    if (value.constant == NULL) { // adding zero stretches, and costs no precision
        VCH_TRY(filled(at, &wanted, value.type, 0, &operands[1]));
        layer.kind = VCH_LAYER_ADD;
    }
    return vch_translate_finish(at, &layer, &shape);
}
