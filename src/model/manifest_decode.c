#include <string.h>

#include "message/message.h"
#include "model/manifest.h"
#include "model/manifest_message.h"
#include "model/tensor.h"

// The graph keeps the strings and arrays that protobuf-c unpacked: the message stays in the arena.
struct decoder {
    const Vouch__Manifest *message;
    struct vch_graph *graph;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

static vch_status refuse(const struct decoder *at, const char *what)
{
    return vch_complain(at->complaint, VCH_CODE_MALFORMED, "manifest: %s", what);
}

static vch_status read_type(enum vch_type *out, uint32_t type, const struct decoder *at)
{
    if (!vch_tensor_is_type(type)) return refuse(at, "a type is not int8, int16, int32 or int64");
    *out = (enum vch_type)type;
    return VCH_OK;
}

static vch_status read_shape(struct vch_shape *out, const Vouch__Shape *shape,
                             const struct decoder *at)
{
    if (shape == NULL) return refuse(at, "a shape is missing");
    if (shape->n_dims > VCH_RANK_MAX)
        return vch_complain(at->complaint, VCH_CODE_LIMIT,
                            "manifest: a tensor has %zu axes, over %d", shape->n_dims,
                            VCH_RANK_MAX);
    out->rank = (uint32_t)shape->n_dims;
    if (out->rank > 0) memcpy(out->dims, shape->dims, out->rank * sizeof *out->dims);
    return VCH_OK;
}

// A list into a fixed array; the zeros at its end were not written.
static vch_status read_list(void *out, size_t capacity, const void *items, size_t count,
                            const struct decoder *at)
{
    if (count > capacity) return refuse(at, "a list of an operator is too long");
    if (count > 0) memcpy(out, items, count * sizeof(uint32_t));
    return VCH_OK;
}

static vch_status read_scaling(struct vch_operator *out, const Vouch__Scaling *scaling,
                               const struct decoder *at)
{
    if (scaling == NULL) return VCH_OK;
    if (scaling->n_multipliers > INT32_MAX) return refuse(at, "too many multipliers");
    out->scaling.count = (uint32_t)scaling->n_multipliers;
    if (scaling->n_shifts != vch_manifest_message_shift_count(out->kind, out->scaling.count))
        return refuse(at, "the shifts of an operator do not go with its multipliers");
    out->scaling.multipliers = scaling->multipliers;
    out->scaling.shifts = scaling->shifts;
    out->scaling.lo = scaling->lo;
    out->scaling.hi = scaling->hi;
    return VCH_OK;
}

static vch_status read_window(struct vch_window *out, const Vouch__Window *window,
                              const struct decoder *at)
{
    if (window == NULL) return VCH_OK;
    if (window->n_kernel != 2 || window->n_stride != 2 || window->n_dilation != 2 ||
        window->n_pad_begin != 2 || window->n_pad_end != 2)
        return refuse(at, "a window does not have two axes");
    memcpy(out->kernel, window->kernel, sizeof out->kernel);
    memcpy(out->stride, window->stride, sizeof out->stride);
    memcpy(out->dilation, window->dilation, sizeof out->dilation);
    memcpy(out->pad_begin, window->pad_begin, sizeof out->pad_begin);
    memcpy(out->pad_end, window->pad_end, sizeof out->pad_end);
    out->groups = window->groups;
    out->count_includes_pad = window->count_includes_pad;
    return VCH_OK;
}

static void read_norm(struct vch_norm *out, const Vouch__Norm *norm)
{
    if (norm == NULL) return;
    *out = (struct vch_norm){norm->is_centred, norm->root_shift, norm->epsilon, norm->factor};
}

static vch_status read_operator(struct vch_operator *out, const Vouch__Operator *from,
                                const struct decoder *at)
{
    if (from->kind >= VCH_OPERATOR_COUNT)
        return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                            "manifest: operator kind %u is unknown to this version", from->kind);
    if (from->n_inputs > VCH_GRAPH_OPERANDS_MAX)
        return refuse(at, "an operator has too many inputs");
    VCH_TRY(vch_manifest_check_text(from->name, at->complaint));
    out->kind = (enum vch_operator_kind)from->kind;
    out->name = from->name;
    out->input_count = (uint32_t)from->n_inputs;
    out->inputs = from->inputs;
    out->output = from->output;
    out->parameter_count = (uint32_t)from->n_parameters;
    VCH_TRY(read_list(out->parameters, 4, from->parameters, from->n_parameters, at));
    VCH_TRY(read_scaling(out, from->scaling, at));
    VCH_TRY(read_window(&out->window, from->window, at));
    read_norm(&out->norm, from->norm);
    out->table = from->table_plus_one - 1; // 0 wraps to VCH_NONE
    out->axis = from->axis;
    VCH_TRY(read_list(out->order, VCH_RANK_MAX, from->order, from->n_order, at));
    VCH_TRY(read_list(out->begin, VCH_RANK_MAX, from->begin, from->n_begin, at));
    VCH_TRY(read_list(out->end, VCH_RANK_MAX, from->end, from->n_end, at));
    VCH_TRY(read_list(out->step, VCH_RANK_MAX, from->step, from->n_step, at));
    out->fill = from->fill;
    out->depth_max = from->depth_max;
    out->rounding = (enum vch_rounding)from->rounding;
    out->public_bound = from->public_bound;
    out->bias_bound = from->bias_bound;
    return VCH_OK;
}

static vch_status read_table(struct vch_table *out, const Vouch__Table *from,
                             const struct decoder *at)
{
    VCH_TRY(read_type(&out->input, from->input, at));
    VCH_TRY(read_type(&out->output, from->output, at));
    if (out->input != VCH_TYPE_I8 && out->input != VCH_TYPE_I16)
        return refuse(at, "a table's input is not int8 or int16");
    if (from->n_entries != (out->input == VCH_TYPE_I8 ? 256 : 65536))
        return refuse(at, "a table does not have one entry for each input");
    out->entries = from->entries;
    return VCH_OK;
}

static vch_status read_port(struct vch_port *out, const Vouch__Port *from, const struct decoder *at)
{
    if (from->kind < VCH_PORT_REAL || from->kind > VCH_PORT_CLASS)
        return refuse(at, "the kind of an input or output is unknown");
    if (from->n_labels > VCH_GRAPH_LABELS_MAX) return refuse(at, "too many labels");
    VCH_TRY(vch_manifest_check_text(from->name, at->complaint));
    for (size_t i = 0; i < from->n_labels; i++)
        VCH_TRY(vch_manifest_check_text(from->labels[i], at->complaint));
    *out = (struct vch_port){.name = from->name,
                             .value = from->value,
                             .kind = (enum vch_port_kind)from->kind,
                             .scale_bits = from->scale_bits,
                             .label_count = (uint32_t)from->n_labels,
                             .labels = (const char *const *)from->labels};
    return VCH_OK;
}

static vch_status read_ports(const struct decoder *at)
{
    for (uint32_t i = 0; i < at->graph->input_count; i++)
        VCH_TRY(read_port(&at->graph->inputs[i], at->message->inputs[i], at));
    for (uint32_t i = 0; i < at->graph->output_count; i++)
        VCH_TRY(read_port(&at->graph->outputs[i], at->message->outputs[i], at));
    return VCH_OK;
}

static vch_status read_items(const struct decoder *at)
{
    const Vouch__Manifest *message = at->message;
    struct vch_graph *graph = at->graph;

    for (uint32_t i = 0; i < graph->value_count; i++) {
        VCH_TRY(read_type(&graph->values[i].type, message->values[i]->type, at));
        VCH_TRY(read_shape(&graph->values[i].shape, message->values[i]->shape, at));
    }
    for (uint32_t i = 0; i < graph->parameter_count; i++) {
        const Vouch__Parameter *from = message->parameters[i];
        VCH_TRY(read_type(&graph->parameters[i].type, from->type, at));
        VCH_TRY(read_shape(&graph->parameters[i].shape, from->shape, at));
        if (from->root.len != VCH_DIGEST_SIZE) return refuse(at, "a root is not 32 bytes");
        memcpy(graph->parameters[i].root.bytes, from->root.data, VCH_DIGEST_SIZE);
    }
    for (uint32_t i = 0; i < graph->table_count; i++)
        VCH_TRY(read_table(&graph->tables[i], message->tables[i], at));
    for (uint32_t i = 0; i < graph->operator_count; i++)
        VCH_TRY(read_operator(&graph->operators[i], message->operators[i], at));
    return read_ports(at);
}

static vch_status check_counts(const struct decoder *at)
{
    const Vouch__Manifest *message = at->message;
    const struct {
        const char *what;
        size_t count, max;
    } counts[] = {
        {"values", message->n_values, VCH_GRAPH_VALUES_MAX},
        {"operators", message->n_operators, VCH_GRAPH_OPERATORS_MAX},
        {"parameters", message->n_parameters, VCH_GRAPH_PARAMETERS_MAX},
        {"tables", message->n_tables, VCH_GRAPH_TABLES_MAX},
        {"inputs", message->n_inputs, VCH_GRAPH_PORTS_MAX},
        {"outputs", message->n_outputs, VCH_GRAPH_PORTS_MAX},
    };

    if (message->version != VCH_MANIFEST_VERSION)
        return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                            "the manifest has version %u, and this program reads %u",
                            message->version, VCH_MANIFEST_VERSION);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].count > counts[i].max)
            return vch_complain(at->complaint, VCH_CODE_LIMIT, "manifest: %zu %s, over %zu",
                                counts[i].count, counts[i].what, counts[i].max);
    return vch_manifest_check_text(message->name, at->complaint);
}

static vch_status make_graph(struct decoder *at)
{
    const Vouch__Manifest *message = at->message;
    struct vch_graph *graph = VCH_ARENA_NEW(at->arena, struct vch_graph, 1);

    if (graph == NULL) return VCH_FAIL(LIMIT);
    *graph = (struct vch_graph){
        .name = message->name,
        .value_count = (uint32_t)message->n_values,
        .operator_count = (uint32_t)message->n_operators,
        .parameter_count = (uint32_t)message->n_parameters,
        .table_count = (uint32_t)message->n_tables,
        .input_count = (uint32_t)message->n_inputs,
        .output_count = (uint32_t)message->n_outputs,
        .values = VCH_ARENA_NEW(at->arena, struct vch_value, message->n_values),
        .operators = VCH_ARENA_NEW(at->arena, struct vch_operator, message->n_operators),
        .parameters = VCH_ARENA_NEW(at->arena, struct vch_parameter, message->n_parameters),
        .tables = VCH_ARENA_NEW(at->arena, struct vch_table, message->n_tables),
    };
    at->graph = graph;
    if (graph->values == NULL || graph->operators == NULL || graph->parameters == NULL ||
        graph->tables == NULL)
        return VCH_FAIL(LIMIT);
    return VCH_OK;
}

// The bytes must be those that this graph would be written as, which settles everything that a
// reader might otherwise be lenient about.
static vch_status check_canonical(const struct decoder *at, const uint8_t *bytes, size_t size)
{
    struct vch_arena_mark mark = vch_arena_mark(at->arena);
    Vouch__Manifest again;

    if (!vch_is_ok(vch_manifest_message_make(&again, at->graph, at->arena))) return VCH_FAIL(LIMIT);
    vch_status status = vch_message_check_canonical(&again.base, bytes, size);
    vch_arena_rewind(at->arena, mark);
    if (vch_is_ok(status)) return status;
    return refuse(at, "not in canonical form (fields in order, once, defaults left out)");
}

static vch_status decode(struct vch_graph **out, const uint8_t *bytes, size_t size,
                         struct vch_arena *arena, struct vch_complaint *complaint)
{
    ProtobufCMessage *message = NULL;
    vch_status status =
        vch_message_read(&message, &vouch__manifest__descriptor, bytes, size, arena);
    struct decoder at = {(const Vouch__Manifest *)(const void *)message, NULL, arena, complaint};

    if (status.code == VCH_CODE_MALFORMED)
        return refuse(&at, "not a protobuf message of its schema");
    VCH_TRY(status);
    VCH_TRY(check_counts(&at));
    VCH_TRY(make_graph(&at));
    VCH_TRY(read_items(&at));
    VCH_TRY(check_canonical(&at, bytes, size));
    VCH_TRY(vch_graph_check(at.graph, arena, complaint));
    *out = at.graph;
    return VCH_OK;
}

size_t vch_manifest_memory_max(size_t size)
{
    size_t small = (2u << 20) + 128 * size, large = (512u << 20) + 8 * size;
    return small < large ? small : large;
}

vch_status vch_manifest_decode(struct vch_graph **out, const uint8_t *bytes, size_t size,
                               struct vch_arena *arena, struct vch_complaint *complaint)
{
    size_t limit = arena->limit;

    if (size > VCH_MANIFEST_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the manifest is %zu bytes, over %u", size,
                            VCH_MANIFEST_SIZE_MAX);
    if (limit - arena->used > vch_manifest_memory_max(size))
        arena->limit = arena->used + vch_manifest_memory_max(size);
    vch_status status = decode(out, bytes, size, arena, complaint);
    arena->limit = limit;
    if (status.code == VCH_CODE_LIMIT || status.code == VCH_CODE_NO_MEMORY)
        return vch_complain(complaint, status.code,
                            "the manifest needs more memory than %zu bytes of manifest may take",
                            size);
    return status;
}
