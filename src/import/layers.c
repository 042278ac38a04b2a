#include "import/layers.h"

#include <math.h>
#include <string.h>

vch_status vch_layers_append(struct vch_layers *layers, const struct vch_layer *layer)
{
    struct vch_arena *arena = layers->network->arena;

    if (layers->count == layers->capacity) {
        uint32_t capacity = layers->capacity == 0 ? 64 : 2 * layers->capacity;
        struct vch_layer *grown = VCH_ARENA_NEW(arena, struct vch_layer, capacity);
        if (grown == NULL) return VCH_FAIL(NO_MEMORY);
        if (layers->count > 0) memcpy(grown, layers->layers, layers->count * sizeof *grown);
        layers->layers = grown;
        layers->capacity = capacity;
    }
    if (layers->count == VCH_GRAPH_OPERATORS_MAX) return VCH_FAIL(LIMIT);
    uint32_t *inputs = VCH_ARENA_NEW(arena, uint32_t, layer->input_count);
    if (inputs == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(inputs, layer->inputs, layer->input_count * sizeof *inputs);
    layers->layers[layers->count] = *layer;
    layers->layers[layers->count++].inputs = inputs;
    return VCH_OK;
}

struct vch_layer vch_layers_new(enum vch_layer_kind kind, const char *name, uint32_t *inputs,
                                uint32_t input_count)
{
    return (struct vch_layer){
        .kind = kind,
        .name = name,
        .inputs = inputs,
        .input_count = input_count,
        .output = VCH_NONE,
        .lo = -INFINITY,
        .hi = INFINITY,
        .coefficients = {1, 1},
    };
}

const struct vch_network_shape *vch_layers_shape(const struct vch_layers *layers, uint32_t value)
{
    return &layers->network->values[value].shape;
}

size_t vch_layers_fan_in(const struct vch_layers *layers, const struct vch_layer *layer)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->inputs[0]);

    if (layer->kind == VCH_LAYER_LINEAR) return shape->dims[shape->rank - 1];
    return (size_t)shape->dims[1] / layer->window.groups * layer->window.kernel[0] *
           layer->window.kernel[1];
}

bool vch_layers_is_scaling(const struct vch_layers *layers, const struct vch_layer *layer)
{
    if (layer->kind != VCH_LAYER_AFFINE || isfinite(layer->lo) || isfinite(layer->hi) ||
        !(layer->weights[0] > 1e-30))
        return false;
    size_t count = vch_network_count(vch_layers_shape(layers, layer->output));
    for (size_t i = 0; i < count; i++)
        if (layer->weights[i] != layer->weights[0] || layer->bias[i] != 0) return false;
    return true;
}

double vch_layers_work(const struct vch_layers *layers, const struct vch_layer *layer)
{
    const struct vch_network_shape *x = vch_layers_shape(layers, layer->inputs[0]);
    double count = (double)vch_network_count(vch_layers_shape(layers, layer->output));

    switch (layer->kind) {
    case VCH_LAYER_LINEAR:
    case VCH_LAYER_CONVOLUTION: return count * (double)vch_layers_fan_in(layers, layer);
    case VCH_LAYER_MATMUL: return count * x->dims[x->rank - 1];
    case VCH_LAYER_MAX_POOL:
    case VCH_LAYER_AVERAGE_POOL: return count * layer->window.kernel[0] * layer->window.kernel[1];
    case VCH_LAYER_ARGMAX: return (double)vch_network_count(x);
    case VCH_LAYER_ADD:
    case VCH_LAYER_MULTIPLY:
    case VCH_LAYER_COMPARE:
    case VCH_LAYER_DIVIDE:
    case VCH_LAYER_AFFINE:
    case VCH_LAYER_CLAMP:
    case VCH_LAYER_FUNCTION:
    case VCH_LAYER_CONCAT:
    case VCH_LAYER_RESHAPE:
    case VCH_LAYER_TRANSPOSE:
    case VCH_LAYER_SLICE:
    case VCH_LAYER_PAD:
    case VCH_LAYER_GATHER:
    case VCH_LAYER_SOFTMAX: return count;
    case VCH_LAYER_NORMALISE: return 2 * count;
    }
    return count;
}

bool vch_layers_cover(uint32_t kernel[2], size_t size)
{
    for (uint32_t width = VCH_GRAPH_KERNEL_DIM_MAX; width > 0; width--)
        if (size % width == 0 && size / width <= VCH_GRAPH_KERNEL_DIM_MAX) {
            kernel[0] = (uint32_t)(size / width);
            kernel[1] = width;
            return true;
        }
    return false;
}
