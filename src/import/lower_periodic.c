// scale * x + offset where scale and offset repeat along the leading axes, as after a norm: a
// product with a constant, and a sum with another.
#include <math.h>

#include "import/lower.h"

bool vch_lower_is_periodic(uint32_t *lead, const struct vch_lower *at)
{
    const struct vch_layer *layer = at->layer;
    const struct vch_network_shape *shape = vch_layers_shape(at->layers, layer->output);
    size_t count = vch_network_count(shape), period = count;

    *lead = 0;
    for (uint32_t axes = 0; axes < shape->rank; axes++) {
        period /= shape->dims[axes];
        for (size_t i = period; i < count; i++)
            if (layer->weights[i] != layer->weights[i % period] ||
                layer->bias[i] != layer->bias[i % period])
                return *lead > 0;
        if (period < count) *lead = axes + 1;
    }
    return *lead > 0;
}

static vch_status constant_of(struct vch_lower *at, const double *reals, double scale,
                              enum vch_type type, const struct vch_shape *shape, uint32_t *value)
{
    struct vch_operator operator_ = {
        .kind = VCH_OPERATOR_CONSTANT, .parameter_count = 1, .table = VCH_NONE};
    void *data = NULL;
    size_t count = vch_tensor_shape_count(shape);

    VCH_TRY(vch_lower_new_parameter(at, type, shape, &data, &operator_.parameters[0]));
    for (size_t i = 0; i < count; i++) {
        double whole = floor(reals[i] / scale + 0.5);
        if (type == VCH_TYPE_I16) ((int16_t *)data)[i] = (int16_t)whole;
        if (type == VCH_TYPE_I32) ((int32_t *)data)[i] = (int32_t)whole;
    }
    VCH_TRY(vch_lower_append(at, &operator_, NULL, 0, type, shape));
    *value = operator_.output;
    return VCH_OK;
}

static double largest_of(const double *list, size_t count)
{
    double largest = 0;

    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(list[i]));
    return largest;
}

// Both operands of the sum are at the product's scale, so that one ratio serves them.
static vch_status add_offset(struct vch_lower *at, uint32_t product, double scale,
                             const struct vch_shape *period, const struct vch_shape *shape)
{
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_ADD, .table = VCH_NONE};
    uint32_t operands[2] = {product}, *shifts = NULL;
    struct vch_ratio ratio = {0};
    int32_t *multipliers = NULL;

    VCH_TRY(constant_of(at, at->layer->bias, scale, VCH_TYPE_I32, period, &operands[1]));
    VCH_TRY(vch_lower_scaling(at, &operator_.scaling, 2, &multipliers, &shifts));
    if (!vch_ratio_saturating(&ratio, scale / wanted->scale))
        return vch_lower_refuse(at, VCH_CODE_LIMIT, "scales too far apart: a factor of %g",
                                scale / wanted->scale);
    multipliers[0] = multipliers[1] = ratio.multiplier;
    shifts[0] = ratio.shift;
    vch_lower_clamp(&operator_.scaling, at->layer, wanted->type, wanted->scale);
    VCH_TRY(vch_lower_append(at, &operator_, operands, 2, wanted->type, shape));
    vch_lower_done(at, operator_.output, wanted->scale);
    return VCH_OK;
}

vch_status vch_lower_periodic(struct vch_lower *at, uint32_t lead)
{
    const struct vch_layer *layer = at->layer;
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_MULTIPLY, .table = VCH_NONE};
    struct vch_lower_value x = {0};
    struct vch_shape shape = {0}, period = {0};
    uint32_t operands[2] = {0}, *shifts = NULL;
    int32_t *multipliers = NULL;

    VCH_TRY(vch_lower_narrow(at, 0, &x));
    VCH_TRY(vch_lower_shape(&shape, at, vch_layers_shape(at->layers, layer->output)));
    for (uint32_t i = lead; i < shape.rank; i++)
        period.dims[period.rank++] = shape.dims[i];
    size_t count = vch_tensor_shape_count(&period);
    double offset = largest_of(layer->bias, count);
    double finest = fmax(fmax(largest_of(layer->weights, count) / 32767, 1e-30),
                         ldexp(offset / x.scale, -30)); // offsets fit int32 at the product's scale
    operands[0] = x.value;
    VCH_TRY(constant_of(at, layer->weights, finest, VCH_TYPE_I16, &period, &operands[1]));
    VCH_TRY(vch_lower_scaling(at, &operator_.scaling, 1, &multipliers, &shifts));
    struct vch_ratio ratio = {2, 1}; // the product itself
    if (offset == 0 && !vch_ratio_saturating(&ratio, x.scale * finest / wanted->scale))
        return vch_lower_refuse(at, VCH_CODE_LIMIT, "scales too far apart: a factor of %g",
                                x.scale * finest / wanted->scale);
    multipliers[0] = ratio.multiplier;
    shifts[0] = ratio.shift;
    enum vch_type type = offset == 0 ? wanted->type : VCH_TYPE_I32;
    const struct vch_layer open = {.lo = -INFINITY, .hi = INFINITY};
    vch_lower_clamp(&operator_.scaling, offset == 0 ? layer : &open, type, wanted->scale);
    VCH_TRY(vch_lower_append(at, &operator_, operands, 2, type, &shape));
    if (offset != 0) return add_offset(at, operator_.output, x.scale * finest, &period, &shape);
    vch_lower_done(at, operator_.output, wanted->scale);
    return VCH_OK;
}
