// What results are made of: whole numbers stay whole as long as nothing but whole numbers joins in.
#include <math.h>

#include "import/integers.h"
#include "import/onnx_tensor.h"
#include "import/translate.h"

static bool has_whole_weights(const struct vch_translate *at, const struct vch_layer *layer)
{
    bool is_affine = layer->kind == VCH_LAYER_AFFINE;
    size_t count = layer->channels, weights = 0;

    if (is_affine) count = vch_network_count(vch_layers_shape(at->layers, layer->inputs[0]));
    weights = is_affine ? count : count * vch_layers_fan_in(at->layers, layer);
    return vch_integers_are(layer->weights, weights) && vch_integers_are(layer->bias, count);
}

static bool keeps_whole(const struct vch_layer *layer)
{
    enum vch_layer_function function = layer->function;

    if (function == VCH_LAYER_POWER) return layer->alpha >= 0 && layer->alpha == rint(layer->alpha);
    return function == VCH_LAYER_ABS || function == VCH_LAYER_CEIL || function == VCH_LAYER_FLOOR ||
           function == VCH_LAYER_ROUND || function == VCH_LAYER_TRUNCATE;
}

enum vch_network_type vch_translate_type_of(const struct vch_translate *at,
                                            const struct vch_layer *layer)
{
    enum vch_layer_kind kind = layer->kind;
    bool is_whole = true;

    if (layer->result != 0) return layer->result;
    if (kind == VCH_LAYER_GATHER) return at->network->values[layer->inputs[0]].type;
    if (kind == VCH_LAYER_ARGMAX || kind == VCH_LAYER_COMPARE) return VCH_NETWORK_INTEGER;
    for (uint32_t i = 0; i < layer->input_count; i++)
        is_whole &= at->network->values[layer->inputs[i]].type == VCH_NETWORK_INTEGER;
    if (kind == VCH_LAYER_AVERAGE_POOL || kind == VCH_LAYER_SOFTMAX || kind == VCH_LAYER_NORMALISE)
        is_whole = false;
    if (kind == VCH_LAYER_FUNCTION) is_whole = is_whole && keeps_whole(layer);
    if (kind == VCH_LAYER_AFFINE || kind == VCH_LAYER_LINEAR || kind == VCH_LAYER_CONVOLUTION)
        is_whole = is_whole && has_whole_weights(at, layer);
    return is_whole ? VCH_NETWORK_INTEGER : VCH_NETWORK_REAL;
}

int32_t vch_translate_element_of(const struct vch_translate *at, const struct vch_layer *layer)
{
    const struct vch_network_value *first = &at->network->values[layer->inputs[0]];

    if (layer->kind == VCH_LAYER_COMPARE) return VCH_ONNX_TENSOR_BOOL;
    if (layer->kind == VCH_LAYER_ARGMAX) return VCH_ONNX_TENSOR_INT64;
    return first->type == at->network->values[layer->output].type ? first->element : 0;
}
