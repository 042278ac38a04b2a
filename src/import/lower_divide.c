// DIVIDE: what a unit of dividend and divisor is worth becomes a multiplier and shifts.
#include <math.h>

#include "import/lower.h"

#define SHIFT_MAX 62

// ratio = multiplier * 2^(left - right), with as many bits as a multiplier has, and no more than
// it needs.
static bool split(int32_t *multiplier, uint32_t *shifts, double ratio)
{
    int exponent = 0;
    double fraction = frexp(ratio, &exponent), whole = 0;

    if (!(ratio > 0) || !isfinite(ratio)) return false;
    whole = floor(ldexp(fraction, VCH_RATIO_BITS) + 0.5);
    exponent -= VCH_RATIO_BITS;
    while (fmod(whole, 2) == 0) {
        whole /= 2;
        exponent++;
    }
    int left = exponent > 0 ? 1 + exponent : 1, right = exponent < 0 ? 1 - exponent : 1;
    if (left > SHIFT_MAX || right > SHIFT_MAX) return false;
    *multiplier = (int32_t)whole;
    shifts[0] = (uint32_t)left;
    shifts[1] = (uint32_t)right;
    return true;
}

vch_status vch_lower_divide(struct vch_lower *at)
{
    const struct vch_layer *layer = at->layer;
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_DIVIDE, .rounding = layer->rounding};
    bool is_whole =
        vch_lower_is_integer(at, layer->inputs[0]) && vch_lower_is_integer(at, layer->inputs[1]);
    struct vch_lower_value x[2] = {0};
    struct vch_shape shape = {0};
    int32_t *multiplier = VCH_ARENA_NEW(at->arena, int32_t, 1);
    uint32_t *shifts = VCH_ARENA_NEW(at->arena, uint32_t, 2);

    if (multiplier == NULL || shifts == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < 2; i++)
        VCH_TRY((is_whole ? vch_lower_operand : vch_lower_narrow)(at, i, &x[i]));
    double ratio = x[0].scale / x[1].scale / wanted->scale;
    if (!split(multiplier, shifts, ratio))
        return vch_lower_refuse(at, VCH_CODE_LIMIT, "scales too far apart: a factor of %g", ratio);
    operator_.scaling =
        (struct vch_scaling){.count = 1, .multipliers = multiplier, .shifts = shifts};
    vch_lower_clamp(&operator_.scaling, layer, wanted->type, wanted->scale);
    VCH_TRY(vch_lower_shape(&shape, at, vch_layers_shape(at->layers, layer->output)));
    VCH_TRY(vch_lower_append(at, &operator_, (uint32_t[]){x[0].value, x[1].value}, 2, wanted->type,
                             &shape));
    vch_lower_done(at, operator_.output, wanted->scale);
    return VCH_OK;
}
