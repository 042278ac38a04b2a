// Each element of the result from one of each operand.
#include <math.h>

#include "import/evaluate_parts.h"
#include "import/walk.h"

// Whole numbers by zero are as large as they can be.
static double quotient(double a, double b, const struct vch_layer *layer)
{
    bool is_whole = layer->rounding != VCH_ROUNDING_NEAREST;

    if (b == 0 && (a == 0 || is_whole)) return a == 0 ? 0 : copysign(0x1p31 - 1, a);
    if (layer->rounding == VCH_ROUNDING_FLOOR) return floor(a / b);
    return layer->rounding == VCH_ROUNDING_TRUNCATE ? trunc(a / b) : a / b;
}

static double pair(double a, double b, const struct vch_layer *layer)
{
    if (layer->kind == VCH_LAYER_ADD)
        return layer->coefficients[0] * a + layer->coefficients[1] * b;
    if (layer->kind == VCH_LAYER_COMPARE) return (a > b) - (a < b);
    if (layer->kind == VCH_LAYER_DIVIDE) return quotient(a, b, layer);
    return layer->coefficients[0] * a * b;
}

void vch_evaluate_parts_pairs(double *out, const struct vch_layers *layers,
                              const struct vch_layer *layer, const double *const *inputs)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->output);
    struct vch_walk a = vch_walk_broadcast(vch_layers_shape(layers, layer->inputs[0]), shape);
    struct vch_walk b = vch_walk_broadcast(vch_layers_shape(layers, layer->inputs[1]), shape);
    size_t count = vch_network_count(shape);

    for (size_t i = 0; i < count; i++) {
        out[i] = pair(inputs[0][a.offset], inputs[1][b.offset], layer);
        vch_walk_next(&a);
        vch_walk_next(&b);
    }
}

void vch_evaluate_parts_affine(double *out, const struct vch_layers *layers,
                               const struct vch_layer *layer, const double *const *inputs)
{
    size_t count = vch_network_count(vch_layers_shape(layers, layer->output));

    for (size_t i = 0; i < count; i++)
        out[i] = layer->weights[i] * inputs[0][i] + layer->bias[i];
}
