// Operators that work element by element, and along one axis.
#include <math.h>
#include <string.h>

#include "import/translate_build.h"
#include "import/translate_norm_match.h"

vch_status vch_translate_stretched(double **out, const struct vch_translate *at, uint32_t value,
                                   const struct vch_network_shape *shape)
{
    const struct vch_network_shape *from = vch_translate_shape_of(at, value);
    double *list = NULL;
    size_t given = 0, count = vch_network_count(shape);

    VCH_TRY(vch_translate_reals(&list, &given, at, value, "operand"));
    *out = VCH_ARENA_NEW(at->network->arena, double, count);
    if (*out == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, offset = 0, stride = 1;
        for (uint32_t axis = shape->rank, own = from->rank; own-- > 0;) {
            size_t index = rest % shape->dims[--axis];
            rest /= shape->dims[axis];
            offset += (from->dims[own] == 1 ? 0 : index) * stride;
            stride *= from->dims[own];
        }
        (*out)[i] = vch_translate_tame(list[offset]);
    }
    return VCH_OK;
}

struct binary {
    uint32_t operands[2];
    struct vch_network_shape shape;
    int constant; // the operand that is constant while the other keeps its shape; -1: neither
};

static vch_status read_binary(struct binary *binary, const struct vch_translate *at)
{
    binary->constant = -1;
    for (uint32_t i = 0; i < 2; i++)
        VCH_TRY(vch_translate_operand(&binary->operands[i], at, i));
    VCH_TRY(vch_translate_broadcast(&binary->shape, at,
                                    vch_translate_shape_of(at, binary->operands[0]),
                                    vch_translate_shape_of(at, binary->operands[1])));
    for (int i = 0; i < 2; i++) {
        const struct vch_network_value *one = &at->network->values[binary->operands[i]];
        const struct vch_network_value *other = &at->network->values[binary->operands[1 - i]];
        if (one->constant != NULL && other->constant == NULL &&
            vch_network_same_shape(&other->shape, &binary->shape))
            binary->constant = i;
    }
    return VCH_OK;
}

static vch_status finish_binary(struct vch_translate *at, struct binary *binary,
                                enum vch_layer_kind kind, double first, double second)
{
    struct vch_layer layer = vch_layers_new(kind, at->node.name, binary->operands, 2);

    layer.coefficients[0] = first;
    layer.coefficients[1] = second;
    return vch_translate_finish(at, &layer, &binary->shape);
}

vch_status vch_translate_add(struct vch_translate *at)
{
    struct binary binary = {0};
    double sign = strcmp(at->node.operator_, "Sub") == 0 ? -1 : 1, *offset = NULL, scale = 1;
    uint32_t output = at->node.outputs[0];

    VCH_TRY(read_binary(&binary, at));
    if (binary.constant < 0 ||
        vch_translate_is_mask(at, binary.operands[binary.constant], &binary.shape))
        return finish_binary(at, &binary, VCH_LAYER_ADD, 1, sign);
    size_t count = vch_network_count(&binary.shape);
    VCH_TRY(vch_translate_stretched(&offset, at, binary.operands[binary.constant], &binary.shape));
    for (size_t i = 0; i < count; i++)
        offset[i] *= binary.constant == 1 ? sign : 1;
    if (binary.constant == 0) scale = sign;
    return vch_translate_affine(at, binary.operands[1 - binary.constant], &scale, 1, offset, count,
                                &output);
}

vch_status vch_translate_sum(struct vch_translate *at)
{
    uint32_t sum = 0;

    VCH_TRY(vch_translate_operand(&sum, at, 0));
    for (uint32_t i = 1; i < at->node.input_count; i++) {
        uint32_t operands[2] = {sum}, output = VCH_NONE;
        struct vch_network_shape shape = {0};
        VCH_TRY(vch_translate_operand(&operands[1], at, i));
        VCH_TRY(vch_translate_broadcast(&shape, at, vch_translate_shape_of(at, operands[0]),
                                        vch_translate_shape_of(at, operands[1])));
        struct vch_layer layer = vch_layers_new(VCH_LAYER_ADD, at->node.name, operands, 2);
        VCH_TRY(vch_translate_emit(at, &layer, &shape, &output));
        sum = output;
    }
    return vch_translate_rename(at, 0, sum);
}

vch_status vch_translate_mean(struct vch_translate *at)
{
    uint32_t output = at->node.outputs[0];
    double factor = at->node.input_count == 0 ? 1 : 1.0 / at->node.input_count;

    VCH_TRY(vch_translate_sum(at)); // which gives the sum another name
    uint32_t sum = at->alias[output];
    at->alias[output] = output;
    return vch_translate_affine(at, sum, &factor, 1, NULL, 0, &output);
}

vch_status vch_translate_multiply(struct vch_translate *at)
{
    struct binary binary = {0};
    double *scale = NULL;
    uint32_t output = at->node.outputs[0];
    bool is_norm = false;

    VCH_TRY(vch_translate_norm_match(&is_norm, at));
    if (is_norm) return VCH_OK;
    VCH_TRY(read_binary(&binary, at));
    if (binary.constant < 0) return finish_binary(at, &binary, VCH_LAYER_MULTIPLY, 1, 1);
    VCH_TRY(vch_translate_stretched(&scale, at, binary.operands[binary.constant], &binary.shape));
    return vch_translate_affine(at, binary.operands[1 - binary.constant], scale,
                                vch_network_count(&binary.shape), NULL, 0, &output);
}

static vch_status finish_clamp(struct vch_translate *at, uint32_t x, double lo, double hi)
{
    struct vch_layer layer = vch_layers_new(VCH_LAYER_CLAMP, at->node.name, &x, 1);
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);

    if (lo > hi) return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its bounds are crossed");
    layer.lo = lo;
    layer.hi = hi;
    return vch_translate_finish(at, &layer, &shape);
}

vch_status vch_translate_relu(struct vch_translate *at)
{
    uint32_t x = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    return finish_clamp(at, x, 0, INFINITY);
}

vch_status vch_translate_clip(struct vch_translate *at)
{
    uint32_t x = 0;
    float lo = -3.4028235e38f, hi = 3.4028235e38f;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_network_real(&lo, &at->node, "min", lo, at->complaint));
    VCH_TRY(vch_network_real(&hi, &at->node, "max", hi, at->complaint));
    double bounds[] = {(double)lo, (double)hi};
    for (uint32_t i = 0; i < 2; i++)
        if (vch_translate_has(at, i + 1))
            VCH_TRY(vch_translate_scalar(&bounds[i], at, at->node.inputs[i + 1], "bounds"));
    if (bounds[0] <= -3e38) bounds[0] = -INFINITY;
    if (bounds[1] >= 3e38) bounds[1] = INFINITY;
    if (bounds[0] > bounds[1]) bounds[0] = bounds[1]; // ONNX: the upper bound wins
    return finish_clamp(at, x, bounds[0], bounds[1]);
}

// One slope is a leaky ReLU. Slopes that differ: max(x, 0) + slope * min(x, 0).
vch_status vch_translate_prelu(struct vch_translate *at)
{
    uint32_t x = 0, slope = 0, parts[2] = {VCH_NONE, VCH_NONE}, scaled = VCH_NONE;
    uint32_t output = at->node.outputs[0];
    double *slopes = NULL;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_operand(&slope, at, 1));
    struct vch_network_shape shape = *vch_translate_shape_of(at, x), wide = {0};
    VCH_TRY(vch_translate_broadcast(&wide, at, &shape, vch_translate_shape_of(at, slope)));
    if (!vch_network_same_shape(&shape, &wide))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its slopes do not fit its operand");
    VCH_TRY(vch_translate_stretched(&slopes, at, slope, &shape));
    size_t count = vch_network_count(&shape), same = 0;
    while (same < count && slopes[same] == slopes[0])
        same++;
    if (same == count && count > 0)
        return vch_translate_build_function(at, x, VCH_LAYER_LEAKY_RELU, slopes[0], 0, &output);
    for (uint32_t i = 0; i < 2; i++) {
        struct vch_layer clamp = vch_layers_new(VCH_LAYER_CLAMP, at->node.name, &x, 1);
        clamp.lo = i == 0 ? 0 : -INFINITY;
        clamp.hi = i == 0 ? INFINITY : 0;
        VCH_TRY(vch_translate_emit(at, &clamp, &shape, &parts[i]));
    }
    VCH_TRY(vch_translate_affine(at, parts[1], slopes, count, NULL, 0, &scaled));
    parts[1] = scaled;
    struct vch_layer sum = vch_layers_new(VCH_LAYER_ADD, at->node.name, parts, 2);
    return vch_translate_finish(at, &sum, &shape);
}
