// Weights to int8 with one scale per output channel, biases to int64 at the sums' scale.
#include <math.h>

#include "import/lower.h"

#define BIAS_BITS_MAX 40 // a bias this large already drowns every product

// A product of weights: (channels, depth), as the float layer or a depthwise stand-in gives it.
struct product {
    const double *weights, *bias;
    size_t channels, depth;
    double scale_in, scale_out;
};

static int64_t round_half_up(double x)
{
    return (int64_t)floor(x + 0.5);
}

// The channel's weight scale, tied to a ratio that multiplier and shift give exactly.
static vch_status channel_ratio(struct vch_ratio *ratio, double *scale, const struct vch_lower *at,
                                const struct product *product, size_t channel)
{
    const double *weights = product->weights + channel * product->depth;
    double largest = 0;

    for (size_t k = 0; k < product->depth; k++)
        largest = fabs(weights[k]) > largest ? fabs(weights[k]) : largest;
    double for_bias = ldexp(fabs(product->bias[channel]) / product->scale_in, -BIAS_BITS_MAX + 1);
    double wanted = largest / 127 > for_bias ? largest / 127 : for_bias;
    if (wanted < 1e-30) wanted = 1e-30;
    if (!vch_ratio_above(ratio, product->scale_in * wanted / product->scale_out) ||
        ratio->multiplier == 0)
        return vch_lower_refuse(at, VCH_CODE_LIMIT,
                                "its scales are too far apart: input %g, weights %g, output %g",
                                product->scale_in, wanted, product->scale_out);
    *scale = vch_ratio_value(*ratio) * product->scale_out / product->scale_in;
    return VCH_OK;
}

static vch_status quantise(struct vch_lower *at, struct vch_operator *operator_,
                           const struct product *product, const struct vch_shape *weight_shape)
{
    struct vch_shape bias_shape = {.rank = 1, .dims = {(uint32_t)product->channels}};
    int32_t *multipliers = NULL;
    uint32_t *shifts = NULL;
    void *weights = NULL, *bias = NULL;
    int64_t largest = 0;

    operator_->parameter_count = 2;
    VCH_TRY(vch_lower_new_parameter(at, VCH_TYPE_I8, weight_shape, &weights,
                                    &operator_->parameters[0]));
    VCH_TRY(
        vch_lower_new_parameter(at, VCH_TYPE_I64, &bias_shape, &bias, &operator_->parameters[1]));
    VCH_TRY(vch_lower_scaling(at, &operator_->scaling, (uint32_t)product->channels, &multipliers,
                              &shifts));
    for (size_t c = 0; c < product->channels; c++) {
        struct vch_ratio ratio = {0};
        double scale = 0;
        VCH_TRY(channel_ratio(&ratio, &scale, at, product, c));
        multipliers[c] = ratio.multiplier;
        shifts[c] = ratio.shift;
        for (size_t k = 0; k < product->depth; k++)
            ((int8_t *)weights)[c * product->depth + k] =
                (int8_t)round_half_up(product->weights[c * product->depth + k] / scale);
        int64_t value = round_half_up(product->bias[c] / (product->scale_in * scale));
        ((int64_t *)bias)[c] = value;
        largest = largest < value ? value : largest < -value ? -value : largest;
    }
    operator_->bias_bound = 1;
    while (operator_->bias_bound < (uint64_t)largest)
        operator_->bias_bound *= 2;
    return VCH_OK;
}

static vch_status lower_product(struct vch_lower *at, enum vch_operator_kind kind,
                                const struct vch_shape *weight_shape)
{
    const struct vch_layer *layer = at->layer;
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    struct vch_operator operator_ = {.kind = kind, .window = layer->window};
    struct vch_lower_value x = {0};
    struct vch_shape shape = {0};

    VCH_TRY(vch_lower_operand(at, 0, &x));
    const struct product product = {
        .weights = layer->weights,
        .bias = layer->bias,
        .channels = layer->channels,
        .depth = vch_layers_fan_in(at->layers, layer),
        .scale_in = x.scale,
        .scale_out = wanted->scale,
    };
    VCH_TRY(quantise(at, &operator_, &product, weight_shape));
    vch_lower_clamp(&operator_.scaling, layer, wanted->type, wanted->scale);
    VCH_TRY(vch_lower_shape(&shape, at, vch_layers_shape(at->layers, layer->output)));
    VCH_TRY(vch_lower_append(at, &operator_, &x.value, 1, wanted->type, &shape));
    vch_lower_done(at, operator_.output, wanted->scale);
    return VCH_OK;
}

vch_status vch_lower_linear(struct vch_lower *at)
{
    const struct vch_shape weights = {
        .rank = 2,
        .dims = {at->layer->channels, (uint32_t)vch_layers_fan_in(at->layers, at->layer)},
    };

    return lower_product(at, VCH_OPERATOR_LINEAR, &weights);
}

vch_status vch_lower_convolution(struct vch_lower *at)
{
    const struct vch_window *window = &at->layer->window;
    const struct vch_network_shape *x = vch_layers_shape(at->layers, at->layer->inputs[0]);
    const struct vch_shape weights = {
        .rank = 4,
        .dims = {at->layer->channels, x->dims[1] / window->groups, window->kernel[0],
                 window->kernel[1]},
    };

    return lower_product(at, VCH_OPERATOR_CONVOLUTION, &weights);
}

// scale * x with one positive scale: the same integers, read at another scale.
static bool is_relabelling(const struct vch_lower *at, size_t count)
{
    const struct vch_layer *layer = at->layer;

    if (isfinite(layer->lo) || isfinite(layer->hi) || !(layer->weights[0] > 1e-30)) return false;
    for (size_t i = 0; i < count; i++)
        if (layer->weights[i] != layer->weights[0] || layer->bias[i] != 0) return false;
    return true;
}

static bool is_per_plane(const struct vch_layer *layer, size_t planes, size_t area)
{
    for (size_t i = 0; i < planes * area; i++) {
        size_t first = i / area * area;
        if (layer->weights[i] != layer->weights[first] || layer->bias[i] != layer->bias[first])
            return false;
    }
    return true;
}

// What no neighbour's weights could take up becomes a depthwise convolution with a kernel of one
// element: per channel where a picture allows it, else per element.
vch_status vch_lower_affine(struct vch_lower *at)
{
    const struct vch_network_shape *whole = vch_layers_shape(at->layers, at->layer->output);
    size_t count = vch_network_count(whole), area = 1;
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    struct vch_lower_value x = {0};
    struct vch_shape shape = {0};
    uint32_t picture = 0, result = 0, lead = 0;

    VCH_TRY(vch_lower_operand(at, 0, &x));
    if (is_relabelling(at, count)) {
        vch_lower_done(at, x.value, x.scale * at->layer->weights[0]);
        return VCH_OK;
    }
    VCH_TRY(vch_lower_shape(&shape, at, whole));
    if (shape.rank == 4 && shape.dims[0] == 1) area = (size_t)shape.dims[2] * shape.dims[3];
    if (!is_per_plane(at->layer, count / area, area)) area = 1;
    if (area == 1 && vch_lower_is_periodic(&lead, at)) return vch_lower_periodic(at, lead);
    struct vch_shape image = {.rank = 4, .dims = {1, (uint32_t)(count / area), 1, (uint32_t)area}};
    struct vch_shape weights = {.rank = 4, .dims = {image.dims[1], 1, 1, 1}};
    double *lists = VCH_ARENA_NEW(at->arena, double, 2 * (count / area));
    if (lists == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t c = 0; c < image.dims[1]; c++) {
        lists[c] = at->layer->weights[c * area];
        lists[image.dims[1] + c] = at->layer->bias[c * area];
    }
    const struct product product = {lists,   lists + image.dims[1], image.dims[1], 1,
                                    x.scale, wanted->scale};
    struct vch_operator operator_ = {
        .kind = VCH_OPERATOR_CONVOLUTION,
        .window = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .groups = image.dims[1]},
    };
    VCH_TRY(vch_lower_reshape(at, x.value, &image, &picture));
    VCH_TRY(quantise(at, &operator_, &product, &weights));
    vch_lower_clamp(&operator_.scaling, at->layer, wanted->type, wanted->scale);
    VCH_TRY(vch_lower_append(at, &operator_, &picture, 1, wanted->type, &image));
    VCH_TRY(vch_lower_reshape(at, operator_.output, &shape, &result));
    vch_lower_done(at, result, wanted->scale);
    return VCH_OK;
}
