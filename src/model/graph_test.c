// vch_graph_check against graphs that lie, and its promise: what passes it is safe to run.
#include "model/graph.h"

#include <string.h>

#include "harness/graphs.h"
#include "harness/oracle.h"
#include "harness/test.h"
#include "model/run.h"
#include "model/trees.h"

static struct vch_arena arena;

// An image classifier with one operator of almost every kind.
struct scene {
    struct vch_graph *graph;
    struct vch_operator *convolution, *add, *pool, *slice, *reshape, *linear, *softmax, *argmax;
    struct vch_operator *gather;
};

static struct vch_operator *find(struct vch_graph *graph, enum vch_operator_kind kind)
{
    for (uint32_t i = 0; i < graph->operator_count; i++)
        if (graph->operators[i].kind == kind) return &graph->operators[i];
    return NULL;
}

static struct scene open_scene(void)
{
    struct graphs build;

    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 2, 8, 8));
    x = graphs_convolution(&build, x, 4, 3, 1, 1, VCH_TYPE_I8);
    x = graphs_add(&build, x, graphs_constant(&build, VCH_TYPE_I8, graphs_shape(3, 4, 1, 1)),
                   VCH_TYPE_I8);
    x = graphs_average_pool(&build, x, 2, 2);
    x = graphs_transpose(&build, graphs_slice(&build, graphs_pad(&build, x)));
    x = graphs_linear(&build, graphs_flatten(&build, x), 10, VCH_TYPE_I8);
    graphs_output(&build, graphs_softmax(&build, x, VCH_TYPE_I8));
    uint32_t best = graphs_argmax(&build, x, 0);
    graphs_output(&build, best);
    graphs_output(&build, graphs_gather(&build, x, best, 0));
    struct vch_graph *graph = graphs_finish(&build);
    return (struct scene){
        .graph = graph,
        .convolution = find(graph, VCH_OPERATOR_CONVOLUTION),
        .add = find(graph, VCH_OPERATOR_ADD),
        .pool = find(graph, VCH_OPERATOR_AVERAGE_POOL),
        .slice = find(graph, VCH_OPERATOR_SLICE),
        .reshape = find(graph, VCH_OPERATOR_RESHAPE),
        .linear = find(graph, VCH_OPERATOR_LINEAR),
        .softmax = find(graph, VCH_OPERATOR_SOFTMAX),
        .argmax = find(graph, VCH_OPERATOR_ARGMAX),
        .gather = find(graph, VCH_OPERATOR_GATHER),
    };
}

// Refused with a complaint, whatever the code; and accepted again once the lie is taken back.
#define CHECK_LIE(object, lie) \
    do { \
        __typeof__(object) truth_ = (object); \
        struct vch_complaint complaint_ = {.text = ""}; \
        (object) = (lie); \
        if (vch_is_ok(vch_graph_check(s.graph, &arena, &complaint_))) \
            test_fail(__FILE__, __LINE__, "accepted %s = %s", #object, #lie); \
        CHECK(complaint_.text[0] != '\0'); \
        (object) = truth_; \
        CHECK_OK(vch_graph_check(s.graph, &arena, NULL)); \
    } while (0)

TEST(graphs_that_lie_about_counts_and_indices_are_refused)
{
    vch_arena_init(&arena, 1 << 27);
    struct scene s = open_scene();

    CHECK_LIE(s.graph->name, NULL);
    CHECK_LIE(s.graph->value_count, 0);
    CHECK_LIE(s.graph->value_count, VCH_GRAPH_VALUES_MAX + 1);
    CHECK_LIE(s.graph->value_count, s.graph->value_count + 1);
    CHECK_LIE(s.graph->operator_count, 0);
    CHECK_LIE(s.graph->operator_count, VCH_GRAPH_OPERATORS_MAX + 1);
    CHECK_LIE(s.graph->operator_count, s.graph->operator_count - 1);
    CHECK_LIE(s.graph->parameter_count, s.graph->parameter_count - 1);
    CHECK_LIE(s.graph->parameter_count, s.graph->parameter_count + 1);
    CHECK_LIE(s.graph->table_count, 0);
    CHECK_LIE(s.graph->input_count, 0);
    CHECK_LIE(s.graph->input_count, VCH_GRAPH_PORTS_MAX + 1);
    CHECK_LIE(s.graph->output_count, 0);
    CHECK_LIE(s.graph->inputs[0].value, s.graph->value_count);
    CHECK_LIE(s.graph->inputs[0].value, s.convolution->output);
    CHECK_LIE(s.graph->inputs[0].kind, VCH_PORT_CLASS);
    CHECK_LIE(s.graph->inputs[0].kind, VCH_PORT_REAL);
    CHECK_LIE(s.graph->inputs[0].kind, VCH_PORT_KEYS);
    CHECK_LIE(s.graph->inputs[0].kind, (enum vch_port_kind)77);
    CHECK_LIE(s.graph->outputs[0].value, s.graph->outputs[1].value);
    CHECK_LIE(s.graph->outputs[0].scale_bits, 0);
    CHECK_LIE(s.graph->outputs[0].scale_bits, (uint64_t)0x7ff << 52);
    CHECK_LIE(s.graph->outputs[0].scale_bits, (uint64_t)0xbff << 52);
    CHECK_LIE(s.graph->outputs[1].label_count, VCH_GRAPH_LABELS_MAX + 1);
    CHECK_LIE(s.graph->outputs[1].label_count, 3);
    CHECK_LIE(s.convolution->kind, VCH_OPERATOR_COUNT);
    CHECK_LIE(s.convolution->kind, (enum vch_operator_kind)UINT32_MAX);
    CHECK_LIE(s.convolution->kind, VCH_OPERATOR_LINEAR);
    CHECK_LIE(s.convolution->name, NULL);
    CHECK_LIE(s.convolution->output, s.graph->inputs[0].value);
    CHECK_LIE(s.convolution->output, s.graph->value_count);
    CHECK_LIE(s.convolution->output, s.linear->output);
    CHECK_LIE(s.convolution->input_count, 0);
    CHECK_LIE(s.convolution->input_count, VCH_GRAPH_OPERANDS_MAX + 1);
    CHECK_LIE(s.convolution->inputs, &s.linear->output);
    CHECK_LIE(s.convolution->parameter_count, 0);
    CHECK_LIE(s.convolution->parameter_count, 5);
    CHECK_LIE(s.convolution->parameters[0], s.graph->parameter_count);
    CHECK_LIE(s.convolution->parameters[0], s.linear->parameters[0]);
    vch_arena_release(&arena);
}

TEST(graphs_that_lie_about_shapes_and_types_are_refused)
{
    vch_arena_init(&arena, 1 << 27);
    struct scene s = open_scene();

    for (uint32_t i = 0; i < s.graph->value_count; i++) {
        struct vch_value *value = &s.graph->values[i];
        CHECK_LIE(value->type, (enum vch_type)0);
        CHECK_LIE(value->type, (enum vch_type)5);
        CHECK_LIE(value->type, VCH_TYPE_I64);
        CHECK_LIE(value->shape.rank, VCH_RANK_MAX + 1);
        CHECK_LIE(value->shape.rank, UINT32_MAX);
        if (value->shape.rank == 0) continue;
        CHECK_LIE(value->shape.dims[0], 0);
        CHECK_LIE(value->shape.dims[0], value->shape.dims[0] + 1);
        CHECK_LIE(value->shape.dims[0], VCH_TENSOR_COUNT_MAX + 1);
        CHECK_LIE(value->shape.dims[0], UINT32_MAX);
    }
    for (uint32_t i = 0; i < s.graph->parameter_count; i++) {
        struct vch_parameter *parameter = &s.graph->parameters[i];
        CHECK_LIE(parameter->type, VCH_TYPE_I32);
        CHECK_LIE(parameter->shape.rank, 0);
        CHECK_LIE(parameter->shape.dims[0], parameter->shape.dims[0] + 1);
        CHECK_LIE(parameter->shape.dims[0], 0);
    }
    vch_arena_release(&arena);
}

TEST(graphs_that_lie_about_numbers_are_refused)
{
    static const int32_t too_large[16] = {1 << 15, 1 << 15};
    static const int32_t too_negative[16] = {-(1 << 15), -(1 << 15)};
    static const uint32_t zeros[16] = {0}, sixty_three[16] = {63, 63, 63, 63};
    vch_arena_init(&arena, 1 << 27);
    struct scene s = open_scene();
    struct vch_operator *const scaled[] = {s.convolution, s.add, s.pool, s.linear};

    for (size_t i = 0; i < sizeof scaled / sizeof *scaled; i++) {
        CHECK_LIE(scaled[i]->scaling.multipliers, too_large);
        CHECK_LIE(scaled[i]->scaling.multipliers, too_negative);
        CHECK_LIE(scaled[i]->scaling.multipliers, NULL);
        CHECK_LIE(scaled[i]->scaling.shifts, zeros);
        CHECK_LIE(scaled[i]->scaling.shifts, sixty_three);
        CHECK_LIE(scaled[i]->scaling.count, 0);
        CHECK_LIE(scaled[i]->scaling.count, scaled[i]->scaling.count + 1);
        CHECK_LIE(scaled[i]->scaling.lo, scaled[i]->scaling.hi + 1);
        CHECK_LIE(scaled[i]->scaling.lo, -128);
        CHECK_LIE(scaled[i]->scaling.hi, 128);
        CHECK_LIE(scaled[i]->public_bound, scaled[i]->public_bound + 1);
        CHECK_LIE(scaled[i]->public_bound, 0);
        CHECK_LIE(scaled[i]->bias_bound, 3);
        CHECK_LIE(scaled[i]->bias_bound, (uint64_t)1 << 62);
    }
    CHECK_LIE(s.add->bias_bound, 1);
    CHECK_LIE(s.softmax->scaling.count, 1);
    CHECK_LIE(s.softmax->public_bound, 1);
    CHECK_LIE(s.softmax->table, 1);
    CHECK_LIE(s.softmax->table, VCH_NONE);
    CHECK_LIE(s.graph->tables[0].input, VCH_TYPE_I32);
    CHECK_LIE(s.graph->tables[0].output, VCH_TYPE_I64);
    CHECK_LIE(s.graph->tables[0].entries, NULL);
    int32_t *entries = (int32_t *)(uintptr_t)s.graph->tables[0].entries;
    CHECK_LIE(entries[128], 0);  // T[0]
    CHECK_LIE(entries[100], -1); // T[-28]
    CHECK_LIE(s.argmax->axis, 1);
    CHECK_LIE(s.argmax->axis, UINT32_MAX);
    CHECK_LIE(s.gather->axis, 1);
    CHECK_LIE(s.gather->axis, UINT32_MAX);
    CHECK_LIE(s.gather->inputs, ((const uint32_t[]){s.argmax->inputs[0], s.argmax->inputs[0]}));
    CHECK_LIE(s.gather->inputs, ((const uint32_t[]){s.argmax->output, s.argmax->output}));
    vch_arena_release(&arena);
}

TEST(graphs_that_lie_about_windows_and_moves_are_refused)
{
    vch_arena_init(&arena, 1 << 27);
    struct scene s = open_scene();
    struct vch_operator *const windowed[] = {s.convolution, s.pool};

    for (size_t i = 0; i < 2; i++)
        for (uint32_t axis = 0; axis < 2; axis++) {
            struct vch_window *window = &windowed[i]->window;
            CHECK_LIE(window->kernel[axis], 0);
            CHECK_LIE(window->kernel[axis], VCH_GRAPH_KERNEL_DIM_MAX + 1);
            CHECK_LIE(window->stride[axis], 0);
            CHECK_LIE(window->stride[axis], UINT32_MAX);
            CHECK_LIE(window->dilation[axis], 0);
            CHECK_LIE(window->dilation[axis], UINT32_MAX);
            CHECK_LIE(window->pad_begin[axis], 50);
            CHECK_LIE(window->pad_begin[axis], UINT32_MAX);
            CHECK_LIE(window->pad_end[axis], UINT32_MAX);
        }
    CHECK_LIE(s.convolution->window.groups, 0);
    CHECK_LIE(s.convolution->window.groups, 2);
    CHECK_LIE(s.convolution->window.groups, 3);
    CHECK_LIE(s.pool->window.count_includes_pad, !s.pool->window.count_includes_pad);
    struct vch_operator *transpose = find(s.graph, VCH_OPERATOR_TRANSPOSE);
    struct vch_operator *pad = find(s.graph, VCH_OPERATOR_PAD);
    CHECK_LIE(transpose->order[0], transpose->order[1]);
    CHECK_LIE(transpose->order[0], 3);
    CHECK_LIE(transpose->order[0], UINT32_MAX);
    for (uint32_t axis = 0; axis < 3; axis++) {
        CHECK_LIE(s.slice->step[axis], 0);
        CHECK_LIE(s.slice->begin[axis], -1);
        CHECK_LIE(s.slice->begin[axis], INT32_MAX);
        CHECK_LIE(pad->begin[axis], -1);
        CHECK_LIE(pad->end[axis], -1);
        CHECK_LIE(pad->begin[axis], INT32_MAX);
        CHECK_LIE(pad->end[axis], INT32_MAX);
    }
    CHECK_LIE(pad->fill, -128);
    CHECK_LIE(pad->fill, INT64_MAX);
    vch_arena_release(&arena);
}

// One random word of one random part of the graph.
static void corrupt(struct vch_graph *graph)
{
    static const uint32_t words[] = {0, 1, 2, 3, 4, 7, 127, 1 << 15, INT32_MAX, UINT32_MAX};
    struct vch_operator *operator_ = &graph->operators[test_below(graph->operator_count)];
    struct vch_value *value = &graph->values[test_below(graph->value_count)];
    uint32_t word = words[test_below(sizeof words / sizeof *words)];
    uint8_t *bytes = test_below(3) == 0 ? (uint8_t *)value : (uint8_t *)&operator_->scaling.lo;
    size_t size =
        bytes == (uint8_t *)value ? sizeof *value : (size_t)((uint8_t *)(operator_ + 1) - bytes);

    memcpy(bytes + test_below((uint32_t)(size / 4)) * 4, &word, sizeof word);
    *(uint8_t *)&operator_->window.count_includes_pad &= 1; // C wants a bool to be one
}

// What the check accepts is run, and must give what the oracle gives: with the address sanitizer
// this shows that acceptance means safety.
TEST(graphs_that_pass_the_check_are_safe_to_run)
{
    struct vch_kernels kernels = vch_kernels_select(vch_cpu_level(NULL));
    uint32_t accepted = 0;

    vch_arena_init(&arena, (size_t)1 << 28);
    for (int round = 0; round < 3000; round++) {
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        struct scene s = open_scene();
        corrupt(s.graph);
        if (vch_is_ok(vch_graph_check(s.graph, &arena, NULL))) {
            struct vch_run run = {
                .graph = s.graph,
                .last = s.graph->operator_count,
                .batch = 1,
                .kernels = &kernels,
            };
            struct vch_tensor x =
                graphs_random_tensor(s.graph, s.graph->inputs[0].value, 1, &arena);
            struct vch_tensor y[3];
            for (uint32_t i = 0; i < 3; i++)
                y[i] = graphs_empty_tensor(s.graph, s.graph->outputs[i].value, 1, &arena);
            CHECK_OK(vch_run_graph(&run, &x, y, &arena, NULL));
            int64_t **want = oracle_run(s.graph, &x, 1, &arena);
            for (uint32_t i = 0; i < 3; i++)
                for (size_t k = 0; k < vch_tensor_shape_count(&y[i].shape); k++)
                    CHECK_EQ(oracle_element(y[i].data, y[i].type, k),
                             want[s.graph->outputs[i].value][k]);
            accepted++;
        }
        vch_arena_rewind(&arena, mark);
    }
    CHECK(accepted > 0 && accepted < 3000);
    vch_arena_release(&arena);
}

TEST(sums_that_could_exceed_62_bits_are_refused)
{
    static const int32_t multipliers[] = {32767, 32767};
    struct vch_operator *linear = NULL;
    struct vch_graph *graph = NULL;

    vch_arena_init(&arena, 1 << 27);
    while (linear == NULL || linear->parameter_count != 2) { // until one has a bias
        struct graphs build;
        graphs_init(&build, &arena);
        uint32_t x = graphs_input(&build, VCH_TYPE_I16, graphs_shape(1, 1, 0, 0));
        uint32_t y = graphs_linear(&build, x, 2, VCH_TYPE_I16);
        graphs_output(&build, y);
        graph = graphs_finish(&build);
        linear = &graph->operators[0];
    }
    linear->scaling.multipliers = multipliers;
    for (uint32_t bit = 30; bit < 64; bit++) { // above 127 * 32767, so it decides the bits
        linear->bias_bound = (uint64_t)1 << bit;
        vch_status status = vch_graph_public_bound(&linear->public_bound, graph, linear);
        if (vch_is_ok(status)) status = vch_graph_check(graph, &arena, NULL);
        CHECK_EQ(status.code, bit + 1 + 15 + 1 <= 62 ? VCH_CODE_NONE : VCH_CODE_LIMIT);
    }
    vch_arena_release(&arena);
}

TEST(parameters_outside_their_range_are_refused)
{
    vch_arena_init(&arena, 1 << 27);
    struct scene s = open_scene();
    struct vch_operator *const weighted[] = {s.convolution, s.linear};

    for (size_t i = 0; i < 2; i++) {
        int8_t *weights = (int8_t *)(uintptr_t)s.graph->parameters[weighted[i]->parameters[0]].data;
        int8_t truth = weights[5];
        weights[5] = -128;
        CHECK_FAILS(vch_graph_check_parameters(s.graph, weighted[i], &arena, NULL), MALFORMED);
        weights[5] = truth;
        CHECK_OK(vch_graph_check_parameters(s.graph, weighted[i], &arena, NULL));
        if (weighted[i]->parameter_count < 2) continue;
        int64_t *bias = (int64_t *)(uintptr_t)s.graph->parameters[weighted[i]->parameters[1]].data;
        bias[1] = (int64_t)weighted[i]->bias_bound;
        CHECK_OK(vch_graph_check_parameters(s.graph, weighted[i], &arena, NULL));
        bias[1] = -(int64_t)weighted[i]->bias_bound - 1;
        CHECK_FAILS(vch_graph_check_parameters(s.graph, weighted[i], &arena, NULL), MALFORMED);
        bias[1] = INT64_MIN;
        CHECK_FAILS(vch_graph_check_parameters(s.graph, weighted[i], &arena, NULL), MALFORMED);
    }
    s.graph->parameters[s.linear->parameters[0]].data = NULL;
    CHECK_FAILS(vch_graph_check_parameters(s.graph, s.linear, &arena, NULL), USAGE);
    vch_arena_release(&arena);
}

// Two inner nodes and three leaves; each lie is one number.
TEST(norms_that_lie_are_refused)
{
    struct graphs build;

    vch_arena_init(&arena, 1 << 27);
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I16, graphs_shape(2, 3, 40, 0));
    graphs_output(&build, graphs_normalise(&build, x, VCH_TYPE_I8));
    struct scene s = {.graph = graphs_finish(&build)};
    struct vch_operator *normalise = find(s.graph, VCH_OPERATOR_NORMALISE);
    CHECK_LIE(normalise->norm.root_shift, normalise->norm.root_shift + 1);
    CHECK_LIE(normalise->norm.root_shift, VCH_GRAPH_ROOT_SHIFT_MAX);
    CHECK_LIE(normalise->norm.root_shift, UINT32_MAX);
    CHECK_LIE(normalise->norm.epsilon, 0);
    CHECK_LIE(normalise->norm.epsilon, (uint64_t)1 << 61);
    CHECK_LIE(normalise->norm.epsilon, UINT64_MAX);
    CHECK_LIE(normalise->norm.factor, 0);
    CHECK_LIE(normalise->norm.factor, (uint64_t)1 << 60);
    CHECK_LIE(normalise->norm.factor, UINT64_MAX);
    CHECK_LIE(normalise->public_bound, normalise->public_bound - 1);
    CHECK_LIE(s.graph->values[x].type, VCH_TYPE_I32);
    CHECK_LIE(s.graph->values[normalise->output].type, VCH_TYPE_I32);
    CHECK_LIE(s.graph->values[normalise->output].shape.dims[1], 39);
    CHECK_LIE(s.graph->values[x].shape.rank, 0);
    vch_arena_release(&arena);
}

TEST(quotients_that_lie_are_refused)
{
    static const int32_t none = 0, minus = -1, large = 1 << 15;
    static const uint32_t shifts[][2] = {{0, 1}, {1, 0}, {63, 1}, {1, 63}, {46, 1}, {1, 46}};
    struct graphs build;

    vch_arena_init(&arena, 1 << 27);
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I16, graphs_shape(2, 3, 4, 0));
    graphs_output(&build, graphs_divide(&build, x, x, VCH_TYPE_I16));
    struct scene s = {.graph = graphs_finish(&build)};
    struct vch_operator *divide = find(s.graph, VCH_OPERATOR_DIVIDE);
    CHECK_LIE(divide->rounding, (enum vch_rounding)3);
    CHECK_LIE(divide->scaling.multipliers, &none);
    CHECK_LIE(divide->scaling.multipliers, &minus);
    CHECK_LIE(divide->scaling.multipliers, &large);
    CHECK_LIE(divide->scaling.multipliers, NULL);
    FOR_EACH(pair, shifts)
    CHECK_LIE(divide->scaling.shifts, *pair);
    CHECK_LIE(divide->scaling.hi, 32768);
    CHECK_LIE(divide->public_bound, divide->public_bound - 1);
    CHECK_LIE(divide->input_count, 1);
    CHECK_LIE(s.graph->values[divide->output].type, VCH_TYPE_I64);
    CHECK_LIE(s.graph->values[divide->output].shape.dims[1], 3);
    vch_arena_release(&arena);
}

TEST(trees_that_lie_are_refused)
{
    static const int32_t truth[5][VCH_TREES_COLUMNS] = {
        {0, 10, 1, 2, 0}, {1, 20, 3, 4, 1}, {-1, 0, 0, 0, 0}, {-1, 0, 1, 0, 0}, {-1, 0, 2, 0, 0}};
    static const struct {
        size_t node, column;
        int32_t value;
    } lies[] = {{0, 0, 2},  {0, 0, -2}, {0, 2, 0},         {1, 2, 1},  {1, 3, 0},
                {1, 3, 5},  {1, 3, -1}, {0, 4, 2},         {0, 4, -1}, {2, 2, 3},
                {2, 2, -1}, {0, 2, 5},  {0, 0, INT32_MAX}, {0, 3, -1}, {4, 2, INT32_MAX}};
    struct graphs build;
    vch_arena_init(&arena, 1 << 27);
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I32, graphs_shape(1, 2, 0, 0));
    uint32_t y = graphs_trees(&build, x, 1, 2, 1);
    struct vch_operator *trees = graphs_writer(&build, y);
    graphs_output(&build, y);
    struct vch_graph *graph = graphs_finish(&build);
    int32_t nodes[5][VCH_TREES_COLUMNS], root = 0;
    int64_t leaves[3] = {5, -7, 6}, base = 1;
    struct vch_parameter *held = graph->parameters;

    held[0].shape.dims[0] = 5, held[0].data = nodes;
    held[1].shape.dims[0] = 1, held[1].data = &root;
    held[2].shape.dims[0] = 3, held[2].data = leaves;
    held[3].data = &base;
    trees->bias_bound = 8;
    memcpy(nodes, truth, sizeof nodes);
    CHECK_OK(vch_graph_check_parameters(graph, trees, &arena, NULL));
    FOR_EACH(lie, lies)
    {
        memcpy(nodes, truth, sizeof nodes);
        nodes[lie->node][lie->column] = lie->value;
        CHECK_FAILS(vch_graph_check_parameters(graph, trees, &arena, NULL), MALFORMED);
    }
    memcpy(nodes, truth, sizeof nodes);
    for (root = -1; root < 6; root += 6)
        CHECK_FAILS(vch_graph_check_parameters(graph, trees, &arena, NULL), MALFORMED);
    root = 0;
    leaves[1] = -8; // |base| + |leaf| is one more than promised
    CHECK_FAILS(vch_graph_check_parameters(graph, trees, &arena, NULL), MALFORMED);
    leaves[1] = INT64_MIN;
    CHECK_FAILS(vch_graph_check_parameters(graph, trees, &arena, NULL), MALFORMED);
    leaves[1] = 7;
    trees->depth_max = 1;
    CHECK_FAILS(vch_graph_check_parameters(graph, trees, &arena, NULL), MALFORMED);
    trees->depth_max = 2;
    CHECK_OK(vch_graph_check_parameters(graph, trees, &arena, NULL));
    vch_arena_release(&arena);
}
