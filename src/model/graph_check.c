// vch_graph_check: everything about a graph that can be known without the parameters' bytes.
#include "model/graph.h"

#include <string.h>

#include "model/bound.h"
#include "model/op_rules.h"

static vch_status check_name(const char *name, const char *what, struct vch_complaint *complaint)
{
    if (name != NULL && strnlen(name, VCH_GRAPH_NAME_MAX + 1) <= VCH_GRAPH_NAME_MAX) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT, "a %s has no name, or one of more than %u bytes",
                        what, VCH_GRAPH_NAME_MAX);
}

static vch_status check_count(uint32_t count, const void *array, uint32_t least, uint32_t most,
                              const char *what, struct vch_complaint *complaint)
{
    if (count >= least && count <= most && (count == 0 || array != NULL)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT, "the graph has %u %s; %u to %u are possible",
                        count, what, least, most);
}

static vch_status check_counts(const struct vch_graph *graph, struct vch_complaint *complaint)
{
    VCH_TRY(check_name(graph->name, "graph", complaint));
    VCH_TRY(check_count(graph->value_count, graph->values, 1, VCH_GRAPH_VALUES_MAX, "values",
                        complaint));
    VCH_TRY(check_count(graph->operator_count, graph->operators, 1, VCH_GRAPH_OPERATORS_MAX,
                        "operators", complaint));
    VCH_TRY(check_count(graph->parameter_count, graph->parameters, 0, VCH_GRAPH_PARAMETERS_MAX,
                        "parameters", complaint));
    VCH_TRY(check_count(graph->table_count, graph->tables, 0, VCH_GRAPH_TABLES_MAX, "tables",
                        complaint));
    VCH_TRY(check_count(graph->input_count, graph->inputs, 1, VCH_GRAPH_PORTS_MAX, "inputs",
                        complaint));
    return check_count(graph->output_count, graph->outputs, 1, VCH_GRAPH_PORTS_MAX, "outputs",
                       complaint);
}

static vch_status check_tensor(const char *what, uint32_t index, enum vch_type type,
                               const struct vch_shape *shape, struct vch_complaint *complaint)
{
    if (!vch_tensor_is_type((uint32_t)type))
        return vch_complain(complaint, VCH_CODE_MALFORMED, "%s %u has the unknown type %u", what,
                            index, (unsigned)type);
    if (vch_is_ok(vch_tensor_shape_check(shape))) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT,
                        "%s %u: at most %d axes, none empty, and 2^28 elements are possible", what,
                        index, VCH_RANK_MAX);
}

static vch_status check_tensors(const struct vch_graph *graph, struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < graph->value_count; i++)
        VCH_TRY(
            check_tensor("value", i, graph->values[i].type, &graph->values[i].shape, complaint));
    for (uint32_t i = 0; i < graph->parameter_count; i++)
        VCH_TRY(check_tensor("parameter", i, graph->parameters[i].type, &graph->parameters[i].shape,
                             complaint));
    return VCH_OK;
}

static vch_status check_table(const struct vch_table *table, uint32_t index,
                              struct vch_complaint *complaint)
{
    bool is_known = (table->input == VCH_TYPE_I8 || table->input == VCH_TYPE_I16) &&
                    (table->output == VCH_TYPE_I8 || table->output == VCH_TYPE_I16 ||
                     table->output == VCH_TYPE_I32);

    if (!is_known || table->entries == NULL)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "table %u must go from int8 or int16 to int8, int16 or int32", index);
    uint32_t count = table->input == VCH_TYPE_I8 ? 256 : 65536;
    int64_t least = vch_tensor_type_min(table->output), most = vch_tensor_type_max(table->output);
    for (uint32_t i = 0; i < count; i++)
        if (table->entries[i] < least || table->entries[i] > most)
            return vch_complain(complaint, VCH_CODE_MALFORMED, "table %u: entry %u is no %s", index,
                                i, vch_tensor_type_name(table->output));
    return VCH_OK;
}

// A finite positive binary64, told from its bits.
static bool is_scale(uint64_t bits)
{
    return bits != 0 && bits < (uint64_t)0x7ff << 52;
}

static vch_status check_port(const struct vch_graph *graph, const struct vch_port *port,
                             bool is_output, struct vch_complaint *complaint)
{
    VCH_TRY(check_name(port->name, "port", complaint));
    if (port->value >= graph->value_count)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "port \"%s\": there is no value %u",
                            port->name, port->value);
    enum vch_type type = graph->values[port->value].type;
    bool is_sound = false;
    switch (port->kind) {
    case VCH_PORT_REAL: is_sound = is_scale(port->scale_bits); break;
    case VCH_PORT_KEYS: is_sound = type == VCH_TYPE_I32 && port->scale_bits == 0; break;
    case VCH_PORT_INTEGER: is_sound = port->scale_bits == 0; break;
    case VCH_PORT_CLASS:
        is_sound = is_output && type == VCH_TYPE_I32 && port->scale_bits == 0;
        break;
    }
    if (!is_sound)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "port \"%s\": kind %u does not go with its type or scale", port->name,
                            (unsigned)port->kind);
    if (port->label_count > VCH_GRAPH_LABELS_MAX ||
        (port->label_count > 0 && (port->kind != VCH_PORT_CLASS || port->labels == NULL)))
        return vch_complain(complaint, VCH_CODE_LIMIT, "port \"%s\": %u labels", port->name,
                            port->label_count);
    for (uint32_t i = 0; i < port->label_count; i++)
        VCH_TRY(check_name(port->labels[i], "label", complaint));
    return VCH_OK;
}

static vch_status check_ports(const struct vch_graph *graph, const struct vch_port *ports,
                              uint32_t count, bool is_output, struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < count; i++) {
        VCH_TRY(check_port(graph, &ports[i], is_output, complaint));
        for (uint32_t k = 0; k < i; k++)
            if (ports[k].value == ports[i].value)
                return vch_complain(complaint, VCH_CODE_MALFORMED,
                                    "ports \"%s\" and \"%s\" name the same value", ports[k].name,
                                    ports[i].name);
    }
    return VCH_OK;
}

// What has been seen of values and parameters while walking the operators in order.
struct walk {
    const struct vch_graph *graph;
    struct vch_complaint *complaint;
    bool *is_written;   // by value
    bool *is_parameter; // by parameter: some operator uses it
    uint32_t *writers;  // by value: operator, or VCH_NONE for inputs
};

static vch_status check_indices(const struct walk *walk, const struct vch_op_rules *at)
{
    const struct vch_operator *operator_ = at->operator_;
    const struct vch_graph *graph = walk->graph;

    if (operator_->input_count > VCH_GRAPH_OPERANDS_MAX ||
        (operator_->input_count > 0 && operator_->inputs == NULL) || operator_->parameter_count > 4)
        return vch_op_rules_refuse(at, VCH_CODE_LIMIT, "too many operands or parameters");
    for (uint32_t i = 0; i < operator_->input_count; i++) {
        uint32_t value = operator_->inputs[i];
        if (value >= graph->value_count || !walk->is_written[value])
            return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "value %u is not written before it",
                                       value);
    }
    for (uint32_t i = 0; i < operator_->parameter_count; i++) {
        uint32_t parameter = operator_->parameters[i];
        if (parameter >= graph->parameter_count)
            return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "there is no parameter %u",
                                       parameter);
        walk->is_parameter[parameter] = true;
    }
    if (operator_->output >= graph->value_count || walk->is_written[operator_->output])
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "it cannot write value %u",
                                   operator_->output);
    return VCH_OK;
}

static bool has_bias(enum vch_operator_kind kind)
{
    return kind == VCH_OPERATOR_LINEAR || kind == VCH_OPERATOR_CONVOLUTION ||
           kind == VCH_OPERATOR_TREES;
}

static vch_status check_bound(const struct walk *walk, const struct vch_op_rules *at)
{
    const struct vch_operator *operator_ = at->operator_;
    uint64_t bound = 0, promised = operator_->bias_bound;

    if ((promised & (promised - 1)) != 0 || (promised != 0 && !has_bias(operator_->kind)))
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "its bias bound is no power of two");
    if (!vch_is_ok(vch_bound_public(&bound, walk->graph, operator_, walk->writers)) ||
        !vch_is_ok(vch_bound_fits(bound, operator_)))
        return vch_op_rules_refuse(at, VCH_CODE_LIMIT,
                                   "its sums could exceed 62 bits; a smaller multiplier, fewer "
                                   "inputs or a narrower type helps");
    if (bound != operator_->public_bound)
        return vch_op_rules_refuse(at, VCH_CODE_MALFORMED, "its bound is %llu, the graph says %llu",
                                   (unsigned long long)bound,
                                   (unsigned long long)operator_->public_bound);
    return VCH_OK;
}

static vch_status check_operator(const struct walk *walk, uint32_t index)
{
    const struct vch_operator *operator_ = &walk->graph->operators[index];
    const struct vch_op_rules at = {walk->graph, operator_, walk->complaint};

    VCH_TRY(check_name(operator_->name, "operator", walk->complaint));
    if ((uint32_t)operator_->kind >= VCH_OPERATOR_COUNT)
        return vch_complain(walk->complaint, VCH_CODE_UNSUPPORTED,
                            "operator %u, \"%s\", is of the unknown kind %u", index,
                            operator_->name, (unsigned)operator_->kind);
    VCH_TRY(check_indices(walk, &at));
    VCH_TRY(vch_op_rules_check(&at));
    VCH_TRY(check_bound(walk, &at));
    walk->is_written[operator_->output] = true;
    walk->writers[operator_->output] = index;
    return VCH_OK;
}

// Nothing may be left over: what no operator writes or uses would be a place to hide things. An
// input that nothing uses is no such place; models have them, and their callers send them.
static vch_status check_complete(const struct walk *walk)
{
    const struct vch_graph *graph = walk->graph;

    for (uint32_t i = 0; i < graph->value_count; i++)
        if (!walk->is_written[i])
            return vch_complain(walk->complaint, VCH_CODE_MALFORMED, "nothing writes value %u", i);
    for (uint32_t i = 0; i < graph->parameter_count; i++)
        if (!walk->is_parameter[i])
            return vch_complain(walk->complaint, VCH_CODE_MALFORMED, "nothing uses parameter %u",
                                i);
    return VCH_OK;
}

static vch_status check_operators(const struct vch_graph *graph, struct vch_arena *scratch,
                                  struct vch_complaint *complaint)
{
    struct walk walk = {
        .graph = graph,
        .complaint = complaint,
        .is_written = VCH_ARENA_NEW(scratch, bool, graph->value_count),
        .is_parameter = VCH_ARENA_NEW(scratch, bool, graph->parameter_count),
        .writers = VCH_ARENA_NEW(scratch, uint32_t, graph->value_count),
    };

    if (walk.is_written == NULL || walk.is_parameter == NULL || walk.writers == NULL)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY, "no memory to check the graph");
    for (uint32_t i = 0; i < graph->value_count; i++)
        walk.writers[i] = VCH_NONE;
    for (uint32_t i = 0; i < graph->input_count; i++)
        walk.is_written[graph->inputs[i].value] = true;
    for (uint32_t i = 0; i < graph->operator_count; i++)
        VCH_TRY(check_operator(&walk, i));
    return check_complete(&walk);
}

vch_status vch_graph_check(const struct vch_graph *graph, struct vch_arena *scratch,
                           struct vch_complaint *complaint)
{
    VCH_TRY(check_counts(graph, complaint));
    VCH_TRY(check_tensors(graph, complaint));
    for (uint32_t i = 0; i < graph->table_count; i++)
        VCH_TRY(check_table(&graph->tables[i], i, complaint));
    VCH_TRY(check_ports(graph, graph->inputs, graph->input_count, false, complaint));
    VCH_TRY(check_ports(graph, graph->outputs, graph->output_count, true, complaint));

    struct vch_arena_mark mark = vch_arena_mark(scratch);
    vch_status status = check_operators(graph, scratch, complaint);
    vch_arena_rewind(scratch, mark);
    return status;
}
