#include "import/translate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "import/evaluate.h"

vch_status vch_translate_refuse(const struct vch_translate *at, enum vch_code code,
                                const char *format, ...)
{
    char text[VCH_COMPLAINT_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return vch_complain(at->complaint, code, "%s node '%.100s': %s", at->node.operator_,
                        at->node.name, text);
}

vch_status vch_translate_operand(uint32_t *value, const struct vch_translate *at, uint32_t i)
{
    if (!vch_translate_has(at, i))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "operand %u is missing", i);
    *value = at->node.inputs[i];
    return VCH_OK;
}

bool vch_translate_has(const struct vch_translate *at, uint32_t i)
{
    return i < at->node.input_count && at->node.inputs[i] != VCH_NONE;
}

const struct vch_network_shape *vch_translate_shape_of(const struct vch_translate *at,
                                                       uint32_t value)
{
    return &at->network->values[value].shape;
}

static bool all_constant(const struct vch_translate *at, const struct vch_layer *layer)
{
    for (uint32_t i = 0; i < layer->input_count; i++)
        if (at->network->values[layer->inputs[i]].constant == NULL) return false;
    return true;
}

static vch_status check_operands(const struct vch_translate *at, const struct vch_layer *layer,
                                 bool is_constant)
{
    bool moves = layer->kind == VCH_LAYER_RESHAPE || layer->kind == VCH_LAYER_CONCAT ||
                 layer->kind == VCH_LAYER_SLICE;

    for (uint32_t i = 0; i < layer->input_count; i++) {
        const struct vch_network_value *value = &at->network->values[layer->inputs[i]];
        if (vch_network_count(&value->shape) == 0 && !(moves && is_constant))
            return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "'%.100s' has no elements",
                                        value->name);
    }
    return VCH_OK;
}

static vch_status to_doubles(double **out, struct vch_arena *arena,
                             const struct vch_network_tensor *tensor)
{
    *out = VCH_ARENA_NEW(arena, double, tensor->count);
    if (*out == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < tensor->count; i++)
        (*out)[i] = tensor->type == VCH_NETWORK_REAL ? (double)tensor->reals[i]
                                                     : (double)tensor->integers[i];
    return VCH_OK;
}

int64_t vch_translate_integer(double x)
{
    if (x >= 0x1p63) return INT64_MAX; // "to the end" of a Slice survives the way through doubles
    return x <= -0x1p63 ? INT64_MIN : (int64_t)x;
}

static vch_status compute(struct vch_translate *at, const struct vch_layer *layer)
{
    struct vch_network *network = at->network;
    struct vch_network_value *value = &network->values[layer->output];
    const double **inputs = VCH_ARENA_NEW(network->arena, const double *, layer->input_count);
    double *result = VCH_ARENA_NEW(network->arena, double, vch_network_count(&value->shape));
    struct vch_network_tensor *tensor = NULL;

    if (inputs == NULL || result == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < layer->input_count; i++) {
        double *input = NULL;
        VCH_TRY(to_doubles(&input, network->arena, network->values[layer->inputs[i]].constant));
        inputs[i] = input;
    }
    VCH_TRY(vch_evaluate_layer(result, at->layers, layer, inputs, network->arena));
    VCH_TRY(vch_network_new_tensor(network, value->type, &value->shape, &tensor));
    tensor->element = value->element;
    for (size_t i = 0; i < tensor->count; i++) {
        if (!isfinite(result[i]) || (tensor->type == VCH_NETWORK_REAL && fabs(result[i]) > 3e38))
            return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                        "computing it from constants gives no finite number");
        if (tensor->type == VCH_NETWORK_REAL)
            tensor->reals[i] = (float)result[i];
        else
            tensor->integers[i] = vch_translate_integer(result[i]);
    }
    value->constant = tensor;
    return VCH_OK;
}

static vch_status check_shape(const struct vch_translate *at, const struct vch_network_shape *shape,
                              bool is_constant)
{
    size_t count = 1;

    if (shape->rank > (is_constant ? VCH_NETWORK_RANK_MAX : VCH_RANK_MAX))
        return vch_translate_refuse(at, VCH_CODE_LIMIT,
                                    "its result has %u dimensions, more than %d", shape->rank,
                                    VCH_RANK_MAX);
    for (uint32_t i = 0; i < shape->rank; i++)
        if (__builtin_mul_overflow(count, (size_t)shape->dims[i], &count) ||
            count > VCH_TENSOR_COUNT_MAX)
            return vch_translate_refuse(at, VCH_CODE_LIMIT, "its result has more than %u elements",
                                        VCH_TENSOR_COUNT_MAX);
    if (count > 0 || is_constant) return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "its result has no elements");
}

static vch_status check_work(struct vch_translate *at, const struct vch_layer *layer,
                             bool is_constant)
{
    double *work = is_constant ? &at->work_constant : &at->work_sample;

    *work += vch_layers_work(at->layers, layer);
    if (*work <= (is_constant ? VCH_TRANSLATE_WORK_CONSTANT_MAX : VCH_TRANSLATE_WORK_SAMPLE_MAX))
        return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_LIMIT,
                                "up to here the model takes %.3g "
                                "multiplications, which is more than importing is made for",
                                *work);
}

vch_status vch_translate_grow(struct vch_translate *at, const struct vch_network_shape *shape,
                              uint64_t held)
{
    uint64_t count = 1;

    for (uint32_t i = 0; i < shape->rank; i++)
        if (__builtin_mul_overflow(count, (uint64_t)shape->dims[i], &count)) count = UINT32_MAX;
    if (count > held) at->grown += count - held;
    if (count <= VCH_NETWORK_COUNT_MAX && at->grown <= VCH_TRANSLATE_GROWN_MAX) return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_LIMIT,
                                "up to here the model's constants grow by more than %u elements",
                                VCH_TRANSLATE_GROWN_MAX);
}

static vch_status check_growth(struct vch_translate *at, const struct vch_layer *layer,
                               const struct vch_network_shape *shape, bool is_constant)
{
    uint64_t held = 0;

    if (is_constant) {
        for (uint32_t i = 0; i < layer->input_count; i++)
            held += vch_network_count(&at->network->values[layer->inputs[i]].shape);
        return vch_translate_grow(at, shape, held);
    }
    at->elements_sample += vch_network_count(shape);
    if (at->elements_sample > VCH_TRANSLATE_ELEMENTS_SAMPLE_MAX ||
        at->layers->count >= VCH_TRANSLATE_LAYERS_MAX)
        return vch_translate_refuse(at, VCH_CODE_LIMIT,
                                    "up to here the model has %u layers of %llu elements; at most "
                                    "%u and %u can be imported",
                                    at->layers->count + 1, (unsigned long long)at->elements_sample,
                                    VCH_TRANSLATE_LAYERS_MAX, VCH_TRANSLATE_ELEMENTS_SAMPLE_MAX);
    return VCH_OK;
}

// Whatever shapes an operator worked out: the same elements, or none are read.
static vch_status check_reshape(const struct vch_translate *at, const struct vch_layer *layer,
                                const struct vch_network_shape *shape)
{
    size_t have = vch_network_count(vch_translate_shape_of(at, layer->inputs[0]));
    size_t want = vch_network_count(shape);

    if (have == want) return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%zu elements cannot take a shape of %zu",
                                have, want);
}

vch_status vch_translate_emit(struct vch_translate *at, struct vch_layer *layer,
                              const struct vch_network_shape *shape, uint32_t *output)
{
    bool is_constant = all_constant(at, layer);

    VCH_TRY(vch_translate_tame_operands(at, layer));
    VCH_TRY(check_operands(at, layer, is_constant));
    VCH_TRY(check_shape(at, shape, is_constant));
    if (layer->kind == VCH_LAYER_RESHAPE) VCH_TRY(check_reshape(at, layer, shape));
    VCH_TRY(check_growth(at, layer, shape, is_constant));
    if (*output == VCH_NONE) VCH_TRY(vch_network_add_value(at->network, at->node.name, output));
    struct vch_network_value *value = &at->network->values[*output];
    value->shape = *shape;
    value->has_shape = true;
    value->type = vch_translate_type_of(at, layer);
    layer->output = *output;
    layer->is_precise = at->is_precise;
    value->element = vch_translate_element_of(at, layer);
    layer->tie = at->tie;
    VCH_TRY(check_work(at, layer, is_constant));
    if (is_constant) return compute(at, layer);
    return vch_layers_append(at->layers, layer);
}

vch_status vch_translate_finish(struct vch_translate *at, struct vch_layer *layer,
                                const struct vch_network_shape *shape)
{
    uint32_t output = at->node.outputs[0];

    return vch_translate_emit(at, layer, shape, &output);
}

vch_status vch_translate_rename(struct vch_translate *at, uint32_t i, uint32_t value)
{
    if (i < at->node.output_count && at->node.outputs[i] < at->alias_count)
        at->alias[at->node.outputs[i]] = value;
    else if (i < at->node.output_count)
        at->renamed = value;
    return VCH_OK;
}

vch_status vch_translate_reshape_to(struct vch_translate *at, uint32_t value,
                                    const struct vch_network_shape *shape, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_RESHAPE, at->node.name, &value, 1);

    return vch_translate_emit(at, &layer, shape, output);
}

vch_status vch_translate_transpose_to(struct vch_translate *at, uint32_t value,
                                      const uint32_t *order, uint32_t *output)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_TRANSPOSE, at->node.name, &value, 1);
    const struct vch_network_shape *from = vch_translate_shape_of(at, value);
    struct vch_network_shape to = {.rank = from->rank};

    for (uint32_t i = 0; i < from->rank; i++) {
        layer.order[i] = order[i];
        to.dims[i] = from->dims[order[i]];
    }
    return vch_translate_emit(at, &layer, &to, output);
}

vch_status vch_translate_affine(struct vch_translate *at, uint32_t value, const double *scale,
                                size_t scale_count, const double *offset, size_t offset_count,
                                uint32_t *output)
{
    return vch_translate_affine_as(at, value, 0, scale, scale_count, offset, offset_count, output);
}

vch_status vch_translate_affine_as(struct vch_translate *at, uint32_t value,
                                   enum vch_network_type type, const double *scale,
                                   size_t scale_count, const double *offset, size_t offset_count,
                                   uint32_t *output)
{
    struct vch_network_shape shape = *vch_translate_shape_of(at, value);
    size_t count = vch_network_count(&shape);
    struct vch_layer layer = vch_layers_new(VCH_LAYER_AFFINE, at->node.name, &value, 1);
    double *weights = VCH_ARENA_NEW(at->network->arena, double, count);
    double *bias = VCH_ARENA_NEW(at->network->arena, double, count);

    if (weights == NULL || bias == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        weights[i] = scale == NULL ? 1 : scale[scale_count == 1 ? 0 : i];
        bias[i] = offset == NULL ? 0 : offset[offset_count == 1 ? 0 : i];
    }
    layer.result = type;
    layer.weights = weights;
    layer.bias = bias;
    return vch_translate_emit(at, &layer, &shape, output);
}

vch_status vch_translate_reals(double **out, size_t *count, const struct vch_translate *at,
                               uint32_t value, const char *what)
{
    const struct vch_network_tensor *tensor = at->network->values[value].constant;

    if (tensor == NULL)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "its %s must be constant, and depends on the model's input",
                                    what);
    *count = tensor->count;
    return to_doubles(out, at->network->arena, tensor);
}

vch_status vch_translate_scalar(double *out, const struct vch_translate *at, uint32_t value,
                                const char *what)
{
    double *list = NULL;
    size_t count = 0;

    VCH_TRY(vch_translate_reals(&list, &count, at, value, what));
    if (count != 1)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "its %s must be one number, not %zu",
                                    what, count);
    *out = list[0];
    return VCH_OK;
}

vch_status vch_translate_list(const int64_t **out, size_t *count, const struct vch_translate *at,
                              const char *attribute, uint32_t i)
{
    VCH_TRY(vch_network_integers(out, count, &at->node, attribute, at->complaint));
    if (*out != NULL || !vch_translate_has(at, i)) return VCH_OK;
    const struct vch_network_tensor *tensor = at->network->values[at->node.inputs[i]].constant;
    if (tensor == NULL || tensor->type != VCH_NETWORK_INTEGER || tensor->shape.rank > 1)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "its %s (operand %u) must be a constant list of integers",
                                    attribute, i);
    *out = tensor->integers;
    *count = tensor->count;
    return VCH_OK;
}

vch_status vch_translate_axis(uint32_t *out, const struct vch_translate *at, int64_t axis,
                              uint32_t rank)
{
    int64_t from_start = axis < 0 && axis >= -(int64_t)rank ? axis + rank : axis;

    if (from_start < 0 || from_start >= rank)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "there is no axis %lld in %u dimensions", (long long)axis,
                                    rank);
    *out = (uint32_t)from_start;
    return VCH_OK;
}

vch_status vch_translate_broadcast(struct vch_network_shape *out, const struct vch_translate *at,
                                   const struct vch_network_shape *a,
                                   const struct vch_network_shape *b)
{
    const struct vch_network_shape *longer = a->rank >= b->rank ? a : b;
    const struct vch_network_shape *shorter = a->rank >= b->rank ? b : a;
    uint32_t lead = longer->rank - shorter->rank;

    *out = *longer;
    for (uint32_t i = 0; i < shorter->rank; i++) {
        uint32_t one = longer->dims[lead + i], other = shorter->dims[i];
        if (one != other && one != 1 && other != 1)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                        "its operands' shapes differ: %u and %u along one axis",
                                        one, other);
        out->dims[lead + i] = one == 1 ? other : one;
    }
    return VCH_OK;
}
