// SOFTMAX: a table of exponentials; rows of int32 less their largest element first.
#include <math.h>

#include "import/lower.h"

#define EXPONENTIAL_ONE 0x1p30 // what e^0 is in the table
#define DEPTH 24.0             // below the largest: e^-24 is nothing beside 1 in int16
#define RATIO_MAX 16383.0      // of a sum's operand: with the smallest shift

// The largest of each row of the last axis, which stays with one element.
static vch_status largest_of(struct vch_lower *at, uint32_t x, const uint32_t kernel[2],
                             uint32_t *output)
{
    struct vch_operator operator_ = {
        .kind = VCH_OPERATOR_MAX_POOL,
        .window = {
            .kernel = {kernel[0], kernel[1]}, .stride = {1, 1}, .dilation = {1, 1}, .groups = 1}};
    enum vch_type type = at->graph->values[x].type;
    struct vch_shape shape = at->graph->values[x].shape;
    size_t rows = vch_tensor_shape_count(&shape) / shape.dims[shape.rank - 1];
    struct vch_shape image = {.rank = 4, .dims = {1, (uint32_t)rows, kernel[0], kernel[1]}};

    VCH_TRY(vch_lower_reshape(at, x, &image, &x));
    image.dims[2] = image.dims[3] = 1;
    VCH_TRY(vch_lower_append(at, &operator_, &x, 1, type, &image));
    shape.dims[shape.rank - 1] = 1;
    return vch_lower_reshape(at, operator_.output, &shape, output);
}

// x less the largest of its row, in int16: what is further below saturates.
static vch_status subtract_largest(struct vch_lower *at, struct vch_lower_value *x,
                                   const uint32_t kernel[2])
{
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_ADD};
    const struct vch_shape shape = at->graph->values[x->value].shape;
    const double scale = DEPTH / (double)vch_tensor_type_max(VCH_TYPE_I16);
    const struct vch_layer open = {.lo = -INFINITY, .hi = 0};
    double ratios[2] = {fmin(x->scale / scale, RATIO_MAX)};
    uint32_t operands[2] = {x->value}, *shifts = NULL;
    int32_t *multipliers = NULL;

    ratios[1] = -ratios[0];
    VCH_TRY(largest_of(at, x->value, kernel, &operands[1]));
    VCH_TRY(vch_lower_scaling(at, &operator_.scaling, 2, &multipliers, &shifts));
    if (!vch_ratio_shared(multipliers, shifts, ratios, 2))
        return vch_lower_refuse(at, VCH_CODE_LIMIT, "scales too far apart: a factor of %g",
                                ratios[0]);
    vch_lower_clamp(&operator_.scaling, &open, VCH_TYPE_I16, scale);
    VCH_TRY(vch_lower_append(at, &operator_, operands, 2, VCH_TYPE_I16, &shape));
    *x = (struct vch_lower_value){.value = operator_.output, .scale = scale};
    return VCH_OK;
}

// Int8 or int16 to take exponentials of: differences of real numbers in int32 are finer than any
// int16 that held all of them.
static vch_status exponents(struct vch_lower *at, struct vch_lower_value *x)
{
    const struct vch_network_shape *shape = vch_layers_shape(at->layers, at->layer->inputs[0]);
    bool is_wide = at->calibration->values[at->layer->inputs[0]].scale_int16 > 0;
    uint32_t kernel[2] = {0};

    if (!is_wide || !vch_layers_cover(kernel, shape->dims[shape->rank - 1]))
        return vch_lower_narrow(at, 0, x);
    VCH_TRY(vch_lower_operand(at, 0, x));
    return subtract_largest(at, x, kernel);
}

// The engine divides by the sum itself; the table is e^x of what is not positive.
vch_status vch_lower_softmax(struct vch_lower *at)
{
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_SOFTMAX};
    enum vch_type type = vch_lower_wanted(at)->type;
    struct vch_lower_value x = {0};
    int32_t *entries = NULL;

    VCH_TRY(exponents(at, &x));
    struct vch_value from = at->graph->values[x.value];
    int32_t half = vch_lower_table_half(from.type);
    VCH_TRY(vch_lower_new_table(at, from.type, VCH_TYPE_I32, &entries, &operator_.table));
    for (int32_t i = -half; i <= 0; i++)
        entries[i + half] = (int32_t)floor(exp(x.scale * i) * EXPONENTIAL_ONE + 0.5);
    VCH_TRY(vch_lower_append(at, &operator_, &x.value, 1, type, &from.shape));
    vch_lower_done(at, operator_.output, 1.0 / (double)vch_tensor_type_max(type));
    return VCH_OK;
}
