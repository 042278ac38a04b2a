// Functions of each element, and powers.
#include <math.h>
#include <string.h>

#include "import/translate_build.h"

static vch_status finish_function(struct vch_translate *at, uint32_t x,
                                  enum vch_layer_function function, double alpha, double beta)
{
    uint32_t output = at->node.outputs[0];

    return vch_translate_build_function(at, x, function, alpha, beta, &output);
}

static const struct unary {
    const char *name;
    enum vch_layer_function function;
    const char *alpha_attribute, *beta_attribute; // NULL where there is none
    float alpha, beta;                            // defaults
} unaries[] = {
    {"Abs", VCH_LAYER_ABS, NULL, NULL, 0, 0},
    {"Acos", VCH_LAYER_ACOS, NULL, NULL, 0, 0},
    {"Acosh", VCH_LAYER_ACOSH, NULL, NULL, 0, 0},
    {"Asin", VCH_LAYER_ASIN, NULL, NULL, 0, 0},
    {"Asinh", VCH_LAYER_ASINH, NULL, NULL, 0, 0},
    {"Atan", VCH_LAYER_ATAN, NULL, NULL, 0, 0},
    {"Atanh", VCH_LAYER_ATANH, NULL, NULL, 0, 0},
    {"Ceil", VCH_LAYER_CEIL, NULL, NULL, 0, 0},
    {"Celu", VCH_LAYER_CELU, "alpha", NULL, 1, 0},
    {"Cos", VCH_LAYER_COS, NULL, NULL, 0, 0},
    {"Cosh", VCH_LAYER_COSH, NULL, NULL, 0, 0},
    {"Elu", VCH_LAYER_ELU, "alpha", NULL, 1, 0},
    {"Erf", VCH_LAYER_ERF, NULL, NULL, 0, 0},
    {"Exp", VCH_LAYER_EXP, NULL, NULL, 0, 0},
    {"Floor", VCH_LAYER_FLOOR, NULL, NULL, 0, 0},
    {"HardSigmoid", VCH_LAYER_HARD_SIGMOID, "alpha", "beta", 0.2f, 0.5f},
    {"HardSwish", VCH_LAYER_HARD_SWISH, NULL, NULL, 0, 0},
    {"LeakyRelu", VCH_LAYER_LEAKY_RELU, "alpha", NULL, 0.01f, 0},
    {"Log", VCH_LAYER_LOG, NULL, NULL, 0, 0},
    {"Mish", VCH_LAYER_MISH, NULL, NULL, 0, 0},
    {"Reciprocal", VCH_LAYER_RECIPROCAL, NULL, NULL, 0, 0},
    {"Round", VCH_LAYER_ROUND, NULL, NULL, 0, 0},
    {"Selu", VCH_LAYER_SELU, "alpha", "gamma", 1.6732632f, 1.050701f},
    {"Shrink", VCH_LAYER_SHRINK, "lambd", "bias", 0.5f, 0},
    {"Sigmoid", VCH_LAYER_SIGMOID, NULL, NULL, 0, 0},
    {"Sign", VCH_LAYER_SIGN, NULL, NULL, 0, 0},
    {"Sin", VCH_LAYER_SIN, NULL, NULL, 0, 0},
    {"Sinh", VCH_LAYER_SINH, NULL, NULL, 0, 0},
    {"Softplus", VCH_LAYER_SOFTPLUS, NULL, NULL, 0, 0},
    {"Softsign", VCH_LAYER_SOFTSIGN, NULL, NULL, 0, 0},
    {"Sqrt", VCH_LAYER_SQRT, NULL, NULL, 0, 0},
    {"Swish", VCH_LAYER_SWISH, "alpha", NULL, 1, 0},
    {"Tan", VCH_LAYER_TAN, NULL, NULL, 0, 0},
    {"Tanh", VCH_LAYER_TANH, NULL, NULL, 0, 0},
    {"ThresholdedRelu", VCH_LAYER_THRESHOLDED_RELU, "alpha", NULL, 1, 0},
};

static vch_status gelu(struct vch_translate *at, uint32_t x)
{
    const char *mode = NULL;

    VCH_TRY(vch_network_text(&mode, &at->node, "approximate", "none", at->complaint));
    return finish_function(at, x, strcmp(mode, "tanh") == 0 ? VCH_LAYER_GELU_TANH : VCH_LAYER_GELU,
                           0, 0);
}

vch_status vch_translate_unary(struct vch_translate *at)
{
    uint32_t x = 0, output = at->node.outputs[0];
    float alpha = 0, beta = 0;
    double minus = -1;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    if (strcmp(at->node.operator_, "Neg") == 0)
        return vch_translate_affine(at, x, &minus, 1, NULL, 0, &output);
    if (strcmp(at->node.operator_, "Gelu") == 0) return gelu(at, x);
    const struct unary *unary = unaries;
    while (strcmp(unary->name, at->node.operator_) != 0)
        unary++;
    if (unary->alpha_attribute != NULL)
        VCH_TRY(vch_network_real(&alpha, &at->node, unary->alpha_attribute, unary->alpha,
                                 at->complaint));
    if (unary->beta_attribute != NULL)
        VCH_TRY(
            vch_network_real(&beta, &at->node, unary->beta_attribute, unary->beta, at->complaint));
    return finish_function(at, x, unary->function, (double)alpha, (double)beta);
}

#define EXPONENTS_MAX 16u // distinct ones in a list of constants
#define BASE_MIN 0x1p-40  // what a base at or below zero counts as

// The positions whose exponent is list[first]: base^exponent there, and 0 elsewhere. What is not
// asked for is 1 while the power is taken, so that it is a number.
static vch_status masked_power(struct vch_translate *at, uint32_t base, const double *list,
                               size_t first, size_t count, uint32_t *output)
{
    double *mask = VCH_ARENA_NEW(at->network->arena, double, 2 * count);
    uint32_t picked = VCH_NONE, power = VCH_NONE;

    if (mask == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        mask[i] = list[i] == list[first];
        mask[count + i] = 1 - mask[i];
    }
    VCH_TRY(vch_translate_affine(at, base, mask, count, mask + count, count, &picked));
    VCH_TRY(vch_translate_build_function(at, picked, VCH_LAYER_POWER, list[first], 0, &power));
    return vch_translate_affine(at, power, mask, count, NULL, 0, output);
}

static bool is_first(const double *list, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (list[i] == list[index]) return false;
    return true;
}

// exp(exponent * log(base)), for positive bases.
static vch_status computed_power(struct vch_translate *at, uint32_t base, uint32_t exponent)
{
    uint32_t logarithm = VCH_NONE, product = VCH_NONE;

    VCH_TRY(vch_translate_build_function(at, base, VCH_LAYER_LOG, BASE_MIN, 0, &logarithm));
    VCH_TRY(vch_translate_build_product(at, logarithm, exponent, &product));
    return finish_function(at, product, VCH_LAYER_EXP, 0, 0);
}

// Constant exponents, one per element: a table for each that differs.
static vch_status listed_powers(struct vch_translate *at, uint32_t base, uint32_t exponent)
{
    struct vch_network_shape shape = {0};
    const struct vch_network_shape own = *vch_translate_shape_of(at, base);
    double *list = NULL;
    size_t distinct = 0;
    uint32_t sum = VCH_NONE, part = VCH_NONE;

    VCH_TRY(vch_translate_broadcast(&shape, at, &own, vch_translate_shape_of(at, exponent)));
    VCH_TRY(vch_translate_stretched(&list, at, exponent, &shape));
    size_t count = vch_network_count(&shape);
    for (size_t i = 0; i < count && distinct <= EXPONENTS_MAX; i++)
        distinct += is_first(list, i);
    if (distinct > EXPONENTS_MAX || !vch_network_same_shape(&shape, &own))
        return computed_power(at, base, exponent);
    for (size_t i = 0; i < count; i++) {
        if (!is_first(list, i)) continue;
        uint32_t before = sum;
        part = sum = VCH_NONE;
        VCH_TRY(masked_power(at, base, list, i, count, &part));
        if (before == VCH_NONE)
            sum = part;
        else
            VCH_TRY(vch_translate_build_sum(at, before, part, 1, &sum));
    }
    return vch_translate_rename(at, 0, sum);
}

static const struct vch_network_tensor *constant_of(const struct vch_translate *at, uint32_t value)
{
    return at->network->values[value].constant;
}

vch_status vch_translate_power(struct vch_translate *at)
{
    uint32_t base = 0, exponent = 0;
    double alpha = 1;

    VCH_TRY(vch_translate_operand(&base, at, 0));
    VCH_TRY(vch_translate_operand(&exponent, at, 1));
    const struct vch_network_tensor *fixed = constant_of(at, exponent);
    if (fixed != NULL && fixed->count == 1) {
        VCH_TRY(vch_translate_scalar(&alpha, at, exponent, "exponent"));
        return finish_function(at, base, VCH_LAYER_POWER, alpha, 0);
    }
    if (fixed != NULL) return listed_powers(at, base, exponent);
    if (constant_of(at, base) == NULL || constant_of(at, base)->count != 1)
        return computed_power(at, base, exponent);
    VCH_TRY(vch_translate_scalar(&alpha, at, base, "base"));
    return finish_function(at, exponent, VCH_LAYER_POWER_OF, alpha, 0);
}
