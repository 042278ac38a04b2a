#include "model/bound.h"

#include "base/check.h"

#define WEIGHT_MAX 127u
#define SHIFT_MAX 62u

// Writers come before uses, but a caller may ask about a graph that nobody checked.
static uint32_t find_writer(const struct vch_graph *graph, uint32_t value)
{
    for (uint32_t p = 0; p < graph->operator_count; p++)
        if (graph->operators[p].output == value) return p;
    return VCH_NONE;
}

// The largest |x| by type; an int64 straight from trees is as small as their bound.
static uint64_t magnitude(const struct vch_graph *graph, uint32_t value, const uint32_t *writers)
{
    enum vch_type type = graph->values[value].type;
    if (type != VCH_TYPE_I64) return 0 - (uint64_t)vch_tensor_type_min(type);

    uint32_t writer = writers != NULL ? writers[value] : find_writer(graph, value);
    if (writer != VCH_NONE && graph->operators[writer].kind == VCH_OPERATOR_TREES)
        return graph->operators[writer].bias_bound;
    return (uint64_t)1 << 63;
}

uint64_t vch_bound_value(const struct vch_graph *graph, uint32_t value)
{
    return magnitude(graph, value, NULL);
}

static vch_status multiply(uint64_t *out, uint64_t a, uint64_t b)
{
    return __builtin_mul_overflow(a, b, out) ? VCH_FAIL(LIMIT) : VCH_OK;
}

static vch_status add(uint64_t *out, uint64_t a, uint64_t b)
{
    return __builtin_add_overflow(a, b, out) ? VCH_FAIL(LIMIT) : VCH_OK;
}

static vch_status bound_add(uint64_t *out, const struct vch_graph *graph,
                            const struct vch_operator *operator_, const uint32_t *writers)
{
    uint64_t sum = 0, term = 0;

    for (uint32_t i = 0; i < operator_->input_count; i++) {
        int64_t multiplier = operator_->scaling.multipliers[i];
        uint64_t factor = (uint64_t)(multiplier < 0 ? -multiplier : multiplier);
        VCH_TRY(multiply(&term, magnitude(graph, operator_->inputs[i], writers), factor));
        VCH_TRY(add(&sum, sum, term));
    }
    *out = sum;
    return VCH_OK;
}

static vch_status bound_weighted(uint64_t *out, const struct vch_graph *graph,
                                 const struct vch_operator *operator_, uint64_t x)
{
    const struct vch_shape *weights = &graph->parameters[operator_->parameters[0]].shape;
    uint64_t fan_in = vch_tensor_shape_count(weights) / weights->dims[0];

    VCH_TRY(multiply(out, fan_in * WEIGHT_MAX, x));
    return add(out, *out, operator_->bias_bound);
}

// Radicand and dividend of a row: |x| <= x, n elements, |d| <= 2 * n * x, D <= (n * x)^2, and a
// root below 2^31 where the radicand fits.
static vch_status bound_normalise(uint64_t *out, const struct vch_graph *graph,
                                  const struct vch_operator *operator_, uint64_t x)
{
    const struct vch_shape *shape = &graph->values[operator_->inputs[0]].shape;
    const struct vch_norm *norm = &operator_->norm;
    uint64_t radicand = 0, dividend = 0;

    if (shape->rank == 0 || norm->root_shift > VCH_GRAPH_ROOT_SHIFT_MAX) return VCH_FAIL(LIMIT);
    VCH_TRY(multiply(&x, x, shape->dims[shape->rank - 1]));
    VCH_TRY(multiply(&radicand, x, x));
    VCH_TRY(multiply(&radicand, radicand, (uint64_t)1 << 2 * norm->root_shift));
    VCH_TRY(add(&radicand, radicand, norm->epsilon));
    VCH_TRY(multiply(&dividend, 4 * x, norm->factor));
    VCH_TRY(add(&dividend, dividend, (uint64_t)1 << 31));
    *out = radicand > dividend ? radicand : dividend;
    return VCH_OK;
}

// Twice dividend and divisor: rounding to the nearest forms 2 * n + d and 2 * d.
static vch_status bound_divide(uint64_t *out, const struct vch_operator *operator_, uint64_t x,
                               uint64_t y)
{
    const struct vch_scaling *scaling = &operator_->scaling;

    if (scaling->shifts[0] > SHIFT_MAX || scaling->shifts[1] > SHIFT_MAX) return VCH_FAIL(LIMIT);
    VCH_TRY(multiply(&x, x, (uint64_t)scaling->multipliers[0]));
    VCH_TRY(multiply(&x, x, (uint64_t)2 << scaling->shifts[0]));
    VCH_TRY(multiply(&y, y, (uint64_t)2 << scaling->shifts[1]));
    return add(out, x, y);
}

vch_status vch_bound_public(uint64_t *out, const struct vch_graph *graph,
                            const struct vch_operator *operator_, const uint32_t *writers)
{
    const struct vch_window *window = &operator_->window;
    uint64_t x = 0, y = 0;

    if (operator_->input_count > 0) x = magnitude(graph, operator_->inputs[0], writers);
    if (operator_->input_count > 1) y = magnitude(graph, operator_->inputs[1], writers);
    *out = 0;
    switch (operator_->kind) {
    case VCH_OPERATOR_LINEAR:
    case VCH_OPERATOR_CONVOLUTION: return bound_weighted(out, graph, operator_, x);
    case VCH_OPERATOR_MATMUL: {
        const struct vch_shape *a = &graph->values[operator_->inputs[0]].shape;
        VCH_TRY(multiply(&x, x, y));
        return multiply(out, x, a->dims[a->rank - 1]);
    }
    case VCH_OPERATOR_ADD: return bound_add(out, graph, operator_, writers);
    case VCH_OPERATOR_MULTIPLY: return multiply(out, x, y);
    case VCH_OPERATOR_RESCALE: *out = x; return VCH_OK;
    case VCH_OPERATOR_DIVIDE: return bound_divide(out, operator_, x, y);
    case VCH_OPERATOR_AVERAGE_POOL:
        return multiply(out, x, (uint64_t)window->kernel[0] * window->kernel[1]);
    case VCH_OPERATOR_TREES: *out = operator_->bias_bound; return VCH_OK;
    case VCH_OPERATOR_NORMALISE: return bound_normalise(out, graph, operator_, x);
    case VCH_OPERATOR_CONSTANT:
    case VCH_OPERATOR_TABLE:
    case VCH_OPERATOR_MAX_POOL:
    case VCH_OPERATOR_CONCAT:
    case VCH_OPERATOR_RESHAPE:
    case VCH_OPERATOR_TRANSPOSE:
    case VCH_OPERATOR_SLICE:
    case VCH_OPERATOR_PAD:
    case VCH_OPERATOR_SOFTMAX:
    case VCH_OPERATOR_ARGMAX:
    case VCH_OPERATOR_GATHER:
    case VCH_OPERATOR_COUNT: break;
    }
    return VCH_OK; // no accumulator, nothing to bound
}

static uint32_t bits(uint64_t value)
{
    return value == 0 ? 0 : 64 - (uint32_t)__builtin_clzll(value);
}

vch_status vch_bound_fits(uint64_t bound, const struct vch_operator *operator_)
{
    const struct vch_scaling *scaling = &operator_->scaling;
    uint64_t largest = 0;

    if (operator_->kind != VCH_OPERATOR_ADD && operator_->kind != VCH_OPERATOR_DIVIDE)
        for (uint32_t i = 0; i < scaling->count; i++) {
            int64_t multiplier = scaling->multipliers[i];
            uint64_t size = (uint64_t)(multiplier < 0 ? -multiplier : multiplier);
            if (size > largest) largest = size;
        }
    return bits(bound) + bits(largest) + 1 <= VCH_BOUND_BITS_MAX ? VCH_OK : VCH_FAIL(LIMIT);
}

vch_status vch_graph_public_bound(uint64_t *out, const struct vch_graph *graph,
                                  const struct vch_operator *operator_)
{
    VCH_TRY(vch_bound_public(out, graph, operator_, NULL));
    return bits(*out) <= VCH_BOUND_BITS_MAX ? VCH_OK : VCH_FAIL(LIMIT);
}
