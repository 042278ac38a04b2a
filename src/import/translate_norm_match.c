// Norms that exporters write by hand: recognised where the division by the deviation comes.
//
//     d / sqrt(mean(d * d) + e)                 d is x, or x - mean(x)
//     d * 1 / sqrt(mean(x * x) - mean(x)^2 + e)      d = x - mean(x)
//
// Means are ReduceMean, or ReduceSum times or over a number; reshapes, casts and clamps at zero may
// stand between. What computed the deviation is then read by nobody and goes away.
#include <math.h>
#include <string.h>

#include "import/translate_build.h"
#include "import/translate_norm_match.h"
#include "import/translate_producer.h"

enum { MOVES_MAX = 16 }; // that may stand between: no file makes this walk long

struct match {
    struct vch_translate *at;
    bool marks[VCH_NETWORK_RANK_MAX]; // axes that the means go over
    uint32_t rank;
    double epsilon;
};

// Values are the file's own here, so that nodes lead to them; this is what stands for one.
static uint32_t resolved(const struct match *m, uint32_t value)
{
    return value < m->at->alias_count ? m->at->alias[value] : value;
}

static const struct vch_network_shape *shape_of(const struct match *m, uint32_t value)
{
    return vch_translate_shape_of(m->at, resolved(m, value));
}

static const struct vch_network_node *producer(const struct match *m, uint32_t value)
{
    return vch_translate_producer_of(m->at, value);
}

static uint32_t operand(const struct vch_network_node *node, uint32_t i)
{
    if (i >= node->input_count || node->inputs[i] == VCH_NONE) return VCH_NONE;
    return node->inputs[i];
}

static bool is(const struct vch_network_node *node, const char *operator_)
{
    return node != NULL && vch_network_is(node, operator_);
}

static const struct vch_network_tensor *constant(const struct match *m, uint32_t value)
{
    return value == VCH_NONE ? NULL : m->at->network->values[resolved(m, value)].constant;
}

static bool is_same(const struct match *m, uint32_t a, uint32_t b)
{
    return a != VCH_NONE && b != VCH_NONE && resolved(m, a) == resolved(m, b);
}

static bool is_number(double *out, const struct match *m, uint32_t value)
{
    const struct vch_network_tensor *tensor = constant(m, value);

    if (tensor == NULL || tensor->count != 1 || tensor->reals == NULL) return false;
    *out = (double)tensor->reals[0];
    return true;
}

// The operand of a node of two that is no constant, and the number that the other one is.
static bool with_number(uint32_t *value, double *number, const struct match *m,
                        const struct vch_network_node *node)
{
    for (uint32_t i = 0; i < 2; i++) {
        if (!is_number(number, m, operand(node, i))) continue;
        *value = operand(node, 1 - i);
        return *value != VCH_NONE;
    }
    return false;
}

// What a value is but for its shape: past reshapes, casts, and a maximum with zero.
static uint32_t through(const struct match *m, uint32_t value)
{
    static const char *const moves[] = {"Reshape", "Expand",    "Cast",   "Identity",
                                        "Squeeze", "Unsqueeze", "Flatten"};
    double number = 0;

    for (int count = 0; count < MOVES_MAX; count++) {
        const struct vch_network_node *node = producer(m, value);
        bool is_move = false;
        if (node == NULL) break;
        for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
            is_move = is_move || is(node, moves[i]);
        if (is_move)
            value = operand(node, 0);
        else if (!is(node, "Max") || node->input_count != 2 ||
                 !with_number(&value, &number, m, node) || number != 0)
            break;
    }
    return value;
}

static bool read_axes(bool *marks, const struct match *m, const struct vch_network_node *node)
{
    const struct vch_network_attribute *listed = vch_network_find(node, "axes");
    const struct vch_network_tensor *given = constant(m, operand(node, 1));
    const int64_t *axes = listed != NULL  ? listed->integers
                          : given != NULL ? given->integers
                                          : NULL;
    size_t count = listed != NULL ? listed->count : given != NULL ? given->count : 0;

    if (axes == NULL || count == 0) return false;
    memset(marks, 0, VCH_NETWORK_RANK_MAX * sizeof *marks);
    for (size_t i = 0; i < count; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + m->rank : axes[i];
        if (axis < 0 || axis >= m->rank) return false;
        marks[axis] = true;
    }
    return true;
}

// Whether `value` is the mean of something of the rows' shape; the axes must be those of before.
static bool is_mean(uint32_t *of, struct match *m, uint32_t value, uint32_t x)
{
    const struct vch_network_shape *shape = shape_of(m, x);
    const struct vch_network_node *node = producer(m, through(m, value));
    bool marks[VCH_NETWORK_RANK_MAX] = {0}, is_first = true;
    double number = 1, length = 1;
    uint32_t sum = VCH_NONE;

    m->rank = shape->rank;
    if (is(node, "Mul") || is(node, "Div")) {
        bool is_over = is(node, "Div");
        if (!with_number(&sum, &number, m, node) || number == 0) return false;
        if (is_over) number = 1 / number;
        node = producer(m, through(m, sum));
        if (!is(node, "ReduceSum")) return false;
    } else if (!is(node, "ReduceMean")) {
        return false;
    }
    if (!read_axes(marks, m, node)) return false;
    *of = operand(node, 0);
    for (uint32_t i = 0; i < m->rank; i++) {
        if (marks[i]) length *= shape->dims[i];
        is_first = is_first && !m->marks[i];
    }
    if (is(node, "ReduceSum") && fabs(number * length - 1) > 1e-5) return false;
    if (*of == VCH_NONE || !vch_network_same_shape(shape_of(m, *of), shape) ||
        (!is_first && memcmp(marks, m->marks, sizeof marks) != 0))
        return false;
    memcpy(m->marks, marks, sizeof marks);
    return true;
}

// Whether `value` has a number for each row of x, and where broadcasting meets them with the row:
// moves in between may have turned or stretched them.
static bool is_per_row(const struct match *m, uint32_t value, uint32_t x)
{
    struct vch_network_shape wanted = *shape_of(m, x);

    for (uint32_t i = 0; i < wanted.rank; i++)
        if (m->marks[i]) wanted.dims[i] = 1;
    return value != VCH_NONE && vch_network_same_shape(shape_of(m, value), &wanted);
}

static bool is_square_of(const struct match *m, uint32_t value, uint32_t x)
{
    const struct vch_network_node *node = producer(m, value);
    double number = 0;

    if (is(node, "Mul")) return is_same(m, operand(node, 0), x) && is_same(m, operand(node, 1), x);
    if (!is(node, "Pow") || !is_same(m, operand(node, 0), x)) return false;
    const struct vch_network_tensor *exponent = constant(m, operand(node, 1));
    if (exponent != NULL && exponent->count == 1 && exponent->integers != NULL)
        return exponent->integers[0] == 2;
    return is_number(&number, m, operand(node, 1)) && number == 2;
}

// x, where d = x - mean(x).
static bool is_centred(uint32_t *x, struct match *m, uint32_t d)
{
    const struct vch_network_node *node = producer(m, d);
    uint32_t of = VCH_NONE;

    if (!is(node, "Sub")) return false;
    *x = operand(node, 0);
    return *x != VCH_NONE && is_mean(&of, m, operand(node, 1), *x) && is_same(m, of, *x) &&
           is_per_row(m, operand(node, 1), *x);
}

// mean(d * d); or with d = x - mean(x) mean(x * x) - mean(x)^2.
static bool is_variance(struct match *m, uint32_t value, uint32_t d)
{
    const struct vch_network_node *node = producer(m, through(m, value));
    uint32_t of = VCH_NONE, x = VCH_NONE, mean = VCH_NONE, square = VCH_NONE;

    if (is_mean(&of, m, value, d)) return is_square_of(m, of, d);
    if (!is(node, "Sub") || !is_centred(&x, m, d)) return false;
    if (!is_mean(&of, m, operand(node, 0), x) || !is_square_of(m, of, x)) return false;
    square = through(m, operand(node, 1));
    node = producer(m, square);
    mean = is(node, "Mul") || is(node, "Pow") ? operand(node, 0) : VCH_NONE;
    return mean != VCH_NONE && is_square_of(m, square, mean) && is_mean(&of, m, mean, x) &&
           is_same(m, of, x);
}

// sqrt(variance + epsilon)
static bool is_deviation(struct match *m, uint32_t value, uint32_t d)
{
    const struct vch_network_node *node = producer(m, through(m, value));
    uint32_t variance = VCH_NONE, inside = VCH_NONE;
    double half = 0;

    memset(m->marks, 0, sizeof m->marks);
    if (is(node, "Sqrt")) inside = operand(node, 0);
    if (is(node, "Pow") && is_number(&half, m, operand(node, 1)) && half == 0.5)
        inside = operand(node, 0);
    if (inside == VCH_NONE) return false;
    node = producer(m, through(m, inside));
    m->epsilon = 0;
    if (!is(node, "Add") || !with_number(&variance, &m->epsilon, m, node)) return false;
    return m->epsilon >= 0 && is_variance(m, variance, d);
}

static bool is_inverse(struct match *m, uint32_t value, uint32_t d)
{
    const struct vch_network_node *node = producer(m, through(m, value));
    double one = 0;

    if (is(node, "Reciprocal")) return is_deviation(m, operand(node, 0), d);
    return is(node, "Div") && is_number(&one, m, operand(node, 0)) && one == 1 &&
           is_deviation(m, operand(node, 1), d);
}

// d / deviation, or d * inverse, or d * (inverse * scale); the scale is VCH_NONE where there is
// none.
static bool is_norm(struct match *m, uint32_t *d, uint32_t *scale)
{
    const struct vch_network_node *node = producer(m, m->at->node.outputs[0]);

    *scale = VCH_NONE;
    if (node == NULL || node->input_count != 2) return false;
    *d = node->inputs[0];
    if (is(node, "Div"))
        return is_deviation(m, node->inputs[1], *d) && is_per_row(m, node->inputs[1], *d);
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t other = node->inputs[1 - i];
        const struct vch_network_node *product = producer(m, other);
        *d = node->inputs[i];
        if (is_inverse(m, other, *d)) return is_per_row(m, other, *d);
        for (uint32_t k = 0; is(product, "Mul") && k < 2; k++) {
            *scale = operand(product, 1 - k);
            if (constant(m, *scale) != NULL && is_inverse(m, operand(product, k), *d))
                return is_per_row(m, operand(product, k), *d);
        }
        *scale = VCH_NONE;
    }
    return false;
}

vch_status vch_translate_norm_match(bool *is_done, struct vch_translate *at)
{
    struct match m = {.at = at};
    struct vch_translate_build_rows rows;
    uint32_t d = VCH_NONE, x = VCH_NONE, scale = VCH_NONE, flat = VCH_NONE, normal = VCH_NONE;
    uint32_t whole = VCH_NONE, output = at->node.outputs[0];

    *is_done = false;
    VCH_TRY(vch_translate_producer_find(at));
    if (!vch_translate_has(at, 0) || !vch_translate_has(at, 1) || !is_norm(&m, &d, &scale))
        return VCH_OK;
    if (at->network->values[resolved(&m, d)].type != VCH_NETWORK_REAL || constant(&m, d) != NULL)
        return VCH_OK;
    bool takes_mean = is_centred(&x, &m, d);
    if (!takes_mean) x = d;
    *is_done = true;
    VCH_TRY(vch_translate_build_rows(&rows, at, resolved(&m, x), m.marks, &flat));
    VCH_TRY(vch_translate_build_normalise(at, flat, takes_mean, m.epsilon, &normal));
    if (scale == VCH_NONE) return vch_translate_build_unrows(&rows, at, normal, &output);
    VCH_TRY(vch_translate_build_unrows(&rows, at, normal, &whole));
    return vch_translate_build_product(at, whole, resolved(&m, scale), &output);
}
