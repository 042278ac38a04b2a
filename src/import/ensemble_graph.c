#include "import/ensemble_graph.h"

#include <math.h>
#include <string.h>

#include "base/check.h"

enum {
    VALUES_MAX = 5,
    OPERATORS_MAX = 4,
    PARAMETERS = 4,
    TABLE_SIZE = 65536,
    TABLE_ZERO = 32768,
    UNIT = 32767,          // the integer that stands for probability 1
    EXPONENTIAL_BITS = 30, // e^0 in the table of exponentials
    FRACTION_BITS_MAX =
        11, // of a transform's int16 operand: the logistic function is flat beyond 16
    FRACTION_BITS_RANGE = 15 // all bits of an int16's magnitude
};

struct building {
    const struct vch_ensemble_graph_plan *plan;
    const struct vch_forest *forest;
    struct vch_forest_packed packed;
    struct vch_graph *graph;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
    uint32_t raw, scores, label; // values; VCH_NONE until there
    double scores_scale;
};

static vch_status no_memory(const struct building *at)
{
    return vch_complain(at->complaint, VCH_CODE_NO_MEMORY, "no memory for the graph of '%s'",
                        at->plan->node);
}

static vch_status allocate(struct building *at)
{
    struct vch_graph *graph = VCH_ARENA_NEW(at->arena, struct vch_graph, 1);

    if (graph == NULL) return no_memory(at);
    graph->name = at->plan->name;
    graph->values = VCH_ARENA_NEW(at->arena, struct vch_value, VALUES_MAX);
    graph->operators = VCH_ARENA_NEW(at->arena, struct vch_operator, OPERATORS_MAX);
    graph->parameters = VCH_ARENA_NEW(at->arena, struct vch_parameter, PARAMETERS);
    graph->tables = VCH_ARENA_NEW(at->arena, struct vch_table, 1);
    if (graph->values == NULL || graph->operators == NULL || graph->parameters == NULL ||
        graph->tables == NULL)
        return no_memory(at);
    at->graph = graph;
    at->raw = at->scores = at->label = VCH_NONE;
    return VCH_OK;
}

static uint32_t add_value(struct building *at, enum vch_type type, uint32_t rank, uint32_t size)
{
    VCH_ASSERT(at->graph->value_count < VALUES_MAX);
    at->graph->values[at->graph->value_count] = (struct vch_value){type, {rank, {size}}};
    return at->graph->value_count++;
}

static void add_parameter(struct building *at, enum vch_type type, uint32_t rank, uint32_t rows,
                          uint32_t columns, const void *data)
{
    VCH_ASSERT(at->graph->parameter_count < PARAMETERS);
    at->graph->parameters[at->graph->parameter_count++] =
        (struct vch_parameter){.type = type, .shape = {rank, {rows, columns}}, .data = data};
}

// Appends an operator of one operand; its own fields are the caller's.
static vch_status add_operator(struct vch_operator **out, struct building *at,
                               enum vch_operator_kind kind, uint32_t input, uint32_t output)
{
    uint32_t *inputs = VCH_ARENA_NEW(at->arena, uint32_t, 1);

    if (inputs == NULL) return no_memory(at);
    VCH_ASSERT(at->graph->operator_count < OPERATORS_MAX);
    *inputs = input;
    *out = &at->graph->operators[at->graph->operator_count++];
    **out = (struct vch_operator){
        .kind = kind, .name = at->plan->node, .input_count = 1, .inputs = inputs, .output = output};
    return VCH_OK;
}

static vch_status add_trees(struct building *at)
{
    const struct vch_forest_packed *packed = &at->packed;
    struct vch_operator *trees = NULL;
    uint32_t keys = add_value(at, VCH_TYPE_I32, 1, at->plan->feature_count);

    at->raw = add_value(at, VCH_TYPE_I64, 1, packed->target_count);
    VCH_TRY(add_operator(&trees, at, VCH_OPERATOR_TREES, keys, at->raw));
    add_parameter(at, VCH_TYPE_I32, 2, packed->node_count, 5, packed->nodes);
    add_parameter(at, VCH_TYPE_I32, 1, packed->tree_count, 0, packed->roots);
    add_parameter(at, VCH_TYPE_I64, 2, packed->leaf_count, packed->target_count, packed->leaves);
    add_parameter(at, VCH_TYPE_I64, 1, packed->target_count, 0, packed->base);
    trees->parameter_count = PARAMETERS;
    for (uint32_t i = 0; i < PARAMETERS; i++)
        trees->parameters[i] = i;
    trees->depth_max = packed->depth_max;
    trees->bias_bound = packed->bound;
    trees->public_bound = packed->bound;
    return VCH_OK;
}

static vch_status add_class(struct building *at)
{
    struct vch_operator *argmax = NULL;

    at->label = add_value(at, VCH_TYPE_I32, 0, 0);
    return add_operator(&argmax, at, VCH_OPERATOR_ARGMAX, at->raw, at->label);
}

// int64 scores to int16 with `fraction_bits` bits after the point: a shift with one rounding.
static vch_status add_rescale(struct building *at, int fraction_bits, uint32_t *narrow)
{
    int shift = at->packed.exponent - fraction_bits;
    int32_t *multiplier = VCH_ARENA_NEW(at->arena, int32_t, 1);
    uint32_t *shifts = VCH_ARENA_NEW(at->arena, uint32_t, 1);
    struct vch_operator *rescale = NULL;

    if (shift < 1)
        return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                            "node '%s': scores up to 2^%d are too large for its post_transform",
                            at->plan->node, at->packed.range);
    if (multiplier == NULL || shifts == NULL) return no_memory(at);
    *narrow = add_value(at, VCH_TYPE_I16, 1, at->packed.target_count);
    VCH_TRY(add_operator(&rescale, at, VCH_OPERATOR_RESCALE, at->raw, *narrow));
    *multiplier = 1;
    *shifts = (uint32_t)shift;
    rescale->scaling = (struct vch_scaling){
        .count = 1, .multipliers = multiplier, .shifts = shifts, .lo = -INT16_MAX, .hi = INT16_MAX};
    rescale->public_bound = at->packed.bound;
    return VCH_OK;
}

static double logistic(double x)
{
    return (double)UNIT / (1 + exp(-x));
}

static double exponential(double x)
{
    return ldexp(exp(fmin(x, 0)), EXPONENTIAL_BITS); // operands are never above zero
}

static vch_status add_table(struct building *at, double (*function)(double), int fraction_bits,
                            enum vch_type output)
{
    int32_t *entries = VCH_ARENA_NEW(at->arena, int32_t, TABLE_SIZE);

    if (entries == NULL) return no_memory(at);
    for (int i = 0; i < TABLE_SIZE; i++)
        entries[i] = (int32_t)floor(function(ldexp(i - TABLE_ZERO, -fraction_bits)) + 0.5);
    at->graph->tables[at->graph->table_count++] =
        (struct vch_table){.input = VCH_TYPE_I16, .output = output, .entries = entries};
    return VCH_OK;
}

static vch_status add_probabilities(struct building *at)
{
    bool is_logistic = at->forest->transform == VCH_FOREST_LOGISTIC;
    int fraction_bits = FRACTION_BITS_MAX;
    uint32_t narrow = VCH_NONE;
    struct vch_operator *transform = NULL;

    // A logistic operand may be cut off where the function is flat; softmax needs them all.
    if (!is_logistic && at->packed.range > FRACTION_BITS_RANGE - FRACTION_BITS_MAX)
        fraction_bits = FRACTION_BITS_RANGE - at->packed.range;
    VCH_TRY(add_rescale(at, fraction_bits, &narrow));
    VCH_TRY(add_table(at, is_logistic ? logistic : exponential, fraction_bits,
                      is_logistic ? VCH_TYPE_I16 : VCH_TYPE_I32));
    at->scores = add_value(at, VCH_TYPE_I16, 1, at->packed.target_count);
    return add_operator(&transform, at, is_logistic ? VCH_OPERATOR_TABLE : VCH_OPERATOR_SOFTMAX,
                        narrow, at->scores);
}

static vch_status add_scores(struct building *at)
{
    if (at->forest->transform == VCH_FOREST_NONE) {
        at->scores = at->raw;
        at->scores_scale = at->packed.scale;
        return VCH_OK;
    }
    at->scores_scale = 1 / (double)UNIT;
    return add_probabilities(at);
}

static vch_status add_ports(struct building *at)
{
    const struct vch_ensemble_graph_plan *plan = at->plan;
    struct vch_graph *graph = at->graph;

    graph->input_count = 1;
    graph->inputs[0] = (struct vch_port){.name = plan->input, .value = 0, .kind = VCH_PORT_KEYS};
    for (uint32_t i = 0; i < plan->output_count; i++) {
        struct vch_port *port = &graph->outputs[graph->output_count++];
        port->name = plan->outputs[i].name;
        if (plan->outputs[i].what == VCH_ENSEMBLE_GRAPH_CLASS) {
            if (at->label == VCH_NONE) VCH_TRY(add_class(at));
            port->kind = VCH_PORT_CLASS;
            port->value = at->label;
            port->label_count = at->forest->labels.count;
            port->labels = at->forest->labels.texts;
            continue;
        }
        if (at->scores == VCH_NONE) VCH_TRY(add_scores(at));
        port->kind = VCH_PORT_REAL;
        port->value = at->scores;
        memcpy(&port->scale_bits, &at->scores_scale, sizeof port->scale_bits);
    }
    return VCH_OK;
}

// Half a step of the narrow operand on each side, times the steepest slope of the function (1/4
// for one operand, 1/2 where all move), and half a step of the result.
static double score_error(const struct building *at)
{
    double leaves = at->packed.error_max, narrow = 0;

    if (at->scores == VCH_NONE || at->forest->transform == VCH_FOREST_NONE) return leaves;
    int shift = 0;
    for (uint32_t i = 0; i < at->graph->operator_count; i++)
        if (at->graph->operators[i].kind == VCH_OPERATOR_RESCALE)
            shift = (int)at->graph->operators[i].scaling.shifts[0];
    narrow = ldexp(0.5, shift - at->packed.exponent) + leaves;
    return narrow * (at->forest->transform == VCH_FOREST_LOGISTIC ? 0.25 : 0.5) +
           0.5 / (double)UNIT;
}

vch_status vch_ensemble_graph_build(struct vch_graph **out, double *error,
                                    const struct vch_ensemble_graph_plan *plan,
                                    const struct vch_forest *forest, struct vch_arena *arena,
                                    struct vch_complaint *complaint)
{
    struct building at = {.plan = plan, .forest = forest, .arena = arena, .complaint = complaint};

    VCH_TRY(vch_forest_pack(&at.packed, forest, arena, complaint));
    VCH_TRY(allocate(&at));
    VCH_TRY(add_trees(&at));
    VCH_TRY(add_ports(&at));
    *error = score_error(&at);
    *out = at.graph;
    return VCH_OK;
}
