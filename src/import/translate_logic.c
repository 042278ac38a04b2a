// Comparisons, booleans, and choices between two operands. A boolean is the whole number 0 or 1.
#include <math.h>
#include <string.h>

#include "import/onnx_tensor.h"
#include "import/translate_build.h"

static bool is_integer(const struct vch_translate *at, uint32_t value)
{
    return at->network->values[value].type == VCH_NETWORK_INTEGER;
}

static vch_status two_operands(uint32_t *operands, const struct vch_translate *at)
{
    VCH_TRY(vch_translate_operand(&operands[0], at, 0));
    return vch_translate_operand(&operands[1], at, 1);
}

static vch_status flat_zero(struct vch_translate *at, enum vch_network_type type, uint32_t *output)
{
    const struct vch_network_shape shape = {.rank = 0};
    struct vch_network_tensor *tensor = NULL;

    VCH_TRY(vch_network_new_tensor(at->network, type, &shape, &tensor));
    return vch_network_add_constant(at->network, at->node.name, tensor, output);
}

vch_status vch_translate_build_compare(struct vch_translate *at, uint32_t a, uint32_t b, double lo,
                                       double hi, uint32_t *output)
{
    uint32_t operands[] = {a, b};
    struct vch_layer layer = vch_layers_new(VCH_LAYER_COMPARE, at->node.name, operands, 2);
    struct vch_network_shape shape = {0};

    layer.lo = lo;
    layer.hi = hi;
    VCH_TRY(vch_translate_broadcast(&shape, at, vch_translate_shape_of(at, a),
                                    vch_translate_shape_of(at, b)));
    return vch_translate_emit(at, &layer, &shape, output);
}

vch_status vch_translate_build_sign(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    uint32_t zero = VCH_NONE;

    VCH_TRY(flat_zero(at, at->network->values[x].type, &zero));
    return vch_translate_build_compare(at, x, zero, -1, 1, output);
}

// 1 - x
vch_status vch_translate_build_not(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    return vch_translate_build_scaled(at, x, -1, 1, output);
}

// Where a and b differ: the square of their difference's sign.
static vch_status differ(struct vch_translate *at, uint32_t a, uint32_t b, uint32_t *output)
{
    uint32_t sign = VCH_NONE;

    VCH_TRY(vch_translate_build_compare(at, a, b, -1, 1, &sign));
    return vch_translate_build_product(at, sign, sign, output);
}

vch_status vch_translate_build_is_not_zero(struct vch_translate *at, uint32_t x, uint32_t *output)
{
    uint32_t sign = VCH_NONE;

    VCH_TRY(vch_translate_build_sign(at, x, &sign));
    return vch_translate_build_product(at, sign, sign, output);
}

vch_status vch_translate_compare(struct vch_translate *at)
{
    static const struct {
        const char *name;
        bool is_swapped, is_negated;
    } kinds[] = {
        {"Greater", false, false},
        {"GreaterOrEqual", true, true},
        {"Less", true, false},
        {"LessOrEqual", false, true},
    };
    uint32_t operands[2], found = VCH_NONE, output = at->node.outputs[0];
    size_t i = 0;

    VCH_TRY(two_operands(operands, at));
    while (strcmp(kinds[i].name, at->node.operator_) != 0)
        i++;
    uint32_t a = operands[kinds[i].is_swapped], b = operands[!kinds[i].is_swapped];
    if (!kinds[i].is_negated) return vch_translate_build_compare(at, a, b, 0, 1, &output);
    VCH_TRY(vch_translate_build_compare(at, a, b, 0, 1, &found));
    return vch_translate_build_not(at, found, &output);
}

vch_status vch_translate_equal(struct vch_translate *at)
{
    uint32_t operands[2], found = VCH_NONE, output = at->node.outputs[0];

    VCH_TRY(two_operands(operands, at));
    VCH_TRY(differ(at, operands[0], operands[1], &found));
    return vch_translate_build_not(at, found, &output);
}

vch_status vch_translate_logic(struct vch_translate *at)
{
    uint32_t operands[2], sum = VCH_NONE, output = at->node.outputs[0];

    VCH_TRY(vch_translate_operand(&operands[0], at, 0));
    if (strcmp(at->node.operator_, "Not") == 0)
        return vch_translate_build_not(at, operands[0], &output);
    VCH_TRY(two_operands(operands, at));
    if (strcmp(at->node.operator_, "And") == 0)
        return vch_translate_build_product(at, operands[0], operands[1], &output);
    if (strcmp(at->node.operator_, "Xor") == 0)
        return differ(at, operands[0], operands[1], &output);
    VCH_TRY(vch_translate_build_sum(at, operands[0], operands[1], 1, &sum));
    return vch_translate_build_clamp(at, sum, 0, 1, &output);
}

// condition * x + (1 - condition) * y
vch_status vch_translate_where(struct vch_translate *at)
{
    uint32_t condition = 0, choices[2], parts[2] = {VCH_NONE, VCH_NONE}, otherwise = VCH_NONE;
    uint32_t output = at->node.outputs[0];

    VCH_TRY(vch_translate_operand(&condition, at, 0));
    VCH_TRY(vch_translate_operand(&choices[0], at, 1));
    VCH_TRY(vch_translate_operand(&choices[1], at, 2));
    if (!is_integer(at, choices[0]) || !is_integer(at, choices[1])) {
        uint32_t real = VCH_NONE;
        VCH_TRY(vch_translate_build_real(at, condition, &real));
        condition = real;
    }
    VCH_TRY(vch_translate_build_not(at, condition, &otherwise));
    VCH_TRY(vch_translate_build_product(at, condition, choices[0], &parts[0]));
    VCH_TRY(vch_translate_build_product(at, otherwise, choices[1], &parts[1]));
    return vch_translate_build_sum(at, parts[0], parts[1], 1, &output);
}

// max(a, b) = b + max(a - b, 0); min(a, b) = a - max(a - b, 0)
static vch_status extreme(struct vch_translate *at, uint32_t a, uint32_t b, bool is_max,
                          uint32_t *output)
{
    uint32_t difference = VCH_NONE, excess = VCH_NONE;

    VCH_TRY(vch_translate_build_sum(at, a, b, -1, &difference));
    VCH_TRY(vch_translate_build_clamp(at, difference, 0, INFINITY, &excess));
    return vch_translate_build_sum(at, is_max ? b : a, excess, is_max ? 1 : -1, output);
}

// Against one constant number an extreme is a clamp.
static vch_status bounded(struct vch_translate *at, uint32_t x, uint32_t bound, bool is_max,
                          uint32_t *output)
{
    double number = 0;

    VCH_TRY(vch_translate_scalar(&number, at, bound, "bound"));
    return vch_translate_build_clamp(at, x, is_max ? number : -INFINITY, is_max ? INFINITY : number,
                                     output);
}

static bool is_number(const struct vch_translate *at, uint32_t value, uint32_t beside)
{
    const struct vch_network_value *number = &at->network->values[value];

    return number->constant != NULL && number->constant->count == 1 &&
           number->shape.rank <= vch_translate_shape_of(at, beside)->rank;
}

vch_status vch_translate_extreme(struct vch_translate *at)
{
    bool is_max = strcmp(at->node.operator_, "Max") == 0;
    uint32_t best = 0, other = 0;

    VCH_TRY(vch_translate_operand(&best, at, 0));
    for (uint32_t i = 1; i < at->node.input_count; i++) {
        uint32_t next = VCH_NONE;
        VCH_TRY(vch_translate_operand(&other, at, i));
        if (is_number(at, other, best))
            VCH_TRY(bounded(at, best, other, is_max, &next));
        else if (is_number(at, best, other))
            VCH_TRY(bounded(at, other, best, is_max, &next));
        else
            VCH_TRY(extreme(at, best, other, is_max, &next));
        best = next;
    }
    return vch_translate_rename(at, 0, best);
}

// max(x, 0) + max(-x, 0) for whole numbers of any size; a table for real ones.
vch_status vch_translate_absolute(struct vch_translate *at)
{
    uint32_t x = 0, minus = VCH_NONE, parts[2] = {VCH_NONE, VCH_NONE};
    uint32_t output = at->node.outputs[0];

    VCH_TRY(vch_translate_operand(&x, at, 0));
    if (!is_integer(at, x)) return vch_translate_unary(at);
    VCH_TRY(vch_translate_build_scaled(at, x, -1, 0, &minus));
    VCH_TRY(vch_translate_build_clamp(at, x, 0, INFINITY, &parts[0]));
    VCH_TRY(vch_translate_build_clamp(at, minus, 0, INFINITY, &parts[1]));
    return vch_translate_build_sum(at, parts[0], parts[1], 1, &output);
}

vch_status vch_translate_sign(struct vch_translate *at)
{
    uint32_t x = 0, output = at->node.outputs[0];

    VCH_TRY(vch_translate_operand(&x, at, 0));
    return is_integer(at, x) ? vch_translate_build_sign(at, x, &output) : vch_translate_unary(at);
}

// No number here is infinite or none: such inputs are refused at the border.
vch_status vch_translate_is_finite(struct vch_translate *at)
{
    struct vch_network_tensor *tensor = NULL;
    uint32_t x = 0, no = VCH_NONE;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    VCH_TRY(vch_translate_grow(at, &shape, 0));
    VCH_TRY(vch_network_new_tensor(at->network, VCH_NETWORK_INTEGER, &shape, &tensor));
    tensor->element = VCH_ONNX_TENSOR_BOOL;
    VCH_TRY(vch_network_add_constant(at->network, at->node.name, tensor, &no));
    return vch_translate_rename(at, 0, no);
}
