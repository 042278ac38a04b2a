#include "import/quantised.h"

#include <math.h>

#include "import/onnx_tensor.h"

// What a value's readers and writers say of it.
struct facts {
    double grid, lo, hi; // 0 where nothing rounds it
    uint32_t readers, rounders;
    bool is_counted; // its integers are read
};

static bool keeps_scale(const struct vch_layer *layer)
{
    return layer->kind == VCH_LAYER_RESHAPE || layer->kind == VCH_LAYER_TRANSPOSE ||
           layer->kind == VCH_LAYER_SLICE || layer->kind == VCH_LAYER_MAX_POOL ||
           (layer->kind == VCH_LAYER_PAD && layer->fill == 0);
}

// From the last layer on, so that counting is seen through what only moves elements.
static void note_reader(struct facts *facts, const struct vch_network *network,
                        const struct vch_layer *layer, uint32_t value)
{
    struct facts *of = &facts[value];
    bool is_counting = layer->grid == 1 && layer->kind == VCH_LAYER_AFFINE &&
                       network->values[layer->output].type == VCH_NETWORK_INTEGER;

    of->readers++;
    if (is_counting || (keeps_scale(layer) && facts[layer->output].is_counted))
        of->is_counted = true;
    if (layer->kind != VCH_LAYER_CLAMP || layer->grid == 0) return;
    if (of->rounders > 0 && (of->grid != layer->grid || of->lo != layer->lo || of->hi != layer->hi))
        return;
    of->rounders++;
    of->grid = layer->grid;
    of->lo = layer->lo;
    of->hi = layer->hi;
    of->is_counted = of->is_counted || facts[layer->output].is_counted;
}

static vch_status gather(struct facts **out, const struct vch_layers *layers,
                         struct vch_arena *arena)
{
    const struct vch_network *network = layers->network;
    struct facts *facts = VCH_ARENA_NEW(arena, struct facts, network->value_count);

    if (facts == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = layers->count; i-- > 0;)
        for (uint32_t j = 0; j < layers->layers[i].input_count; j++)
            note_reader(facts, network, &layers->layers[i], layers->layers[i].inputs[j]);
    *out = facts;
    return VCH_OK;
}

static void fix(struct vch_calibrate_value *value, double grid, double lo, double hi,
                bool is_counted)
{
    double least = rint(lo / grid), most = rint(hi / grid), spare = is_counted ? 0 : 1;

    value->scale = grid;
    value->scale_narrow = value->scale_wide = 0; // there is no choice
    value->type = VCH_TYPE_I32;
    if (least >= -32767 - spare && most <= 32767) value->type = VCH_TYPE_I16;
    if (least >= -127 - spare && most <= 127) value->type = VCH_TYPE_I8;
}

static bool is_rounded_input(const struct facts *of)
{
    return of->rounders > 0 && of->rounders == of->readers;
}

vch_status vch_quantised_fix(struct vch_calibration *at, const struct vch_layers *layers,
                             struct vch_arena *scratch)
{
    const struct vch_network *network = layers->network;
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    struct facts *facts = NULL;

    VCH_TRY(gather(&facts, layers, scratch));
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct vch_layer *layer = &layers->layers[i];
        if (layer->grid > 0 && network->values[layer->output].type == VCH_NETWORK_REAL)
            fix(&at->values[layer->output], layer->grid, layer->lo, layer->hi,
                facts[layer->output].is_counted);
    }
    for (uint32_t i = 0; i < network->input_count; i++) {
        uint32_t value = network->inputs[i];
        const struct facts *of = &facts[value];
        if (is_rounded_input(of)) fix(&at->values[value], of->grid, of->lo, of->hi, of->is_counted);
    }
    vch_arena_rewind(scratch, mark);
    return VCH_OK;
}

// Whether the layer's result has a scale that no sample decides.
static bool has_scale(const struct vch_layers *layers, const struct vch_layer *layer)
{
    const struct vch_network_value *x = &layers->network->values[layer->inputs[0]];

    if (layer->grid > 0 || keeps_scale(layer)) return true;
    if (layers->network->values[layer->output].type == VCH_NETWORK_INTEGER) return true;
    return layer->kind == VCH_LAYER_AFFINE && x->type == VCH_NETWORK_INTEGER;
}

vch_status vch_quantised_is_complete(bool *out, const struct vch_layers *layers,
                                     struct vch_arena *scratch)
{
    const struct vch_network *network = layers->network;
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    struct facts *facts = NULL;

    VCH_TRY(gather(&facts, layers, scratch));
    *out = true;
    for (uint32_t i = 0; i < layers->count; i++)
        *out = *out && has_scale(layers, &layers->layers[i]);
    for (uint32_t i = 0; i < network->input_count; i++) {
        const struct vch_network_value *value = &network->values[network->inputs[i]];
        bool is_byte = value->element == VCH_ONNX_TENSOR_UINT8 ||
                       value->element == VCH_ONNX_TENSOR_INT8 ||
                       value->element == VCH_ONNX_TENSOR_BOOL;
        *out = *out && (is_byte || is_rounded_input(&facts[network->inputs[i]]));
    }
    vch_arena_rewind(scratch, mark);
    return VCH_OK;
}
