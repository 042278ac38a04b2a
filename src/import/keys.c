#include "import/keys.h"

#include <math.h>
#include <string.h>

#include "import/simplify.h"
#include "model/trees.h"

int32_t vch_keys_of(double real)
{
    float rounded = (float)real; // as it is in the file
    uint32_t bits = 0;

    memcpy(&bits, &rounded, sizeof bits);
    return vch_trees_key(bits);
}

static bool is_move(const struct vch_layer *layer)
{
    if (isfinite(layer->lo) || isfinite(layer->hi) || layer->grid > 0) return false;
    return layer->kind == VCH_LAYER_RESHAPE || layer->kind == VCH_LAYER_TRANSPOSE ||
           layer->kind == VCH_LAYER_SLICE || layer->kind == VCH_LAYER_CONCAT ||
           layer->kind == VCH_LAYER_GATHER || (layer->kind == VCH_LAYER_PAD && layer->fill == 0);
}

// Operands of which a layer takes nothing but the order: indices are none.
static uint32_t ordered_count(const struct vch_layer *layer)
{
    if (layer->kind == VCH_LAYER_GATHER) return 1;
    return layer->kind == VCH_LAYER_COMPARE || is_move(layer) ? layer->input_count : 0;
}

// Everything that may hold keys, until a reader is found that needs more.
static void suppose(bool *is_key, const struct vch_layers *layers)
{
    const struct vch_network *network = layers->network;

    for (uint32_t i = 0; i < network->input_count; i++)
        is_key[network->inputs[i]] = network->values[network->inputs[i]].type == VCH_NETWORK_REAL;
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct vch_layer *layer = &layers->layers[i];
        is_key[layer->output] =
            is_move(layer) && network->values[layer->output].type == VCH_NETWORK_REAL;
    }
    for (uint32_t i = 0; i < network->output_count; i++)
        is_key[network->outputs[i]] = false;
}

static bool withdraw(bool *is_key, uint32_t value)
{
    bool was_key = is_key[value];

    is_key[value] = false;
    return was_key;
}

// Whether the layer shows something not to be keys that was supposed to.
static bool visit(bool *is_key, const struct vch_network *network, const struct vch_layer *layer)
{
    uint32_t ordered = ordered_count(layer);
    bool agrees = layer->kind == VCH_LAYER_COMPARE || is_key[layer->output], changes = false;

    for (uint32_t i = 0; i < ordered; i++) {
        const struct vch_network_value *value = &network->values[layer->inputs[i]];
        bool is_constant = value->constant != NULL && value->type == VCH_NETWORK_REAL;
        agrees = agrees && (is_constant || is_key[layer->inputs[i]]);
    }
    for (uint32_t i = agrees ? ordered : 0; i < layer->input_count; i++)
        changes = withdraw(is_key, layer->inputs[i]) || changes;
    if (!agrees) changes = withdraw(is_key, layer->output) || changes;
    return changes;
}

vch_status vch_keys_find(bool **out, const struct vch_layers *layers, struct vch_arena *arena)
{
    const struct vch_network *network = layers->network;
    bool *is_key = VCH_ARENA_NEW(arena, bool, network->value_count), changes = true;
    uint32_t *uses = VCH_ARENA_NEW(arena, uint32_t, network->value_count);

    if (is_key == NULL || uses == NULL) return VCH_FAIL(NO_MEMORY);
    suppose(is_key, layers);
    while (changes) { // at most once per value: each round withdraws one
        changes = false;
        for (uint32_t i = layers->count; i-- > 0;)
            changes = visit(is_key, network, &layers->layers[i]) || changes;
        for (uint32_t i = 0; i < layers->count; i++)
            changes = visit(is_key, network, &layers->layers[i]) || changes;
    }
    vch_simplify_count_uses(uses, layers);
    for (uint32_t i = 0; i < network->value_count; i++)
        if (uses[i] == 0) is_key[i] = false; // nobody compares it
    *out = is_key;
    return VCH_OK;
}
