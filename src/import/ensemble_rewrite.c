// Linear models and the small operators around them, in terms of ai.onnx.
#include <math.h>
#include <string.h>

#include "import/ensemble.h"
#include "import/labels.h"
#include "import/linear.h"

enum { VALUES_PER_NODE_MAX = 8 };

// What is known about a value that a later node needs.
struct note {
    bool is_class;    // an index into `labels`, which may be empty
    bool is_unit_sum; // along the last axis: probabilities of all classes
    uint32_t logits;  // the value whose logistic function this is; or VCH_NONE
    struct vch_ensemble_labels labels;
};

struct rewriting {
    struct vch_network *network;
    struct note *notes; // per value
    struct vch_complaint *complaint;
};

static vch_status refuse(const struct rewriting *at, const struct vch_network_node *node,
                         enum vch_code code, const char *what)
{
    return vch_complain(at->complaint, code, "%s node '%s': %s", node->operator_, node->name, what);
}

static uint32_t operand(const struct vch_network_node *node, uint32_t i)
{
    return i < node->input_count ? node->inputs[i] : VCH_NONE;
}

static uint32_t result(const struct vch_network_node *node, uint32_t i)
{
    return i < node->output_count ? node->outputs[i] : VCH_NONE;
}

static vch_status new_value(struct rewriting *at, const char *name, uint32_t *out)
{
    VCH_TRY(vch_network_add_value(at->network, name, out));
    at->notes[*out].logits = VCH_NONE;
    return VCH_OK;
}

// A new node of ai.onnx with the output given, or a value of its own where that is VCH_NONE.
static vch_status emit(struct rewriting *at, const struct vch_network_node *source,
                       const char *operator_, const uint32_t *inputs, uint32_t input_count,
                       uint32_t *output)
{
    if (*output == VCH_NONE) VCH_TRY(new_value(at, source->name, output));
    return vch_network_add_node(at->network, operator_, source->name, inputs, input_count, *output);
}

static vch_status emit_unary(struct rewriting *at, const struct vch_network_node *source,
                             const char *operator_, uint32_t input, uint32_t *output)
{
    return emit(at, source, operator_, &input, 1, output);
}

// Integer attributes for the node that was emitted last.
static vch_status set_attributes(struct rewriting *at, const char *first, int64_t first_value,
                                 const char *second, int64_t second_value)
{
    struct vch_network_node *node = &at->network->nodes[at->network->node_count - 1];
    struct vch_network_attribute *attributes =
        VCH_ARENA_NEW(at->network->arena, struct vch_network_attribute, 2);

    if (attributes == NULL) return VCH_FAIL(NO_MEMORY);
    attributes[0] = (struct vch_network_attribute){
        .name = first, .kind = VCH_NETWORK_ATTRIBUTE_INTEGER, .integer = first_value};
    attributes[1] = (struct vch_network_attribute){
        .name = second, .kind = VCH_NETWORK_ATTRIBUTE_INTEGER, .integer = second_value};
    node->attributes = attributes;
    node->attribute_count = 2;
    return VCH_OK;
}

static vch_status add_constant(struct rewriting *at, const struct vch_network_node *node,
                               const struct vch_network_tensor *tensor, uint32_t *out)
{
    VCH_TRY(vch_network_add_constant(at->network, node->name, tensor, out));
    at->notes[*out].logits = VCH_NONE;
    return VCH_OK;
}

// x W' + b
static vch_status emit_product(struct rewriting *at, const struct vch_network_node *node,
                               const struct vch_network_tensor *weights,
                               const struct vch_network_tensor *bias, uint32_t *output)
{
    uint32_t inputs[3] = {operand(node, 0), VCH_NONE, VCH_NONE};

    VCH_TRY(add_constant(at, node, weights, &inputs[1]));
    if (bias != NULL) VCH_TRY(add_constant(at, node, bias, &inputs[2]));
    VCH_TRY(emit(at, node, "Gemm", inputs, bias != NULL ? 3 : 2, output));
    return set_attributes(at, "transA", 0, "transB", 1);
}

static vch_status emit_class(struct rewriting *at, const struct vch_network_node *node,
                             uint32_t logits, const struct vch_ensemble_labels *labels)
{
    uint32_t label = result(node, 0);

    if (label == VCH_NONE) return VCH_OK;
    VCH_TRY(emit_unary(at, node, "ArgMax", logits, &label));
    VCH_TRY(set_attributes(at, "axis", 1, "keepdims", 0));
    at->notes[label].is_class = true;
    at->notes[label].labels = *labels;
    return VCH_OK;
}

static vch_status rewrite_classifier(struct rewriting *at, const struct vch_network_node *node)
{
    struct vch_linear linear = {0};
    uint32_t scores = result(node, 1), logits = VCH_NONE;

    VCH_TRY(vch_linear_read(&linear, at->network, node, at->complaint));
    bool is_plain = linear.transform == VCH_LINEAR_NONE && linear.bias == linear.score_bias;
    if (is_plain) logits = scores;
    VCH_TRY(emit_product(at, node, linear.weights, linear.bias, &logits));
    VCH_TRY(emit_class(at, node, logits, &linear.labels));
    if (is_plain || scores == VCH_NONE) return VCH_OK;
    if (linear.transform == VCH_LINEAR_NONE)
        return emit_product(at, node, linear.weights, linear.score_bias, &scores);

    bool is_softmax = linear.transform == VCH_LINEAR_SOFTMAX;
    VCH_TRY(emit_unary(at, node, is_softmax ? "Softmax" : "Sigmoid", logits, &scores));
    at->notes[scores].is_unit_sum = is_softmax;
    at->notes[scores].logits = is_softmax ? VCH_NONE : logits;
    return VCH_OK;
}

static vch_status rewrite_regressor(struct rewriting *at, const struct vch_network_node *node)
{
    struct vch_linear linear = {0};
    uint32_t output = result(node, 0);

    VCH_TRY(vch_linear_read(&linear, at->network, node, at->complaint));
    return emit_product(at, node, linear.weights, linear.bias, &output);
}

static vch_status read_scaler_list(const struct vch_network_tensor **out, struct rewriting *at,
                                   const struct vch_network_node *node, const char *name)
{
    const float *values = NULL;
    size_t count = 0;
    struct vch_network_tensor *tensor = NULL;

    *out = NULL;
    VCH_TRY(vch_network_reals(&values, &count, node, name, at->complaint));
    if (count == 0) return VCH_OK;
    if (count > VCH_NETWORK_COUNT_MAX) return refuse(at, node, VCH_CODE_LIMIT, "too many features");
    struct vch_network_shape shape = {1, {(uint32_t)count}};
    VCH_TRY(vch_network_new_tensor(at->network, VCH_NETWORK_REAL, &shape, &tensor));
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return refuse(at, node, VCH_CODE_MALFORMED, "an offset or a scale is not finite");
        tensor->reals[i] = values[i];
    }
    *out = tensor;
    return VCH_OK;
}

// (x - offset) * scale
static vch_status rewrite_scaler(struct rewriting *at, const struct vch_network_node *node)
{
    static const char *const names[2] = {"offset", "scale"}, *const operators[2] = {"Sub", "Mul"};
    const struct vch_network_tensor *lists[2] = {NULL, NULL};
    uint32_t value = operand(node, 0), last = result(node, 0);

    for (int i = 0; i < 2; i++)
        VCH_TRY(read_scaler_list(&lists[i], at, node, names[i]));
    if (lists[0] == NULL && lists[1] == NULL) return emit_unary(at, node, "Identity", value, &last);
    for (int i = 0; i < 2; i++) {
        if (lists[i] == NULL) continue;
        uint32_t inputs[2] = {value, VCH_NONE};
        uint32_t output = i == 1 || lists[1] == NULL ? last : VCH_NONE;
        VCH_TRY(add_constant(at, node, lists[i], &inputs[1]));
        VCH_TRY(emit(at, node, operators[i], inputs, 2, &output));
        value = output;
    }
    return VCH_OK;
}

// Division by a sum is done where the sum is 1 already, and after the logistic function:
// s(x) / sum s(x) is the softmax of log s(x) = -softplus(-x).
static vch_status rewrite_normalizer(struct rewriting *at, const struct vch_network_node *node)
{
    const char *norm = NULL;
    uint32_t input = operand(node, 0), output = result(node, 0);
    uint32_t steps[3] = {VCH_NONE, VCH_NONE, VCH_NONE};

    VCH_TRY(vch_network_text(&norm, node, "norm", "MAX", at->complaint));
    struct note note = at->notes[input];
    if (strcmp(norm, "L1") != 0 || (!note.is_unit_sum && note.logits == VCH_NONE))
        return refuse(
            at, node, VCH_CODE_UNSUPPORTED,
            "expected norm L1, directly after a LinearClassifier with LOGISTIC or SOFTMAX");
    if (note.is_unit_sum) return emit_unary(at, node, "Identity", input, &output);
    VCH_TRY(emit_unary(at, node, "Neg", note.logits, &steps[0]));
    VCH_TRY(emit_unary(at, node, "Softplus", steps[0], &steps[1]));
    VCH_TRY(emit_unary(at, node, "Neg", steps[1], &steps[2]));
    VCH_TRY(emit_unary(at, node, "Softmax", steps[2], &output));
    at->notes[output].is_unit_sum = true;
    return VCH_OK;
}

// A name for each column changes no column.
static vch_status rewrite_zip_map(struct rewriting *at, const struct vch_network_node *node)
{
    uint32_t output = result(node, 0);
    return emit_unary(at, node, "Identity", operand(node, 0), &output);
}

// labels[index], where the index comes from ArgMax: the index stays and the labels go to the port.
static vch_status rewrite_extractor(struct rewriting *at, const struct vch_network_node *node)
{
    const struct vch_network_tensor *labels = vch_network_constant(at->network, node, 0);
    uint32_t index = operand(node, 1), output = result(node, 0);

    if (labels == NULL || labels->type != VCH_NETWORK_INTEGER || labels->count == 0 ||
        labels->count > VCH_GRAPH_LABELS_MAX || index == VCH_NONE || !at->notes[index].is_class)
        return refuse(at, node, VCH_CODE_UNSUPPORTED,
                      "expected constant class labels and an index from ArgMax");
    VCH_TRY(emit_unary(at, node, "Identity", index, &output));
    at->notes[output].is_class = true;
    if (labels->texts == NULL)
        return vch_labels_from_integers(&at->notes[output].labels, labels->integers, labels->count,
                                        at->network->arena);
    return vch_labels_from_texts(&at->notes[output].labels, labels->texts, labels->count,
                                 at->complaint);
}

static const struct rule {
    const char *operator_;
    uint32_t operand_count;
    vch_status (*rewrite)(struct rewriting *at, const struct vch_network_node *node);
} rules[] = {
    {"LinearClassifier", 1, rewrite_classifier},
    {"LinearRegressor", 1, rewrite_regressor},
    {"Scaler", 1, rewrite_scaler},
    {"Normalizer", 1, rewrite_normalizer},
    {"ZipMap", 1, rewrite_zip_map},
    {"ArrayFeatureExtractor", 2, rewrite_extractor},
};

// Text is for labels; an operator that would compute with it must not take it for numbers.
static vch_status refuse_text(const struct rewriting *at, const struct vch_network_node *node)
{
    for (uint32_t i = 0; i < node->input_count; i++) {
        const struct vch_network_tensor *constant = vch_network_constant(at->network, node, i);
        if (constant != NULL && constant->texts != NULL)
            return refuse(at, node, VCH_CODE_UNSUPPORTED, "an operand is text");
    }
    for (uint32_t i = 0; i < node->attribute_count; i++)
        if (node->attributes[i].tensor != NULL && node->attributes[i].tensor->texts != NULL)
            return refuse(at, node, VCH_CODE_UNSUPPORTED, "an attribute is text");
    return VCH_OK;
}

// Any other node stays. A class remains a class through casts and changes of shape; a cast of one,
// perhaps to text, says nothing about the index and becomes Identity.
static vch_status keep(struct rewriting *at, const struct vch_network_node *node)
{
    static const char *const passing[] = {"Identity", "Cast",    "Reshape",
                                          "Flatten",  "Squeeze", "Unsqueeze"};
    uint32_t input = operand(node, 0), output = result(node, 0);

    VCH_TRY(refuse_text(at, node));
    if (vch_network_is(node, "ArgMax") && output != VCH_NONE) at->notes[output].is_class = true;
    if (input != VCH_NONE && output != VCH_NONE && at->notes[input].is_class)
        for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
            if (vch_network_is(node, passing[i])) at->notes[output] = at->notes[input];
    if (vch_network_is(node, "Cast") && output != VCH_NONE && at->notes[output].is_class)
        return emit_unary(at, node, "Identity", input, &output);
    return vch_network_append(at->network, node);
}

static vch_status rewrite(struct rewriting *at, const struct vch_network_node *node)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!vch_network_is_ml(node, rules[i].operator_)) continue;
        bool is_complete = node->input_count == rules[i].operand_count && node->output_count > 0 &&
                           operand(node, 0) != VCH_NONE;
        if (!is_complete || (node->output_count == 1 && result(node, 0) == VCH_NONE))
            return refuse(at, node, VCH_CODE_MALFORMED, "it lacks an operand or a result");
        return rules[i].rewrite(at, node);
    }
    return keep(at, node);
}

static vch_status rewrite_all(struct rewriting *at,
                              struct vch_ensemble_labels labels[VCH_GRAPH_PORTS_MAX])
{
    struct vch_network *network = at->network;
    const struct vch_network_node *nodes = network->nodes;
    uint32_t node_count = network->node_count;

    network->nodes = NULL;
    network->node_count = network->node_capacity = 0;
    for (uint32_t i = 0; i < node_count; i++)
        VCH_TRY(rewrite(at, &nodes[i]));
    for (uint32_t i = 0; i < VCH_GRAPH_PORTS_MAX; i++)
        labels[i] = (struct vch_ensemble_labels){0};
    for (uint32_t i = 0; i < network->output_count; i++) {
        const struct vch_network_tensor *constant = network->values[network->outputs[i]].constant;
        if (constant != NULL && constant->texts != NULL)
            return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED, "output %u is constant text",
                                i);
    }
    for (uint32_t i = 0; i < network->output_count; i++)
        labels[i] = at->notes[network->outputs[i]].labels;
    return VCH_OK;
}

vch_status vch_ensemble_rewrite(struct vch_network *network,
                                struct vch_ensemble_labels labels[VCH_GRAPH_PORTS_MAX],
                                struct vch_complaint *complaint)
{
    struct rewriting at = {.network = network, .complaint = complaint};
    size_t count = network->value_count + (size_t)network->node_count * VALUES_PER_NODE_MAX;

    at.notes = VCH_ARENA_NEW(network->arena, struct note, count);
    if (at.notes == NULL)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY, "no memory to rewrite the model");
    for (size_t i = 0; i < count; i++)
        at.notes[i].logits = VCH_NONE;
    vch_status status = rewrite_all(&at, labels);
    if (vch_is_ok(status)) return status;
    return vch_complain(complaint, status.code, "the model does not fit: %s",
                        vch_code_text(status.code));
}
