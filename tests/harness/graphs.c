#include "harness/graphs.h"

#include "harness/test.h"
#include "model/trees.h"

enum { ROOM = 512 };

static void *take(struct vch_arena *arena, size_t count, size_t size)
{
    void *out = vch_arena_alloc(arena, count, size);
    CHECK(out != NULL);
    return out;
}
#define TAKE(arena, type, count) ((type *)take(arena, count, sizeof(type)))

struct vch_shape graphs_shape(uint32_t rank, uint32_t a, uint32_t b, uint32_t c)
{
    return (struct vch_shape){.rank = rank, .dims = {a, b, c}};
}

void graphs_init(struct graphs *build, struct vch_arena *arena)
{
    struct vch_graph *graph = TAKE(arena, struct vch_graph, 1);

    graph->name = "test";
    graph->values = TAKE(arena, struct vch_value, ROOM);
    graph->operators = TAKE(arena, struct vch_operator, ROOM);
    graph->parameters = TAKE(arena, struct vch_parameter, ROOM);
    graph->tables = TAKE(arena, struct vch_table, ROOM);
    *build = (struct graphs){arena, graph};
}

struct vch_graph *graphs_finish(struct graphs *build)
{
    struct vch_graph *graph = build->graph;
    struct vch_complaint complaint = {.text = ""};

    for (uint32_t i = 0; i < graph->operator_count; i++)
        CHECK_OK(
            vch_graph_public_bound(&graph->operators[i].public_bound, graph, &graph->operators[i]));
    if (!vch_is_ok(vch_graph_check(graph, build->arena, &complaint)))
        test_fail(__FILE__, __LINE__, "%s", complaint.text);
    for (uint32_t i = 0; i < graph->operator_count; i++)
        if (!vch_is_ok(
                vch_graph_check_parameters(graph, &graph->operators[i], build->arena, &complaint)))
            test_fail(__FILE__, __LINE__, "%s", complaint.text);
    return graph;
}

static uint32_t add_value(struct graphs *build, enum vch_type type, struct vch_shape shape)
{
    CHECK(build->graph->value_count < ROOM);
    build->graph->values[build->graph->value_count] = (struct vch_value){type, shape};
    return build->graph->value_count++;
}

static struct vch_shape shape_of(const struct graphs *build, uint32_t value)
{
    return build->graph->values[value].shape;
}

static enum vch_type type_of(const struct graphs *build, uint32_t value)
{
    return build->graph->values[value].type;
}

uint32_t graphs_input(struct graphs *build, enum vch_type type, struct vch_shape shape)
{
    uint32_t value = add_value(build, type, shape);

    CHECK(build->graph->input_count < VCH_GRAPH_PORTS_MAX);
    build->graph->inputs[build->graph->input_count++] =
        (struct vch_port){.name = "x", .value = value, .kind = VCH_PORT_INTEGER};
    return value;
}

struct vch_operator *graphs_writer(struct graphs *build, uint32_t value)
{
    for (uint32_t i = 0; i < build->graph->operator_count; i++)
        if (build->graph->operators[i].output == value) return &build->graph->operators[i];
    test_fail(__FILE__, __LINE__, "no operator writes value %u", value);
}

void graphs_output(struct graphs *build, uint32_t value)
{
    struct vch_port port = {.name = "y", .value = value, .kind = VCH_PORT_REAL};

    port.scale_bits = (uint64_t)0x3f8 << 52; // 2^-7
    if (type_of(build, value) == VCH_TYPE_I32) {
        bool is_class = graphs_writer(build, value)->kind == VCH_OPERATOR_ARGMAX;
        port.kind = is_class ? VCH_PORT_CLASS : VCH_PORT_INTEGER;
        port.scale_bits = 0;
    }
    CHECK(build->graph->output_count < VCH_GRAPH_PORTS_MAX);
    build->graph->outputs[build->graph->output_count++] = port;
}

static struct vch_operator *add_operator(struct graphs *build, enum vch_operator_kind kind,
                                         uint32_t input_count, uint32_t a, uint32_t b,
                                         enum vch_type type, struct vch_shape shape)
{
    struct vch_graph *graph = build->graph;
    uint32_t *inputs = TAKE(build->arena, uint32_t, 2);

    CHECK(graph->operator_count < ROOM);
    inputs[0] = a;
    inputs[1] = b;
    struct vch_operator *operator_ = &graph->operators[graph->operator_count++];
    *operator_ = (struct vch_operator){
        .kind = kind,
        .name = vch_graph_operator_text(kind),
        .input_count = input_count,
        .inputs = inputs,
        .output = add_value(build, type, shape),
        .table = VCH_NONE,
    };
    return operator_;
}

static void *add_parameter(struct graphs *build, struct vch_operator *operator_, enum vch_type type,
                           struct vch_shape shape)
{
    struct vch_graph *graph = build->graph;
    void *data = take(build->arena, vch_tensor_shape_count(&shape), vch_tensor_type_size(type));

    CHECK(graph->parameter_count < ROOM && operator_->parameter_count < 4);
    operator_->parameters[operator_->parameter_count++] = graph->parameter_count;
    graph->parameters[graph->parameter_count++] =
        (struct vch_parameter){.type = type, .shape = shape, .data = data};
    return data;
}

// One in sixteen is an extreme.
static int64_t random_between(int64_t lo, int64_t hi)
{
    uint64_t range = (uint64_t)hi - (uint64_t)lo + 1;
    uint64_t bits = (uint64_t)test_below(UINT32_MAX) << 32 | test_below(UINT32_MAX);

    if (test_below(16) == 0) return test_below(2) ? lo : hi;
    return (int64_t)((uint64_t)lo + (range == 0 ? bits : bits % range));
}

static void fill(void *data, enum vch_type type, size_t count, int64_t lo, int64_t hi)
{
    for (size_t i = 0; i < count; i++) {
        int64_t value = random_between(lo, hi);
        switch (type) {
        case VCH_TYPE_I8: ((int8_t *)data)[i] = (int8_t)value; break;
        case VCH_TYPE_I16: ((int16_t *)data)[i] = (int16_t)value; break;
        case VCH_TYPE_I32: ((int32_t *)data)[i] = (int32_t)value; break;
        case VCH_TYPE_I64: ((int64_t *)data)[i] = value; break;
        }
    }
}

static uint32_t bits_of(enum vch_type type)
{
    return type == VCH_TYPE_I8 ? 7 : type == VCH_TYPE_I16 ? 15 : 31;
}

// Multipliers of full width, and shifts such that accumulators of about `acc_bits` bits spread
// over the output's type and now and then beyond.
static void scale(struct graphs *build, struct vch_operator *operator_, uint32_t count,
                  uint32_t shift_count, uint32_t acc_bits)
{
    enum vch_type type = type_of(build, operator_->output);
    int32_t *multipliers = TAKE(build->arena, int32_t, count);
    uint32_t *shifts = TAKE(build->arena, uint32_t, count);
    uint32_t most = acc_bits + 15, bits = bits_of(type);

    for (uint32_t i = 0; i < count; i++) {
        multipliers[i] = (int32_t)(16384 + test_below(16384));
        if (test_below(16) == 0) multipliers[i] = -multipliers[i];
        shifts[i] = most > bits + 1 ? most - bits : 1;
        if (i < shift_count && test_below(4) == 0 && shifts[i] > 1) shifts[i]--;
    }
    operator_->scaling = (struct vch_scaling){
        .count = count,
        .multipliers = multipliers,
        .shifts = shifts,
        .lo = vch_tensor_type_min(type),
        .hi = vch_tensor_type_max(type),
    };
    if (test_below(2)) operator_->scaling.lo = 0;
}

// Half the bits of a sum's length, since random signs cancel.
static uint32_t half_bits(uint64_t count)
{
    uint32_t bits = 0;
    for (; count > 1; count >>= 2)
        bits++;
    return bits;
}

static void add_weights(struct graphs *build, struct vch_operator *operator_, uint32_t outputs,
                        struct vch_shape shape)
{
    size_t count = vch_tensor_shape_count(&shape), fan_in = count / outputs;
    enum vch_type type = type_of(build, operator_->inputs[0]);
    uint32_t acc_bits = 7 + bits_of(type) + half_bits(fan_in);

    fill(add_parameter(build, operator_, VCH_TYPE_I8, shape), VCH_TYPE_I8, count, -127, 127);
    if (test_below(4) != 0) {
        operator_->bias_bound = (uint64_t)1 << (acc_bits - 1);
        int64_t bound = (int64_t)operator_->bias_bound;
        fill(add_parameter(build, operator_, VCH_TYPE_I64, graphs_shape(1, outputs, 0, 0)),
             VCH_TYPE_I64, outputs, -bound, bound);
    }
    uint32_t channels = test_below(4) == 0 ? 1 : outputs;
    scale(build, operator_, channels, channels, acc_bits);
}

uint32_t graphs_linear(struct graphs *build, uint32_t x, uint32_t outputs, enum vch_type type)
{
    struct vch_shape shape = shape_of(build, x);
    uint32_t depth = shape.dims[shape.rank - 1];

    shape.dims[shape.rank - 1] = outputs;
    struct vch_operator *linear = add_operator(build, VCH_OPERATOR_LINEAR, 1, x, 0, type, shape);
    add_weights(build, linear, outputs, graphs_shape(2, outputs, depth, 0));
    return linear->output;
}

static uint32_t windowed(uint32_t size, const struct vch_window *window)
{
    uint32_t reach = (window->kernel[0] - 1) * window->dilation[0] + 1;
    CHECK(size + 2 * window->pad_begin[0] >= reach);
    return (size + 2 * window->pad_begin[0] - reach) / window->stride[0] + 1;
}

static struct vch_operator *add_windowed(struct graphs *build, enum vch_operator_kind kind,
                                         uint32_t x, uint32_t channels, struct vch_window window,
                                         enum vch_type type)
{
    struct vch_shape shape = shape_of(build, x);
    uint32_t *dims = shape.dims + shape.rank - 3;

    dims[0] = channels;
    dims[1] = windowed(dims[1], &window);
    dims[2] = windowed(dims[2], &window);
    struct vch_operator *operator_ = add_operator(build, kind, 1, x, 0, type, shape);
    operator_->window = window;
    return operator_;
}

static struct vch_window square(uint32_t kernel, uint32_t stride, uint32_t pad, uint32_t groups)
{
    return (struct vch_window){
        .kernel = {kernel, kernel},
        .stride = {stride, stride},
        .dilation = {1, 1},
        .pad_begin = {pad, pad},
        .pad_end = {pad, pad},
        .groups = groups,
    };
}

uint32_t graphs_convolution(struct graphs *build, uint32_t x, uint32_t channels, uint32_t kernel,
                            uint32_t stride, uint32_t groups, enum vch_type type)
{
    struct vch_shape have = shape_of(build, x);
    uint32_t depth = have.dims[have.rank - 3] / groups;
    struct vch_shape weights = {4, {channels, depth, kernel, kernel}};
    struct vch_operator *convolution =
        add_windowed(build, VCH_OPERATOR_CONVOLUTION, x, channels,
                     square(kernel, stride, kernel / 2, groups), type);

    add_weights(build, convolution, channels, weights);
    return convolution->output;
}

static struct vch_shape broadcast(const struct graphs *build, uint32_t a, uint32_t b)
{
    struct vch_shape x = shape_of(build, a), y = shape_of(build, b);

    if (x.rank < y.rank) return broadcast(build, b, a);
    for (uint32_t i = 0; i < y.rank; i++) {
        uint32_t *dim = &x.dims[x.rank - y.rank + i];
        if (*dim == 1) *dim = y.dims[i];
    }
    return x;
}

uint32_t graphs_matmul(struct graphs *build, uint32_t a, uint32_t b, enum vch_type type)
{
    struct vch_shape x = shape_of(build, a), y = shape_of(build, b);
    struct vch_shape shape = broadcast(build, a, b);
    uint32_t depth = x.dims[x.rank - 1];

    shape.dims[shape.rank - 2] = x.dims[x.rank - 2];
    shape.dims[shape.rank - 1] = y.dims[y.rank - 1];
    struct vch_operator *matmul = add_operator(build, VCH_OPERATOR_MATMUL, 2, a, b, type, shape);
    scale(build, matmul, 1, 1,
          bits_of(type_of(build, a)) + bits_of(type_of(build, b)) + half_bits(depth));
    return matmul->output;
}

uint32_t graphs_add(struct graphs *build, uint32_t a, uint32_t b, enum vch_type type)
{
    uint32_t x = bits_of(type_of(build, a)), y = bits_of(type_of(build, b));
    struct vch_operator *add =
        add_operator(build, VCH_OPERATOR_ADD, 2, a, b, type, broadcast(build, a, b));

    scale(build, add, 2, 1, x > y ? x : y);
    return add->output;
}

uint32_t graphs_multiply(struct graphs *build, uint32_t a, uint32_t b, enum vch_type type)
{
    struct vch_operator *multiply =
        add_operator(build, VCH_OPERATOR_MULTIPLY, 2, a, b, type, broadcast(build, a, b));

    scale(build, multiply, 1, 1, bits_of(type_of(build, a)) + bits_of(type_of(build, b)));
    return multiply->output;
}

uint32_t graphs_rescale(struct graphs *build, uint32_t x, enum vch_type type)
{
    struct vch_operator *rescale =
        add_operator(build, VCH_OPERATOR_RESCALE, 1, x, 0, type, shape_of(build, x));
    uint32_t acc_bits = bits_of(type_of(build, x));

    if (type_of(build, x) == VCH_TYPE_I64) { // straight from trees
        acc_bits = 0;
        while (graphs_writer(build, x)->bias_bound >> acc_bits > 1)
            acc_bits++;
    }
    scale(build, rescale, 1, 1, acc_bits);
    return rescale->output;
}

uint32_t graphs_relu(struct graphs *build, uint32_t x)
{
    enum vch_type type = type_of(build, x);
    struct vch_operator *relu =
        add_operator(build, VCH_OPERATOR_RESCALE, 1, x, 0, type, shape_of(build, x));
    int32_t *multiplier = TAKE(build->arena, int32_t, 1);
    uint32_t *shift = TAKE(build->arena, uint32_t, 1);

    *multiplier = 2;
    *shift = 1;
    relu->scaling = (struct vch_scaling){1, multiplier, shift, 0, vch_tensor_type_max(type)};
    return relu->output;
}

static uint32_t add_table(struct graphs *build, enum vch_type input, enum vch_type output)
{
    size_t count = input == VCH_TYPE_I8 ? 256 : 65536;
    int32_t *entries = TAKE(build->arena, int32_t, count);
    bool is_wide = output == VCH_TYPE_I32;

    fill(entries, VCH_TYPE_I32, count, is_wide ? 0 : vch_tensor_type_min(output),
         is_wide ? 32768 : vch_tensor_type_max(output));
    entries[count / 2] = is_wide ? 32768 : 0;
    CHECK(build->graph->table_count < ROOM);
    build->graph->tables[build->graph->table_count] = (struct vch_table){input, output, entries};
    return build->graph->table_count++;
}

uint32_t graphs_table(struct graphs *build, uint32_t x, enum vch_type type)
{
    struct vch_operator *table =
        add_operator(build, VCH_OPERATOR_TABLE, 1, x, 0, type, shape_of(build, x));

    table->table = add_table(build, type_of(build, x), type);
    return table->output;
}

uint32_t graphs_softmax(struct graphs *build, uint32_t x, enum vch_type type)
{
    struct vch_operator *softmax =
        add_operator(build, VCH_OPERATOR_SOFTMAX, 1, x, 0, type, shape_of(build, x));

    softmax->table = add_table(build, type_of(build, x), VCH_TYPE_I32);
    return softmax->output;
}

// A random rounding; quotients that fill the output's type now and then saturate it.
uint32_t graphs_divide(struct graphs *build, uint32_t a, uint32_t b, enum vch_type type)
{
    struct vch_operator *divide =
        add_operator(build, VCH_OPERATOR_DIVIDE, 2, a, b, type, broadcast(build, a, b));
    int32_t *multipliers = TAKE(build->arena, int32_t, 1);
    uint32_t *shifts = TAKE(build->arena, uint32_t, 2);
    bool is_wide = test_below(2);

    *multipliers = test_below(4) == 0 ? 1 : (int32_t)(1 + test_below(32767));
    shifts[0] = 1 + (is_wide ? test_below(11) : 0); // 31 + 15 + 12 + 1 bits and less
    shifts[1] = 1 + test_below(is_wide ? 2 : 14);
    divide->scaling = (struct vch_scaling){
        .count = 1,
        .multipliers = multipliers,
        .shifts = shifts,
        .lo = test_below(4) == 0 ? 1 : vch_tensor_type_min(type),
        .hi = vch_tensor_type_max(type),
    };
    divide->rounding = (enum vch_rounding)test_below(3);
    return divide->output;
}

// Roots as precise as 61 bits allow, and factors that fill the output's type or saturate it.
uint32_t graphs_normalise(struct graphs *build, uint32_t x, enum vch_type type)
{
    struct vch_shape shape = shape_of(build, x);
    struct vch_operator *normalise =
        add_operator(build, VCH_OPERATOR_NORMALISE, 1, x, 0, type, shape);
    uint32_t length = 0;

    while (shape.dims[shape.rank - 1] >> length > 0)
        length++;
    uint32_t shift = 30 - bits_of(type_of(build, x)) - length;
    normalise->norm = (struct vch_norm){
        .is_centred = test_below(2),
        .root_shift = test_below(4) == 0 ? 0 : shift,
        .epsilon =
            1 + (uint64_t)random_between(0, (int64_t)1 << 60) / (test_below(2) ? 1 : 1000000),
    };
    uint64_t factor = 1 + test_below(2u << bits_of(type)); // 64 bits, as shifted it fills them
    normalise->norm.factor = factor << normalise->norm.root_shift;
    return normalise->output;
}

static uint32_t channels_of(const struct graphs *build, uint32_t x)
{
    struct vch_shape shape = shape_of(build, x);
    return shape.dims[shape.rank - 3];
}

uint32_t graphs_max_pool(struct graphs *build, uint32_t x, uint32_t kernel, uint32_t stride)
{
    return add_windowed(build, VCH_OPERATOR_MAX_POOL, x, channels_of(build, x),
                        square(kernel, stride, kernel / 2, 0), type_of(build, x))
        ->output;
}

uint32_t graphs_average_pool(struct graphs *build, uint32_t x, uint32_t kernel, uint32_t stride)
{
    struct vch_operator *pool =
        add_windowed(build, VCH_OPERATOR_AVERAGE_POOL, x, channels_of(build, x),
                     square(kernel, stride, kernel / 2, 0), type_of(build, x));
    uint32_t area = kernel * kernel;

    pool->window.count_includes_pad = test_below(2);
    uint32_t count = kernel / 2 > 0 && !pool->window.count_includes_pad ? area : 1;
    scale(build, pool, count, count, bits_of(type_of(build, x)) + half_bits(area));
    return pool->output;
}

uint32_t graphs_concat(struct graphs *build, uint32_t a, uint32_t b, uint32_t axis)
{
    struct vch_shape shape = shape_of(build, a);

    shape.dims[axis] += shape_of(build, b).dims[axis];
    struct vch_operator *concat =
        add_operator(build, VCH_OPERATOR_CONCAT, 2, a, b, type_of(build, a), shape);
    concat->axis = axis;
    return concat->output;
}

uint32_t graphs_reshape(struct graphs *build, uint32_t x, struct vch_shape shape)
{
    return add_operator(build, VCH_OPERATOR_RESHAPE, 1, x, 0, type_of(build, x), shape)->output;
}

uint32_t graphs_flatten(struct graphs *build, uint32_t x)
{
    struct vch_shape shape = shape_of(build, x);
    size_t count = vch_tensor_shape_count(&shape);
    return graphs_reshape(build, x, graphs_shape(1, (uint32_t)count, 0, 0));
}

uint32_t graphs_transpose(struct graphs *build, uint32_t x)
{
    struct vch_shape have = shape_of(build, x), want = have;
    uint32_t order[VCH_RANK_MAX] = {0};

    for (uint32_t i = 0; i < have.rank; i++) { // Fisher and Yates, inside out
        uint32_t k = test_below(i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    for (uint32_t i = 0; i < have.rank; i++)
        want.dims[i] = have.dims[order[i]];
    struct vch_operator *transpose =
        add_operator(build, VCH_OPERATOR_TRANSPOSE, 1, x, 0, type_of(build, x), want);
    for (uint32_t i = 0; i < have.rank; i++)
        transpose->order[i] = order[i];
    return transpose->output;
}

uint32_t graphs_slice(struct graphs *build, uint32_t x)
{
    struct vch_shape have = shape_of(build, x), want = have;
    int32_t begin[VCH_RANK_MAX], step[VCH_RANK_MAX];

    for (uint32_t i = 0; i < have.rank; i++) {
        begin[i] = (int32_t)test_below(have.dims[i]);
        step[i] = (int32_t)(1 + test_below(3)) * (test_below(2) ? 1 : -1);
        int32_t room = step[i] > 0 ? (int32_t)have.dims[i] - 1 - begin[i] : begin[i];
        uint32_t most = (uint32_t)(room / (step[i] > 0 ? step[i] : -step[i]));
        want.dims[i] = 1 + test_below(most + 1);
    }
    struct vch_operator *slice =
        add_operator(build, VCH_OPERATOR_SLICE, 1, x, 0, type_of(build, x), want);
    for (uint32_t i = 0; i < have.rank; i++) {
        slice->begin[i] = begin[i];
        slice->step[i] = step[i];
    }
    return slice->output;
}

uint32_t graphs_pad(struct graphs *build, uint32_t x)
{
    struct vch_shape want = shape_of(build, x);
    struct vch_operator *pad =
        add_operator(build, VCH_OPERATOR_PAD, 1, x, 0, type_of(build, x), want);

    for (uint32_t i = 0; i < want.rank; i++) {
        pad->begin[i] = (int32_t)test_below(3);
        pad->end[i] = (int32_t)test_below(3);
        want.dims[i] += (uint32_t)(pad->begin[i] + pad->end[i]);
    }
    pad->fill = (int64_t)test_below(255) - 127;
    build->graph->values[pad->output].shape = want;
    return pad->output;
}

uint32_t graphs_argmax(struct graphs *build, uint32_t x, uint32_t axis)
{
    struct vch_shape have = shape_of(build, x), want = {.rank = have.rank - 1};

    for (uint32_t i = 0; i < want.rank; i++)
        want.dims[i] = have.dims[i < axis ? i : i + 1];
    struct vch_operator *argmax =
        add_operator(build, VCH_OPERATOR_ARGMAX, 1, x, 0, VCH_TYPE_I32, want);
    argmax->axis = axis;
    return argmax->output;
}

uint32_t graphs_gather(struct graphs *build, uint32_t x, uint32_t indices, uint32_t axis)
{
    struct vch_shape have = shape_of(build, x), picks = shape_of(build, indices);
    struct vch_shape want = {.rank = axis};

    for (uint32_t i = 0; i < axis; i++)
        want.dims[i] = have.dims[i];
    for (uint32_t i = 0; i < picks.rank; i++)
        want.dims[want.rank++] = picks.dims[i];
    for (uint32_t i = axis + 1; i < have.rank; i++)
        want.dims[want.rank++] = have.dims[i];
    struct vch_operator *gather =
        add_operator(build, VCH_OPERATOR_GATHER, 2, x, indices, type_of(build, x), want);
    gather->axis = axis;
    return gather->output;
}

uint32_t graphs_constant(struct graphs *build, enum vch_type type, struct vch_shape shape)
{
    struct vch_operator *constant =
        add_operator(build, VCH_OPERATOR_CONSTANT, 0, 0, 0, type, shape);

    fill(add_parameter(build, constant, type, shape), type, vch_tensor_shape_count(&shape),
         vch_tensor_type_min(type), vch_tensor_type_max(type));
    return constant->output;
}

// Trees as arrays of full binary trees cut at random: children after parents, leaves in order.
struct forest {
    int32_t (*nodes)[VCH_TREES_COLUMNS];
    uint32_t node_count, leaf_count, feature_count;
};

static uint32_t grow(struct forest *forest, uint32_t depth)
{
    uint32_t index = forest->node_count++;
    int32_t *node = forest->nodes[index];

    if (depth == 0 || test_below(8) == 0) {
        node[VCH_TREES_FEATURE] = -1;
        node[VCH_TREES_LEFT] = (int32_t)forest->leaf_count++;
        return index;
    }
    node[VCH_TREES_FEATURE] = (int32_t)test_below(forest->feature_count);
    node[VCH_TREES_THRESHOLD] = (int32_t)random_between(-0x7f800000, 0x7f800000);
    node[VCH_TREES_NAN_LEFT] = (int32_t)test_below(2);
    node[VCH_TREES_LEFT] = (int32_t)grow(forest, depth - 1);
    node[VCH_TREES_RIGHT] = (int32_t)grow(forest, depth - 1);
    return index;
}

uint32_t graphs_trees(struct graphs *build, uint32_t x, uint32_t tree_count, uint32_t depth,
                      uint32_t targets)
{
    struct vch_shape shape = shape_of(build, x);
    size_t room = (size_t)tree_count << (depth + 1);
    struct forest forest = {
        .nodes = take(build->arena, room, sizeof *forest.nodes),
        .feature_count = shape.dims[shape.rank - 1],
    };
    int32_t *roots = TAKE(build->arena, int32_t, tree_count);

    for (uint32_t i = 0; i < tree_count; i++)
        roots[i] = (int32_t)grow(&forest, depth);
    shape.dims[shape.rank - 1] = targets;
    struct vch_operator *trees =
        add_operator(build, VCH_OPERATOR_TREES, 1, x, 0, VCH_TYPE_I64, shape);
    int32_t *nodes = add_parameter(build, trees, VCH_TYPE_I32,
                                   graphs_shape(2, forest.node_count, VCH_TREES_COLUMNS, 0));
    for (size_t i = 0; i < (size_t)forest.node_count * VCH_TREES_COLUMNS; i++)
        nodes[i] = forest.nodes[i / VCH_TREES_COLUMNS][i % VCH_TREES_COLUMNS];
    int32_t *held = add_parameter(build, trees, VCH_TYPE_I32, graphs_shape(1, tree_count, 0, 0));
    for (uint32_t i = 0; i < tree_count; i++)
        held[i] = roots[i];
    fill(add_parameter(build, trees, VCH_TYPE_I64, graphs_shape(2, forest.leaf_count, targets, 0)),
         VCH_TYPE_I64, (size_t)forest.leaf_count * targets, -1000000, 1000000);
    fill(add_parameter(build, trees, VCH_TYPE_I64, graphs_shape(1, targets, 0, 0)), VCH_TYPE_I64,
         targets, -1000000, 1000000);
    trees->depth_max = depth;
    trees->bias_bound = 1;
    while (trees->bias_bound < (uint64_t)1000000 * (tree_count + 1))
        trees->bias_bound *= 2;
    return trees->output;
}

static enum vch_type narrow(void)
{
    return test_below(2) ? VCH_TYPE_I8 : VCH_TYPE_I16;
}

struct vch_graph *graphs_random_mlp(struct vch_arena *arena)
{
    struct graphs build;
    uint32_t layers = 1 + test_below(6);

    graphs_init(&build, arena);
    uint32_t x = graphs_input(&build, narrow(), graphs_shape(1, 1 + test_below(70), 0, 0));
    for (uint32_t i = 0; i < layers; i++) {
        x = graphs_linear(&build, x, 1 + test_below(50), narrow());
        if (test_below(3) == 0) x = graphs_table(&build, x, narrow());
        if (test_below(4) == 0) {
            struct vch_shape shape = shape_of(&build, x);
            x = graphs_add(&build, x, graphs_constant(&build, narrow(), shape), narrow());
        }
    }
    graphs_output(&build, x);
    return graphs_finish(&build);
}

static uint32_t residual_block(struct graphs *build, uint32_t x)
{
    uint32_t channels = channels_of(build, x);
    uint32_t y = graphs_convolution(build, x, channels, 3, 1, 1, narrow());

    y = graphs_convolution(build, graphs_relu(build, y), channels, 1 + 2 * test_below(2), 1,
                           test_below(2) ? channels : 1, narrow());
    return graphs_add(build, x, y, narrow());
}

struct vch_graph *graphs_random_convnet(struct vch_arena *arena)
{
    struct graphs build;
    uint32_t blocks = 1 + test_below(3);

    graphs_init(&build, arena);
    uint32_t x = graphs_input(
        &build, narrow(), graphs_shape(3, 1 + test_below(3), 5 + test_below(8), 5 + test_below(8)));
    x = graphs_convolution(&build, x, 2 + test_below(8), 3, 1 + test_below(2), 1, narrow());
    for (uint32_t i = 0; i < blocks; i++)
        x = residual_block(&build, x);
    x = test_below(2) ? graphs_max_pool(&build, x, 2, 2) : graphs_average_pool(&build, x, 3, 2);
    x = graphs_linear(&build, graphs_flatten(&build, x), 2 + test_below(10), narrow());
    graphs_output(&build, graphs_softmax(&build, x, VCH_TYPE_I16));
    if (test_below(2)) {
        uint32_t best = graphs_argmax(&build, x, 0), size = 1 + test_below(9);
        uint32_t rows = graphs_constant(&build, narrow(), graphs_shape(2, size, 3, 0));
        graphs_output(&build, best);
        graphs_output(&build, graphs_gather(&build, rows, best, 0));
    }
    return graphs_finish(&build);
}

struct vch_graph *graphs_random_trees(struct vch_arena *arena)
{
    struct graphs build;

    graphs_init(&build, arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I32, graphs_shape(1, 1 + test_below(20), 0, 0));
    build.graph->inputs[0].kind = VCH_PORT_KEYS;
    x = graphs_trees(&build, x, 1 + test_below(20), test_below(8), 1 + test_below(4));
    graphs_output(&build, test_below(2) ? x : graphs_argmax(&build, x, 0));
    return graphs_finish(&build);
}

struct vch_graph *graphs_random(struct vch_arena *arena)
{
    switch (test_below(3)) {
    case 0: return graphs_random_mlp(arena);
    case 1: return graphs_random_convnet(arena);
    default: return graphs_random_trees(arena);
    }
}

struct vch_tensor graphs_empty_tensor(const struct vch_graph *graph, uint32_t value, uint32_t batch,
                                      struct vch_arena *arena)
{
    struct vch_tensor tensor = {graph->values[value].type, graph->values[value].shape, NULL};

    tensor.data = take(arena, batch, vch_tensor_size(&tensor));
    return tensor;
}

struct vch_tensor graphs_random_tensor(const struct vch_graph *graph, uint32_t value,
                                       uint32_t batch, struct vch_arena *arena)
{
    struct vch_tensor tensor = graphs_empty_tensor(graph, value, batch, arena);

    fill(tensor.data, tensor.type, batch * vch_tensor_shape_count(&tensor.shape),
         vch_tensor_type_min(tensor.type), vch_tensor_type_max(tensor.type));
    return tensor;
}
