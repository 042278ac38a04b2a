#include "import/evaluate.h"

#include <math.h>
#include <string.h>

#include "import/composite.h"
#include "import/evaluate_convolution.h"
#include "import/evaluate_parts.h"
#include "import/evaluate_window.h"

#define SCRATCH_SMALL 65536 // lists of operands, and alignment

// Halves to even, as ONNX has it.
static void round_to(double *out, double grid, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = grid * rint(out[i] / grid);
}

static void clamp(double *out, const struct vch_layer *layer, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = out[i] < layer->lo ? layer->lo : out[i] > layer->hi ? layer->hi : out[i];
}

static vch_status compute(double *out, const struct vch_layers *layers,
                          const struct vch_layer *layer, const double *const *inputs,
                          struct vch_arena *scratch)
{
    const size_t count = vch_network_count(vch_layers_shape(layers, layer->output));
    const double *x = inputs[0];

    switch (layer->kind) {
    case VCH_LAYER_CONVOLUTION: return vch_evaluate_convolution_run(out, layers, layer, x, scratch);
    case VCH_LAYER_LINEAR: vch_evaluate_parts_linear(out, layers, layer, inputs); break;
    case VCH_LAYER_MATMUL: vch_evaluate_parts_matmul(out, layers, layer, inputs); break;
    case VCH_LAYER_ADD:
    case VCH_LAYER_MULTIPLY:
    case VCH_LAYER_COMPARE:
    case VCH_LAYER_DIVIDE: vch_evaluate_parts_pairs(out, layers, layer, inputs); break;
    case VCH_LAYER_AFFINE: vch_evaluate_parts_affine(out, layers, layer, inputs); break;
    case VCH_LAYER_CLAMP:
    case VCH_LAYER_RESHAPE: memcpy(out, x, count * sizeof *out); break;
    case VCH_LAYER_FUNCTION:
        for (size_t i = 0; i < count; i++)
            out[i] = vch_composite_layer(layer, x[i]);
        break;
    case VCH_LAYER_MAX_POOL:
    case VCH_LAYER_AVERAGE_POOL: vch_evaluate_window_pool(out, layers, layer, x); break;
    case VCH_LAYER_CONCAT: vch_evaluate_parts_concat(out, layers, layer, inputs); break;
    case VCH_LAYER_TRANSPOSE: vch_evaluate_parts_transpose(out, layers, layer, inputs); break;
    case VCH_LAYER_SLICE: vch_evaluate_parts_slice(out, layers, layer, inputs); break;
    case VCH_LAYER_PAD: vch_evaluate_parts_pad(out, layers, layer, inputs); break;
    case VCH_LAYER_SOFTMAX: vch_evaluate_parts_softmax(out, layers, layer, inputs); break;
    case VCH_LAYER_NORMALISE: vch_evaluate_parts_normalise(out, layers, layer, inputs); break;
    case VCH_LAYER_ARGMAX: vch_evaluate_parts_argmax(out, layers, layer, inputs); break;
    case VCH_LAYER_GATHER: vch_evaluate_parts_gather(out, layers, layer, inputs); break;
    }
    return VCH_OK;
}

vch_status vch_evaluate_layer(double *output, const struct vch_layers *layers,
                              const struct vch_layer *layer, const double *const *inputs,
                              struct vch_arena *scratch)
{
    const size_t count = vch_network_count(vch_layers_shape(layers, layer->output));

    VCH_TRY(compute(output, layers, layer, inputs, scratch));
    if (isfinite(layer->lo) || isfinite(layer->hi)) clamp(output, layer, count);
    if (layer->grid > 0) round_to(output, layer->grid, count);
    return VCH_OK;
}

vch_status vch_evaluate_all(double *const *values, const struct vch_layers *layers,
                            struct vch_arena *scratch)
{
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct vch_layer *layer = &layers->layers[i];
        struct vch_arena_mark mark = vch_arena_mark(scratch);
        const double **inputs = VCH_ARENA_NEW(scratch, const double *, layer->input_count);
        if (inputs == NULL) return VCH_FAIL(NO_MEMORY);
        for (uint32_t j = 0; j < layer->input_count; j++)
            inputs[j] = values[layer->inputs[j]];
        VCH_TRY(vch_evaluate_layer(values[layer->output], layers, layer, inputs, scratch));
        vch_arena_rewind(scratch, mark);
    }
    return VCH_OK;
}

size_t vch_evaluate_scratch(const struct vch_layers *layers)
{
    size_t most = 0;

    for (uint32_t i = 0; i < layers->count; i++) {
        const struct vch_layer *layer = &layers->layers[i];
        size_t size = layer->kind == VCH_LAYER_CONVOLUTION
                          ? vch_evaluate_convolution_scratch(layers, layer)
                          : 0;
        most = size > most ? size : most;
    }
    return most + SCRATCH_SMALL;
}

static vch_status new_buffer(double **buffer, const struct vch_network_value *value,
                             struct vch_arena *arena)
{
    size_t count = vch_network_count(&value->shape);

    if (*buffer != NULL) return VCH_OK;
    *buffer = VCH_ARENA_NEW(arena, double, count);
    if (*buffer == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; value->constant != NULL && i < count; i++)
        (*buffer)[i] = value->constant->type == VCH_NETWORK_REAL
                           ? (double)value->constant->reals[i]
                           : (double)value->constant->integers[i];
    return VCH_OK;
}

vch_status vch_evaluate_buffers(double ***out, const struct vch_layers *layers,
                                struct vch_arena *arena)
{
    const struct vch_network *network = layers->network;
    double **buffers = VCH_ARENA_NEW(arena, double *, network->value_count);

    if (buffers == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < network->input_count; i++) {
        uint32_t value = network->inputs[i];
        VCH_TRY(new_buffer(&buffers[value], &network->values[value], arena));
    }
    for (uint32_t i = 0; i < network->output_count; i++) { // constants may leave the model
        uint32_t value = network->outputs[i];
        VCH_TRY(new_buffer(&buffers[value], &network->values[value], arena));
    }
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct vch_layer *layer = &layers->layers[i];
        for (uint32_t j = 0; j < layer->input_count; j++)
            VCH_TRY(
                new_buffer(&buffers[layer->inputs[j]], &network->values[layer->inputs[j]], arena));
        VCH_TRY(new_buffer(&buffers[layer->output], &network->values[layer->output], arena));
    }
    *out = buffers;
    return VCH_OK;
}
