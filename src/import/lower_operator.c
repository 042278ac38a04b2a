// Layers without weights to operators.
#include <math.h>

#include "import/lower.h"

#define RATIO_MAX 16383.0  // with the smallest shift
#define FINEST_PART 0x1p-7 // of a sum in int32, for an operand in int32 of another scale
#define ERROR_MAX 4.0      // steps of the result that one sum may be off by

// The operator's operands, all at one scale and type: those that differ are rescaled.
static vch_status gather_alike(struct vch_lower *at, uint32_t *values,
                               const struct vch_calibrate_value *wanted)
{
    for (uint32_t i = 0; i < at->layer->input_count; i++) {
        struct vch_lower_value x = {0};
        VCH_TRY(vch_lower_moved(at, i, &x));
        values[i] = x.value;
        if (x.scale == wanted->scale && at->graph->values[x.value].type == wanted->type) continue;
        VCH_TRY(vch_lower_rescale(at, x.value, x.scale / wanted->scale, wanted->type, NULL,
                                  &values[i]));
    }
    return VCH_OK;
}

static vch_status lower_concat(struct vch_lower *at, struct vch_operator *operator_)
{
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    uint32_t values[VCH_GRAPH_OPERANDS_MAX];
    struct vch_shape shape = {0};

    VCH_TRY(gather_alike(at, values, wanted));
    VCH_TRY(vch_lower_shape(&shape, at, vch_layers_shape(at->layers, at->layer->output)));
    VCH_TRY(vch_lower_append(at, operator_, values, at->layer->input_count, wanted->type, &shape));
    vch_lower_done(at, operator_->output, wanted->scale);
    return VCH_OK;
}

// One multiplier for the whole operator: `real` is what one unit of the accumulator is worth.
static vch_status lower_scaled(struct vch_lower *at, struct vch_operator *operator_,
                               const uint32_t *values, uint32_t value_count, double real)
{
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    const struct vch_window *window = &operator_->window;
    bool is_average = operator_->kind == VCH_OPERATOR_AVERAGE_POOL;
    bool is_padded = (window->pad_begin[0] | window->pad_begin[1] | window->pad_end[0] |
                      window->pad_end[1]) != 0;
    uint32_t area = window->kernel[0] * window->kernel[1];
    uint32_t count = is_average && is_padded && !window->count_includes_pad ? area : 1;
    int32_t *multipliers = NULL;
    uint32_t *shifts = NULL;
    struct vch_shape shape = {0};

    VCH_TRY(vch_lower_scaling(at, &operator_->scaling, count, &multipliers, &shifts));
    for (uint32_t i = 0; i < count; i++) {
        struct vch_ratio ratio = {0};
        double divisor = !is_average ? 1 : count == 1 ? area : i + 1;
        if (vch_lower_is_integer(at, at->layer->output))
            ratio = (struct vch_ratio){2, 1}; // halving an even number rounds nothing away
        else if (!vch_ratio_saturating(&ratio, real / divisor / wanted->scale))
            return vch_lower_refuse(at, VCH_CODE_LIMIT, "scales too far apart: a factor of %g",
                                    real / divisor / wanted->scale);
        multipliers[i] = ratio.multiplier;
        shifts[i] = ratio.shift;
    }
    vch_lower_clamp(&operator_->scaling, at->layer, wanted->type, wanted->scale);
    VCH_TRY(vch_lower_shape(&shape, at, vch_layers_shape(at->layers, at->layer->output)));
    VCH_TRY(vch_lower_append(at, operator_, values, value_count, wanted->type, &shape));
    vch_lower_done(at, operator_->output, wanted->scale);
    return VCH_OK;
}

static vch_status lower_product(struct vch_lower *at, struct vch_operator *operator_)
{
    struct vch_lower_value a = {0}, b = {0};

    bool is_matmul = operator_->kind == VCH_OPERATOR_MATMUL;
    VCH_TRY((is_matmul ? vch_lower_narrow : vch_lower_operand)(at, 0, &a));
    bool is_int32 = at->graph->values[a.value].type == VCH_TYPE_I32;
    VCH_TRY((is_matmul || is_int32 ? vch_lower_narrow : vch_lower_operand)(at, 1, &b));
    return lower_scaled(at, operator_, (uint32_t[]){a.value, b.value}, 2,
                        a.scale * b.scale * at->layer->coefficients[0]);
}

// Real numbers in int32, see calibrate_wide.c.
static bool is_wide(const struct vch_lower *at, uint32_t i)
{
    return at->calibration->values[at->layer->inputs[i]].scale_int16 > 0;
}

static vch_status lower_average(struct vch_lower *at, struct vch_operator *operator_)
{
    struct vch_lower_value x = {0};

    VCH_TRY((is_wide(at, 0) ? vch_lower_narrow : vch_lower_operand)(at, 0, &x));
    return lower_scaled(at, operator_, &x.value, 1, x.scale);
}

// What rounding the smaller ratio to the larger one's shift can cost, in steps of the result.
static double ratio_error(const struct vch_lower *at, const uint32_t *values, const double *ratios)
{
    uint32_t finer = fabs(ratios[0]) < fabs(ratios[1]) ? 0 : 1;
    double most = (double)vch_tensor_type_max(at->graph->values[values[finer]].type);

    if (ratios[finer] == 0) return 0;
    return fabs(ratios[1 - finer]) * ldexp(most, -VCH_RATIO_BITS);
}

// An operand far coarser than the result, such as a boolean that becomes a number, is multiplied
// by a power of two first, so that one shift serves both.
static vch_status refine(struct vch_lower *at, uint32_t *values, double *ratios)
{
    for (uint32_t i = 0; i < 2; i++) {
        bool is_coarse = fabs(ratios[i]) > 1 && fabs(ratios[i]) >= fabs(ratios[1 - i]);
        bool fits = fabs(ratios[i]) < RATIO_MAX && ratio_error(at, values, ratios) < ERROR_MAX;
        int spare = at->graph->values[values[i]].type == VCH_TYPE_I8 ? 24 : 16, bits = 0;
        bool saturates = vch_lower_wanted(at)->type != VCH_TYPE_I32; // as the sum will
        if (!is_coarse || fits) continue;
        if (saturates) spare = 30;
        if (!saturates && at->graph->values[values[i]].type == VCH_TYPE_I32) continue;
        (void)frexp(fabs(ratios[i]), &bits);
        bits = bits < spare ? bits : spare;
        for (int by = 0; bits > 0; bits -= by) {
            by = bits < VCH_RATIO_BITS - 2 ? bits : VCH_RATIO_BITS - 2;
            VCH_TRY(vch_lower_rescale(at, values[i], ldexp(1, by), VCH_TYPE_I32, NULL, &values[i]));
            ratios[i] = ldexp(ratios[i], -by);
        }
    }
    return VCH_OK;
}

// Operand `i` of a sum of real numbers. Multipliers of one shift serve int32 beside another type
// only where the sum has fine steps, too; else int32 is for what has one scale and cancels.
static vch_status add_operand(struct vch_lower *at, uint32_t i, struct vch_lower_value *x)
{
    const struct vch_calibrate_value *own = &at->calibration->values[at->layer->inputs[i]];
    const struct vch_calibrate_value *other = &at->calibration->values[at->layer->inputs[1 - i]];
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    const double *coefficients = at->layer->coefficients;
    bool cancels = own->scale == other->scale && coefficients[0] == -coefficients[1];
    bool is_part = wanted->type == VCH_TYPE_I32 &&
                   own->scale * fabs(coefficients[i]) >= FINEST_PART * wanted->scale;

    if (is_wide(at, i) && !cancels && !is_part) return vch_lower_narrow(at, i, x);
    return vch_lower_limit_operand(at, i, x);
}

static vch_status lower_add(struct vch_lower *at, struct vch_operator *operator_)
{
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    struct vch_lower_value x = {0};
    uint32_t values[2] = {0}, *shifts = NULL;
    double ratios[2] = {0};
    int32_t *multipliers = NULL;
    struct vch_shape shape = {0};
    bool is_integer = vch_lower_is_integer(at, at->layer->output);

    for (uint32_t i = 0; i < 2; i++) {
        VCH_TRY(is_integer ? vch_lower_operand(at, i, &x) : add_operand(at, i, &x));
        values[i] = x.value;
        ratios[i] = at->layer->coefficients[i] * x.scale / wanted->scale;
    }
    VCH_TRY(vch_lower_shape(&shape, at, vch_layers_shape(at->layers, at->layer->output)));
    if (is_integer) {
        VCH_TRY(vch_lower_exact_sum(at, values, at->layer->coefficients, &shape, true,
                                    &operator_->output));
        vch_lower_done(at, operator_->output, 1);
        return VCH_OK;
    }
    VCH_TRY(vch_lower_scaling(at, &operator_->scaling, 2, &multipliers, &shifts));
    VCH_TRY(refine(at, values, ratios));
    if (!vch_ratio_shared(multipliers, shifts, ratios, 2))
        return vch_lower_refuse(at, VCH_CODE_LIMIT, "scales too far apart: factors of %g and %g",
                                ratios[0], ratios[1]);
    vch_lower_clamp(&operator_->scaling, at->layer, wanted->type, wanted->scale);
    VCH_TRY(vch_lower_append(at, operator_, values, 2, wanted->type, &shape));
    vch_lower_done(at, operator_->output, wanted->scale);
    return VCH_OK;
}

// Elements move or are picked: scale and type stay.
static vch_status lower_move(struct vch_lower *at, struct vch_operator *operator_)
{
    const struct vch_layer *layer = at->layer;
    struct vch_lower_value x = {0};
    struct vch_shape shape = {0};
    struct vch_scaling range = {0};

    VCH_TRY(vch_lower_operand(at, 0, &x));
    enum vch_type type = at->graph->values[x.value].type, wanted = vch_lower_wanted(at)->type;
    if (operator_->kind == VCH_OPERATOR_PAD && vch_lower_is_integer(at, layer->output) &&
        type != wanted) { // what is put around may be larger than what was there
        VCH_TRY(vch_lower_rescale(at, x.value, 1, wanted, NULL, &x.value));
        type = wanted;
    }
    VCH_TRY(vch_lower_shape(&shape, at, vch_layers_shape(at->layers, layer->output)));
    for (uint32_t i = 0; i < shape.rank; i++) {
        if (operator_->kind == VCH_OPERATOR_TRANSPOSE) operator_->order[i] = layer->order[i];
        if (operator_->kind == VCH_OPERATOR_PAD) operator_->end[i] = (int32_t)layer->end[i];
        if (operator_->kind == VCH_OPERATOR_SLICE) operator_->step[i] = (int32_t)layer->step[i];
        if (operator_->kind == VCH_OPERATOR_SLICE || operator_->kind == VCH_OPERATOR_PAD)
            operator_->begin[i] = (int32_t)layer->begin[i];
    }
    if (operator_->kind == VCH_OPERATOR_PAD) {
        struct vch_layer fill = {.lo = layer->fill, .hi = layer->fill};
        vch_lower_clamp(&range, &fill, type, x.scale);
        operator_->fill = range.lo;
    }
    if (operator_->kind == VCH_OPERATOR_ARGMAX) type = VCH_TYPE_I32;
    VCH_TRY(vch_lower_append(at, operator_, &x.value, 1, type, &shape));
    vch_lower_done(at, operator_->output, operator_->kind == VCH_OPERATOR_ARGMAX ? 1 : x.scale);
    return VCH_OK;
}

// A clamp that nothing before it could take up: the same integers, cut off.
static vch_status lower_clamp(struct vch_lower *at)
{
    struct vch_lower_value x = {0};
    struct vch_scaling clamp = {0};
    uint32_t output = 0;

    VCH_TRY(vch_lower_operand(at, 0, &x));
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    enum vch_type type = at->graph->values[x.value].type;
    double scale = x.scale;
    if (at->layer->grid > 0) type = wanted->type;
    if (at->layer->grid > 0) scale = wanted->scale;
    vch_lower_clamp(&clamp, at->layer, type, scale);
    VCH_TRY(vch_lower_rescale(at, x.value, x.scale / scale, type, &clamp, &output));
    vch_lower_done(at, output, scale);
    return VCH_OK;
}

vch_status vch_lower_operator(struct vch_lower *at)
{
    struct vch_operator operator_ = {.window = at->layer->window, .axis = at->layer->axis};

    switch (at->layer->kind) {
    case VCH_LAYER_MATMUL: operator_.kind = VCH_OPERATOR_MATMUL; break;
    case VCH_LAYER_ADD: operator_.kind = VCH_OPERATOR_ADD; break;
    case VCH_LAYER_MULTIPLY: operator_.kind = VCH_OPERATOR_MULTIPLY; break;
    case VCH_LAYER_AVERAGE_POOL: operator_.kind = VCH_OPERATOR_AVERAGE_POOL; break;
    case VCH_LAYER_CONCAT: operator_.kind = VCH_OPERATOR_CONCAT; break;
    case VCH_LAYER_MAX_POOL: operator_.kind = VCH_OPERATOR_MAX_POOL; break;
    case VCH_LAYER_RESHAPE: operator_.kind = VCH_OPERATOR_RESHAPE; break;
    case VCH_LAYER_TRANSPOSE: operator_.kind = VCH_OPERATOR_TRANSPOSE; break;
    case VCH_LAYER_SLICE: operator_.kind = VCH_OPERATOR_SLICE; break;
    case VCH_LAYER_PAD: operator_.kind = VCH_OPERATOR_PAD; break;
    case VCH_LAYER_ARGMAX: operator_.kind = VCH_OPERATOR_ARGMAX; break;
    case VCH_LAYER_CLAMP: return lower_clamp(at);
    case VCH_LAYER_LINEAR:
    case VCH_LAYER_CONVOLUTION:
    case VCH_LAYER_AFFINE:
    case VCH_LAYER_COMPARE:
    case VCH_LAYER_FUNCTION:
    case VCH_LAYER_SOFTMAX:
    case VCH_LAYER_NORMALISE:
    case VCH_LAYER_GATHER:
    case VCH_LAYER_DIVIDE:
        return vch_lower_refuse(at, VCH_CODE_UNSUPPORTED, "no operator computes this layer");
    }
    if (operator_.kind == VCH_OPERATOR_ADD) return lower_add(at, &operator_);
    if (operator_.kind == VCH_OPERATOR_CONCAT) return lower_concat(at, &operator_);
    if (operator_.kind == VCH_OPERATOR_AVERAGE_POOL) return lower_average(at, &operator_);
    if (operator_.kind == VCH_OPERATOR_MATMUL || operator_.kind == VCH_OPERATOR_MULTIPLY)
        return lower_product(at, &operator_);
    return lower_move(at, &operator_);
}
