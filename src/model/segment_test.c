#include "model/segment.h"

#include "harness/graphs.h"
#include "harness/test.h"

// The definition, followed literally for one position.
static bool crosses(const struct vch_graph *graph, uint32_t position, uint32_t value)
{
    bool is_written = false, is_needed = false;

    for (uint32_t i = 0; i < graph->input_count; i++)
        is_written |= graph->inputs[i].value == value;
    for (uint32_t p = 0; p < position; p++)
        is_written |= graph->operators[p].output == value;
    for (uint32_t p = position; p < graph->operator_count; p++)
        for (uint32_t i = 0; i < graph->operators[p].input_count; i++)
            is_needed |= graph->operators[p].inputs[i] == value;
    for (uint32_t i = 0; i < graph->output_count; i++)
        is_needed |= graph->outputs[i].value == value;
    return is_written && is_needed;
}

static bool is_constant(const struct vch_graph *graph, uint32_t value)
{
    for (uint32_t p = 0; p < graph->operator_count; p++)
        if (graph->operators[p].output == value)
            return graph->operators[p].kind == VCH_OPERATOR_CONSTANT;
    return false;
}

static void check_position(const struct vch_graph *graph, uint32_t position,
                           struct vch_arena *arena)
{
    struct vch_cut cut = {0, 0};
    uint32_t count = 0, value = VCH_NONE;

    for (uint32_t v = 0; v < graph->value_count; v++) {
        if (!crosses(graph, position, v)) continue;
        count++;
        value = v;
    }
    if (count != 1 || is_constant(graph, value)) {
        CHECK_FAILS(vch_segment_cut_at(&cut, graph, position, arena), UNSUPPORTED);
        return;
    }
    CHECK_OK(vch_segment_cut_at(&cut, graph, position, arena));
    CHECK_EQ(cut.position, position);
    CHECK_EQ(cut.value, value);
}

TEST(cuts_are_where_one_value_crosses)
{
    struct vch_arena arena;

    vch_arena_init(&arena, 1 << 26);
    for (int round = 0; round < 50; round++) {
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        struct vch_graph *graph = graphs_random(&arena);
        for (uint32_t p = 0; p <= graph->operator_count; p++)
            check_position(graph, p, &arena);
        vch_arena_rewind(&arena, mark);
    }
    vch_arena_release(&arena);
}

TEST(cuts_do_not_separate_a_constant_from_its_use)
{
    struct graphs build;
    struct vch_arena arena;
    struct vch_cut cuts[8];
    uint32_t count = 0;

    vch_arena_init(&arena, 1 << 26);
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 5, 0, 0));
    x = graphs_linear(&build, x, 4, VCH_TYPE_I8); // operator 0
    uint32_t constant = graphs_constant(&build, VCH_TYPE_I8, graphs_shape(1, 4, 0, 0)); // 1
    uint32_t sum = graphs_add(&build, x, constant, VCH_TYPE_I8);                        // 2
    graphs_output(&build, graphs_linear(&build, sum, 3, VCH_TYPE_I16));                 // 3
    struct vch_graph *graph = graphs_finish(&build);

    CHECK_OK(vch_segment_cuts(cuts, &count, graph, &arena));
    CHECK_EQ(count, 4);
    CHECK_EQ(cuts[0].position, 0);
    CHECK_EQ(cuts[1].position, 1);
    CHECK_EQ(cuts[1].value, x);
    CHECK_EQ(cuts[2].position, 3);
    CHECK_EQ(cuts[2].value, sum);
    CHECK_EQ(cuts[3].position, 4);
    vch_arena_release(&arena);
}

TEST(segments_count_their_layers_and_parameters)
{
    struct graphs build;
    struct vch_arena arena;

    vch_arena_init(&arena, 1 << 26);
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 5, 0, 0));
    x = graphs_relu(&build, graphs_linear(&build, x, 4, VCH_TYPE_I8));
    graphs_output(&build, graphs_linear(&build, x, 3, VCH_TYPE_I16));
    struct vch_graph *graph = graphs_finish(&build);
    uint32_t biases = graph->parameter_count - 2;

    CHECK_EQ(vch_segment_layer_count(graph, 0, 3), 2);
    CHECK_EQ(vch_segment_layer_count(graph, 1, 2), 0);
    CHECK(vch_segment_parameter_size(graph, 0, 3) >= 20 + 12 + biases * 8 * 3);
    CHECK_EQ(vch_segment_parameter_size(graph, 1, 2), 0);
    CHECK(vch_segment_is_held(graph, 0, 3));
    graph->parameters[graph->operators[2].parameters[0]].data = NULL;
    CHECK(!vch_segment_is_held(graph, 0, 3));
    CHECK(vch_segment_is_held(graph, 0, 2));
    vch_arena_release(&arena);
}
