// Whole numbers, exactly: scale 1, multipliers that undo their own rounding.
#include <math.h>

#include "import/integers.h"
#include "import/keys.h"
#include "import/lower.h"

#define FACTOR_MAX 16383.0 // twice this is a multiplier

bool vch_lower_is_integer(const struct vch_lower *at, uint32_t value)
{
    return at->layers->network->values[value].type == VCH_NETWORK_INTEGER;
}

static enum vch_type type_for(double lo, double hi)
{
    if (lo >= -127 && hi <= 127) return VCH_TYPE_I8;
    return lo >= -32767 && hi <= 32767 ? VCH_TYPE_I16 : VCH_TYPE_I32;
}

static void store(void *data, enum vch_type type, size_t i, double whole)
{
    if (type == VCH_TYPE_I8) ((int8_t *)data)[i] = (int8_t)whole;
    if (type == VCH_TYPE_I16) ((int16_t *)data)[i] = (int16_t)whole;
    if (type == VCH_TYPE_I32) ((int32_t *)data)[i] = (int32_t)whole;
}

// Whole numbers as they are: one for all elements where `shape` has one element.
static vch_status constant_of(struct vch_lower *at, const double *wholes,
                              const struct vch_shape *shape, uint32_t *value)
{
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_CONSTANT, .parameter_count = 1};
    size_t count = vch_tensor_shape_count(shape);
    double lo = wholes[0], hi = wholes[0];
    void *data = NULL;

    for (size_t i = 0; i < count; i++) {
        lo = fmin(lo, wholes[i]);
        hi = fmax(hi, wholes[i]);
    }
    if (lo < -0x1p31 || hi >= 0x1p31)
        return vch_lower_refuse(at, VCH_CODE_UNSUPPORTED,
                                "a constant of %.0f; whole numbers are computed with in int32",
                                hi >= 0x1p31 ? hi : lo);
    enum vch_type type = type_for(lo, hi);
    VCH_TRY(vch_lower_new_parameter(at, type, shape, &data, &operator_.parameters[0]));
    for (size_t i = 0; i < count; i++)
        store(data, type, i, wholes[i]);
    VCH_TRY(vch_lower_append(at, &operator_, NULL, 0, type, shape));
    *value = operator_.output;
    return VCH_OK;
}

vch_status vch_lower_integer_constant(struct vch_lower *at, uint32_t index)
{
    struct vch_shape shape = {0};
    uint32_t value = 0;

    VCH_TRY(vch_lower_shape(&shape, at, &at->layers->network->values[index].shape));
    VCH_TRY(constant_of(at, at->calibration->lanes.buffers[0][index], &shape, &value));
    at->map[index] = (struct vch_lower_value){value, 1, false};
    return VCH_OK;
}

vch_status vch_lower_narrow(struct vch_lower *at, uint32_t i, struct vch_lower_value *out)
{
    uint32_t index = at->layer->inputs[i];
    struct vch_lower_value x = {0};

    VCH_TRY(vch_lower_operand(at, i, &x));
    *out = x;
    if (at->graph->values[x.value].type != VCH_TYPE_I32) return VCH_OK;
    const struct vch_network_value *value = &at->layers->network->values[index];
    double largest = at->calibration->values[index].largest;
    for (size_t k = 0; value->constant != NULL && k < value->constant->count; k++)
        largest = fmax(largest, fabs(at->calibration->lanes.buffers[0][index][k]));
    bool is_exact = x.scale == 1 && largest <= 32767;
    if (!is_exact && vch_lower_is_integer(at, at->layer->output))
        return vch_lower_refuse(at, VCH_CODE_UNSUPPORTED,
                                "'%.100s' reaches %.0f, and here whole numbers beyond int16 cannot "
                                "be computed with",
                                value->name, largest);
    if (!is_exact) out->scale = fmax(x.scale, largest / 32767);
    if (at->calibration->values[index].scale_int16 > 0)
        out->scale = at->calibration->values[index].scale_int16;
    return vch_lower_rescale(at, x.value, x.scale / out->scale, VCH_TYPE_I16, NULL, &out->value);
}

vch_status vch_lower_exact_sum(struct vch_lower *at, const uint32_t *values, const double *factors,
                               const struct vch_shape *shape, bool is_last, uint32_t *output)
{
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_ADD};
    enum vch_type type = is_last ? vch_lower_wanted(at)->type : VCH_TYPE_I32;
    int32_t *multipliers = NULL;
    uint32_t *shifts = NULL;
    const struct vch_layer open = {.lo = -INFINITY, .hi = INFINITY};

    VCH_TRY(vch_lower_scaling(at, &operator_.scaling, 2, &multipliers, &shifts));
    for (uint32_t i = 0; i < 2; i++) {
        if (fabs(factors[i]) > FACTOR_MAX || factors[i] != rint(factors[i]))
            return vch_lower_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "a factor of %g; whole numbers are added up with whole factors "
                                    "of at most %g",
                                    factors[i], FACTOR_MAX);
        multipliers[i] = (int32_t)(2 * factors[i]);
    }
    shifts[0] = 1;
    vch_lower_clamp(&operator_.scaling, is_last ? at->layer : &open, type, 1);
    VCH_TRY(vch_lower_append(at, &operator_, values, 2, type, shape));
    *output = operator_.output;
    return VCH_OK;
}

static bool are_alike(const double *list, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (list[i] != list[0]) return false;
    return true;
}

// x * weights, as wide as it can become.
static vch_status multiply(struct vch_lower *at, uint32_t x, const struct vch_shape *shape,
                           bool is_last, uint32_t *output)
{
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_MULTIPLY};
    enum vch_type type = is_last ? vch_lower_wanted(at)->type : VCH_TYPE_I32;
    const struct vch_layer open = {.lo = -INFINITY, .hi = INFINITY};
    uint32_t operands[2] = {x}, *shifts = NULL;
    int32_t *multipliers = NULL;

    VCH_TRY(constant_of(at, at->layer->weights, shape, &operands[1]));
    VCH_TRY(vch_lower_scaling(at, &operator_.scaling, 1, &multipliers, &shifts));
    multipliers[0] = 2;
    shifts[0] = 1;
    vch_lower_clamp(&operator_.scaling, is_last ? at->layer : &open, type, 1);
    VCH_TRY(vch_lower_append(at, &operator_, operands, 2, type, shape));
    *output = operator_.output;
    return VCH_OK;
}

// weights * x + bias: a sum with one factor where the weights are all the same, else a product.
vch_status vch_lower_integer_affine(struct vch_lower *at)
{
    const struct vch_layer *layer = at->layer;
    struct vch_lower_value x = {0};
    struct vch_shape shape = {0}, bias_shape = {0};

    VCH_TRY(vch_lower_operand(at, 0, &x));
    VCH_TRY(vch_lower_shape(&shape, at, vch_layers_shape(at->layers, layer->output)));
    size_t count = vch_tensor_shape_count(&shape);
    bool is_one_bias = are_alike(layer->bias, count),
         is_biased = !is_one_bias || layer->bias[0] != 0;
    double factors[2] = {layer->weights[0], 1};
    uint32_t operands[2] = {x.value}, output = 0;
    if (!are_alike(layer->weights, count) || fabs(factors[0]) > FACTOR_MAX) {
        VCH_TRY(multiply(at, x.value, &shape, !is_biased, &operands[0]));
        factors[0] = 1;
        output = operands[0];
        if (!is_biased) {
            vch_lower_done(at, output, 1);
            return VCH_OK;
        }
    }
    if (!is_one_bias) bias_shape = shape;
    VCH_TRY(constant_of(at, layer->bias, &bias_shape, &operands[1]));
    VCH_TRY(vch_lower_exact_sum(at, operands, factors, &shape, true, &output));
    vch_lower_done(at, output, 1);
    return VCH_OK;
}

// Real numbers beside keys.
static vch_status key_constant(struct vch_lower *at, uint32_t index, struct vch_lower_value *out)
{
    const struct vch_network_value *value = &at->layers->network->values[index];
    const double *reals = at->calibration->lanes.buffers[0][index];
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_CONSTANT, .parameter_count = 1};
    struct vch_shape shape = {0};
    void *data = NULL;

    VCH_TRY(vch_lower_shape(&shape, at, &value->shape));
    VCH_TRY(vch_lower_new_parameter(at, VCH_TYPE_I32, &shape, &data, &operator_.parameters[0]));
    for (size_t i = 0; i < vch_tensor_shape_count(&shape); i++)
        store(data, VCH_TYPE_I32, i, vch_keys_of(reals[i]));
    VCH_TRY(vch_lower_append(at, &operator_, NULL, 0, VCH_TYPE_I32, &shape));
    *out = (struct vch_lower_value){operator_.output, 1, true};
    return VCH_OK;
}

vch_status vch_lower_moved(struct vch_lower *at, uint32_t i, struct vch_lower_value *out)
{
    uint32_t index = at->layer->inputs[i];
    bool is_constant = at->layers->network->values[index].constant != NULL;

    if (is_constant && vch_lower_wanted(at)->is_key) return key_constant(at, index, out);
    return vch_lower_operand(at, i, out);
}

// A constant that is compared with a computed value is counted in that value's steps.
static vch_status compared(struct vch_lower *at, uint32_t i, struct vch_lower_value *out)
{
    uint32_t index = at->layer->inputs[i], other = at->layer->inputs[1 - i];
    const struct vch_network_value *value = &at->layers->network->values[index];
    const double *reals = at->calibration->lanes.buffers[0][index];
    struct vch_lower_value beside = {0};
    struct vch_shape shape = {0};

    if (value->constant == NULL || vch_lower_is_integer(at, index) ||
        at->layers->network->values[other].constant != NULL)
        return vch_lower_operand(at, i, out);
    VCH_TRY(vch_lower_operand(at, 1 - i, &beside));
    if (beside.is_key) return key_constant(at, index, out);
    VCH_TRY(vch_lower_shape(&shape, at, &value->shape));
    size_t count = vch_tensor_shape_count(&shape);
    double *steps = VCH_ARENA_NEW(at->arena, double, count);
    if (steps == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t k = 0; k < count; k++)
        steps[k] = fmax(-0x1p30, fmin(0x1p30, floor(reals[k] / beside.scale + 0.5)));
    out->scale = beside.scale;
    return constant_of(at, steps, &shape, &out->value);
}

// The sign of a - b: multipliers are even, so that halving rounds nothing away.
vch_status vch_lower_compare(struct vch_lower *at)
{
    const struct vch_layer *layer = at->layer;
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_ADD};
    struct vch_lower_value x[2] = {0};
    struct vch_shape shape = {0};
    int32_t *multipliers = NULL;
    uint32_t *shifts = NULL;

    for (uint32_t i = 0; i < 2; i++)
        VCH_TRY(compared(at, i, &x[i]));
    VCH_TRY(vch_lower_scaling(at, &operator_.scaling, 2, &multipliers, &shifts));
    double larger = fmax(x[0].scale, x[1].scale), most = x[0].scale == x[1].scale ? 1 : FACTOR_MAX;
    for (int i = 0; i < 2; i++)
        multipliers[i] = (i == 0 ? 2 : -2) * (int32_t)floor(most * x[i].scale / larger + 0.5);
    shifts[0] = 1;
    operator_.scaling.lo = (int64_t)fmin(1, fmax(-1, layer->lo));
    operator_.scaling.hi = (int64_t)fmin(1, fmax(-1, layer->hi));
    VCH_TRY(vch_lower_shape(&shape, at, vch_layers_shape(at->layers, layer->output)));
    VCH_TRY(vch_lower_append(at, &operator_, (uint32_t[]){x[0].value, x[1].value}, 2,
                             vch_lower_wanted(at)->type, &shape));
    vch_lower_done(at, operator_.output, 1);
    return VCH_OK;
}
