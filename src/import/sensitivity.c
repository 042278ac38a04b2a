#include "import/sensitivity.h"

#include <math.h>
#include <stdlib.h>

#include "import/lower.h"

#define LOSS_WANTED 0.1   // points, of 16-bit models where nothing is demanded
#define RESERVE 0.5       // of a demand is aimed at: other samples may lose more than these
#define GROUPS_MAX 256    // changes that are measured together, in a model of many layers
#define SAMPLES_MAX 64    // for measuring one change
#define WORK_MAX 0x1p36   // multiplications for measuring all of them
#define SMALL_WORK 0x1p16 // of one sample: below, 16-bit models get all that helps

// One tensor with more bits.
struct change {
    uint32_t value;          // whose activations become int16; or VCH_NONE:
    struct vch_layer *layer; // whose weights get a second row
};

// Changes that are made together.
struct group {
    uint32_t first, count; // changes
    double gain;           // noise that goes away
    double work;           // multiplications that it adds, roughly
};

struct search {
    struct vch_calibration *calibration;
    struct vch_layers *layers;
    const struct vch_import_options *options;
    struct vch_measure measure;
    struct change *changes;
    struct group *groups; // the most rewarding first, once ranked
    uint32_t change_count, group_count;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

// What is known of one choice.
struct outcome {
    struct vch_measure_loss loss;
    uint64_t size; // bytes of parameters and tables
};

static uint64_t size_of(const struct vch_graph *graph)
{
    uint64_t size = 0;

    for (uint32_t i = 0; i < graph->parameter_count; i++)
        size += vch_tensor_shape_count(&graph->parameters[i].shape) *
                vch_tensor_type_size(graph->parameters[i].type);
    for (uint32_t i = 0; i < graph->table_count; i++)
        size += (graph->tables[i].input == VCH_TYPE_I8 ? 256u : 65536u) *
                vch_tensor_type_size(graph->tables[i].output);
    return size;
}

static vch_status try_out(struct outcome *out, struct search *at, size_t samples)
{
    struct vch_arena_mark mark = vch_arena_mark(at->arena);
    struct vch_lower_value *map = NULL;
    struct vch_graph *graph = NULL;

    VCH_TRY(vch_lower_layers(&graph, &map, at->layers, at->calibration, at->arena, at->complaint));
    out->size = size_of(graph);
    VCH_TRY(vch_measure_run(&out->loss, &at->measure, graph, samples, at->arena, at->complaint));
    vch_arena_rewind(at->arena, mark);
    return VCH_OK;
}

static void apply(struct search *at, const struct group *group, bool is_on)
{
    for (uint32_t i = group->first; i < group->first + group->count; i++) {
        const struct change *change = &at->changes[i];
        if (change->value == VCH_NONE) {
            change->layer->has_two_rows = is_on;
            continue;
        }
        struct vch_calibrate_value *value = &at->calibration->values[change->value];
        value->type = is_on ? VCH_TYPE_I16 : VCH_TYPE_I8;
        value->scale = is_on ? value->scale_wide : value->scale_narrow;
    }
}

// The first `count` groups and no others.
static void apply_first(struct search *at, uint32_t count)
{
    for (uint32_t i = 0; i < at->group_count; i++)
        apply(at, &at->groups[i], i < count);
}

static bool has_weights(const struct vch_layer *layer)
{
    return layer->kind == VCH_LAYER_LINEAR || layer->kind == VCH_LAYER_CONVOLUTION;
}

// Elements that only move keep their operand's type.
static bool keeps_type(const struct vch_layer *layer)
{
    static const enum vch_layer_kind kinds[] = {
        VCH_LAYER_CLAMP, VCH_LAYER_MAX_POOL, VCH_LAYER_RESHAPE, VCH_LAYER_TRANSPOSE,
        VCH_LAYER_SLICE, VCH_LAYER_PAD,      VCH_LAYER_GATHER,  VCH_LAYER_ARGMAX,
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (layer->kind == kinds[i]) return true;
    return false;
}

static void add_value(struct search *at, uint32_t value)
{
    const struct vch_calibrate_value *of = &at->calibration->values[value];

    if (of->type == VCH_TYPE_I8 && of->scale_narrow > 0 && of->scale_wide > 0)
        at->changes[at->change_count++] = (struct change){.value = value};
}

static vch_status list_changes(struct search *at)
{
    const struct vch_network *network = at->layers->network;
    size_t most = (size_t)network->input_count + 2 * (size_t)at->layers->count;

    at->changes = VCH_ARENA_NEW(at->arena, struct change, most);
    if (at->changes == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < network->input_count; i++)
        add_value(at, network->inputs[i]);
    for (uint32_t i = 0; i < at->layers->count; i++) {
        struct vch_layer *layer = &at->layers->layers[i];
        if (layer->tie != 0) continue; // shared by several layers
        if (has_weights(layer) && !layer->has_two_rows && layer->scales == NULL)
            at->changes[at->change_count++] = (struct change){.value = VCH_NONE, .layer = layer};
        if (!keeps_type(layer)) add_value(at, layer->output);
    }
    return VCH_OK;
}

// Multiplications that a change makes dearer: the layer's own, or those of who reads the value.
static double work_of(const struct search *at, const struct change *change)
{
    double work = 0;

    if (change->value == VCH_NONE) return vch_layers_work(at->layers, change->layer);
    for (uint32_t i = 0; i < at->layers->count; i++)
        for (uint32_t j = 0; j < at->layers->layers[i].input_count; j++)
            if (at->layers->layers[i].inputs[j] == change->value)
                work += vch_layers_work(at->layers, &at->layers->layers[i]);
    return work;
}

static vch_status group_changes(struct search *at)
{
    uint32_t each = (at->change_count + GROUPS_MAX - 1) / GROUPS_MAX;

    at->groups = VCH_ARENA_NEW(at->arena, struct group, GROUPS_MAX);
    if (at->groups == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t first = 0; first < at->change_count; first += each) {
        struct group *group = &at->groups[at->group_count++];
        uint32_t left = at->change_count - first;
        *group = (struct group){.first = first, .count = left < each ? left : each, .work = 1};
        for (uint32_t i = first; i < first + group->count; i++)
            group->work += work_of(at, &at->changes[i]);
    }
    return VCH_OK;
}

static double work_of_sample(const struct search *at)
{
    double work = 1;

    for (uint32_t i = 0; i < at->layers->count; i++)
        work += vch_layers_work(at->layers, &at->layers->layers[i]);
    return work;
}

// Points that may be lost: a demand, or what makes no difference.
static double wanted_points(const struct search *at)
{
    if (at->options->has_loss_max) return at->options->loss_max;
    return work_of_sample(at) < SMALL_WORK ? 0 : LOSS_WANTED;
}

// As many samples as the work allows, two at least.
static size_t samples_for(const struct search *at)
{
    double work = work_of_sample(at);
    size_t count = SAMPLES_MAX;

    while (count > 2 && work * (double)count * at->group_count > WORK_MAX)
        count /= 2;
    return count < at->measure.count ? count : at->measure.count;
}

static int by_reward(const void *a, const void *b)
{
    const struct group *one = a, *other = b;
    double reward = one->gain / one->work, reward_other = other->gain / other->work;

    if (reward != reward_other) return reward > reward_other ? -1 : 1;
    return one->first < other->first ? -1 : 1;
}

// The gain of every group alone.
static vch_status measure_gains(struct search *at)
{
    size_t samples = samples_for(at);
    struct outcome base = {0}, changed = {0};

    VCH_TRY(try_out(&base, at, samples));
    for (uint32_t i = 0; i < at->group_count; i++) {
        struct group *group = &at->groups[i];
        apply(at, group, true);
        VCH_TRY(try_out(&changed, at, samples));
        apply(at, group, false);
        group->gain = base.loss.noise - changed.loss.noise;
    }
    return VCH_OK;
}

static bool fits(const struct search *at, const struct outcome *outcome)
{
    return at->options->size_max == 0 || outcome->size <= at->options->size_max;
}

static vch_status try_first(struct outcome *out, struct search *at, uint32_t count)
{
    apply_first(at, count);
    return try_out(out, at, at->measure.count);
}

// The most groups whose size fits.
static vch_status find_largest(uint32_t *count, struct search *at)
{
    struct outcome outcome = {0};
    uint32_t low = 0, high = at->group_count;

    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        VCH_TRY(try_first(&outcome, at, middle));
        if (fits(at, &outcome))
            low = middle;
        else
            high = middle - 1;
    }
    *count = low;
    return VCH_OK;
}

// The fewest groups, `most` at most, that lose no more than `wanted` points.
static vch_status find_smallest(uint32_t *count, struct search *at, uint32_t most, double wanted)
{
    struct outcome outcome = {0};
    uint32_t low = 0, high = most;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        VCH_TRY(try_first(&outcome, at, middle));
        if (outcome.loss.points <= wanted)
            high = middle;
        else
            low = middle + 1;
    }
    *count = low;
    return VCH_OK;
}

// Of the first `count` groups, which are on, those that later ones have made needless go again.
static vch_status prune(struct search *at, uint32_t count, double wanted)
{
    struct outcome outcome = {0};

    if (work_of_sample(at) * (double)at->measure.count * count > WORK_MAX) return VCH_OK;
    for (uint32_t i = count; i-- > 0;) {
        apply(at, &at->groups[i], false);
        VCH_TRY(try_out(&outcome, at, at->measure.count));
        if (outcome.loss.points > wanted) apply(at, &at->groups[i], true);
    }
    return VCH_OK;
}

static vch_status refuse_loss(const struct search *at, const struct outcome *best)
{
    return vch_complain(
        at->complaint, VCH_CODE_LIMIT,
        "at best %.3g points are lost%s, %.3g are allowed; more calibration "
        "samples%s may help",
        best->loss.points, at->options->size_max > 0 ? " within the allowed size" : "",
        at->options->loss_max, at->options->size_max > 0 ? " or a larger size" : "");
}

static vch_status search(struct search *at, const struct outcome *base)
{
    const struct vch_import_options *options = at->options;
    double wanted = wanted_points(at);
    bool has_target = options->has_loss_max || options->size_max == 0;
    struct outcome best = {0};
    uint32_t count = 0;

    VCH_TRY(list_changes(at));
    VCH_TRY(group_changes(at));
    VCH_TRY(measure_gains(at));
    qsort(at->groups, at->group_count, sizeof *at->groups, by_reward);
    count = at->group_count;
    if (options->size_max > 0) VCH_TRY(find_largest(&count, at));
    if (has_target) {
        VCH_TRY(try_first(&best, at, count));
        if (best.loss.points <= wanted) {
            wanted = fmax(best.loss.points, RESERVE * wanted);
            VCH_TRY(find_smallest(&count, at, count, wanted));
            apply_first(at, count);
            return prune(at, count, wanted);
        }
        if (options->has_loss_max) return refuse_loss(at, &best);
        if (best.loss.noise >= base->loss.noise) count = 0;
    }
    apply_first(at, count);
    return VCH_OK;
}

vch_status vch_sensitivity_choose(struct vch_calibration *calibration, struct vch_layers *layers,
                                  const struct vch_import_options *options, struct vch_arena *arena,
                                  struct vch_complaint *complaint)
{
    struct search at = {
        .calibration = calibration,
        .layers = layers,
        .options = options,
        .arena = arena,
        .complaint = complaint,
    };
    bool is_demanded = options->has_loss_max || options->size_max > 0;
    double wanted = wanted_points(&at);
    struct outcome base = {0};

    if (!is_demanded && options->activation_bits == 8) return VCH_OK;
    struct vch_arena_mark mark = vch_arena_mark(arena);
    VCH_TRY(vch_measure_init(&at.measure, &calibration->lanes, options, arena));
    VCH_TRY(try_out(&base, &at, at.measure.count));
    if (!fits(&at, &base))
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the model takes %llu bytes at least, %llu are allowed",
                            (unsigned long long)base.size, (unsigned long long)options->size_max);
    bool only_size = options->size_max > 0 && !options->has_loss_max;
    if (base.loss.points > wanted || only_size) VCH_TRY(search(&at, &base));
    vch_arena_rewind(arena, mark);
    return VCH_OK;
}

// Each change's part of all noise that changes can remove; those of a group count alike.
static void share_out(struct vch_sensitivity_shares *out, const struct search *at)
{
    double all = 0;

    for (uint32_t i = 0; i < at->group_count; i++)
        all += fmax(at->groups[i].gain, 0);
    for (uint32_t i = 0; i < at->group_count && all > 0; i++) {
        const struct group *group = &at->groups[i];
        double share = fmax(group->gain, 0) / all / group->count;
        for (uint32_t j = group->first; j < group->first + group->count; j++) {
            const struct change *change = &at->changes[j];
            if (change->value == VCH_NONE)
                out->of_weights[change->layer->output] += share;
            else
                out->of_values[change->value] += share;
        }
    }
}

vch_status vch_sensitivity_measure(struct vch_sensitivity_shares *out,
                                   struct vch_calibration *calibration, struct vch_layers *layers,
                                   const struct vch_import_options *options,
                                   struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct search at = {
        .calibration = calibration,
        .layers = layers,
        .options = options,
        .arena = arena,
        .complaint = complaint,
    };

    out->of_values = VCH_ARENA_NEW(arena, double, layers->network->value_count);
    out->of_weights = VCH_ARENA_NEW(arena, double, layers->network->value_count);
    if (out->of_values == NULL || out->of_weights == NULL) return VCH_FAIL(NO_MEMORY);
    struct vch_arena_mark mark = vch_arena_mark(arena);
    VCH_TRY(vch_measure_init(&at.measure, &calibration->lanes, options, arena));
    VCH_TRY(list_changes(&at));
    VCH_TRY(group_changes(&at));
    VCH_TRY(measure_gains(&at));
    share_out(out, &at);
    vch_arena_rewind(arena, mark);
    return VCH_OK;
}
