// Real numbers in int32, where their differences count and int16's steps would swallow them.
//
// What a softmax reads, and the operands of a sum that cancel, need steps of a certain size; moves
// and sums hand that need on to what they read. A value whose steps in int16 would be larger gets
// int32 if it can have finer ones: inputs, and sums of something finer. Products, averages and
// tables cannot: their operands or multipliers have 16 bits at most. For that reason, too, only
// what has one scale cancels: elements of one value, moved or picked.
#include "import/calibrate_wide.h"

#include <math.h>

#define HEADROOM 1.5    // what the caller's numbers may grow beyond the samples by
#define RANGE_BITS 30   // of the range, in int32
#define STEP_MAX 0x1p-5 // of what a softmax reads: e to the power of half of it is 1.6 % off
#define SUM_STEPS \
    340.0 // that a sum's range has of its operands' at least: they are 64 times larger

struct need {
    double step;     // the largest that will do; infinite where any will
    bool is_blocked; // another scale or type than it has would be wrong for what reads it
    uint32_t root;   // the value whose elements these are
};

struct survey {
    struct vch_calibration *at;
    const struct vch_layers *layers;
    const struct vch_calibrate_rows *rows;
    struct need *needs; // per value of the network
};

// Elements move, are picked or cut off: type and scale are the operand's.
static bool is_move(const struct vch_layer *layer)
{
    static const enum vch_layer_kind kinds[] = {
        VCH_LAYER_RESHAPE, VCH_LAYER_TRANSPOSE, VCH_LAYER_SLICE, VCH_LAYER_MAX_POOL,
        VCH_LAYER_PAD,     VCH_LAYER_GATHER,    VCH_LAYER_CLAMP,
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (layer->kind == kinds[i]) return true;
    return false;
}

// Of one value's elements, and not small because a clamp or a mask cut something off.
static bool is_difference(const struct survey *survey, const struct vch_layer *layer)
{
    const uint32_t *x = layer->inputs;

    return layer->kind == VCH_LAYER_ADD && layer->lo == -INFINITY && layer->hi == INFINITY &&
           survey->rows[layer->output].length == 0 &&
           layer->coefficients[0] == -layer->coefficients[1] &&
           survey->needs[x[0]].root == survey->needs[x[1]].root;
}

static double step_for(const struct survey *survey, const struct vch_layer *layer, uint32_t i)
{
    double step = survey->needs[layer->output].step;
    double largest = survey->at->values[layer->output].largest;

    if (layer->kind == VCH_LAYER_SOFTMAX) return STEP_MAX;
    if (is_move(layer)) return step;
    if (layer->kind != VCH_LAYER_ADD) return INFINITY;
    if (is_difference(survey, layer) && largest >= 1e-30) step = fmin(step, largest / SUM_STEPS);
    return step / fabs(layer->coefficients[i]);
}

static void ask(struct survey *survey, const struct vch_layer *layer)
{
    struct need *needs = survey->needs;
    bool is_blocked = layer->kind == VCH_LAYER_COMPARE || layer->grid > 0 ||
                      (is_move(layer) && needs[layer->output].is_blocked);

    for (uint32_t i = 0; i < layer->input_count; i++) {
        struct need *need = &needs[layer->inputs[i]];
        need->step = fmin(need->step, step_for(survey, layer, i));
        need->is_blocked = need->is_blocked || is_blocked;
    }
}

static bool wants(const struct survey *survey, uint32_t value)
{
    const struct need *need = &survey->needs[value];

    return !need->is_blocked && HEADROOM * survey->at->values[value].largest / 32767 > need->step;
}

static void widen(struct vch_calibrate_value *value)
{
    value->scale_int16 = HEADROOM * value->largest / 32767;
    value->scale = ldexp(HEADROOM * value->largest, -RANGE_BITS);
    value->scale_narrow = value->scale_wide = 0; // there is no choice
    value->type = VCH_TYPE_I32;
}

// Whole numbers and a file's own in int32 are left alone: their steps may be too large beside ours.
static bool has_finer_operand(const struct survey *survey, const struct vch_layer *layer)
{
    double step = survey->needs[layer->output].step;
    bool is_any = false;

    for (uint32_t i = 0; i < layer->input_count; i++) {
        const struct vch_calibrate_value *x = &survey->at->values[layer->inputs[i]];
        if (x->type == VCH_TYPE_I32 && x->scale_int16 == 0) return false;
        if (x->scale > 0 && x->scale * fabs(layer->coefficients[i]) <= step) is_any = true;
    }
    return is_any;
}

static void widen_result(struct survey *survey, const struct vch_layer *layer)
{
    const struct vch_calibrate_value *x = &survey->at->values[layer->inputs[0]];
    struct vch_calibrate_value *y = &survey->at->values[layer->output];

    if (is_move(layer) && x->scale_int16 > 0) {
        y->type = x->type;
        y->scale = x->scale;
        y->scale_int16 = x->scale_int16;
        y->scale_narrow = y->scale_wide = 0;
    }
    if (layer->kind == VCH_LAYER_ADD && wants(survey, layer->output) &&
        has_finer_operand(survey, layer))
        widen(y);
}

// Nobody asks for anything yet; whole numbers, and what a quantised model's file or a recurrent
// layer gives a scale, stay as they are.
static void start(struct survey *survey)
{
    const struct vch_network *network = survey->layers->network;
    struct need *needs = survey->needs;

    for (uint32_t i = 0; i < network->value_count; i++) {
        const struct vch_network_value *value = &network->values[i];
        bool is_fixed = value->type != VCH_NETWORK_REAL || value->grid != NULL;
        needs[i] = (struct need){INFINITY, is_fixed, i};
    }
    for (uint32_t i = 0; i < survey->layers->count; i++) {
        const struct vch_layer *layer = &survey->layers->layers[i];
        if (layer->tie != 0 || layer->grid > 0) needs[layer->output].is_blocked = true;
        if (is_move(layer)) needs[layer->output].root = needs[layer->inputs[0]].root;
    }
}

vch_status vch_calibrate_widen(struct vch_calibration *at, const struct vch_layers *layers,
                               const struct vch_calibrate_rows *rows, struct vch_arena *scratch)
{
    const struct vch_network *network = layers->network;
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    struct survey survey = {at, layers, rows,
                            VCH_ARENA_NEW(scratch, struct need, network->value_count)};

    if (survey.needs == NULL) return VCH_FAIL(NO_MEMORY);
    start(&survey);
    for (uint32_t i = layers->count; i-- > 0;)
        ask(&survey, &layers->layers[i]);
    for (uint32_t i = 0; i < network->input_count; i++)
        if (wants(&survey, network->inputs[i])) widen(&at->values[network->inputs[i]]);
    for (uint32_t i = 0; i < layers->count; i++)
        widen_result(&survey, &layers->layers[i]);
    vch_arena_rewind(scratch, mark);
    return VCH_OK;
}
