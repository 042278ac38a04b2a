#include "import/simplify.h"

#include <math.h>
#include <string.h>

static bool has_clamp(const struct vch_layer *layer)
{
    return isfinite(layer->lo) || isfinite(layer->hi) || layer->grid > 0;
}

void vch_simplify_count_uses(uint32_t *uses, const struct vch_layers *layers)
{
    const struct vch_network *network = layers->network;

    memset(uses, 0, network->value_count * sizeof *uses);
    for (uint32_t i = 0; i < layers->count; i++)
        for (uint32_t j = 0; j < layers->layers[i].input_count; j++)
            uses[layers->layers[i].inputs[j]]++;
    for (uint32_t i = 0; i < network->output_count; i++)
        uses[network->outputs[i]]++;
}

struct vch_layer *vch_simplify_previous(const struct vch_simplify *at,
                                        const struct vch_layer *layer)
{
    uint32_t value = layer->inputs[0], index = at->producer[value];

    if (index == VCH_NONE || at->uses[value] != 1) return NULL;
    struct vch_layer *previous = &at->layers->layers[index];
    return has_clamp(previous) ? NULL : previous;
}

void vch_simplify_rewire(struct vch_simplify *at, struct vch_layer *layer, uint32_t value)
{
    at->uses[layer->inputs[0]]--;
    at->uses[value]++;
    layer->inputs[0] = value;
}

// A layer without operands is dead.
static bool is_dead(const struct vch_layer *layer)
{
    return layer->input_count == 0;
}

void vch_simplify_replace(struct vch_simplify *at, struct vch_layer *layer, uint32_t by)
{
    at->alias[layer->output] = by;
    at->uses[by] += at->uses[layer->output];
    at->uses[layer->output] = 0;
    for (uint32_t i = 0; i < layer->input_count; i++)
        at->uses[layer->inputs[i]]--;
    layer->input_count = 0;
}

void vch_simplify_absorb(struct vch_simplify *at, struct vch_layer *layer, uint32_t by)
{
    struct vch_network_value *values = at->layers->network->values;

    values[by].name = values[layer->output].name;
    vch_simplify_replace(at, layer, by);
}

// A transposition that moves only axes of size 1 leaves the order of elements alone.
static bool keeps_order(const struct vch_layers *layers, const struct vch_layer *layer)
{
    const struct vch_network_shape *from = vch_layers_shape(layers, layer->inputs[0]);
    uint32_t last = 0;

    for (uint32_t i = 0; i < from->rank; i++) {
        if (from->dims[layer->order[i]] == 1) continue;
        if (layer->order[i] < last) return false;
        last = layer->order[i];
    }
    return true;
}

// Whether a clamp to a grid has been made before: only moves stand between.
static bool is_repeated(const struct vch_simplify *at, const struct vch_layer *clamp)
{
    uint32_t index = at->producer[clamp->inputs[0]];

    while (index != VCH_NONE) {
        const struct vch_layer *layer = &at->layers->layers[index];
        bool moves =
            layer->kind == VCH_LAYER_RESHAPE || layer->kind == VCH_LAYER_TRANSPOSE ||
            layer->kind == VCH_LAYER_SLICE || layer->kind == VCH_LAYER_MAX_POOL ||
            (layer->kind == VCH_LAYER_PAD && layer->fill == 0 && clamp->lo <= 0 && clamp->hi >= 0);
        if (layer->grid == clamp->grid && layer->lo >= clamp->lo && layer->hi <= clamp->hi)
            return true;
        index = moves && !has_clamp(layer) ? at->producer[layer->inputs[0]] : VCH_NONE;
    }
    return false;
}

static bool drops_nothing(const struct vch_simplify *at, const struct vch_layer *layer)
{
    const struct vch_network_shape *from = vch_layers_shape(at->layers, layer->inputs[0]);
    const struct vch_network_shape *to = vch_layers_shape(at->layers, layer->output);
    bool moves = layer->kind == VCH_LAYER_RESHAPE || layer->kind == VCH_LAYER_PAD;

    if (layer->kind == VCH_LAYER_SLICE) {
        moves = true;
        for (uint32_t i = 0; i < from->rank; i++)
            moves = moves && layer->step[i] > 0;
    }
    if (layer->kind == VCH_LAYER_CLAMP)
        return !has_clamp(layer) || (layer->grid > 0 && is_repeated(at, layer));
    if (layer->kind == VCH_LAYER_CONCAT) return layer->input_count == 1;
    return moves && vch_network_same_shape(from, to);
}

static bool remove_moves(struct vch_simplify *at, struct vch_layer *layer)
{
    if (layer->kind == VCH_LAYER_TRANSPOSE && keeps_order(at->layers, layer)) {
        layer->kind = VCH_LAYER_RESHAPE;
        return true;
    }
    if (layer->kind == VCH_LAYER_RESHAPE && at->producer[layer->inputs[0]] != VCH_NONE) {
        const struct vch_layer *before = &at->layers->layers[at->producer[layer->inputs[0]]];
        if (before->kind == VCH_LAYER_RESHAPE) {
            vch_simplify_rewire(at, layer, before->inputs[0]);
            return true;
        }
    }
    if (at->uses[layer->output] == 0 || !drops_nothing(at, layer)) return false;
    vch_simplify_replace(at, layer, layer->inputs[0]);
    return true;
}

static bool takes_clamp(enum vch_layer_kind kind)
{
    switch (kind) {
    case VCH_LAYER_LINEAR:
    case VCH_LAYER_CONVOLUTION:
    case VCH_LAYER_MATMUL:
    case VCH_LAYER_ADD:
    case VCH_LAYER_MULTIPLY:
    case VCH_LAYER_COMPARE:
    case VCH_LAYER_DIVIDE:
    case VCH_LAYER_AFFINE:
    case VCH_LAYER_CLAMP:
    case VCH_LAYER_FUNCTION:
    case VCH_LAYER_AVERAGE_POOL: return true;
    case VCH_LAYER_MAX_POOL:
    case VCH_LAYER_CONCAT:
    case VCH_LAYER_RESHAPE:
    case VCH_LAYER_TRANSPOSE:
    case VCH_LAYER_SLICE:
    case VCH_LAYER_PAD:
    case VCH_LAYER_SOFTMAX:
    case VCH_LAYER_NORMALISE:
    case VCH_LAYER_GATHER:
    case VCH_LAYER_ARGMAX: return false;
    }
    return false;
}

static double within(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static bool fuse_clamp(struct vch_simplify *at, struct vch_layer *layer)
{
    uint32_t value = layer->inputs[0];

    if (layer->kind != VCH_LAYER_CLAMP || at->producer[value] == VCH_NONE || at->uses[value] != 1 ||
        at->uses[layer->output] == 0)
        return false;
    struct vch_layer *before = &at->layers->layers[at->producer[value]];
    if (!takes_clamp(before->kind)) return false;
    if (layer->grid > 0 && before->grid > 0) return false; // rounds twice
    if (layer->grid > 0) before->grid = layer->grid;
    before->lo = within(before->lo, layer->lo, layer->hi);
    before->hi = within(before->hi, layer->lo, layer->hi);
    vch_simplify_absorb(at, layer, value);
    return true;
}

// weights and bias of an AFFINE in the order that a transposition gives its elements.
static bool permute(struct vch_simplify *at, struct vch_layer *affine, const struct vch_layer *move)
{
    const struct vch_network_shape *from = vch_layers_shape(at->layers, move->inputs[0]);
    size_t count = vch_network_count(from), stride[VCH_NETWORK_RANK_MAX] = {0}, step = 1;
    double *weights = VCH_ARENA_NEW(at->layers->network->arena, double, count);
    double *bias = VCH_ARENA_NEW(at->layers->network->arena, double, count);

    if (weights == NULL || bias == NULL) at->status = VCH_FAIL(NO_MEMORY);
    if (weights == NULL || bias == NULL) return false;
    for (uint32_t i = from->rank; i-- > 0; step *= from->dims[i])
        stride[i] = step;
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, offset = 0;
        for (uint32_t axis = from->rank; axis-- > 0;) {
            uint32_t own = move->order[axis];
            offset += rest % from->dims[own] * stride[own];
            rest /= from->dims[own];
        }
        weights[i] = affine->weights[offset];
        bias[i] = affine->bias[offset];
    }
    affine->weights = weights;
    affine->bias = bias;
    return true;
}

// x -> AFFINE -> move becomes x -> move -> AFFINE, closer to weights that can take it up.
static bool sink_affine(struct vch_simplify *at, struct vch_layer *move)
{
    struct vch_layer *affine = NULL, moved;

    if (move->kind != VCH_LAYER_RESHAPE && move->kind != VCH_LAYER_TRANSPOSE) return false;
    affine = vch_simplify_previous(at, move);
    if (affine == NULL || affine->kind != VCH_LAYER_AFFINE) return false;
    if (move->kind == VCH_LAYER_TRANSPOSE && !permute(at, affine, move)) return false;
    uint32_t x = affine->inputs[0], middle = affine->output, y = move->output;
    struct vch_network_value *values = at->layers->network->values;
    values[middle].shape = values[y].shape;
    values[middle].type = values[x].type; // a cast sinks as well
    values[middle].element = values[x].element;
    moved = *move;
    *move = *affine;
    *affine = moved;
    affine->inputs[0] = x;
    affine->output = middle;
    move->inputs[0] = middle;
    move->output = y;
    return true;
}

static bool step(struct vch_simplify *at, struct vch_layer *layer)
{
    if (is_dead(layer)) return false;
    return remove_moves(at, layer) || fuse_clamp(at, layer) || sink_affine(at, layer) ||
           vch_simplify_after(at, layer) || vch_simplify_before(at, layer) ||
           vch_simplify_merge_linear(at, layer);
}

static void survey(struct vch_simplify *at)
{
    const struct vch_network *network = at->layers->network;

    vch_simplify_count_uses(at->uses, at->layers);
    for (uint32_t i = 0; i < network->value_count; i++)
        at->alias[i] = i;
    memset(at->producer, 0xff, network->value_count * sizeof *at->producer); // VCH_NONE
    for (uint32_t i = 0; i < at->layers->count; i++)
        at->producer[at->layers->layers[i].output] = i;
}

// Layers come in order, and only the outputs of those already visited have been replaced, by what
// is final: one look finds what a value has become.
static void resolve(const struct vch_simplify *at, uint32_t *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        values[i] = at->alias[values[i]];
}

// Removes layers whose result nobody reads, last first; true where any went.
static bool remove_dead(struct vch_simplify *at)
{
    struct vch_layers *layers = at->layers;
    uint32_t kept = layers->count;

    for (uint32_t i = layers->count; i-- > 0;) {
        struct vch_layer *layer = &layers->layers[i];
        if (at->uses[layer->output] > 0) {
            layers->layers[--kept] = *layer;
            continue;
        }
        for (uint32_t j = 0; j < layer->input_count; j++)
            at->uses[layer->inputs[j]]--;
    }
    if (kept == 0) return false;
    memmove(layers->layers, layers->layers + kept, (layers->count - kept) * sizeof *layers->layers);
    layers->count -= kept;
    return true;
}

// One walk over all layers: what a change does to its neighbours is kept up to date as it goes.
static vch_status sweep(struct vch_simplify *at, bool *changed)
{
    struct vch_network *network = at->layers->network;

    *changed = false;
    survey(at);
    for (uint32_t i = 0; i < at->layers->count && vch_is_ok(at->status); i++) {
        struct vch_layer *layer = &at->layers->layers[i];
        resolve(at, layer->inputs, layer->input_count);
        while (vch_is_ok(at->status) && step(at, layer))
            *changed = true;
    }
    resolve(at, network->outputs, network->output_count);
    *changed = remove_dead(at) || *changed;
    return at->status;
}

vch_status vch_simplify_layers(struct vch_layers *layers)
{
    struct vch_arena *arena = layers->network->arena;
    struct vch_simplify at = {
        .layers = layers,
        .uses = VCH_ARENA_NEW(arena, uint32_t, layers->network->value_count),
        .alias = VCH_ARENA_NEW(arena, uint32_t, layers->network->value_count),
        .producer = VCH_ARENA_NEW(arena, uint32_t, layers->network->value_count),
        .status = VCH_OK,
    };
    bool changed = true;

    if (at.uses == NULL || at.alias == NULL || at.producer == NULL) return VCH_FAIL(NO_MEMORY);
    while (changed)
        VCH_TRY(sweep(&at, &changed));
    return VCH_OK;
}
