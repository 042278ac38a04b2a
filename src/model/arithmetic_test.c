// specs/arithmetic.md by its own vectors: what strangers read is what the engine does.
#include <string.h>

#include "harness/oracle.h"
#include "harness/spec.h"
#include "harness/test.h"
#include "model/run.h"
#include "model/trees.h"

#define SPEC "arithmetic.md"

// A graph of one operator.
struct example {
    struct vch_arena arena;
    struct vch_graph graph;
    struct vch_value values[3];
    struct vch_operator operator_;
    struct vch_parameter parameters[4];
    struct vch_table table;
    struct vch_tensor inputs[2], output;
    uint32_t input_values[2];
};

static struct vch_shape shape(uint32_t rank, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    return (struct vch_shape){rank, {a, b, c, d}};
}

static void *take(struct example *e, const char *vector, size_t *size)
{
    uint8_t *bytes = vch_arena_alloc(&e->arena, 4096, 1);
    CHECK(bytes != NULL);
    *size = test_spec_vector(bytes, 4096, SPEC, vector);
    return bytes;
}

static void open_example(struct example *e, enum vch_operator_kind kind)
{
    *e = (struct example){.operator_ = {.kind = kind, .name = "example", .table = VCH_NONE}};
    vch_arena_init(&e->arena, 1 << 24);
    e->operator_.inputs = e->input_values;
    e->graph = (struct vch_graph){
        .name = "example",
        .values = e->values,
        .operator_count = 1,
        .operators = &e->operator_,
        .parameters = e->parameters,
        .tables = &e->table,
    };
}

static void add_input(struct example *e, enum vch_type type, struct vch_shape dims,
                      const char *vector)
{
    uint32_t i = e->operator_.input_count++;
    size_t size = 0;

    e->inputs[i] = (struct vch_tensor){type, dims, take(e, vector, &size)};
    CHECK_EQ(size, vch_tensor_size(&e->inputs[i]));
    e->values[i] = (struct vch_value){type, dims};
    e->input_values[i] = i;
    e->graph.inputs[i] = (struct vch_port){.name = "x", .value = i, .kind = VCH_PORT_INTEGER};
    e->graph.input_count = i + 1;
}

static void add_parameter(struct example *e, enum vch_type type, struct vch_shape dims,
                          const char *vector)
{
    uint32_t i = e->operator_.parameter_count++;
    size_t size = 0;

    e->parameters[i] =
        (struct vch_parameter){.type = type, .shape = dims, .data = take(e, vector, &size)};
    CHECK_EQ(size, vch_tensor_shape_count(&dims) * vch_tensor_type_size(type));
    e->operator_.parameters[i] = i;
    e->graph.parameter_count = i + 1;
}

static void set_scaling(struct example *e, uint32_t count, const int32_t *multipliers,
                        const uint32_t *shifts, int64_t hi)
{
    e->operator_.scaling = (struct vch_scaling){count, multipliers, shifts, -hi, hi};
}

// Checks the graph, runs it on every level, and compares with the vector.
static void check_output(struct example *e, enum vch_type type, struct vch_shape dims,
                         const char *vector)
{
    uint32_t y = e->graph.input_count;
    struct vch_complaint complaint = {.text = ""};
    uint8_t out[256];

    e->operator_.output = y;
    e->values[y] = (struct vch_value){type, dims};
    e->graph.value_count = y + 1;
    e->graph.outputs[0] = (struct vch_port){.name = "y", .value = y, .kind = VCH_PORT_INTEGER};
    e->graph.output_count = 1;
    e->output = (struct vch_tensor){type, dims, out};
    CHECK(vch_tensor_size(&e->output) <= sizeof out);
    CHECK_OK(vch_graph_public_bound(&e->operator_.public_bound, &e->graph, &e->operator_));
    if (!vch_is_ok(vch_graph_check(&e->graph, &e->arena, &complaint)))
        test_fail(__FILE__, __LINE__, "%s", complaint.text);
    CHECK_OK(vch_graph_check_parameters(&e->graph, &e->operator_, &e->arena, NULL));
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
        struct vch_kernels kernels = vch_kernels_select(level);
        struct vch_run run = {.graph = &e->graph, .last = 1, .batch = 1, .kernels = &kernels};
        CHECK_OK(vch_run_graph(&run, e->inputs, &e->output, &e->arena, NULL));
        test_spec_check(out, vch_tensor_size(&e->output), SPEC, vector);
    }
    vch_arena_release(&e->arena);
}

TEST(spec_requantises)
{
    enum { RECORD = 40, RECORDS_MAX = 32 };
    uint8_t bytes[RECORD * RECORDS_MAX];
    size_t size = test_spec_vector(bytes, sizeof bytes, SPEC, "requantise");

    CHECK(size > 0 && size % RECORD == 0);
    for (const uint8_t *at = bytes; at < bytes + size; at += RECORD) {
        struct vch_requantise how = {
            .multiplier = (int32_t)vch_get_u32le(at + 8),
            .shift = vch_get_u32le(at + 12),
            .lo = (int64_t)vch_get_u64le(at + 16),
            .hi = (int64_t)vch_get_u64le(at + 24),
        };
        int64_t acc = (int64_t)vch_get_u64le(at), want = (int64_t)vch_get_u64le(at + 32);
        CHECK_EQ(vch_requantise_one(acc, &how), want);
        CHECK_EQ(oracle_requantise(acc, how.multiplier, how.shift, how.lo, how.hi), want);
    }
}

TEST(spec_linear)
{
    static const int32_t multipliers[] = {20000, -30000};
    static const uint32_t shifts[] = {18, 22};
    struct example e;

    open_example(&e, VCH_OPERATOR_LINEAR);
    add_input(&e, VCH_TYPE_I8, shape(2, 2, 3, 0, 0), "linear_x");
    add_parameter(&e, VCH_TYPE_I8, shape(2, 2, 3, 0, 0), "linear_weights");
    add_parameter(&e, VCH_TYPE_I64, shape(1, 2, 0, 0, 0), "linear_bias");
    e.operator_.bias_bound = 1024;
    set_scaling(&e, 2, multipliers, shifts, 127);
    check_output(&e, VCH_TYPE_I8, shape(2, 2, 2, 0, 0), "linear_y");
}

TEST(spec_convolution)
{
    static const int32_t multiplier = 16385;
    static const uint32_t shift = 15;
    static const int64_t bias = 7;
    struct example e;

    open_example(&e, VCH_OPERATOR_CONVOLUTION);
    add_input(&e, VCH_TYPE_I16, shape(3, 1, 3, 4, 0), "convolution_x");
    add_parameter(&e, VCH_TYPE_I8, shape(4, 1, 1, 2, 3), "convolution_weights");
    e.parameters[1] =
        (struct vch_parameter){.type = VCH_TYPE_I64, .shape = shape(1, 1, 0, 0, 0), .data = &bias};
    e.operator_.parameters[e.operator_.parameter_count++] = 1;
    e.graph.parameter_count = 2;
    e.operator_.bias_bound = 8;
    e.operator_.window = (struct vch_window){
        .kernel = {2, 3},
        .stride = {1, 2},
        .dilation = {2, 1},
        .pad_begin = {1, 1},
        .pad_end = {0, 1},
        .groups = 1,
    };
    set_scaling(&e, 1, &multiplier, &shift, 32767);
    check_output(&e, VCH_TYPE_I16, shape(3, 1, 2, 2, 0), "convolution_y");
}

TEST(spec_add)
{
    static const int32_t multipliers[] = {20000, -3};
    static const uint32_t shift = 14;
    struct example e;

    open_example(&e, VCH_OPERATOR_ADD);
    add_input(&e, VCH_TYPE_I8, shape(2, 2, 3, 0, 0), "add_a");
    add_input(&e, VCH_TYPE_I16, shape(1, 3, 0, 0, 0), "add_b");
    set_scaling(&e, 2, multipliers, &shift, 127);
    check_output(&e, VCH_TYPE_I8, shape(2, 2, 3, 0, 0), "add_y");
}

TEST(spec_divide)
{
    static const struct {
        enum vch_rounding rounding;
        const char *vector;
    } cases[] = {
        {VCH_ROUNDING_NEAREST, "divide_nearest"},
        {VCH_ROUNDING_FLOOR, "divide_floor"},
        {VCH_ROUNDING_TRUNCATE, "divide_truncate"},
    };
    static const int32_t multiplier = 3;
    static const uint32_t shifts[] = {1, 2};

    FOR_EACH(c, cases)
    {
        struct example e;
        open_example(&e, VCH_OPERATOR_DIVIDE);
        add_input(&e, VCH_TYPE_I16, shape(2, 2, 4, 0, 0), "divide_x");
        add_input(&e, VCH_TYPE_I8, shape(1, 4, 0, 0, 0), "divide_y");
        set_scaling(&e, 1, &multiplier, shifts, 127);
        e.operator_.rounding = c->rounding;
        check_output(&e, VCH_TYPE_I8, shape(2, 2, 4, 0, 0), c->vector);
    }
}

static void set_pool_window(struct example *e)
{
    e->operator_.window = (struct vch_window){
        .kernel = {2, 2},
        .stride = {2, 2},
        .dilation = {1, 1},
        .pad_begin = {1, 1},
        .pad_end = {1, 1},
    };
}

TEST(spec_pools)
{
    static const int32_t multipliers[] = {16384, 8192, 5461, 4096};
    static const uint32_t shifts[] = {14, 14, 14, 14};
    struct example e;

    open_example(&e, VCH_OPERATOR_AVERAGE_POOL);
    add_input(&e, VCH_TYPE_I8, shape(3, 1, 3, 3, 0), "pool_x");
    set_pool_window(&e);
    set_scaling(&e, 4, multipliers, shifts, 127);
    check_output(&e, VCH_TYPE_I8, shape(3, 1, 2, 2, 0), "average_pool_y");

    open_example(&e, VCH_OPERATOR_MAX_POOL);
    add_input(&e, VCH_TYPE_I8, shape(3, 1, 3, 3, 0), "pool_x");
    set_pool_window(&e);
    check_output(&e, VCH_TYPE_I8, shape(3, 1, 2, 2, 0), "max_pool_y");
}

TEST(spec_softmax)
{
    int32_t entries[256] = {0};
    struct example e;

    for (int i = -127; i <= 0; i++)
        entries[i + 128] = 32768 >> (-i / 8);
    open_example(&e, VCH_OPERATOR_SOFTMAX);
    add_input(&e, VCH_TYPE_I8, shape(2, 2, 3, 0, 0), "softmax_x");
    e.table = (struct vch_table){VCH_TYPE_I8, VCH_TYPE_I32, entries};
    e.graph.table_count = 1;
    e.operator_.table = 0;
    check_output(&e, VCH_TYPE_I16, shape(2, 2, 3, 0, 0), "softmax_y");
}

TEST(spec_normalise)
{
    static const struct {
        struct vch_norm norm;
        enum vch_type type;
        const char *vector;
    } cases[] = {
        {{true, 12, 1000, 37 << 18}, VCH_TYPE_I16, "normalise_centred_y"},
        {{false, 12, 1000, 1 << 17}, VCH_TYPE_I8, "normalise_y"},
    };

    FOR_EACH(c, cases)
    {
        struct example e;
        open_example(&e, VCH_OPERATOR_NORMALISE);
        add_input(&e, VCH_TYPE_I16, shape(2, 3, 4, 0, 0), "normalise_x");
        e.operator_.norm = c->norm;
        check_output(&e, c->type, shape(2, 3, 4, 0, 0), c->vector);
    }
}

TEST(spec_argmax)
{
    struct example e;

    open_example(&e, VCH_OPERATOR_ARGMAX);
    add_input(&e, VCH_TYPE_I8, shape(2, 2, 4, 0, 0), "argmax_x");
    e.operator_.axis = 1;
    check_output(&e, VCH_TYPE_I32, shape(1, 2, 0, 0, 0), "argmax_y");
}

TEST(spec_gather)
{
    struct example e;

    open_example(&e, VCH_OPERATOR_GATHER);
    add_input(&e, VCH_TYPE_I8, shape(3, 2, 3, 2, 0), "gather_x");
    add_input(&e, VCH_TYPE_I16, shape(2, 2, 2, 0, 0), "gather_indices");
    e.operator_.axis = 1;
    check_output(&e, VCH_TYPE_I8, shape(4, 2, 2, 2, 2), "gather_y");
}

TEST(spec_trees)
{
    struct example e;

    open_example(&e, VCH_OPERATOR_TREES);
    add_input(&e, VCH_TYPE_I32, shape(2, 4, 2, 0, 0), "trees_keys");
    add_parameter(&e, VCH_TYPE_I32, shape(2, 8, VCH_TREES_COLUMNS, 0, 0), "trees_nodes");
    add_parameter(&e, VCH_TYPE_I32, shape(1, 2, 0, 0, 0), "trees_roots");
    add_parameter(&e, VCH_TYPE_I64, shape(2, 4, 2, 0, 0), "trees_leaves");
    add_parameter(&e, VCH_TYPE_I64, shape(1, 2, 0, 0, 0), "trees_base");
    e.operator_.depth_max = 2;
    e.operator_.bias_bound = 256;
    check_output(&e, VCH_TYPE_I64, shape(2, 4, 2, 0, 0), "trees_y");
}

TEST(spec_keys)
{
    uint8_t reals[64], keys[64];
    size_t size = test_spec_vector(reals, sizeof reals, SPEC, "trees_reals");

    CHECK_EQ(test_spec_vector(keys, sizeof keys, SPEC, "trees_keys"), size);
    for (size_t i = 0; i < size; i += 4)
        CHECK_EQ(vch_trees_key(vch_get_u32le(reals + i)), (int32_t)vch_get_u32le(keys + i));
}

TEST(spec_digests_tensors)
{
    int16_t data[] = {1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12};
    struct vch_tensor tensor = {VCH_TYPE_I16, shape(2, 2, 3, 0, 0), data};
    struct vch_digest digest = vch_tensor_digest(&tensor, 2);

    test_spec_check(&digest, sizeof digest, SPEC, "tensor_digest");
}
