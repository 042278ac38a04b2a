// The table of operators, and the walk over a network's nodes.
#include <stdlib.h>
#include <string.h>

#include "import/onnx.h"
#include "import/translate.h"
#include "import/translate_quantised.h"

#define OPERATORS(X) \
    X("Abs", absolute) \
    X("Acos", unary) \
    X("Acosh", unary) \
    X("Add", add) \
    X("AffineGrid", affine_grid) \
    X("And", logic) \
    X("ArgMax", argmax) \
    X("ArgMin", argmax) \
    X("Asin", unary) \
    X("Asinh", unary) \
    X("Atan", unary) \
    X("Atanh", unary) \
    X("Attention", attention) \
    X("AveragePool", pool) \
    X("BatchNormalization", batch_normalization) \
    X("BitShift", bit_shift) \
    X("BitwiseNot", bitwise_not) \
    X("BlackmanWindow", window_function) \
    X("Cast", cast) \
    X("CastLike", cast_like) \
    X("Ceil", unary) \
    X("Celu", unary) \
    X("CenterCropPad", center_crop_pad) \
    X("Clip", clip) \
    X("Col2Im", col2im) \
    X("Compress", compress) \
    X("Concat", concat) \
    X("Constant", constant) \
    X("ConstantOfShape", constant_of_shape) \
    X("Conv", conv) \
    X("ConvInteger", conv_integer) \
    X("ConvTranspose", conv_transpose) \
    X("Cos", unary) \
    X("Cosh", unary) \
    X("CumSum", cumsum) \
    X("DFT", dft) \
    X("DepthToSpace", depth_to_space) \
    X("DequantizeLinear", dequantize_linear) \
    X("Div", divide) \
    X("Dropout", dropout) \
    X("DynamicQuantizeLinear", dynamic_quantize_linear) \
    X("Einsum", einsum) \
    X("Elu", unary) \
    X("Equal", equal) \
    X("Erf", unary) \
    X("Exp", unary) \
    X("Expand", expand) \
    X("EyeLike", eye_like) \
    X("Flatten", flatten) \
    X("Floor", unary) \
    X("GRU", recurrent) \
    X("Gather", gather) \
    X("GatherElements", gather_elements) \
    X("GatherND", gather_nd) \
    X("Gelu", unary) \
    X("Gemm", gemm) \
    X("GlobalAveragePool", global_pool) \
    X("GlobalLpPool", global_pool) \
    X("GlobalMaxPool", global_pool) \
    X("Greater", compare) \
    X("GreaterOrEqual", compare) \
    X("GroupNormalization", group_normalization) \
    X("HammingWindow", window_function) \
    X("HannWindow", window_function) \
    X("HardSigmoid", unary) \
    X("HardSwish", unary) \
    X("Hardmax", hardmax) \
    X("Identity", identity) \
    X("InstanceNormalization", instance_normalization) \
    X("IsInf", is_finite) \
    X("IsNaN", is_finite) \
    X("LRN", lrn) \
    X("LSTM", recurrent) \
    X("LayerNormalization", layer_normalization) \
    X("LeakyRelu", unary) \
    X("Less", compare) \
    X("LessOrEqual", compare) \
    X("Log", log) \
    X("LogSoftmax", log_softmax) \
    X("LpNormalization", lp_normalization) \
    X("LpPool", pool) \
    X("MatMul", matmul) \
    X("MatMulInteger", matmul_integer) \
    X("Max", extreme) \
    X("MaxPool", pool) \
    X("Mean", mean) \
    X("MeanVarianceNormalization", mean_variance_normalization) \
    X("Min", extreme) \
    X("Mish", unary) \
    X("Mod", mod) \
    X("Mul", multiply) \
    X("Neg", unary) \
    X("NonZero", non_zero) \
    X("Not", logic) \
    X("OneHot", one_hot) \
    X("Or", logic) \
    X("PRelu", prelu) \
    X("Pad", pad) \
    X("Pow", power) \
    X("QLinearConv", qlinear_conv) \
    X("QLinearMatMul", qlinear_matmul) \
    X("QuantizeLinear", quantize_linear) \
    X("RMSNormalization", rms_normalization) \
    X("RNN", recurrent) \
    X("Range", range) \
    X("Reciprocal", unary) \
    X("ReduceL1", reduce) \
    X("ReduceL2", reduce) \
    X("ReduceLogSum", reduce_log_sum) \
    X("ReduceLogSumExp", reduce) \
    X("ReduceMax", reduce) \
    X("ReduceMean", reduce) \
    X("ReduceMin", reduce) \
    X("ReduceProd", reduce) \
    X("ReduceSum", reduce) \
    X("ReduceSumSquare", reduce) \
    X("Relu", relu) \
    X("Reshape", reshape) \
    X("Resize", resize) \
    X("ReverseSequence", reverse_sequence) \
    X("RotaryEmbedding", rotary_embedding) \
    X("Round", unary) \
    X("STFT", stft) \
    X("Scatter", scatter_elements) \
    X("ScatterElements", scatter_elements) \
    X("ScatterND", scatter_nd) \
    X("Selu", unary) \
    X("Shape", shape) \
    X("Shrink", unary) \
    X("Sigmoid", unary) \
    X("Sign", sign) \
    X("Sin", unary) \
    X("Sinh", unary) \
    X("Size", size) \
    X("Slice", slice) \
    X("Softmax", softmax) \
    X("Softplus", unary) \
    X("Softsign", unary) \
    X("SpaceToDepth", space_to_depth) \
    X("Split", split) \
    X("Sqrt", unary) \
    X("Squeeze", squeeze) \
    X("Sub", add) \
    X("Sum", sum) \
    X("Swish", unary) \
    X("Tan", unary) \
    X("Tanh", unary) \
    X("ThresholdedRelu", unary) \
    X("Tile", tile) \
    X("Transpose", transpose) \
    X("Trilu", trilu) \
    X("Unsqueeze", unsqueeze) \
    X("Upsample", resize) \
    X("Where", where) \
    X("Xor", logic)

static const struct entry {
    const char *name;
    vch_translate_function *translate;
} entries[] = {
#define X(name, function) {name, vch_translate_##function},
    OPERATORS(X)
#undef X
};

const char *const vch_translate_supported[] = {
#define X(name, function) name,
    OPERATORS(X)
#undef X
        NULL,
};

// What onnxruntime's quantisation writes beyond ai.onnx.
static const struct entry entries_microsoft[] = {
    {"QGemm", vch_translate_qgemm},
    {"QLinearAdd", vch_translate_qlinear_binary},
    {"QLinearAveragePool", vch_translate_qlinear_unary},
    {"QLinearConcat", vch_translate_qlinear_concat},
    {"QLinearGlobalAveragePool", vch_translate_qlinear_unary},
    {"QLinearLeakyRelu", vch_translate_qlinear_unary},
    {"QLinearMul", vch_translate_qlinear_binary},
    {"QLinearSigmoid", vch_translate_qlinear_unary},
};

static int by_name(const void *key, const void *entry)
{
    return strcmp(key, ((const struct entry *)entry)->name);
}

static vch_status resolve(struct vch_translate *at, const struct vch_network_node *node)
{
    uint32_t *inputs = VCH_ARENA_NEW(at->network->arena, uint32_t, node->input_count);

    if (inputs == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < node->input_count; i++)
        inputs[i] = node->inputs[i] == VCH_NONE ? VCH_NONE : at->alias[node->inputs[i]];
    at->node = *node;
    at->node.inputs = inputs;
    return VCH_OK;
}

// A constant of no elements is a list that says nothing, a part to be joined with others, or a sum
// of nothing; where it would be computed with, shapes are divided by their sizes.
static vch_status check_emptiness(const struct vch_translate *at)
{
    static const char *const moves[] = {
        "Cast",   "CastLike", "Concat",   "ConstantOfShape", "Dropout",
        "Expand", "Flatten",  "Identity", "Reshape",         "Shape",
        "Size",   "Slice",    "Squeeze",  "Unsqueeze",
    };

    if (!vch_translate_has(at, 0)) return VCH_OK;
    const struct vch_network_tensor *first = at->network->values[at->node.inputs[0]].constant;
    if (first == NULL || first->count > 0 || strncmp(at->node.operator_, "Reduce", 6) == 0)
        return VCH_OK;
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (strcmp(at->node.operator_, moves[i]) == 0) return VCH_OK;
    return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "its operand has no elements");
}

static bool has_output(const struct vch_network_node *node)
{
    for (uint32_t i = 0; i < node->output_count; i++)
        if (node->outputs[i] != VCH_NONE) return true;
    return false;
}

// A first output that nobody named gets a value nevertheless: nothing will read it.
static vch_status name_output(struct vch_translate *at)
{
    uint32_t count = at->node.output_count, *outputs = NULL;

    if (at->node.outputs[0] != VCH_NONE) return VCH_OK;
    outputs = VCH_ARENA_NEW(at->network->arena, uint32_t, count);
    if (outputs == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(outputs, at->node.outputs, count * sizeof *outputs);
    at->node.outputs = outputs;
    return vch_network_add_value(at->network, at->node.name, &outputs[0]);
}

static vch_status translate_node(struct vch_translate *at, const struct vch_network_node *node)
{
    bool is_microsoft = strcmp(node->domain, VCH_NETWORK_DOMAIN_MICROSOFT) == 0;
    const struct entry *list = is_microsoft ? entries_microsoft : entries;
    size_t count = is_microsoft ? sizeof entries_microsoft / sizeof *entries_microsoft
                                : sizeof entries / sizeof *entries;
    const struct entry *entry = NULL;

    if (is_microsoft || node->domain[0] == '\0')
        entry = bsearch(node->operator_, list, count, sizeof *list, by_name);
    VCH_TRY(resolve(at, node));
    if (entry == NULL)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "this operator%s%s is not supported; specs/onnx.md "
                                    "lists those that are",
                                    node->domain[0] != '\0' ? " of " : "", node->domain);
    if (!has_output(node)) return vch_translate_refuse(at, VCH_CODE_MALFORMED, "it has no output");
    VCH_TRY(check_emptiness(at));
    VCH_TRY(name_output(at));
    if (vch_translate_quantised_moves(at))
        return vch_translate_quantised_move(at, entry->translate);
    return entry->translate(at);
}

static vch_status check_outputs(struct vch_translate *at)
{
    struct vch_network *network = at->network;

    for (uint32_t i = 0; i < network->output_count; i++) {
        at->layers->output_names[i] = network->values[network->outputs[i]].name;
        network->outputs[i] = at->alias[network->outputs[i]];
        const struct vch_network_value *value = &network->values[network->outputs[i]];
        if (!value->has_shape || vch_network_count(&value->shape) == 0 ||
            value->shape.rank > VCH_RANK_MAX)
            return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                                "output '%.200s' is not computed by its node, or has no elements, "
                                "or has more than %d dimensions",
                                at->layers->output_names[i], VCH_RANK_MAX);
    }
    return VCH_OK;
}

vch_status vch_translate_network(struct vch_layers **out, struct vch_network *network,
                                 struct vch_complaint *complaint)
{
    struct vch_layers *layers = VCH_ARENA_NEW(network->arena, struct vch_layers, 1);
    uint32_t *alias = VCH_ARENA_NEW(network->arena, uint32_t, network->value_count);
    struct vch_translate at = {
        .layers = layers,
        .network = network,
        .alias = alias,
        .alias_count = network->value_count,
        .complaint = complaint,
    };

    if (layers == NULL || alias == NULL) return VCH_FAIL(NO_MEMORY);
    layers->network = network;
    for (uint32_t i = 0; i < network->value_count; i++)
        alias[i] = i;
    for (uint32_t i = 0; i < network->input_count; i++) {
        const struct vch_network_value *input = &network->values[network->inputs[i]];
        if (input->shape.rank <= VCH_RANK_MAX) continue;
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "input '%.200s' has %u dimensions; at most %d are supported",
                            input->name, input->shape.rank, VCH_RANK_MAX);
    }
    for (uint32_t i = 0; i < network->node_count; i++)
        VCH_TRY(translate_node(&at, &network->nodes[i]));
    *out = layers;
    return check_outputs(&at);
}
