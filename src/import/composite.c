#include "import/composite.h"

#include <math.h>
#include <string.h>

#include "import/function.h"

// How a value comes from another, element by element.
struct expression {
    uint32_t root; // VCH_NONE: not at all, or it is a root itself
    uint32_t count, joins;
    struct vch_composite_step *steps;
};

struct collapse {
    struct vch_layers *layers;
    struct expression *expressions; // per value
};

static double step_of(const struct vch_composite_step *step, double a, double b)
{
    switch (step->kind) {
    case VCH_COMPOSITE_FUNCTION:
        return vch_function_of(step->function, step->function_alpha, step->function_beta, a);
    case VCH_COMPOSITE_LINE: return step->alpha * a + step->beta;
    case VCH_COMPOSITE_SUM: return step->alpha * a + step->beta * b;
    case VCH_COMPOSITE_PRODUCT: return step->alpha * a * b;
    }
    return 0;
}

double vch_composite_of(const struct vch_composite *composite, double x)
{
    double results[VCH_COMPOSITE_STEPS_MAX] = {0};

    for (uint32_t i = 0; i < composite->count; i++) {
        const struct vch_composite_step *step = &composite->steps[i];
        double y = step_of(step, step->a == VCH_NONE ? x : results[step->a],
                           step->b == VCH_NONE ? x : results[step->b]);
        results[i] = y < step->lo ? step->lo : y > step->hi ? step->hi : y;
    }
    return results[composite->count - 1];
}

double vch_composite_layer(const struct vch_layer *layer, double x)
{
    if (layer->composite != NULL) return vch_composite_of(layer->composite, x);
    return vch_function_of(layer->function, layer->alpha, layer->beta, x);
}

// Functions that jump are tables of their own, which know where (lower_table.c).
static bool jumps(enum vch_layer_function function)
{
    static const enum vch_layer_function list[] = {
        VCH_LAYER_CEIL,   VCH_LAYER_FLOOR, VCH_LAYER_ROUND,           VCH_LAYER_TRUNCATE,
        VCH_LAYER_SHRINK, VCH_LAYER_SIGN,  VCH_LAYER_THRESHOLDED_RELU};

    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i] == function) return true;
    return false;
}

static bool is_uniform(const struct collapse *at, const struct vch_layer *layer)
{
    size_t count = vch_network_count(vch_layers_shape(at->layers, layer->output));

    for (size_t i = 1; i < count; i++)
        if (layer->weights[i] != layer->weights[0] || layer->bias[i] != layer->bias[0])
            return false;
    return true;
}

static bool is_of_elements(const struct collapse *at, const struct vch_layer *layer)
{
    const struct vch_network *network = at->layers->network;

    if (layer->tie != 0 || layer->composite != NULL) return false;
    for (uint32_t i = 0; i < layer->input_count; i++) {
        const struct vch_network_value *value = &network->values[layer->inputs[i]];
        if (value->type != VCH_NETWORK_REAL || value->constant != NULL ||
            !vch_network_same_shape(&value->shape, vch_layers_shape(at->layers, layer->output)))
            return false;
    }
    if (network->values[layer->output].type != VCH_NETWORK_REAL) return false;
    if (layer->kind == VCH_LAYER_FUNCTION) return !jumps(layer->function);
    if (layer->kind == VCH_LAYER_AFFINE) return is_uniform(at, layer);
    return layer->kind == VCH_LAYER_CLAMP || layer->kind == VCH_LAYER_ADD ||
           layer->kind == VCH_LAYER_MULTIPLY;
}

static struct vch_composite_step step_from(const struct vch_layer *layer)
{
    struct vch_composite_step step = {
        .kind = VCH_COMPOSITE_LINE, .alpha = 1, .lo = layer->lo, .hi = layer->hi};

    if (layer->kind == VCH_LAYER_FUNCTION) {
        step.kind = VCH_COMPOSITE_FUNCTION;
        step.function = layer->function;
        step.function_alpha = layer->alpha;
        step.function_beta = layer->beta;
    } else if (layer->kind == VCH_LAYER_AFFINE) {
        step.alpha = layer->weights[0];
        step.beta = layer->bias[0];
    } else if (layer->kind == VCH_LAYER_ADD || layer->kind == VCH_LAYER_MULTIPLY) {
        bool is_sum = layer->kind == VCH_LAYER_ADD;
        step.kind = is_sum ? VCH_COMPOSITE_SUM : VCH_COMPOSITE_PRODUCT;
        step.alpha = layer->coefficients[0];
        step.beta = layer->coefficients[1];
    }
    return step;
}

static uint32_t root_of(const struct collapse *at, uint32_t value)
{
    uint32_t root = at->expressions[value].root;

    return root == VCH_NONE ? value : root;
}

// Copies an operand's steps behind those that are there; the index of its result.
static uint32_t copy(struct expression *to, const struct expression *from)
{
    uint32_t base = to->count;

    if (from->root == VCH_NONE) return VCH_NONE;
    for (uint32_t i = 0; i < from->count; i++) {
        struct vch_composite_step step = from->steps[i];
        if (step.a != VCH_NONE) step.a += base;
        if (step.b != VCH_NONE) step.b += base;
        to->steps[to->count++] = step;
    }
    return to->count - 1;
}

static vch_status express(struct collapse *at, const struct vch_layer *layer)
{
    struct expression own = {.root = root_of(at, layer->inputs[0])};
    struct vch_composite_step step = step_from(layer);
    uint32_t count = 1, operands[2] = {VCH_NONE, VCH_NONE};

    for (uint32_t i = 0; i < layer->input_count; i++) {
        const struct expression *from = &at->expressions[layer->inputs[i]];
        if (root_of(at, layer->inputs[i]) != own.root) return VCH_OK;
        if (from->root != VCH_NONE) count += from->count;
        own.joins += from->root != VCH_NONE ? from->joins : 0;
    }
    if (count > VCH_COMPOSITE_STEPS_MAX) return VCH_OK;
    own.steps = VCH_ARENA_NEW(at->layers->network->arena, struct vch_composite_step, count);
    if (own.steps == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < layer->input_count; i++)
        operands[i] = copy(&own, &at->expressions[layer->inputs[i]]);
    step.a = operands[0];
    step.b = operands[1];
    own.steps[own.count++] = step;
    own.joins += layer->input_count - 1;
    at->expressions[layer->output] = own;
    return VCH_OK;
}

// A square alone is a product; with functions or more products a table does as well and rounds
// once.
static bool is_worth_it(const struct expression *expression)
{
    bool has_function = false;

    for (uint32_t i = 0; i < expression->count; i++)
        has_function = has_function || expression->steps[i].kind == VCH_COMPOSITE_FUNCTION;
    return expression->joins > 1 || (expression->joins == 1 && has_function);
}

static vch_status replace(struct collapse *at, struct vch_layer *layer)
{
    const struct expression *expression = &at->expressions[layer->output];
    struct vch_composite *composite =
        VCH_ARENA_NEW(at->layers->network->arena, struct vch_composite, 1);
    uint32_t root = expression->root;

    if (composite == NULL) return VCH_FAIL(NO_MEMORY);
    *composite = (struct vch_composite){expression->count, expression->steps};
    layer->kind = VCH_LAYER_FUNCTION;
    layer->input_count = 1;
    layer->inputs[0] = root;
    layer->composite = composite;
    layer->lo = -INFINITY; // the steps have it
    layer->hi = INFINITY;
    return VCH_OK;
}

vch_status vch_composite_layers(struct vch_layers *layers)
{
    struct vch_network *network = layers->network;
    struct collapse at = {
        .layers = layers,
        .expressions = VCH_ARENA_NEW(network->arena, struct expression, network->value_count),
    };

    if (at.expressions == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < network->value_count; i++)
        at.expressions[i].root = VCH_NONE;
    for (uint32_t i = 0; i < layers->count; i++)
        if (is_of_elements(&at, &layers->layers[i])) VCH_TRY(express(&at, &layers->layers[i]));
    for (uint32_t i = 0; i < layers->count; i++) {
        struct vch_layer *layer = &layers->layers[i];
        if (at.expressions[layer->output].root != VCH_NONE &&
            is_worth_it(&at.expressions[layer->output]))
            VCH_TRY(replace(&at, layer));
    }
    return VCH_OK;
}
