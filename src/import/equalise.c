#include "import/equalise.h"

#include <math.h>

#include "import/lanes.h"
#include "import/simplify.h"

#define SAMPLES_MAX 64      // to look at
#define WEIGHT_STEPS 127.0  // of weights
#define PEAK_MIN (1 / 16.0) // of the largest: a channel that showed less may yet show more
#define GAIN_MIN 0.8        // of the noise may be left, else nothing changes

// Two layers, and the channels of what the first gives the second.
struct pair {
    struct vch_layer *first, *second;
    size_t channels, inner; // inner: consecutive inputs of the second that are one channel's
    double *peaks;          // per channel: the largest magnitude seen
    double *powers;         // and the mean square
    double *factors;        // what the first's channels are divided by
};

struct search {
    struct vch_layers *layers;
    uint32_t *uses, *reader; // of each value; the layer that reads it last
    struct vch_arena *arena;
    double steps;
};

static bool has_weights(const struct vch_layer *layer)
{
    return (layer->kind == VCH_LAYER_LINEAR || layer->kind == VCH_LAYER_CONVOLUTION) &&
           layer->scales == NULL && layer->tie == 0;
}

// Nothing, or a ReLU, comes after the weights.
static bool is_homogeneous(const struct vch_layer *layer)
{
    return layer->grid == 0 && isinf(layer->hi) && (layer->lo == 0 || isinf(layer->lo));
}

static bool passes_factors(const struct search *at, const struct vch_layer *layer)
{
    const struct vch_network_shape *from = vch_layers_shape(at->layers, layer->inputs[0]);
    const struct vch_network_shape *to = vch_layers_shape(at->layers, layer->output);

    if (layer->grid > 0 || isfinite(layer->lo) || isfinite(layer->hi)) return false;
    if (layer->kind == VCH_LAYER_MAX_POOL || layer->kind == VCH_LAYER_AVERAGE_POOL) return true;
    return layer->kind == VCH_LAYER_RESHAPE && from->rank == 4 && from->dims[0] == 1 &&
           to->rank == 2 && to->dims[0] == 1;
}

// The layer with weights that alone takes what `first` gives, and how channels reach it.
static bool find_second(struct pair *pair, const struct search *at, struct vch_layer *first)
{
    const struct vch_network *network = at->layers->network;
    uint32_t value = first->output;

    if (!has_weights(first) || !is_homogeneous(first) ||
        network->values[first->output].type != VCH_NETWORK_REAL)
        return false;
    *pair = (struct pair){.first = first, .channels = first->channels, .inner = 1};
    while (at->uses[value] == 1 && at->reader[value] != VCH_NONE) {
        struct vch_layer *layer = &at->layers->layers[at->reader[value]];
        pair->second = layer;
        if (has_weights(layer)) break;
        if (!passes_factors(at, layer)) return false;
        value = layer->output;
    }
    if (pair->second == NULL || !has_weights(pair->second) ||
        network->values[pair->second->output].type != VCH_NETWORK_REAL)
        return false;
    const struct vch_network_shape *shape = vch_layers_shape(at->layers, pair->second->inputs[0]);
    size_t depth = shape->dims[pair->second->kind == VCH_LAYER_LINEAR ? shape->rank - 1 : 1];
    pair->inner = depth / pair->channels;
    return depth % pair->channels == 0 &&
           (pair->second->kind == VCH_LAYER_LINEAR || pair->inner == 1);
}

// Which channel weight `k` of the second's output `o` belongs to.
static size_t channel_of(const struct search *at, const struct pair *pair, size_t o, size_t k)
{
    const struct vch_layer *second = pair->second;
    const struct vch_network_shape *x = vch_layers_shape(at->layers, second->inputs[0]);

    if (second->kind == VCH_LAYER_LINEAR) return k / pair->inner;
    size_t kernel = (size_t)second->window.kernel[0] * second->window.kernel[1];
    size_t group = o / (second->channels / second->window.groups);
    return group * (x->dims[1] / second->window.groups) + k / kernel;
}

// Expected squared error of the second layer's sums, but for a factor: rounding of what it reads,
// and of its weights, with the factors in place or without.
static double expected_noise(const struct search *at, const struct pair *pair, bool is_equalised)
{
    const struct vch_layer *second = pair->second;
    size_t depth = vch_layers_fan_in(at->layers, second);
    double largest = 0, noise = 0;

    for (size_t c = 0; c < pair->channels; c++)
        largest = fmax(largest, pair->peaks[c] / (is_equalised ? pair->factors[c] : 1));
    for (size_t o = 0; o < second->channels; o++) {
        double power = 0, weight_largest = 0, squares = 0;
        for (size_t k = 0; k < depth; k++) {
            size_t c = channel_of(at, pair, o, k);
            double factor = is_equalised ? pair->factors[c] : 1;
            double weight = factor * second->weights[o * depth + k];
            squares += weight * weight;
            weight_largest = fmax(weight_largest, fabs(weight));
            power += pair->powers[c] / (factor * factor);
        }
        double step = largest / at->steps, weight_step = weight_largest / WEIGHT_STEPS;
        noise += step * step * squares + weight_step * weight_step * power;
    }
    return noise;
}

// The root of how much larger a channel is than its weights: both ranges shrink alike.
static void choose_factors(const struct search *at, struct pair *pair)
{
    const struct vch_layer *second = pair->second;
    size_t depth = vch_layers_fan_in(at->layers, second);
    double largest = 0;

    for (size_t c = 0; c < pair->channels; c++)
        largest = fmax(largest, pair->peaks[c]);
    for (size_t c = 0; c < pair->channels; c++) {
        pair->factors[c] = 0;
        pair->peaks[c] = fmax(pair->peaks[c], PEAK_MIN * largest);
    }
    for (size_t o = 0; o < second->channels; o++)
        for (size_t k = 0; k < depth; k++) {
            size_t c = channel_of(at, pair, o, k);
            pair->factors[c] = fmax(pair->factors[c], fabs(second->weights[o * depth + k]));
        }
    for (size_t c = 0; c < pair->channels; c++) {
        double weight = pair->factors[c], peak = pair->peaks[c];
        pair->factors[c] = weight > 0 && peak > 0 ? sqrt(peak / weight) : 1;
    }
}

static vch_status apply(const struct search *at, const struct pair *pair)
{
    struct vch_layer *first = pair->first, *second = pair->second;
    struct vch_arena *arena = at->layers->network->arena;
    size_t depth = vch_layers_fan_in(at->layers, first);
    size_t depth_second = vch_layers_fan_in(at->layers, second);
    double *weights = VCH_ARENA_NEW(arena, double, first->channels *depth);
    double *bias = VCH_ARENA_NEW(arena, double, first->channels);
    double *weights_second = VCH_ARENA_NEW(arena, double, second->channels *depth_second);

    if (weights == NULL || bias == NULL || weights_second == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t c = 0; c < first->channels; c++) {
        for (size_t k = 0; k < depth; k++)
            weights[c * depth + k] = first->weights[c * depth + k] / pair->factors[c];
        bias[c] = first->bias[c] / pair->factors[c];
    }
    for (size_t o = 0; o < second->channels; o++)
        for (size_t k = 0; k < depth_second; k++)
            weights_second[o * depth_second + k] =
                pair->factors[channel_of(at, pair, o, k)] * second->weights[o * depth_second + k];
    first->weights = weights;
    first->bias = bias;
    second->weights = weights_second;
    return VCH_OK;
}

// Adds one sample: the second's input, channel by channel.
static void look(struct pair *pair, const struct search *at, const double *x, size_t samples)
{
    const struct vch_network_shape *shape = vch_layers_shape(at->layers, pair->second->inputs[0]);
    bool is_linear = pair->second->kind == VCH_LAYER_LINEAR;
    size_t count = vch_network_count(shape);
    size_t inner = is_linear ? pair->inner : (size_t)shape->dims[2] * shape->dims[3];

    for (size_t i = 0; i < count; i++) {
        size_t c = i / inner % pair->channels;
        pair->peaks[c] = fmax(pair->peaks[c], fabs(x[i]));
        pair->powers[c] += x[i] * x[i] * (double)pair->channels / (double)(count * samples);
    }
}

static vch_status list_pairs(struct pair **out, uint32_t *count, const struct search *at)
{
    *out = VCH_ARENA_NEW(at->arena, struct pair, at->layers->count);
    *count = 0;
    if (*out == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < at->layers->count; i++) {
        struct pair *pair = &(*out)[*count];
        if (!find_second(pair, at, &at->layers->layers[i])) continue;
        double *lists = VCH_ARENA_NEW(at->arena, double, 3 * pair->channels);
        if (lists == NULL) return VCH_FAIL(NO_MEMORY);
        pair->peaks = lists;
        pair->powers = lists + pair->channels;
        pair->factors = lists + 2 * pair->channels;
        (*count)++;
    }
    return VCH_OK;
}

static vch_status look_at_all(struct pair *pairs, uint32_t count, const struct search *at,
                              struct vch_lanes *lanes)
{
    size_t done = 0;

    for (size_t first = 0; first < lanes->samples->count; first += done) {
        VCH_TRY(vch_lanes_run(lanes, first, &done));
        for (size_t lane = 0; lane < done; lane++)
            for (uint32_t i = 0; i < count; i++)
                look(&pairs[i], at, lanes->buffers[lane][pairs[i].second->inputs[0]],
                     lanes->samples->count);
    }
    return VCH_OK;
}

static vch_status find_readers(struct search *at)
{
    uint32_t values = at->layers->network->value_count;

    at->uses = VCH_ARENA_NEW(at->arena, uint32_t, values);
    at->reader = VCH_ARENA_NEW(at->arena, uint32_t, values);
    if (at->uses == NULL || at->reader == NULL) return VCH_FAIL(NO_MEMORY);
    vch_simplify_count_uses(at->uses, at->layers);
    for (uint32_t i = 0; i < values; i++)
        at->reader[i] = VCH_NONE;
    for (uint32_t i = 0; i < at->layers->count; i++)
        for (uint32_t j = 0; j < at->layers->layers[i].input_count; j++)
            at->reader[at->layers->layers[i].inputs[j]] = i;
    return VCH_OK;
}

static vch_status equalise(struct search *at, const struct vch_samples *samples,
                           struct vch_workers *workers)
{
    struct vch_samples few = *samples;
    struct vch_lanes lanes;
    struct pair *pairs = NULL;
    uint32_t count = 0;

    VCH_TRY(find_readers(at));
    VCH_TRY(list_pairs(&pairs, &count, at));
    if (count == 0) return VCH_OK;
    if (few.count > SAMPLES_MAX) few.count = SAMPLES_MAX;
    VCH_TRY(vch_lanes_init(&lanes, at->layers, &few, workers, at->arena));
    VCH_TRY(look_at_all(pairs, count, at, &lanes));
    for (uint32_t i = 0; i < count; i++) { // a change leaves what later pairs were seen to read
        choose_factors(at, &pairs[i]);
        if (!(expected_noise(at, &pairs[i], true) <
              GAIN_MIN * expected_noise(at, &pairs[i], false)))
            continue;
        VCH_TRY(apply(at, &pairs[i]));
    }
    return VCH_OK;
}

vch_status vch_equalise_layers(struct vch_layers *layers, const struct vch_samples *samples,
                               double steps, struct vch_workers *workers, struct vch_arena *arena)
{
    struct search at = {.layers = layers, .arena = arena, .steps = steps};

    return equalise(&at, samples, workers);
}
