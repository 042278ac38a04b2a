#include "model/manifest_message.h"

#include "model/manifest.h"

// Protobuf-c has no const: packing reads its structs and changes nothing.
static void *borrow(const void *object)
{
    return (void *)(uintptr_t)object;
}

static char *text(const char *string)
{
    return borrow(string == NULL ? "" : string);
}

// A fixed array is written without the zeros at its end.
static size_t trimmed(const void *array)
{
    const uint32_t *items = array;
    size_t count = VCH_RANK_MAX;

    while (count > 0 && items[count - 1] == 0)
        count--;
    return count;
}

static void fill_shape(Vouch__Shape *out, const struct vch_shape *shape)
{
    vouch__shape__init(out);
    out->n_dims = shape->rank;
    out->dims = borrow(shape->dims);
}

static bool is_scaling_empty(const struct vch_scaling *scaling)
{
    return scaling->count == 0 && scaling->lo == 0 && scaling->hi == 0;
}

static void fill_scaling(Vouch__Scaling *out, const struct vch_operator *operator_)
{
    const struct vch_scaling *scaling = &operator_->scaling;

    vouch__scaling__init(out);
    out->n_multipliers = scaling->count;
    out->multipliers = borrow(scaling->multipliers);
    out->n_shifts = vch_manifest_shift_count(operator_->kind, scaling->count);
    out->shifts = borrow(scaling->shifts);
    out->lo = scaling->lo;
    out->hi = scaling->hi;
}

static bool is_window_empty(const struct vch_window *window)
{
    uint32_t any = window->groups | (uint32_t)window->count_includes_pad;

    for (int i = 0; i < 2; i++)
        any |= window->kernel[i] | window->stride[i] | window->dilation[i] | window->pad_begin[i] |
               window->pad_end[i];
    return any == 0;
}

static void fill_window(Vouch__Window *out, const struct vch_window *window)
{
    vouch__window__init(out);
    out->n_kernel = out->n_stride = out->n_dilation = out->n_pad_begin = out->n_pad_end = 2;
    out->kernel = borrow(window->kernel);
    out->stride = borrow(window->stride);
    out->dilation = borrow(window->dilation);
    out->pad_begin = borrow(window->pad_begin);
    out->pad_end = borrow(window->pad_end);
    out->groups = window->groups;
    out->count_includes_pad = window->count_includes_pad;
}

static bool is_norm_empty(const struct vch_norm *norm)
{
    return !norm->is_centred && norm->root_shift == 0 && norm->epsilon == 0 && norm->factor == 0;
}

static void fill_norm(Vouch__Norm *out, const struct vch_norm *norm)
{
    vouch__norm__init(out);
    out->is_centred = norm->is_centred;
    out->root_shift = norm->root_shift;
    out->epsilon = norm->epsilon;
    out->factor = norm->factor;
}

struct operator_message {
    Vouch__Operator operator_;
    Vouch__Scaling scaling;
    Vouch__Window window;
    Vouch__Norm norm;
};

static void fill_operator(struct operator_message *message, const struct vch_operator *from)
{
    Vouch__Operator *out = &message->operator_;

    vouch__operator__init(out);
    out->kind = (uint32_t)from->kind;
    out->name = text(from->name);
    out->n_inputs = from->input_count;
    out->inputs = borrow(from->inputs);
    out->output = from->output;
    out->n_parameters = from->parameter_count;
    out->parameters = borrow(from->parameters);
    if (!is_scaling_empty(&from->scaling)) {
        fill_scaling(&message->scaling, from);
        out->scaling = &message->scaling;
    }
    if (!is_window_empty(&from->window)) {
        fill_window(&message->window, &from->window);
        out->window = &message->window;
    }
    if (!is_norm_empty(&from->norm)) {
        fill_norm(&message->norm, &from->norm);
        out->norm = &message->norm;
    }
    out->table_plus_one = from->table + 1; // VCH_NONE wraps to 0
    out->axis = from->axis;
    out->n_order = trimmed(from->order);
    out->order = borrow(from->order);
    out->n_begin = trimmed(from->begin);
    out->begin = borrow(from->begin);
    out->n_end = trimmed(from->end);
    out->end = borrow(from->end);
    out->n_step = trimmed(from->step);
    out->step = borrow(from->step);
    out->fill = from->fill;
    out->depth_max = from->depth_max;
    out->rounding = (uint32_t)from->rounding;
    out->public_bound = from->public_bound;
    out->bias_bound = from->bias_bound;
}

static vch_status make_operators(Vouch__Manifest *out, const struct vch_graph *graph,
                                 struct vch_arena *arena)
{
    size_t count = graph->operator_count;
    struct operator_message *messages = VCH_ARENA_NEW(arena, struct operator_message, count);

    out->n_operators = count;
    out->operators = VCH_ARENA_NEW(arena, Vouch__Operator *, count);
    if (messages == NULL || out->operators == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        fill_operator(&messages[i], &graph->operators[i]);
        out->operators[i] = &messages[i].operator_;
    }
    return VCH_OK;
}

static vch_status make_values(Vouch__Manifest *out, const struct vch_graph *graph,
                              struct vch_arena *arena)
{
    size_t count = graph->value_count;
    Vouch__Value *values = VCH_ARENA_NEW(arena, Vouch__Value, count);
    Vouch__Shape *shapes = VCH_ARENA_NEW(arena, Vouch__Shape, count);

    out->n_values = count;
    out->values = VCH_ARENA_NEW(arena, Vouch__Value *, count);
    if (values == NULL || shapes == NULL || out->values == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        vouch__value__init(&values[i]);
        fill_shape(&shapes[i], &graph->values[i].shape);
        values[i].type = (uint32_t)graph->values[i].type;
        values[i].shape = &shapes[i];
        out->values[i] = &values[i];
    }
    return VCH_OK;
}

static vch_status make_parameters(Vouch__Manifest *out, const struct vch_graph *graph,
                                  struct vch_arena *arena)
{
    size_t count = graph->parameter_count;
    Vouch__Parameter *parameters = VCH_ARENA_NEW(arena, Vouch__Parameter, count);
    Vouch__Shape *shapes = VCH_ARENA_NEW(arena, Vouch__Shape, count);

    out->n_parameters = count;
    out->parameters = VCH_ARENA_NEW(arena, Vouch__Parameter *, count);
    if (parameters == NULL || shapes == NULL || out->parameters == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        const struct vch_parameter *from = &graph->parameters[i];
        vouch__parameter__init(&parameters[i]);
        fill_shape(&shapes[i], &from->shape);
        parameters[i].type = (uint32_t)from->type;
        parameters[i].shape = &shapes[i];
        parameters[i].root = (ProtobufCBinaryData){VCH_DIGEST_SIZE, borrow(from->root.bytes)};
        out->parameters[i] = &parameters[i];
    }
    return VCH_OK;
}

static vch_status make_tables(Vouch__Manifest *out, const struct vch_graph *graph,
                              struct vch_arena *arena)
{
    size_t count = graph->table_count;
    Vouch__Table *tables = VCH_ARENA_NEW(arena, Vouch__Table, count);

    out->n_tables = count;
    out->tables = VCH_ARENA_NEW(arena, Vouch__Table *, count);
    if (tables == NULL || out->tables == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        vouch__table__init(&tables[i]);
        tables[i].input = (uint32_t)graph->tables[i].input;
        tables[i].output = (uint32_t)graph->tables[i].output;
        tables[i].n_entries = graph->tables[i].input == VCH_TYPE_I8 ? 256 : 65536;
        tables[i].entries = borrow(graph->tables[i].entries);
        out->tables[i] = &tables[i];
    }
    return VCH_OK;
}

static vch_status make_ports(Vouch__Port ***out, const struct vch_port *ports, size_t count,
                             struct vch_arena *arena)
{
    Vouch__Port *made = VCH_ARENA_NEW(arena, Vouch__Port, count);

    *out = VCH_ARENA_NEW(arena, Vouch__Port *, count);
    if (made == NULL || *out == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        vouch__port__init(&made[i]);
        made[i].name = text(ports[i].name);
        made[i].value = ports[i].value;
        made[i].kind = (uint32_t)ports[i].kind;
        made[i].scale_bits = ports[i].scale_bits;
        made[i].n_labels = ports[i].label_count;
        made[i].labels = borrow(ports[i].labels);
        (*out)[i] = &made[i];
    }
    return VCH_OK;
}

vch_status vch_manifest_message_make(Vouch__Manifest *out, const struct vch_graph *graph,
                                     struct vch_arena *arena)
{
    vouch__manifest__init(out);
    out->version = VCH_MANIFEST_VERSION;
    out->name = text(graph->name);
    VCH_TRY(make_values(out, graph, arena));
    VCH_TRY(make_operators(out, graph, arena));
    VCH_TRY(make_parameters(out, graph, arena));
    VCH_TRY(make_tables(out, graph, arena));
    out->n_inputs = graph->input_count;
    VCH_TRY(make_ports(&out->inputs, graph->inputs, graph->input_count, arena));
    out->n_outputs = graph->output_count;
    return make_ports(&out->outputs, graph->outputs, graph->output_count, arena);
}
