// Logarithms, and the sums of exponentials below them.
//
//     Log(ReduceSum(Exp(x)))    ReduceLogSum(Exp(x))
//
// are ReduceLogSumExp(x), which need not hold e^x of the largest and of the least x side by side.
// Casts may stand between. What computed the sum goes away where nothing else reads it.
#include "import/translate_producer.h"

enum { MOVES_MAX = 16 }; // that may stand between: no file makes this walk long

static uint32_t first(const struct vch_network_node *node)
{
    return node->input_count == 0 ? VCH_NONE : node->inputs[0];
}

static const struct vch_network_value *resolved(const struct vch_translate *at, uint32_t value)
{
    return &at->network->values[at->alias[value]];
}

// The node that computes a value, past those that pass real numbers on as they are.
static const struct vch_network_node *producer(const struct vch_translate *at, uint32_t value)
{
    static const char *const moves[] = {"Cast", "CastLike", "Identity"};

    for (int count = 0; count < MOVES_MAX; count++) {
        const struct vch_network_node *node = vch_translate_producer_of(at, value);
        bool is_move = false;
        if (node == NULL || resolved(at, value)->type != VCH_NETWORK_REAL) return NULL;
        for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
            is_move = is_move || vch_network_is(node, moves[i]);
        if (!is_move) return node;
        value = first(node);
    }
    return NULL;
}

static bool is(const struct vch_network_node *node, const char *operator_)
{
    return node != NULL && vch_network_is(node, operator_);
}

// x - max(x) has no large exponentials to begin with.
static bool is_below_largest(const struct vch_translate *at, uint32_t value)
{
    const struct vch_network_node *node = producer(at, value);

    return is(node, "Sub") && node->input_count == 2 &&
           is(producer(at, node->inputs[1]), "ReduceMax");
}

// The x of Exp(x) that `sum` adds up; VCH_NONE where it adds up something else.
static uint32_t exponent(const struct vch_translate *at, const struct vch_network_node *sum)
{
    const struct vch_network_node *power = producer(at, first(sum));
    uint32_t x = is(power, "Exp") ? first(power) : VCH_NONE;

    if (x == VCH_NONE || is_below_largest(at, x)) return VCH_NONE;
    const struct vch_network_value *value = resolved(at, x);
    bool is_usual = value->type == VCH_NETWORK_REAL && value->constant == NULL &&
                    vch_network_count(&value->shape) > 0;
    return is_usual ? x : VCH_NONE;
}

// `sum` is the file's; the node in hand is it or its logarithm, and gives the result.
static vch_status match(bool *is_done, struct vch_translate *at, const struct vch_network_node *sum)
{
    uint32_t x = exponent(at, sum);
    uint32_t *inputs = VCH_ARENA_NEW(at->network->arena, uint32_t, sum->input_count);

    if (inputs == NULL) return VCH_FAIL(NO_MEMORY);
    *is_done = x != VCH_NONE;
    if (!*is_done) return VCH_OK;
    for (uint32_t i = 0; i < sum->input_count; i++)
        inputs[i] = sum->inputs[i] == VCH_NONE ? VCH_NONE : at->alias[sum->inputs[i]];
    inputs[0] = at->alias[x];
    const struct vch_network_node own = at->node;
    at->node = *sum;
    at->node.operator_ = "ReduceLogSumExp";
    at->node.name = own.name;
    at->node.inputs = inputs;
    at->node.outputs = own.outputs;
    at->node.output_count = own.output_count;
    return vch_translate_reduce(at);
}

vch_status vch_translate_log(struct vch_translate *at)
{
    const struct vch_network_node *node = NULL;
    bool is_done = false;

    VCH_TRY(vch_translate_producer_find(at));
    node = vch_translate_producer_of(at, at->node.outputs[0]);
    if (node != NULL && first(node) != VCH_NONE) node = producer(at, first(node));
    if (is(node, "ReduceSum") && first(node) != VCH_NONE) VCH_TRY(match(&is_done, at, node));
    return is_done ? VCH_OK : vch_translate_unary(at);
}

vch_status vch_translate_reduce_log_sum(struct vch_translate *at)
{
    const struct vch_network_node *node = NULL;
    bool is_done = false;

    VCH_TRY(vch_translate_producer_find(at));
    node = vch_translate_producer_of(at, at->node.outputs[0]);
    if (node != NULL && first(node) != VCH_NONE) VCH_TRY(match(&is_done, at, node));
    return is_done ? VCH_OK : vch_translate_reduce(at);
}
