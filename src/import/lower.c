#include "import/lower.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

vch_status vch_lower_refuse(const struct vch_lower *at, enum vch_code code, const char *format, ...)
{
    char text[VCH_COMPLAINT_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return vch_complain(at->complaint, code, "node '%.100s': %s", at->layer->name, text);
}

vch_status vch_lower_shape(struct vch_shape *out, const struct vch_lower *at,
                           const struct vch_network_shape *shape)
{
    if (shape->rank > VCH_RANK_MAX)
        return vch_lower_refuse(at, VCH_CODE_LIMIT, "%u dimensions", shape->rank);
    *out = (struct vch_shape){.rank = shape->rank};
    memcpy(out->dims, shape->dims, shape->rank * sizeof *out->dims);
    return VCH_OK;
}

// Room for one more at the end of an array in the arena.
static vch_status grow(struct vch_lower *at, void *array, uint32_t count, uint32_t *capacity,
                       size_t size, uint32_t count_max)
{
    void *items = NULL;

    if (count == count_max)
        return vch_complain(at->complaint, VCH_CODE_LIMIT,
                            "the model becomes more than %u operators, values or parameters",
                            count_max);
    if (count < *capacity) return VCH_OK;
    *capacity = *capacity == 0 ? 64 : 2 * *capacity;
    void *grown = vch_arena_alloc(at->arena, *capacity, size);
    if (grown == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(&items, array, sizeof items);
    if (count > 0) memcpy(grown, items, count * size);
    memcpy(array, &grown, sizeof grown);
    return VCH_OK;
}

vch_status vch_lower_new_value(struct vch_lower *at, enum vch_type type,
                               const struct vch_shape *shape, uint32_t *index)
{
    struct vch_graph *graph = at->graph;

    VCH_TRY(grow(at, &graph->values, graph->value_count, &at->value_capacity, sizeof *graph->values,
                 VCH_GRAPH_VALUES_MAX));
    *index = graph->value_count++;
    graph->values[*index] = (struct vch_value){type, *shape};
    return VCH_OK;
}

vch_status vch_lower_new_parameter(struct vch_lower *at, enum vch_type type,
                                   const struct vch_shape *shape, void **data, uint32_t *index)
{
    struct vch_graph *graph = at->graph;

    VCH_TRY(grow(at, &graph->parameters, graph->parameter_count, &at->parameter_capacity,
                 sizeof *graph->parameters, VCH_GRAPH_PARAMETERS_MAX));
    *data = vch_arena_alloc(at->arena, vch_tensor_shape_count(shape), vch_tensor_type_size(type));
    if (*data == NULL) return VCH_FAIL(NO_MEMORY);
    *index = graph->parameter_count++;
    graph->parameters[*index] =
        (struct vch_parameter){.type = type, .shape = *shape, .data = *data};
    return VCH_OK;
}

vch_status vch_lower_new_table(struct vch_lower *at, enum vch_type input, enum vch_type output,
                               int32_t **entries, uint32_t *index)
{
    struct vch_graph *graph = at->graph;

    VCH_TRY(grow(at, &graph->tables, graph->table_count, &at->table_capacity, sizeof *graph->tables,
                 VCH_GRAPH_TABLES_MAX));
    *entries = VCH_ARENA_NEW(at->arena, int32_t, input == VCH_TYPE_I8 ? 256 : 65536);
    if (*entries == NULL) return VCH_FAIL(NO_MEMORY);
    *index = graph->table_count++;
    graph->tables[*index] = (struct vch_table){input, output, *entries};
    return VCH_OK;
}

// Names travel in the package, which has its own limit.
static vch_status keep_name(const char **out, struct vch_lower *at, const char *name)
{
    size_t size = strnlen(name, VCH_GRAPH_NAME_MAX + 1);

    if (size > VCH_GRAPH_NAME_MAX) { // cut before a character, not inside it
        size = VCH_GRAPH_NAME_MAX;
        while (size > 0 && ((uint8_t)name[size] & 0xc0) == 0x80)
            size--;
    }
    *out = vch_arena_string(at->arena, name, size);
    return *out == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

vch_status vch_lower_append(struct vch_lower *at, struct vch_operator *operator_,
                            const uint32_t *inputs, uint32_t input_count, enum vch_type type,
                            const struct vch_shape *shape)
{
    struct vch_graph *graph = at->graph;
    uint32_t *operands = VCH_ARENA_NEW(at->arena, uint32_t, input_count);

    if (operands == NULL) return VCH_FAIL(NO_MEMORY);
    if (input_count > 0) memcpy(operands, inputs, input_count * sizeof *operands);
    operator_->inputs = operands;
    operator_->input_count = input_count;
    VCH_TRY(keep_name(&operator_->name, at, at->layer->name));
    VCH_TRY(vch_lower_new_value(at, type, shape, &operator_->output));
    if (!vch_is_ok(vch_graph_public_bound(&operator_->public_bound, graph, operator_)))
        return vch_lower_refuse(at, VCH_CODE_LIMIT,
                                "its sums could exceed 62 bits: it adds up too many products");
    VCH_TRY(grow(at, &graph->operators, graph->operator_count, &at->operator_capacity,
                 sizeof *graph->operators, VCH_GRAPH_OPERATORS_MAX));
    graph->operators[graph->operator_count++] = *operator_;
    return VCH_OK;
}

vch_status vch_lower_scaling(struct vch_lower *at, struct vch_scaling *scaling, uint32_t count,
                             int32_t **multipliers, uint32_t **shifts)
{
    *multipliers = VCH_ARENA_NEW(at->arena, int32_t, count);
    *shifts = VCH_ARENA_NEW(at->arena, uint32_t, count);
    if (*multipliers == NULL || *shifts == NULL) return VCH_FAIL(NO_MEMORY);
    scaling->count = count;
    scaling->multipliers = *multipliers;
    scaling->shifts = *shifts;
    return VCH_OK;
}

static int64_t bound_at(double real, double scale, int64_t lo, int64_t hi)
{
    double whole = floor(real / scale + 0.5);

    return whole <= (double)lo ? lo : whole >= (double)hi ? hi : (int64_t)whole;
}

void vch_lower_clamp(struct vch_scaling *scaling, const struct vch_layer *layer, enum vch_type type,
                     double scale)
{
    int64_t lo = vch_tensor_type_min(type), hi = vch_tensor_type_max(type);

    scaling->lo = bound_at(layer->lo, scale, lo, hi);
    scaling->hi = bound_at(layer->hi, scale, lo, hi);
}

const struct vch_calibrate_value *vch_lower_wanted(const struct vch_lower *at)
{
    return &at->calibration->values[at->layer->output];
}

void vch_lower_done(struct vch_lower *at, uint32_t value, double scale)
{
    at->map[at->layer->output] =
        (struct vch_lower_value){value, scale, vch_lower_wanted(at)->is_key};
}

// A constant operand, at the finest scale that int16 offers.
static vch_status lower_constant(struct vch_lower *at, uint32_t index)
{
    const struct vch_network_value *value = &at->layers->network->values[index];
    const double *reals = at->calibration->lanes.buffers[0][index];
    size_t count = vch_network_count(&value->shape);
    double largest = 0;
    int16_t *data = NULL;
    void *memory = NULL;
    struct vch_shape shape = {0};
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_CONSTANT, .parameter_count = 1};

    if (value->type == VCH_NETWORK_INTEGER) return vch_lower_integer_constant(at, index);
    VCH_TRY(vch_lower_shape(&shape, at, &value->shape));
    for (size_t i = 0; i < count; i++)
        largest = fabs(reals[i]) > largest ? fabs(reals[i]) : largest;
    double scale = largest < 1e-30 ? 1e-30 : largest / 32767;
    VCH_TRY(vch_lower_new_parameter(at, VCH_TYPE_I16, &shape, &memory, &operator_.parameters[0]));
    data = memory;
    for (size_t i = 0; i < count; i++)
        data[i] = (int16_t)bound_at(reals[i], scale, -32767, 32767);
    VCH_TRY(vch_lower_append(at, &operator_, NULL, 0, VCH_TYPE_I16, &shape));
    at->map[index] = (struct vch_lower_value){operator_.output, scale, false};
    return VCH_OK;
}

vch_status vch_lower_operand(struct vch_lower *at, uint32_t i, struct vch_lower_value *out)
{
    uint32_t index = at->layer->inputs[i];

    if (at->map[index].value == VCH_NONE) VCH_TRY(lower_constant(at, index));
    *out = at->map[index];
    return VCH_OK;
}

vch_status vch_lower_reshape(struct vch_lower *at, uint32_t value, const struct vch_shape *shape,
                             uint32_t *output)
{
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_RESHAPE};

    VCH_TRY(vch_lower_append(at, &operator_, &value, 1, at->graph->values[value].type, shape));
    *output = operator_.output;
    return VCH_OK;
}

vch_status vch_lower_rescale(struct vch_lower *at, uint32_t value, double ratio, enum vch_type type,
                             const struct vch_scaling *clamp, uint32_t *output)
{
    struct vch_operator operator_ = {.kind = VCH_OPERATOR_RESCALE};
    struct vch_shape shape = at->graph->values[value].shape;
    int32_t *multipliers = NULL;
    uint32_t *shifts = NULL;
    struct vch_ratio found = {0};

    VCH_TRY(vch_lower_scaling(at, &operator_.scaling, 1, &multipliers, &shifts));
    if (!(type == VCH_TYPE_I32 ? vch_ratio_nearest : vch_ratio_saturating)(&found, ratio))
        return vch_lower_refuse(at, VCH_CODE_LIMIT, "scales too far apart: a factor of %g", ratio);
    multipliers[0] = found.multiplier;
    shifts[0] = found.shift;
    operator_.scaling.lo = clamp != NULL ? clamp->lo : vch_tensor_type_min(type);
    operator_.scaling.hi = clamp != NULL ? clamp->hi : vch_tensor_type_max(type);
    VCH_TRY(vch_lower_append(at, &operator_, &value, 1, type, &shape));
    *output = operator_.output;
    return VCH_OK;
}

static vch_status lower_layer(struct vch_lower *at)
{
    enum vch_layer_kind kind = at->layer->kind;

    if (kind == VCH_LAYER_LINEAR) return vch_lower_linear(at);
    if (kind == VCH_LAYER_CONVOLUTION) return vch_lower_convolution(at);
    if (kind == VCH_LAYER_AFFINE) return vch_lower_affine(at);
    if (kind == VCH_LAYER_COMPARE) return vch_lower_compare(at);
    if (kind == VCH_LAYER_DIVIDE) return vch_lower_divide(at);
    if (kind == VCH_LAYER_FUNCTION) return vch_lower_function(at);
    if (kind == VCH_LAYER_SOFTMAX) return vch_lower_softmax(at);
    if (kind == VCH_LAYER_NORMALISE) return vch_lower_normalise(at);
    if (kind == VCH_LAYER_GATHER) return vch_lower_gather(at);
    return vch_lower_operator(at);
}

static vch_status name_port(struct vch_lower *at, struct vch_port *port, const char *name,
                            uint32_t value, double scale)
{
    VCH_TRY(keep_name(&port->name, at, name));
    port->kind = vch_lower_is_integer(at, value) ? VCH_PORT_INTEGER : VCH_PORT_REAL;
    if (port->kind == VCH_PORT_REAL) memcpy(&port->scale_bits, &scale, sizeof scale);
    return VCH_OK;
}

static vch_status lower_inputs(struct vch_lower *at)
{
    const struct vch_network *network = at->layers->network;
    struct vch_graph *graph = at->graph;

    for (uint32_t i = 0; i < network->input_count; i++) {
        uint32_t value = network->inputs[i];
        const struct vch_calibrate_value *wanted = &at->calibration->values[value];
        struct vch_port *port = &graph->inputs[graph->input_count++];
        struct vch_shape shape = {.rank = network->values[value].shape.rank};
        memcpy(shape.dims, network->values[value].shape.dims, shape.rank * sizeof *shape.dims);
        VCH_TRY(vch_lower_new_value(at, wanted->type, &shape, &port->value));
        VCH_TRY(name_port(at, port, network->values[value].name, value, wanted->scale));
        if (wanted->is_key) port->kind = VCH_PORT_KEYS;
        if (wanted->is_key) port->scale_bits = 0;
        at->map[value] = (struct vch_lower_value){port->value, wanted->scale, wanted->is_key};
    }
    return VCH_OK;
}

static bool is_port(const struct vch_graph *graph, uint32_t value)
{
    for (uint32_t i = 0; i < graph->input_count; i++)
        if (graph->inputs[i].value == value) return true;
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (graph->outputs[i].value == value) return true;
    return false;
}

// A value that is a port already leaves through a copy of its own.
static vch_status lower_outputs(struct vch_lower *at)
{
    struct vch_network *network = at->layers->network;
    uint32_t *inputs = network->outputs;
    struct vch_graph *graph = at->graph;

    for (uint32_t i = 0; i < network->output_count; i++) {
        struct vch_lower_value from = {0};
        struct vch_layer *copy = VCH_ARENA_NEW(at->arena, struct vch_layer, 1);
        struct vch_port port = {0};
        if (copy == NULL) return VCH_FAIL(NO_MEMORY);
        copy->name = at->layers->output_names[i];
        at->layer = copy;
        copy->inputs = &inputs[i];
        VCH_TRY(vch_lower_operand(at, 0, &from));
        if (is_port(graph, from.value)) {
            struct vch_shape shape = graph->values[from.value].shape;
            VCH_TRY(vch_lower_reshape(at, from.value, &shape, &from.value));
        }
        port.value = from.value;
        VCH_TRY(name_port(at, &port, copy->name, inputs[i], from.scale));
        graph->outputs[graph->output_count++] = port;
    }
    return VCH_OK;
}

vch_status vch_lower_layers(struct vch_graph **out, struct vch_lower_value **map,
                            const struct vch_layers *layers,
                            const struct vch_calibration *calibration, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    const struct vch_network *network = layers->network;
    struct vch_lower at = {
        .graph = VCH_ARENA_NEW(arena, struct vch_graph, 1),
        .layers = layers,
        .calibration = calibration,
        .map = VCH_ARENA_NEW(arena, struct vch_lower_value, network->value_count),
        .arena = arena,
        .complaint = complaint,
    };

    if (at.graph == NULL || at.map == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < network->value_count; i++)
        at.map[i].value = VCH_NONE;
    VCH_TRY(keep_name(&at.graph->name, &at, network->name));
    VCH_TRY(lower_inputs(&at));
    for (uint32_t i = 0; i < layers->count; i++) {
        at.layer = &layers->layers[i];
        VCH_TRY(lower_layer(&at));
    }
    VCH_TRY(lower_outputs(&at));
    *out = at.graph;
    *map = at.map;
    return vch_graph_check(at.graph, arena, complaint);
}
