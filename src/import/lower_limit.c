// Constants that are added: beyond what the sum's type holds they saturate it whatever else is
// added, and so need not set the scale.
#include <math.h>

#include "import/lower.h"

static double most_of(enum vch_type type)
{
    return (double)vch_tensor_type_max(type);
}

// What saturates the layer's result even beside `other`.
static double limit_beside(const struct vch_lower *at, double other)
{
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);

    return 1.01 * (most_of(wanted->type) * wanted->scale + other);
}

static double limited(double x, double limit)
{
    return x > limit ? limit : x < -limit ? -limit : x;
}

vch_status vch_lower_limit_offsets(struct vch_lower *at, const struct vch_lower_value *x)
{
    const struct vch_layer *layer = at->layer;
    size_t count = vch_network_count(vch_layers_shape(at->layers, layer->output));
    double most = most_of(at->graph->values[x->value].type) * x->scale;
    bool is_any = false;

    for (size_t i = 0; i < count && !is_any; i++)
        is_any = fabs(layer->bias[i]) > limit_beside(at, fabs(layer->weights[i]) * most);
    if (!is_any) return VCH_OK;
    struct vch_layer *own = VCH_ARENA_NEW(at->arena, struct vch_layer, 1);
    double *bias = VCH_ARENA_NEW(at->arena, double, count);
    if (own == NULL || bias == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++)
        bias[i] = limited(layer->bias[i], limit_beside(at, fabs(layer->weights[i]) * most));
    *own = *layer;
    own->bias = bias;
    at->layer = own;
    return VCH_OK;
}

static bool is_within(const double *reals, size_t count, double limit)
{
    for (size_t i = 0; i < count; i++)
        if (fabs(reals[i]) > limit) return false;
    return true;
}

vch_status vch_lower_limit_operand(struct vch_lower *at, uint32_t i, struct vch_lower_value *out)
{
    uint32_t index = at->layer->inputs[i];
    const struct vch_network_value *value = &at->layers->network->values[index];
    struct vch_operator operator_ = {
        .kind = VCH_OPERATOR_CONSTANT, .parameter_count = 1, .table = VCH_NONE};
    struct vch_lower_value other = {0};
    struct vch_shape shape = {0};
    void *data = NULL;

    if (value->constant == NULL || value->type != VCH_NETWORK_REAL ||
        at->layer->coefficients[i] == 0)
        return vch_lower_operand(at, i, out);
    VCH_TRY(vch_lower_operand(at, 1 - i, &other));
    const double *reals = at->calibration->lanes.buffers[0][index];
    size_t count = vch_network_count(&value->shape);
    double beside = most_of(at->graph->values[other.value].type) * other.scale *
                    fabs(at->layer->coefficients[1 - i]);
    double limit = limit_beside(at, beside) / fabs(at->layer->coefficients[i]);
    if (is_within(reals, count, limit)) return vch_lower_operand(at, i, out);
    VCH_TRY(vch_lower_shape(&shape, at, &value->shape));
    VCH_TRY(vch_lower_new_parameter(at, VCH_TYPE_I16, &shape, &data, &operator_.parameters[0]));
    out->scale = limit / most_of(VCH_TYPE_I16);
    for (size_t k = 0; k < count; k++)
        ((int16_t *)data)[k] = (int16_t)round(limited(reals[k], limit) / out->scale);
    VCH_TRY(vch_lower_append(at, &operator_, NULL, 0, VCH_TYPE_I16, &shape));
    out->value = operator_.output;
    return VCH_OK;
}
