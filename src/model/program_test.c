// A program prepared once gives what a run gives, however often and in whichever parts it is
// executed, whatever its memory held before.
#include "model/program.h"

#include <string.h>

#include "harness/graphs.h"
#include "harness/test.h"
#include "model/run.h"
#include "model/segment.h"

enum { BATCH_MAX = 40, ROUNDS = 60, VALUES_MAX = 512 };

struct scene {
    struct vch_arena arena;
    struct vch_graph *graph;
    struct vch_kernels kernels;
    struct vch_program program;
    uint32_t batch;
    struct vch_tensor values[VALUES_MAX]; // what a run in the plainest way gives, all of them
    void *memory;
};

// Every value of a random model, from portable kernels.
static void compute_values(struct scene *s)
{
    const struct vch_kernels plain = vch_kernels_select(VCH_CPU_PORTABLE);
    uint32_t values[VALUES_MAX], input = s->graph->inputs[0].value;
    const struct vch_run run = {
        .graph = s->graph, .last = s->graph->operator_count, .batch = s->batch, .kernels = &plain};

    CHECK(s->graph->value_count <= VALUES_MAX && s->graph->input_count == 1);
    for (uint32_t i = 0; i < s->graph->value_count; i++) {
        values[i] = i;
        s->values[i] = i == input ? graphs_random_tensor(s->graph, i, s->batch, &s->arena)
                                  : graphs_empty_tensor(s->graph, i, s->batch, &s->arena);
    }
    CHECK_OK(vch_run_execute(&run, &input, &s->values[input], 1, values, s->values,
                             s->graph->value_count, &s->arena, NULL));
}

static void open_scene(struct scene *s)
{
    size_t size = 0;

    vch_arena_init(&s->arena, (size_t)1 << 30);
    s->graph = graphs_random(&s->arena);
    s->batch = 1 + test_below(test_below(2) ? 3 : BATCH_MAX);
    compute_values(s);
    s->kernels = vch_kernels_select((enum vch_cpu_level)test_below(vch_cpu_level(NULL) + 1));
    CHECK_OK(vch_program_prepare(&s->program, s->graph, 0, s->graph->operator_count, test_below(4),
                                 &s->kernels, &s->arena));
    CHECK_OK(vch_program_memory(&size, &s->program, s->batch, false));
    s->memory = vch_arena_alloc(&s->arena, size, 1);
    CHECK(s->memory != NULL);
    memset(s->memory, (int)test_below(256), size);
}

// Operators [first, last) from one value to another.
static void check_part(struct scene *s, const struct vch_cut *from, const struct vch_cut *to)
{
    const struct vch_program_run run = {
        .program = &s->program, .first = from->position, .last = to->position, .batch = s->batch};
    struct vch_tensor output = graphs_empty_tensor(s->graph, to->value, s->batch, &s->arena);
    struct vch_complaint complaint = {0};

    memset(output.data, 0x55, vch_tensor_size(&output) * s->batch);
    if (!vch_is_ok(vch_program_execute(&run, &from->value, &s->values[from->value], 1, &to->value,
                                       &output, 1, s->memory, &complaint)))
        test_fail(__FILE__, __LINE__, "%s", complaint.text);
    CHECK(memcmp(output.data, s->values[to->value].data, vch_tensor_size(&output) * s->batch) == 0);
}

TEST(a_program_runs_between_any_two_cuts_as_often_as_wanted)
{
    static struct scene s;

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count = 0;
        open_scene(&s);
        struct vch_cut *cuts = VCH_ARENA_NEW(&s.arena, struct vch_cut, s.graph->operator_count + 1);
        CHECK_OK(vch_segment_cuts(cuts, &count, s.graph, &s.arena));
        for (uint32_t i = 0; i < count; i++)
            for (uint32_t k = i; k < count; k++) {
                struct vch_arena_mark mark = vch_arena_mark(&s.arena);
                check_part(&s, &cuts[i], &cuts[k]);
                vch_arena_rewind(&s.arena, mark);
            }
        vch_arena_release(&s.arena);
    }
}

TEST(a_program_does_not_write_what_it_is_given)
{
    static struct scene s;

    for (int round = 0; round < ROUNDS; round++) {
        open_scene(&s);
        const struct vch_program_run run = {
            .program = &s.program, .last = s.graph->operator_count, .batch = s.batch};
        uint32_t values[VALUES_MAX], output = s.graph->outputs[0].value, count = 0;
        struct vch_tensor given[VALUES_MAX], copies[VALUES_MAX];
        for (uint32_t i = 0; i < s.graph->value_count; i++) {
            if (i != s.graph->inputs[0].value && (i == output || test_below(3) == 0)) continue;
            values[count] = i;
            copies[count] = s.values[i];
            given[count] = graphs_empty_tensor(s.graph, i, s.batch, &s.arena);
            memcpy(given[count].data, copies[count].data, vch_tensor_size(&given[count]) * s.batch);
            count++;
        }
        struct vch_tensor made = graphs_empty_tensor(s.graph, output, s.batch, &s.arena);
        CHECK_OK(
            vch_program_execute(&run, values, given, count, &output, &made, 1, s.memory, NULL));
        CHECK(memcmp(made.data, s.values[output].data, vch_tensor_size(&made) * s.batch) == 0);
        for (uint32_t i = 0; i < count; i++)
            CHECK(memcmp(given[i].data, copies[i].data, vch_tensor_size(&given[i]) * s.batch) == 0);
        vch_arena_release(&s.arena);
    }
}

static bool is_over(const void *context)
{
    uint32_t *left = *(uint32_t *const *)context;
    return *left == 0 || --*left == 0;
}

TEST(a_program_stops_between_operators_when_it_is_cancelled)
{
    static struct scene s;

    open_scene(&s);
    for (uint32_t operators = 1; operators < 2 * s.graph->operator_count; operators++) {
        uint32_t left = operators, *handle = &left;
        const struct vch_program_run run = {.program = &s.program,
                                            .last = s.graph->operator_count,
                                            .batch = 1,
                                            .is_cancelled = is_over,
                                            .context = &handle};
        uint32_t input = s.graph->inputs[0].value, output = s.graph->outputs[0].value;
        struct vch_tensor made = graphs_empty_tensor(s.graph, output, 1, &s.arena);
        vch_status status = vch_program_execute(&run, &input, &s.values[input], 1, &output, &made,
                                                1, s.memory, NULL);
        if (left == 0)
            CHECK_EQ(status.code, VCH_CODE_TIMEOUT);
        else
            CHECK_OK(status);
    }
    vch_arena_release(&s.arena);
}

TEST(a_program_refuses_what_it_was_not_prepared_for)
{
    static struct scene s;
    open_scene(&s);
    struct vch_program_run run = {
        .program = &s.program, .last = s.graph->operator_count + 1, .batch = 1};
    uint32_t input = s.graph->inputs[0].value, output = s.graph->outputs[0].value;
    struct vch_tensor made = graphs_empty_tensor(s.graph, output, 1, &s.arena);

    CHECK_FAILS(
        vch_program_execute(&run, &input, &s.values[input], 1, &output, &made, 1, s.memory, NULL),
        USAGE);
    run.last--;
    CHECK_FAILS(vch_program_execute(&run, NULL, NULL, 0, &output, &made, 1, s.memory, NULL), USAGE);
    run.batch = 0;
    CHECK_FAILS(
        vch_program_execute(&run, &input, &s.values[input], 1, &output, &made, 1, s.memory, NULL),
        LIMIT);
    vch_arena_release(&s.arena);
}

TEST(a_plan_takes_little_memory_whatever_a_graph_claims)
{
    enum { DEPTH = 1 << 20, CHANNELS = 1 << 8 };
    const struct vch_kernels kernels = vch_kernels_select(vch_cpu_level(NULL));
    struct vch_arena arena, small;
    struct vch_program program;
    struct graphs build;

    vch_arena_init(&arena, (size_t)1 << 28);
    vch_arena_init(&small, (size_t)1 << 18);
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, DEPTH, 0, 0));
    uint32_t y = graphs_linear(&build, x, 1, VCH_TYPE_I8);
    graphs_output(&build, y);
    struct vch_graph *graph = graphs_finish(&build);
    graph->values[y].shape.dims[0] = CHANNELS; // whose parameters nobody holds
    for (uint32_t i = 0; i < graph->parameter_count; i++) {
        graph->parameters[i].shape.dims[0] = CHANNELS;
        graph->parameters[i].data = NULL;
    }
    CHECK_OK(vch_program_plan(&program, graph, 0, 1, 0, &kernels, &small));
    CHECK(program.size >= (size_t)DEPTH * CHANNELS);
    vch_arena_release(&small);
    vch_arena_release(&arena);
}
