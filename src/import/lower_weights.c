// Weights to int8 with one scale per output channel, biases to int64 at the sums' scale.
//
// A layer that needs finer weights has two rows of them, w = 128 * high + low: two operators of
// int32 results at one scale, and their sum.
#include <math.h>

#include "import/correct.h"
#include "import/lower_share.h"
#include "import/product.h"

#define WEIGHT_MAX 127
#define DEPTHWISE_MAX 4096u   // of an affine layer: beyond, scales are constants, not multipliers
#define ROWS_WEIGHT_MAX 16319 // check: 127 * 128 + 63
#define ROWS_FINER_MAX 12     // bits by which the two results are finer than their sum
#define ROWS_RATIO_MAX 64     // of the low row: leaves the high row's shift above 0

// Integers of an operator to be filled in.
struct parameters {
    int8_t *weights;
    int64_t *bias, bias_largest;
    int32_t *multipliers;
    uint32_t *shifts;
};

static vch_status new_parameters(struct parameters *out, struct vch_lower *at,
                                 struct vch_operator *operator_, const struct vch_shape *shape,
                                 bool has_bias)
{
    const struct vch_shape channels = {.rank = 1, .dims = {shape->dims[0]}};
    void *weights = NULL, *bias = NULL;

    operator_->parameter_count = has_bias ? 2 : 1;
    VCH_TRY(vch_lower_new_parameter(at, VCH_TYPE_I8, shape, &weights, &operator_->parameters[0]));
    if (has_bias)
        VCH_TRY(
            vch_lower_new_parameter(at, VCH_TYPE_I64, &channels, &bias, &operator_->parameters[1]));
    *out = (struct parameters){.weights = weights, .bias = bias};
    return vch_lower_scaling(at, &operator_->scaling, shape->dims[0], &out->multipliers,
                             &out->shifts);
}

static void set_channel(struct parameters *to, const struct vch_product_channel *from,
                        size_t channel)
{
    to->multipliers[channel] = from->ratio.multiplier;
    to->shifts[channel] = from->ratio.shift;
    to->bias[channel] = from->bias;
    if (to->bias_largest < from->bias) to->bias_largest = from->bias;
    if (to->bias_largest < -from->bias) to->bias_largest = -from->bias;
}

static uint64_t bound_of(int64_t largest)
{
    uint64_t bound = 1;

    while (bound < (uint64_t)largest)
        bound *= 2;
    return bound;
}

static vch_status too_far_apart(const struct vch_lower *at, const struct vch_product *product,
                                size_t channel)
{
    return vch_lower_refuse(
        at, VCH_CODE_LIMIT, "its scales are too far apart: input %g, weights %g, output %g",
        product->scale_in, vch_product_scale(product, channel), product->scale_out);
}

static vch_status quantise(struct vch_lower *at, struct vch_operator *operator_,
                           const struct vch_product *product, const struct vch_shape *shape)
{
    struct parameters to = {0};
    int32_t *row = VCH_ARENA_NEW(at->arena, int32_t, product->depth);

    if (row == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(new_parameters(&to, at, operator_, shape, true));
    for (size_t c = 0; c < product->channels; c++) {
        struct vch_product_channel channel = {0};
        if (!vch_is_ok(vch_product_quantise(&channel, row, product, c)))
            return too_far_apart(at, product, c);
        set_channel(&to, &channel, c);
        for (size_t k = 0; k < product->depth; k++)
            to.weights[c * product->depth + k] = (int8_t)row[k];
    }
    operator_->bias_bound = bound_of(to.bias_largest);
    return VCH_OK;
}

// As above, twice: `high` without a bias, at 128 times the scale of `low`.
static vch_status quantise_rows(struct vch_lower *at, struct vch_operator *high,
                                struct vch_operator *low, const struct vch_product *product,
                                const struct vch_shape *shape)
{
    struct parameters to_high = {0}, to_low = {0};
    int32_t *row = VCH_ARENA_NEW(at->arena, int32_t, product->depth);

    if (row == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(new_parameters(&to_high, at, high, shape, false));
    VCH_TRY(new_parameters(&to_low, at, low, shape, true));
    for (size_t c = 0; c < product->channels; c++) {
        struct vch_product_channel channel = {0};
        if (!vch_is_ok(vch_product_quantise(&channel, row, product, c)) || channel.ratio.shift <= 7)
            return too_far_apart(at, product, c);
        set_channel(&to_low, &channel, c);
        to_high.multipliers[c] = channel.ratio.multiplier;
        to_high.shifts[c] = channel.ratio.shift - 7;
        for (size_t k = 0; k < product->depth; k++) {
            int32_t upper = (row[k] + 64) >> 7; // low is -64..63
            to_high.weights[c * product->depth + k] = (int8_t)upper;
            to_low.weights[c * product->depth + k] = (int8_t)(row[k] - 128 * upper);
        }
    }
    low->bias_bound = bound_of(to_low.bias_largest);
    return VCH_OK;
}

// high + low, which are finer than the output by `finer` bits.
static vch_status add_rows(struct vch_lower *at, const uint32_t values[2], uint32_t finer,
                           const struct vch_shape *shape)
{
    const struct vch_calibrate_value *wanted = vch_lower_wanted(at);
    struct vch_operator sum = {.kind = VCH_OPERATOR_ADD};
    int32_t *multipliers = NULL;
    uint32_t *shifts = NULL;

    VCH_TRY(vch_lower_scaling(at, &sum.scaling, 2, &multipliers, &shifts));
    multipliers[0] = multipliers[1] = 1;
    shifts[0] = finer;
    vch_lower_clamp(&sum.scaling, at->layer, wanted->type, wanted->scale);
    VCH_TRY(vch_lower_append(at, &sum, values, 2, wanted->type, shape));
    vch_lower_done(at, sum.output, wanted->scale);
    return VCH_OK;
}

// As fine as the ratios allow.
static uint32_t finer_bits(const struct vch_product *product)
{
    uint32_t bits = ROWS_FINER_MAX;
    double largest = 0;

    for (size_t c = 0; c < product->channels; c++)
        largest = fmax(largest, vch_product_scale(product, c));
    if (product->scales != NULL && product->scale_out == 1) return 1; // exact as it is
    largest *= product->scale_in / product->scale_out;
    while (bits > 1 && ldexp(largest, (int)bits) > ROWS_RATIO_MAX)
        bits--;
    return bits;
}

static vch_status lower_rows(struct vch_lower *at, enum vch_operator_kind kind, uint32_t x,
                             struct vch_product product, const struct vch_shape *weight_shape)
{
    struct vch_operator rows[2] = {{.kind = kind, .window = at->layer->window},
                                   {.kind = kind, .window = at->layer->window}};
    uint32_t values[2] = {0};
    struct vch_shape shape = {0};

    product.weight_max = ROWS_WEIGHT_MAX;
    uint32_t finer = finer_bits(&product);
    product.scale_out = ldexp(product.scale_out, -(int)finer);
    VCH_TRY(quantise_rows(at, &rows[0], &rows[1], &product, weight_shape));
    VCH_TRY(vch_lower_shape(&shape, at, vch_layers_shape(at->layers, at->layer->output)));
    for (uint32_t i = 0; i < 2; i++) {
        rows[i].scaling.lo = vch_tensor_type_min(VCH_TYPE_I32);
        rows[i].scaling.hi = vch_tensor_type_max(VCH_TYPE_I32);
        VCH_TRY(vch_lower_append(at, &rows[i], &x, 1, VCH_TYPE_I32, &shape));
        values[i] = rows[i].output;
    }
    return add_rows(at, values, finer, &shape);
}

// Whole weights as they are, in two rows where one does not hold them.
static vch_status lower_exactly(struct vch_lower *at, struct vch_operator *operator_, uint32_t x,
                                struct vch_product product, const struct vch_shape *weight_shape)
{
    enum vch_type type = vch_lower_wanted(at)->type;
    double *ones = VCH_ARENA_NEW(at->arena, double, product.channels), largest = 0;
    struct vch_shape shape = {0};

    if (ones == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t c = 0; c < product.channels; c++)
        ones[c] = 1;
    for (size_t i = 0; i < product.channels * product.depth; i++)
        largest = fmax(largest, fabs(product.weights[i]));
    product.scales = ones;
    if (largest > ROWS_WEIGHT_MAX)
        return vch_lower_refuse(at, VCH_CODE_UNSUPPORTED,
                                "a weight of %.0f; between whole numbers weights go up to %d",
                                largest, ROWS_WEIGHT_MAX);
    if (largest > WEIGHT_MAX) return lower_rows(at, operator_->kind, x, product, weight_shape);
    VCH_TRY(quantise(at, operator_, &product, weight_shape));
    vch_lower_clamp(&operator_->scaling, at->layer, type, 1);
    VCH_TRY(vch_lower_shape(&shape, at, vch_layers_shape(at->layers, at->layer->output)));
    VCH_TRY(vch_lower_append(at, operator_, &x, 1, type, &shape));
    vch_lower_done(at, operator_->output, 1);
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
    double *means = NULL;

    bool is_integer = vch_lower_is_integer(at, layer->output);
    VCH_TRY(vch_lower_narrow(at, 0, &x));
    if (!is_integer && layer->tie == 0 && layer->scales == NULL) // tied layers share their biases
        VCH_TRY(vch_correct_means(&means, at->layers, layer,
                                  at->calibration->means[layer->inputs[0]], at->arena));
    const struct vch_product product = {
        .weights = layer->weights,
        .bias = layer->bias,
        .scales = layer->scales,
        .means = means,
        .channels = layer->channels,
        .depth = vch_layers_fan_in(at->layers, layer),
        .groups = kind == VCH_OPERATOR_CONVOLUTION ? layer->window.groups : 1,
        .scale_in = x.scale,
        .scale_out = wanted->scale,
        .weight_max = WEIGHT_MAX,
    };
    if (is_integer) return lower_exactly(at, &operator_, x.value, product, weight_shape);
    if (layer->has_two_rows && layer->tie == 0)
        return lower_rows(at, kind, x.value, product, weight_shape);
    if (!vch_lower_share_find_product(&operator_, at, x.scale, wanted->scale)) {
        VCH_TRY(quantise(at, &operator_, &product, weight_shape));
        vch_lower_clamp(&operator_.scaling, layer, wanted->type, wanted->scale);
        VCH_TRY(vch_lower_share_keep_product(at, &operator_, x.scale, wanted->scale));
    }
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
    bool is_wide = at->graph->values[x.value].type == VCH_TYPE_I32;
    bool is_integer = vch_lower_is_integer(at, at->layer->output);
    if (is_wide && !is_integer) VCH_TRY(vch_lower_narrow(at, 0, &x)); // a cast to real numbers
    if (is_integer && at->layer->grid == 1) { // real numbers that are on a grid, counted
        vch_lower_done(at, x.value, 1);
        return VCH_OK;
    }
    bool stays_whole = !is_integer || x.scale * at->layer->weights[0] == 1;
    // The same integers, read at another scale.
    if (stays_whole && vch_layers_is_scaling(at->layers, at->layer)) {
        vch_lower_done(at, x.value, x.scale * at->layer->weights[0]);
        return VCH_OK;
    }
    if (is_integer) return vch_lower_integer_affine(at);
    VCH_TRY(vch_lower_limit_offsets(at, &x));
    VCH_TRY(vch_lower_shape(&shape, at, whole));
    if (shape.rank == 4 && shape.dims[0] == 1) area = (size_t)shape.dims[2] * shape.dims[3];
    if (!is_per_plane(at->layer, count / area, area)) area = 1;
    if (area == 1 && (vch_lower_is_periodic(&lead, at) || count > DEPTHWISE_MAX))
        return vch_lower_periodic(at, lead);
    struct vch_shape image = {.rank = 4, .dims = {1, (uint32_t)(count / area), 1, (uint32_t)area}};
    struct vch_shape weights = {.rank = 4, .dims = {image.dims[1], 1, 1, 1}};
    double *lists = VCH_ARENA_NEW(at->arena, double, 2 * (count / area));
    if (lists == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t c = 0; c < image.dims[1]; c++) {
        lists[c] = at->layer->weights[c * area];
        lists[image.dims[1] + c] = at->layer->bias[c * area];
    }
    const struct vch_product product = {
        .weights = lists,
        .bias = lists + image.dims[1],
        .channels = image.dims[1],
        .depth = 1,
        .groups = 1,
        .scale_in = x.scale,
        .scale_out = wanted->scale,
        .weight_max = WEIGHT_MAX,
    };
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
