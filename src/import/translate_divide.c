// Quotients and what follows from them. Between whole numbers ONNX truncates, as C does.
#include <math.h>
#include <string.h>

#include "import/onnx_tensor.h"
#include "import/translate_build.h"
#include "import/translate_norm_match.h"

#define SHIFT_MAX 30 // beyond, nothing of an int32 is left

static bool is_integer(const struct vch_translate *at, uint32_t value)
{
    return at->network->values[value].type == VCH_NETWORK_INTEGER;
}

vch_status vch_translate_build_quotient(struct vch_translate *at, uint32_t a, uint32_t b,
                                        enum vch_rounding rounding, uint32_t *output)
{
    uint32_t operands[] = {a, b};
    struct vch_layer layer = vch_layers_new(VCH_LAYER_DIVIDE, at->node.name, operands, 2);
    struct vch_network_shape shape = {0};

    layer.rounding = rounding;
    if (rounding != VCH_ROUNDING_NEAREST) layer.result = VCH_NETWORK_INTEGER;
    VCH_TRY(vch_translate_broadcast(&shape, at, vch_translate_shape_of(at, a),
                                    vch_translate_shape_of(at, b)));
    return vch_translate_emit(at, &layer, &shape, output);
}

static vch_status check_divisor(const struct vch_translate *at, uint32_t value)
{
    const struct vch_network_tensor *tensor = at->network->values[value].constant;

    for (size_t i = 0; tensor != NULL && i < tensor->count; i++) {
        double divisor =
            tensor->reals != NULL ? (double)tensor->reals[i] : (double)tensor->integers[i];
        if (divisor == 0 || !isfinite(1 / divisor))
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "a division by zero");
    }
    return VCH_OK;
}

// x / constant is a multiplication, where neither of the two stretches x.
static vch_status divide_by_constant(struct vch_translate *at, uint32_t x, uint32_t divisor)
{
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    size_t count = vch_network_count(&shape);
    uint32_t output = at->node.outputs[0];
    double *scale = NULL;

    VCH_TRY(vch_translate_stretched(&scale, at, divisor, &shape));
    for (size_t i = 0; i < count; i++)
        scale[i] = 1 / scale[i];
    return vch_translate_affine(at, x, scale, count, NULL, 0, &output);
}

vch_status vch_translate_divide(struct vch_translate *at)
{
    uint32_t a = 0, b = 0, output = at->node.outputs[0];
    struct vch_network_shape shape = {0};
    bool is_norm = false;

    VCH_TRY(vch_translate_norm_match(&is_norm, at));
    if (is_norm) return VCH_OK;
    VCH_TRY(vch_translate_operand(&a, at, 0));
    VCH_TRY(vch_translate_operand(&b, at, 1));
    VCH_TRY(check_divisor(at, b));
    if (is_integer(at, a) && is_integer(at, b))
        return vch_translate_build_quotient(at, a, b, VCH_ROUNDING_TRUNCATE, &output);
    VCH_TRY(vch_translate_broadcast(&shape, at, vch_translate_shape_of(at, a),
                                    vch_translate_shape_of(at, b)));
    const struct vch_network_value *values = at->network->values;
    if (values[a].constant == NULL && values[b].constant != NULL &&
        vch_network_same_shape(&values[a].shape, &shape))
        return divide_by_constant(at, a, b);
    return vch_translate_build_quotient(at, a, b, VCH_ROUNDING_NEAREST, &output);
}

// a - b * (a / b), the quotient rounded down (the sign of b), or with fmod towards zero (that of
// a).
vch_status vch_translate_mod(struct vch_translate *at)
{
    uint32_t a = 0, b = 0, ratio = VCH_NONE, whole = VCH_NONE, output = at->node.outputs[0];
    int64_t is_truncated = 0;

    VCH_TRY(vch_translate_operand(&a, at, 0));
    VCH_TRY(vch_translate_operand(&b, at, 1));
    VCH_TRY(vch_network_integer(&is_truncated, &at->node, "fmod", 0, at->complaint));
    VCH_TRY(check_divisor(at, b));
    VCH_TRY(vch_translate_build_quotient(
        at, a, b, is_truncated != 0 ? VCH_ROUNDING_TRUNCATE : VCH_ROUNDING_FLOOR, &ratio));
    if (!is_integer(at, a)) {
        uint32_t real = VCH_NONE;
        VCH_TRY(vch_translate_build_real(at, ratio, &real));
        ratio = real;
    }
    VCH_TRY(vch_translate_build_product(at, b, ratio, &whole));
    return vch_translate_build_sum(at, a, whole, -1, &output);
}

// Constant shifts only: 2^shift multiplies or divides.
vch_status vch_translate_bit_shift(struct vch_translate *at)
{
    uint32_t x = 0, shift = 0, power = VCH_NONE, output = at->node.outputs[0];
    struct vch_network_tensor *powers = NULL;
    const char *direction = NULL;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_operand(&shift, at, 1));
    VCH_TRY(vch_network_text(&direction, &at->node, "direction", "", at->complaint));
    const struct vch_network_tensor *shifts = at->network->values[shift].constant;
    if (shifts == NULL || shifts->integers == NULL || !is_integer(at, x))
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "its shifts must be constants");
    VCH_TRY(vch_network_new_tensor(at->network, VCH_NETWORK_INTEGER, &shifts->shape, &powers));
    for (size_t i = 0; i < powers->count; i++) {
        if (shifts->integers[i] < 0 || shifts->integers[i] > SHIFT_MAX)
            return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "a shift by %lld; up to %d",
                                        (long long)shifts->integers[i], SHIFT_MAX);
        powers->integers[i] = (int64_t)1 << shifts->integers[i];
    }
    VCH_TRY(vch_network_add_constant(at->network, at->node.name, powers, &power));
    if (strcmp(direction, "LEFT") == 0) return vch_translate_build_product(at, x, power, &output);
    return vch_translate_build_quotient(at, x, power, VCH_ROUNDING_FLOOR, &output);
}

// All bits the other way round: -1 - x, and the largest number less x where there is no sign.
vch_status vch_translate_bitwise_not(struct vch_translate *at)
{
    static const struct {
        int32_t element;
        double largest;
    } unsigned_[] = {
        {VCH_ONNX_TENSOR_UINT8, 0xff},
        {VCH_ONNX_TENSOR_UINT16, 0xffff},
        {VCH_ONNX_TENSOR_UINT32, 0xffffffff},
        {VCH_ONNX_TENSOR_UINT64, 0x1p64},
    };
    uint32_t x = 0, output = at->node.outputs[0];
    double offset = -1;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    for (size_t i = 0; i < sizeof unsigned_ / sizeof *unsigned_; i++)
        if (unsigned_[i].element == at->network->values[x].element) offset = unsigned_[i].largest;
    if (offset > INT32_MAX)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "its results do not fit int32");
    return vch_translate_build_scaled(at, x, -1, offset, &output);
}
