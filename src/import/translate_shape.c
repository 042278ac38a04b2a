// Operators that move elements or speak of shapes.
#include <math.h>
#include <string.h>

#include "import/onnx_tensor.h"
#include "import/translate.h"

vch_status vch_translate_identity(struct vch_translate *at)
{
    uint32_t x = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    return vch_translate_rename(at, 0, x);
}

vch_status vch_translate_dropout(struct vch_translate *at)
{
    const struct vch_network_tensor *training = vch_network_constant(at->network, &at->node, 2);
    const struct vch_network_tensor *ratio = vch_network_constant(at->network, &at->node, 1);

    if (ratio != NULL && ratio->count == 1 && ratio->reals != NULL && ratio->reals[0] == 0)
        return vch_translate_identity(at); // nothing is dropped
    if (!vch_translate_has(at, 2) || (training != NULL && training->count == 1 &&
                                      training->integers != NULL && training->integers[0] == 0))
        return vch_translate_identity(at);
    return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "training mode; only inference is");
}

static vch_status set_constant(struct vch_translate *at, const struct vch_network_tensor *tensor)
{
    struct vch_network_value *value = &at->network->values[at->node.outputs[0]];

    value->type = tensor->type;
    value->element = tensor->element;
    value->has_shape = true;
    value->shape = tensor->shape;
    value->constant = tensor;
    return VCH_OK;
}

static vch_status constant_list(struct vch_translate *at,
                                const struct vch_network_attribute *attribute)
{
    bool is_list = attribute->kind == VCH_NETWORK_ATTRIBUTE_REALS ||
                   attribute->kind == VCH_NETWORK_ATTRIBUTE_INTEGERS;
    bool is_real = attribute->kind == VCH_NETWORK_ATTRIBUTE_REALS ||
                   attribute->kind == VCH_NETWORK_ATTRIBUTE_REAL;
    struct vch_network_shape shape = {.rank = is_list};
    struct vch_network_tensor *tensor = NULL;

    if (attribute->count > VCH_NETWORK_COUNT_MAX) return VCH_FAIL(LIMIT);
    shape.dims[0] = (uint32_t)attribute->count;
    VCH_TRY(vch_network_new_tensor(at->network, is_real ? VCH_NETWORK_REAL : VCH_NETWORK_INTEGER,
                                   &shape, &tensor));
    for (size_t i = 0; i < tensor->count; i++) {
        if (is_real) tensor->reals[i] = is_list ? attribute->reals[i] : attribute->real;
        if (!is_real) tensor->integers[i] = is_list ? attribute->integers[i] : attribute->integer;
        if (is_real && !__builtin_isfinite(tensor->reals[i]))
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "element %zu is not finite", i);
    }
    return set_constant(at, tensor);
}

vch_status vch_translate_constant(struct vch_translate *at)
{
    for (uint32_t i = 0; i < at->node.attribute_count; i++) {
        const struct vch_network_attribute *attribute = &at->node.attributes[i];
        if (strncmp(attribute->name, "value", 5) != 0) continue;
        if (attribute->kind == VCH_NETWORK_ATTRIBUTE_TENSOR)
            return set_constant(at, attribute->tensor);
        if (attribute->kind != VCH_NETWORK_ATTRIBUTE_TEXT &&
            attribute->kind != VCH_NETWORK_ATTRIBUTE_TEXTS)
            return constant_list(at, attribute);
    }
    return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "it holds no dense tensor of numbers");
}

// A shape from a constant list, every dimension within bounds.
static vch_status shape_from(struct vch_network_shape *shape, const struct vch_translate *at,
                             const int64_t *list, size_t count)
{
    if (count > VCH_NETWORK_RANK_MAX)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "%zu dimensions are more than %d", count,
                                    VCH_NETWORK_RANK_MAX);
    shape->rank = (uint32_t)count;
    size_t total = 1;
    for (size_t i = 0; i < count; i++) {
        if (list[i] < 0 || list[i] > VCH_NETWORK_COUNT_MAX ||
            __builtin_mul_overflow(total, (size_t)list[i], &total) || total > VCH_NETWORK_COUNT_MAX)
            return vch_translate_refuse(at, VCH_CODE_LIMIT, "dimension %lld is out of range",
                                        (long long)list[i]);
        shape->dims[i] = (uint32_t)list[i];
    }
    return VCH_OK;
}

vch_status vch_translate_constant_of_shape(struct vch_translate *at)
{
    const struct vch_network_attribute *fill = vch_network_find(&at->node, "value");
    struct vch_network_shape shape = {0};
    struct vch_network_tensor *tensor = NULL;
    const int64_t *list = NULL;
    size_t count = 0;

    VCH_TRY(vch_translate_list(&list, &count, at, "shape", 0));
    VCH_TRY(shape_from(&shape, at, list, count));
    if (fill != NULL && (fill->tensor == NULL || fill->tensor->count != 1))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its value must be one number");
    VCH_TRY(vch_translate_grow(at, &shape, 0));
    VCH_TRY(vch_network_new_tensor(
        at->network, fill == NULL ? VCH_NETWORK_REAL : fill->tensor->type, &shape, &tensor));
    tensor->element = fill == NULL ? VCH_ONNX_TENSOR_FLOAT : fill->tensor->element;
    for (size_t i = 0; fill != NULL && i < tensor->count; i++) {
        if (tensor->type == VCH_NETWORK_REAL) tensor->reals[i] = fill->tensor->reals[0];
        if (tensor->type != VCH_NETWORK_REAL) tensor->integers[i] = fill->tensor->integers[0];
    }
    return set_constant(at, tensor);
}

vch_status vch_translate_shape(struct vch_translate *at)
{
    uint32_t x = 0;
    struct vch_network_tensor *tensor = NULL;
    int64_t begin = 0, end = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    struct vch_network_shape of = *vch_translate_shape_of(at, x);
    VCH_TRY(vch_network_integer(&begin, &at->node, "start", 0, at->complaint));
    VCH_TRY(vch_network_integer(&end, &at->node, "end", of.rank, at->complaint));
    int64_t rank = of.rank;
    begin = begin < -rank ? 0 : begin < 0 ? begin + rank : begin > rank ? rank : begin;
    end = end < -rank ? 0 : end < 0 ? end + rank : end > rank ? rank : end;
    struct vch_network_shape shape = {.rank = 1,
                                      .dims = {end > begin ? (uint32_t)(end - begin) : 0}};
    VCH_TRY(vch_network_new_tensor(at->network, VCH_NETWORK_INTEGER, &shape, &tensor));
    for (size_t i = 0; i < tensor->count; i++)
        tensor->integers[i] = of.dims[(size_t)begin + i];
    tensor->element = VCH_ONNX_TENSOR_INT64;
    return set_constant(at, tensor);
}

vch_status vch_translate_size(struct vch_translate *at)
{
    const struct vch_network_shape shape = {.rank = 0};
    struct vch_network_tensor *tensor = NULL;
    uint32_t x = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_network_new_tensor(at->network, VCH_NETWORK_INTEGER, &shape, &tensor));
    tensor->element = VCH_ONNX_TENSOR_INT64;
    tensor->integers[0] = (int64_t)vch_network_count(vch_translate_shape_of(at, x));
    return set_constant(at, tensor);
}

vch_status vch_translate_range(struct vch_translate *at)
{
    struct vch_network_shape shape = {.rank = 1};
    struct vch_network_tensor *tensor = NULL;
    double bounds[3] = {0}; // start, limit, step

    for (uint32_t i = 0; i < 3; i++) {
        uint32_t value = 0;
        VCH_TRY(vch_translate_operand(&value, at, i));
        VCH_TRY(vch_translate_scalar(&bounds[i], at, value, "bounds"));
    }
    double count = bounds[2] == 0 ? NAN : ceil((bounds[1] - bounds[0]) / bounds[2]);
    if (!(count <= VCH_NETWORK_COUNT_MAX))
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "from %g to %g by %g", bounds[0], bounds[1],
                                    bounds[2]);
    shape.dims[0] = count > 0 ? (uint32_t)count : 0;
    VCH_TRY(vch_translate_grow(at, &shape, 0));
    const struct vch_network_value *start = &at->network->values[at->node.inputs[0]];
    VCH_TRY(vch_network_new_tensor(at->network, start->type, &shape, &tensor));
    tensor->element = start->element;
    for (size_t i = 0; i < tensor->count; i++) {
        double number = bounds[0] + (double)i * bounds[2];
        if (tensor->reals != NULL) tensor->reals[i] = (float)number;
        if (tensor->integers != NULL) tensor->integers[i] = vch_translate_integer(number);
    }
    return set_constant(at, tensor);
}

vch_status vch_translate_reshape(struct vch_translate *at)
{
    uint32_t x = 0, open = VCH_NONE, output = at->node.outputs[0];
    const int64_t *list = NULL;
    size_t count = 0, known = 1;
    int64_t zero_is_zero = 0, wanted[VCH_NETWORK_RANK_MAX] = {0};
    struct vch_network_shape shape = {0};

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_list(&list, &count, at, "shape", 1));
    VCH_TRY(vch_network_integer(&zero_is_zero, &at->node, "allowzero", 0, at->complaint));
    struct vch_network_shape from = *vch_translate_shape_of(at, x);
    if (list == NULL || count > VCH_NETWORK_RANK_MAX)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "its shape has %zu dimensions",
                                    count);
    for (uint32_t i = 0; i < count; i++) {
        wanted[i] = list[i];
        if (list[i] == 0 && zero_is_zero == 0 && i < from.rank) wanted[i] = from.dims[i];
        if (list[i] == -1 && open != VCH_NONE)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "two dimensions are -1");
        if (list[i] == -1) open = i;
        if (list[i] == -1) wanted[i] = 1;
    }
    VCH_TRY(shape_from(&shape, at, wanted, count));
    known = vch_network_count(&shape);
    size_t total = vch_network_count(&from);
    if (open != VCH_NONE && known > 0 && total % known == 0)
        shape.dims[open] = (uint32_t)(total / known);
    if (vch_network_count(&shape) != total)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "%zu elements cannot take a shape of %zu", total,
                                    vch_network_count(&shape));
    return vch_translate_reshape_to(at, x, &shape, &output);
}

vch_status vch_translate_flatten(struct vch_translate *at)
{
    uint32_t x = 0, output = at->node.outputs[0];
    int64_t axis = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    const struct vch_network_shape *from = vch_translate_shape_of(at, x);
    VCH_TRY(vch_network_integer(&axis, &at->node, "axis", 1, at->complaint));
    if (axis < 0) axis += from->rank;
    if (axis < 0 || axis > from->rank)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "axis %lld is out of range",
                                    (long long)axis);
    struct vch_network_shape shape = {.rank = 2, .dims = {1, 1}};
    for (uint32_t i = 0; i < from->rank; i++)
        shape.dims[i >= axis] *= from->dims[i];
    return vch_translate_reshape_to(at, x, &shape, &output);
}

static vch_status mark_axes(bool *marks, const struct vch_translate *at, const int64_t *axes,
                            size_t count, uint32_t rank)
{
    for (size_t i = 0; axes != NULL && i < count; i++) {
        uint32_t axis = 0;
        VCH_TRY(vch_translate_axis(&axis, at, axes[i], rank));
        if (marks[axis])
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "axis %u comes twice", axis);
        marks[axis] = true;
    }
    return VCH_OK;
}

vch_status vch_translate_squeeze(struct vch_translate *at)
{
    uint32_t x = 0, output = at->node.outputs[0];
    const int64_t *axes = NULL;
    size_t count = 0;
    bool marks[VCH_NETWORK_RANK_MAX] = {0};
    struct vch_network_shape shape = {0};

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_list(&axes, &count, at, "axes", 1));
    const struct vch_network_shape *from = vch_translate_shape_of(at, x);
    VCH_TRY(mark_axes(marks, at, axes, count, from->rank));
    for (uint32_t i = 0; i < from->rank; i++) {
        bool drop = axes == NULL ? from->dims[i] == 1 : marks[i];
        if (drop && from->dims[i] != 1)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "axis %u has %u elements", i,
                                        from->dims[i]);
        if (!drop) shape.dims[shape.rank++] = from->dims[i];
    }
    return vch_translate_reshape_to(at, x, &shape, &output);
}

vch_status vch_translate_unsqueeze(struct vch_translate *at)
{
    uint32_t x = 0, output = at->node.outputs[0], next = 0;
    const int64_t *axes = NULL;
    size_t count = 0;
    bool marks[VCH_NETWORK_RANK_MAX] = {0};
    struct vch_network_shape shape = {0};

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_list(&axes, &count, at, "axes", 1));
    const struct vch_network_shape *from = vch_translate_shape_of(at, x);
    if (axes == NULL || from->rank + count > VCH_NETWORK_RANK_MAX)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "it needs 1 to %u axes",
                                    VCH_NETWORK_RANK_MAX - from->rank);
    shape.rank = from->rank + (uint32_t)count;
    VCH_TRY(mark_axes(marks, at, axes, count, shape.rank));
    for (uint32_t i = 0; i < shape.rank; i++)
        shape.dims[i] = marks[i] ? 1 : from->dims[next++];
    return vch_translate_reshape_to(at, x, &shape, &output);
}

vch_status vch_translate_transpose(struct vch_translate *at)
{
    uint32_t x = 0, order[VCH_NETWORK_RANK_MAX], output = at->node.outputs[0];
    const int64_t *list = NULL;
    size_t count = 0;
    bool marks[VCH_NETWORK_RANK_MAX] = {0};

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_network_integers(&list, &count, &at->node, "perm", at->complaint));
    uint32_t rank = vch_translate_shape_of(at, x)->rank;
    if (list != NULL && count != rank)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "it permutes %zu axes of %u", count,
                                    rank);
    VCH_TRY(mark_axes(marks, at, list, count, rank));
    for (uint32_t i = 0; i < rank; i++) {
        order[i] = rank - 1 - i;
        if (list != NULL) VCH_TRY(vch_translate_axis(&order[i], at, list[i], rank));
    }
    return vch_translate_transpose_to(at, x, order, &output);
}

vch_status vch_translate_nothing(struct vch_translate *at, uint32_t like,
                                 const struct vch_network_shape *shape, uint32_t output)
{
    const struct vch_network_value *from = &at->network->values[like];
    struct vch_network_value *value = &at->network->values[output];
    struct vch_network_tensor *tensor = NULL;

    VCH_TRY(vch_network_new_tensor(at->network, from->type, shape, &tensor));
    tensor->element = from->element;
    value->type = from->type;
    value->element = from->element;
    value->has_shape = true;
    value->shape = *shape;
    value->constant = tensor;
    return VCH_OK;
}

// What has no elements adds nothing.
static void drop_empty(const struct vch_translate *at, struct vch_layer *layer)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < layer->input_count; i++)
        if (vch_network_count(vch_translate_shape_of(at, layer->inputs[i])) > 0)
            layer->inputs[kept++] = layer->inputs[i];
    if (kept > 0) layer->input_count = kept;
}

vch_status vch_translate_concat(struct vch_translate *at)
{
    struct vch_layer layer =
        vch_layers_new(VCH_LAYER_CONCAT, at->node.name, at->node.inputs, at->node.input_count);
    struct vch_network_shape shape = {0};
    int64_t axis = 0;
    uint64_t size = 0;
    uint32_t x = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    shape = *vch_translate_shape_of(at, x);
    VCH_TRY(vch_network_integer(&axis, &at->node, "axis", 1, at->complaint));
    VCH_TRY(vch_translate_axis(&layer.axis, at, axis, shape.rank));
    if (at->node.input_count > VCH_GRAPH_OPERANDS_MAX)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "it has more than %u operands",
                                    VCH_GRAPH_OPERANDS_MAX);
    for (uint32_t i = 0; i < at->node.input_count; i++) {
        VCH_TRY(vch_translate_operand(&x, at, i));
        struct vch_network_shape other = *vch_translate_shape_of(at, x);
        if (other.rank == shape.rank) {
            size += other.dims[layer.axis];
            other.dims[layer.axis] = shape.dims[layer.axis];
        }
        if (!vch_network_same_shape(&other, &shape) || size > VCH_NETWORK_COUNT_MAX)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                        "operand %u does not fit the first one", i);
    }
    shape.dims[layer.axis] = (uint32_t)size;
    drop_empty(at, &layer);
    return vch_translate_finish(at, &layer, &shape);
}
