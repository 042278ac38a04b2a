// Scales and offsets into the weights before or after them.
#include <math.h>
#include <string.h>

#include "import/simplify.h"

// Which of `channel_count` channels an element belongs to: (i / inner) % channel_count.
struct channels {
    size_t count, inner;
};

static bool is_per_channel(const struct vch_layer *affine, size_t count, struct channels channels)
{
    for (size_t i = 0; i < count; i++) {
        size_t first = i / channels.inner % channels.count * channels.inner;
        if (affine->weights[i] != affine->weights[first] || affine->bias[i] != affine->bias[first])
            return false;
    }
    return true;
}

static struct channels channels_of(const struct vch_layers *layers, enum vch_layer_kind kind,
                                   uint32_t value)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, value);

    if (kind == VCH_LAYER_LINEAR) return (struct channels){shape->dims[shape->rank - 1], 1};
    return (struct channels){shape->dims[1], (size_t)shape->dims[2] * shape->dims[3]};
}

// Products of whole numbers stay as they are: their weights must remain small.
static bool is_integer(const struct vch_simplify *at, uint32_t value)
{
    return at->layers->network->values[value].type == VCH_NETWORK_INTEGER;
}

static double *new_list(struct vch_simplify *at, size_t count)
{
    double *list = VCH_ARENA_NEW(at->layers->network->arena, double, count);

    if (list == NULL) at->status = VCH_FAIL(NO_MEMORY);
    return list;
}

static bool merge_affine(struct vch_simplify *at, struct vch_layer *before,
                         const struct vch_layer *affine)
{
    size_t count = vch_network_count(vch_layers_shape(at->layers, affine->output));
    double *weights = new_list(at, count), *bias = new_list(at, count);

    if (weights == NULL || bias == NULL) return false;
    for (size_t i = 0; i < count; i++) {
        weights[i] = affine->weights[i] * before->weights[i];
        bias[i] = affine->weights[i] * before->bias[i] + affine->bias[i];
    }
    before->weights = weights;
    before->bias = bias;
    return true;
}

static bool scale_rows(struct vch_simplify *at, struct vch_layer *before,
                       const struct vch_layer *affine, struct channels channels)
{
    size_t depth = vch_layers_fan_in(at->layers, before);
    double *weights = new_list(at, depth * before->channels),
           *bias = new_list(at, before->channels);

    double *scales = before->scales == NULL ? NULL : new_list(at, before->channels);
    if (weights == NULL || bias == NULL || (before->scales != NULL && scales == NULL)) return false;
    for (size_t c = 0; c < before->channels; c++) {
        double scale = affine->weights[c * channels.inner];
        if (scales != NULL) scales[c] = fabs(scale) * before->scales[c];
        for (size_t k = 0; k < depth; k++)
            weights[c * depth + k] = scale * before->weights[c * depth + k];
        bias[c] = scale * before->bias[c] + affine->bias[c * channels.inner];
    }
    before->weights = weights;
    before->bias = bias;
    before->scales = scales;
    return true;
}

// A product times one number: a scale that need not be applied.
static bool scale_product(const struct vch_simplify *at, struct vch_layer *before,
                          const struct vch_layer *affine)
{
    bool is_real = at->layers->network->values[before->output].type == VCH_NETWORK_REAL &&
                   at->layers->network->values[affine->output].type == VCH_NETWORK_REAL;

    if ((before->kind != VCH_LAYER_MATMUL && before->kind != VCH_LAYER_MULTIPLY) || !is_real)
        return false;
    struct vch_layer open = *affine;
    open.lo = -INFINITY;
    open.hi = INFINITY;
    if (!vch_layers_is_scaling(at->layers, &open)) return false;
    before->coefficients[0] *= affine->weights[0];
    return true;
}

bool vch_simplify_after(struct vch_simplify *at, struct vch_layer *affine)
{
    if (affine->kind != VCH_LAYER_AFFINE || at->uses[affine->output] == 0) return false;
    struct vch_layer *before = vch_simplify_previous(at, affine);
    if (before == NULL || is_integer(at, before->output) != is_integer(at, affine->output))
        return false;
    if (before->kind == VCH_LAYER_AFFINE) {
        if (!merge_affine(at, before, affine)) return false;
    } else if (!is_integer(at, affine->output) &&
               (before->kind == VCH_LAYER_LINEAR || before->kind == VCH_LAYER_CONVOLUTION)) {
        struct channels channels = channels_of(at->layers, before->kind, before->output);
        size_t count = vch_network_count(vch_layers_shape(at->layers, affine->output));
        if (!is_per_channel(affine, count, channels)) return false;
        if (!scale_rows(at, before, affine, channels)) return false;
    } else if (!scale_product(at, before, affine)) {
        return false;
    }
    before->lo = affine->lo;
    before->hi = affine->hi;
    before->grid = affine->grid;
    vch_simplify_absorb(at, affine, before->output);
    return true;
}

static bool is_padded(const struct vch_window *window)
{
    return (window->pad_begin[0] | window->pad_begin[1] | window->pad_end[0] |
            window->pad_end[1]) != 0;
}

// y = W (a x + b) + c: every weight takes its input's scale, the bias what the offsets add up to.
static bool scale_columns(struct vch_simplify *at, struct vch_layer *layer,
                          const struct vch_layer *affine, struct channels channels)
{
    size_t depth = vch_layers_fan_in(at->layers, layer);
    double *weights = new_list(at, depth * layer->channels), *bias = new_list(at, layer->channels);
    bool is_conv = layer->kind == VCH_LAYER_CONVOLUTION;
    size_t kernel = is_conv ? (size_t)layer->window.kernel[0] * layer->window.kernel[1] : 1;
    size_t groups = is_conv ? layer->window.groups : 1;

    if (weights == NULL || bias == NULL) return false;
    for (size_t c = 0; c < layer->channels; c++) {
        size_t first = c / (layer->channels / groups) * (channels.count / groups);
        bias[c] = layer->bias[c];
        for (size_t k = 0; k < depth; k++) {
            size_t from = (first + k / kernel) * channels.inner;
            weights[c * depth + k] = layer->weights[c * depth + k] * affine->weights[from];
            bias[c] += layer->weights[c * depth + k] * affine->bias[from];
        }
    }
    layer->weights = weights;
    layer->bias = bias;
    return true;
}

bool vch_simplify_before(struct vch_simplify *at, struct vch_layer *layer)
{
    bool is_conv = layer->kind == VCH_LAYER_CONVOLUTION;

    if ((layer->kind != VCH_LAYER_LINEAR && !is_conv) || is_integer(at, layer->output) ||
        layer->scales != NULL)
        return false;
    uint32_t index = at->producer[layer->inputs[0]];
    if (index == VCH_NONE) return false;
    const struct vch_layer *affine = &at->layers->layers[index];
    if (affine->kind != VCH_LAYER_AFFINE || isfinite(affine->lo) || isfinite(affine->hi) ||
        affine->grid > 0)
        return false;
    struct channels channels = channels_of(at->layers, layer->kind, layer->inputs[0]);
    size_t count = vch_network_count(vch_layers_shape(at->layers, affine->output));
    if (!is_per_channel(affine, count, channels)) return false;
    for (size_t i = 0; is_conv && is_padded(&layer->window) && i < count; i++)
        if (affine->bias[i] != 0) return false; // the padding would need the offset as well
    if (!scale_columns(at, layer, affine, channels)) return false;
    vch_simplify_rewire(at, layer, affine->inputs[0]);
    return true;
}

// What merging weights may take in all: it saves work later, and must not cost more than it saves.
#define MERGE_WORK_MAX 0x1p32

// Two products in a row are one, where that takes no more weights.
bool vch_simplify_merge_linear(struct vch_simplify *at, struct vch_layer *layer)
{
    if (layer->kind != VCH_LAYER_LINEAR || is_integer(at, layer->output)) return false;
    struct vch_layer *before = vch_simplify_previous(at, layer);
    if (before == NULL || before->kind != VCH_LAYER_LINEAR || before->scales != NULL ||
        layer->scales != NULL)
        return false;
    size_t depth = vch_layers_fan_in(at->layers, before), middle = before->channels;
    if ((size_t)layer->channels * depth > (layer->channels + depth) * middle) return false;
    double work = (double)layer->channels * (double)depth * (double)middle;
    if (at->work + work > MERGE_WORK_MAX) return false;
    at->work += work;
    double *weights = new_list(at, depth * layer->channels), *bias = new_list(at, layer->channels);
    if (weights == NULL || bias == NULL) return false;
    for (size_t c = 0; c < layer->channels; c++) {
        const double *row = layer->weights + c * middle;
        bias[c] = layer->bias[c];
        for (size_t m = 0; m < middle; m++) {
            bias[c] += row[m] * before->bias[m];
            for (size_t k = 0; k < depth; k++)
                weights[c * depth + k] += row[m] * before->weights[m * depth + k];
        }
    }
    layer->weights = weights;
    layer->bias = bias;
    vch_simplify_rewire(at, layer, before->inputs[0]);
    return true;
}
