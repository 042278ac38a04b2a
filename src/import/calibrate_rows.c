#include "import/calibrate_rows.h"

#include <math.h>

#define DEPTH 24.0        // e^-24 is nothing beside 1 in int16
#define DEPTH_BEFORE 48.0 // before a sum that softmax reads
#define MASKED (-2e3)     // a largest element below this is masked, and its whole row
#define FACTOR_MAX 1e3    // of an affine layer that is taken for a sum with a mask

static uint32_t last_of(const struct vch_layers *layers, uint32_t value)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, value);

    return shape->rank == 0 ? 0 : shape->dims[shape->rank - 1];
}

static bool has_factors(const struct vch_layers *layers, const struct vch_layer *layer, double lo)
{
    size_t count = vch_network_count(vch_layers_shape(layers, layer->output));

    for (size_t i = 0; i < count; i++)
        if (!(layer->weights[i] > lo && layer->weights[i] <= FACTOR_MAX)) return false;
    return true;
}

// Layers whose result may saturate where a row is masked.
static bool saturates(const struct vch_layers *layers, const struct vch_layer *layer)
{
    if (layer->kind == VCH_LAYER_AFFINE) return has_factors(layers, layer, -FACTOR_MAX);
    return layer->kind == VCH_LAYER_ADD || layer->kind == VCH_LAYER_RESHAPE;
}

// Layers under which the rows of operands are those of the result, and in the same order.
static bool keeps_rows(const struct vch_layers *layers, const struct vch_layer *layer)
{
    uint32_t length = last_of(layers, layer->output);

    if (layer->kind == VCH_LAYER_AFFINE) return has_factors(layers, layer, 0);
    if (layer->kind == VCH_LAYER_RESHAPE) return last_of(layers, layer->inputs[0]) == length;
    return layer->kind == VCH_LAYER_ADD && last_of(layers, layer->inputs[0]) == length &&
           last_of(layers, layer->inputs[1]) == length && layer->coefficients[0] > 0 &&
           layer->coefficients[1] > 0;
}

vch_status vch_calibrate_rows_find(struct vch_calibrate_rows **out, const struct vch_layers *layers,
                                   struct vch_arena *arena)
{
    const struct vch_network *network = layers->network;
    struct vch_calibrate_rows *rows =
        VCH_ARENA_NEW(arena, struct vch_calibrate_rows, network->value_count);
    bool *is_read = VCH_ARENA_NEW(arena, bool, network->value_count);
    bool *is_other = VCH_ARENA_NEW(arena, bool, network->value_count);

    if (rows == NULL || is_read == NULL || is_other == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < network->input_count; i++)
        is_other[network->inputs[i]] = true;
    for (uint32_t i = 0; i < network->output_count; i++)
        is_other[network->outputs[i]] = true;
    for (uint32_t i = layers->count; i-- > 0;) {
        const struct vch_layer *layer = &layers->layers[i];
        struct vch_calibrate_rows *own = &rows[layer->output];
        bool is_softmax = layer->kind == VCH_LAYER_SOFTMAX;
        if (is_other[layer->output] || !saturates(layers, layer)) own->length = 0;
        bool passes = own->length > 0 && keeps_rows(layers, layer);
        for (uint32_t k = 0; k < layer->input_count; k++) {
            uint32_t value = layer->inputs[k];
            if (!is_softmax && !passes) is_other[value] = true;
            rows[value].length = last_of(layers, value);
            rows[value].depth = fmax(rows[value].depth, is_softmax ? DEPTH : DEPTH_BEFORE);
        }
    }
    for (uint32_t i = 0; i < network->value_count; i++)
        if (is_other[i]) rows[i].length = 0;
    *out = rows;
    return VCH_OK;
}

void vch_calibrate_rows_lift(const struct vch_calibrate_rows *rows, double *x, size_t count)
{
    for (size_t row = 0; rows->length > 0 && row < count; row += rows->length) {
        double largest = x[row];
        for (uint32_t i = 1; i < rows->length; i++)
            largest = fmax(largest, x[row + i]);
        double least = (largest < MASKED ? 0 : largest) - rows->depth;
        for (uint32_t i = 0; i < rows->length; i++)
            x[row + i] = fmax(x[row + i], least);
    }
}
