// One model and one input give the same bytes however they are run: processor level, threads,
// batch, cuts, memory plan.
#include <string.h>

#include "harness/graphs.h"
#include "harness/pool.h"
#include "harness/test.h"
#include "model/run.h"
#include "model/segment.h"

enum { BATCH = 3, ROUNDS = 60 };

struct scene {
    struct vch_arena arena;
    struct vch_graph *graph;
    struct vch_kernels kernels;
    struct vch_run run;
    struct vch_tensor input, outputs[VCH_GRAPH_PORTS_MAX];
    struct vch_digest *trace, digests[VCH_GRAPH_PORTS_MAX];
};

static void digest_outputs(struct scene *s, struct vch_digest *digests)
{
    for (uint32_t i = 0; i < s->graph->output_count; i++)
        digests[i] = vch_tensor_digest(&s->outputs[i], s->run.batch);
}

// A random model, run once in the plainest way.
static void open_scene(struct scene *s)
{
    vch_arena_init(&s->arena, (size_t)1 << 30);
    s->graph = graphs_random(&s->arena);
    s->kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    s->trace = VCH_ARENA_NEW(&s->arena, struct vch_digest, s->graph->operator_count);
    s->run = (struct vch_run){
        .graph = s->graph,
        .last = s->graph->operator_count,
        .batch = BATCH,
        .kernels = &s->kernels,
        .trace = s->trace,
    };
    s->input = graphs_random_tensor(s->graph, s->graph->inputs[0].value, BATCH, &s->arena);
    for (uint32_t i = 0; i < s->graph->output_count; i++)
        s->outputs[i] = graphs_empty_tensor(s->graph, s->graph->outputs[i].value, BATCH, &s->arena);
    CHECK_OK(vch_run_graph(&s->run, &s->input, s->outputs, &s->arena, NULL));
    digest_outputs(s, s->digests);
}

static void check_same(struct scene *s, const struct vch_run *run)
{
    struct vch_digest digests[VCH_GRAPH_PORTS_MAX];
    struct vch_digest *trace =
        VCH_ARENA_NEW(&s->arena, struct vch_digest, s->graph->operator_count);
    struct vch_run traced = *run;
    struct vch_complaint complaint = {0};

    traced.trace = trace;
    for (uint32_t i = 0; i < s->graph->output_count; i++)
        memset(s->outputs[i].data, 0x55, vch_tensor_size(&s->outputs[i]) * BATCH);
    if (!vch_is_ok(vch_run_graph(&traced, &s->input, s->outputs, &s->arena, &complaint)))
        test_fail(__FILE__, __LINE__, "%s", complaint.text);
    digest_outputs(s, digests);
    CHECK(memcmp(digests, s->digests, s->graph->output_count * sizeof digests[0]) == 0);
    CHECK(memcmp(trace, s->trace, s->graph->operator_count * sizeof *trace) == 0);
}

TEST(a_run_is_the_same_on_every_level_and_thread_count)
{
    static const size_t thread_counts[] = {1, 2, 7};

    for (int round = 0; round < ROUNDS; round++) {
        struct scene s;
        open_scene(&s);
        for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
            FOR_EACH(count, thread_counts)
            {
                const struct vch_kernels kernels = vch_kernels_select(level);
                struct pool pool;
                pool_init(&pool, *count);
                struct vch_run run = s.run;
                run.kernels = &kernels;
                run.workers = &pool.workers;
                check_same(&s, &run);
            }
        }
        vch_arena_release(&s.arena);
    }
}

TEST(a_run_is_the_same_for_each_sample_alone)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct scene s;
        open_scene(&s);
        struct vch_run run = s.run;
        struct vch_tensor input = s.input, outputs[VCH_GRAPH_PORTS_MAX];
        run.batch = 1;
        run.trace = NULL;
        for (size_t sample = 0; sample < BATCH; sample++) {
            input.data = (uint8_t *)s.input.data + sample * vch_tensor_size(&s.input);
            for (uint32_t i = 0; i < s.graph->output_count; i++) {
                outputs[i] = s.outputs[i];
                outputs[i].data =
                    (uint8_t *)s.outputs[i].data + sample * vch_tensor_size(&s.outputs[i]);
                memset(outputs[i].data, 0x55, vch_tensor_size(&outputs[i]));
            }
            CHECK_OK(vch_run_graph(&run, &input, outputs, &s.arena, NULL));
        }
        struct vch_digest digests[VCH_GRAPH_PORTS_MAX];
        digest_outputs(&s, digests);
        CHECK(memcmp(digests, s.digests, s.graph->output_count * sizeof digests[0]) == 0);
        vch_arena_release(&s.arena);
    }
}

// Runs [0, cut) and [cut, end) as two machines would: only the crossing value passes between.
static void check_cut(struct scene *s, const struct vch_cut *cut)
{
    struct vch_tensor crossing = graphs_empty_tensor(s->graph, cut->value, BATCH, &s->arena);
    struct vch_run head = s->run, tail = s->run;
    uint32_t output_values[VCH_GRAPH_PORTS_MAX];
    struct vch_digest digests[VCH_GRAPH_PORTS_MAX];

    head.trace = tail.trace = NULL;
    head.last = tail.first = cut->position;
    for (uint32_t i = 0; i < s->graph->output_count; i++) {
        output_values[i] = s->graph->outputs[i].value;
        memset(s->outputs[i].data, 0x55, vch_tensor_size(&s->outputs[i]) * BATCH);
    }
    CHECK_OK(vch_run_execute(&head, &s->graph->inputs[0].value, &s->input, 1, &cut->value,
                             &crossing, 1, &s->arena, NULL));
    CHECK_OK(vch_run_execute(&tail, &cut->value, &crossing, 1, output_values, s->outputs,
                             s->graph->output_count, &s->arena, NULL));
    digest_outputs(s, digests);
    CHECK(memcmp(digests, s->digests, s->graph->output_count * sizeof digests[0]) == 0);
}

TEST(a_run_is_the_same_split_at_every_legal_cut)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct scene s;
        uint32_t count = 0;
        open_scene(&s);
        struct vch_cut *cuts = VCH_ARENA_NEW(&s.arena, struct vch_cut, s.graph->operator_count + 1);
        CHECK_OK(vch_segment_cuts(cuts, &count, s.graph, &s.arena));
        for (uint32_t i = 0; i < count; i++)
            if (s.graph->output_count == 1 || cuts[i].position < s.graph->operator_count)
                check_cut(&s, &cuts[i]);
        vch_arena_release(&s.arena);
    }
}

TEST(a_run_takes_no_more_memory_than_planned)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct scene s;
        struct vch_arena small;
        size_t planned = 0;
        open_scene(&s);
        CHECK_OK(vch_run_memory(&planned, &s.run, &s.arena));
        vch_arena_init(&small, planned);
        CHECK_OK(vch_run_graph(&s.run, &s.input, s.outputs, &small, NULL));
        CHECK_EQ(vch_arena_mark(&small).offset, 0);
        vch_arena_release(&small);
        vch_arena_release(&s.arena);
    }
}

TEST(a_run_refuses_what_it_was_not_given)
{
    struct scene s;
    open_scene(&s);
    uint32_t output = s.graph->outputs[0].value, input = s.graph->inputs[0].value;
    struct vch_run run = s.run;

    CHECK_FAILS(vch_run_execute(&run, NULL, NULL, 0, &output, s.outputs, 1, &s.arena, NULL), USAGE);
    run.last = 0; // computes nothing
    CHECK_FAILS(vch_run_execute(&run, &input, &s.input, 1, &output, s.outputs, 1, &s.arena, NULL),
                USAGE);
    run = s.run;
    run.batch = 0;
    CHECK_FAILS(vch_run_graph(&run, &s.input, s.outputs, &s.arena, NULL), LIMIT);
    run.batch = VCH_BATCH_MAX + 1;
    CHECK_FAILS(vch_run_graph(&run, &s.input, s.outputs, &s.arena, NULL), LIMIT);
    struct vch_tensor wrong = s.input;
    wrong.shape.dims[0]++;
    CHECK_FAILS(vch_run_graph(&s.run, &wrong, s.outputs, &s.arena, NULL), MALFORMED);
    vch_arena_release(&s.arena);
}

// Operators large enough that they are divided: the random models above are too small for that.
static uint32_t build_large(struct graphs *build, uint32_t kind, enum vch_type type)
{
    struct vch_shape image = graphs_shape(3, 8, 40, 41);
    uint32_t x = graphs_input(build, type, kind < 9 ? image : graphs_shape(2, 300, 70, 0));

    switch (kind) {
    case 0: return graphs_convolution(build, x, 70, 3, 1, 1, VCH_TYPE_I8);
    case 1: return graphs_convolution(build, x, 70, 1, 1, 1, VCH_TYPE_I16);
    case 2: return graphs_convolution(build, x, 24, 5, 1, 8, VCH_TYPE_I8);
    case 3: return graphs_max_pool(build, x, 5, 1);
    case 4: return graphs_average_pool(build, x, 5, 1);
    case 5: return graphs_add(build, x, x, VCH_TYPE_I16);
    case 6: return graphs_transpose(build, graphs_concat(build, x, x, 1));
    case 7: return graphs_multiply(build, x, graphs_constant(build, type, image), VCH_TYPE_I8);
    case 8: return graphs_argmax(build, x, 1);
    case 9: return graphs_linear(build, x, 90, VCH_TYPE_I8);
    case 10:
        return graphs_matmul(build, x, graphs_constant(build, type, graphs_shape(2, 70, 90, 0)),
                             VCH_TYPE_I8);
    case 11: return graphs_softmax(build, graphs_table(build, x, type), VCH_TYPE_I16);
    case 12: return graphs_normalise(build, x, VCH_TYPE_I16);
    case 13: return graphs_gather(build, x, graphs_argmax(build, x, 0), 1);
    case 14: return graphs_divide(build, x, x, VCH_TYPE_I16);
    default: break;
    }
    x = graphs_pad(build, x);
    graphs_writer(build, x)->begin[1]++; // at least one, so that rows are apart
    build->graph->values[x].shape.dims[1]++;
    return x;
}

static void check_threads(const struct vch_graph *graph, struct vch_arena *arena)
{
    const uint32_t batch = 90;
    const struct vch_kernels kernels = vch_kernels_select(vch_cpu_level(NULL));
    struct vch_run run = {
        .graph = graph, .last = graph->operator_count, .batch = batch, .kernels = &kernels};
    uint32_t y = graph->outputs[0].value;
    struct vch_tensor input = graphs_random_tensor(graph, graph->inputs[0].value, batch, arena);
    struct vch_tensor alone = graphs_empty_tensor(graph, y, batch, arena);
    struct vch_tensor together = graphs_empty_tensor(graph, y, batch, arena);
    struct pool pool;

    pool_init(&pool, 2 + test_below(6));
    CHECK_OK(vch_run_graph(&run, &input, &alone, arena, NULL));
    run.workers = &pool.workers;
    CHECK_OK(vch_run_graph(&run, &input, &together, arena, NULL));
    if (pool.count <= 1)
        test_fail(__FILE__, __LINE__, "%s was not divided", graph->operators[0].name);
    CHECK(memcmp(alone.data, together.data, batch * vch_tensor_size(&alone)) == 0);
}

TEST(large_operators_are_divided_and_give_the_same)
{
    struct vch_arena arena;

    vch_arena_init(&arena, (size_t)1 << 30);
    for (uint32_t kind = 0; kind < 16; kind++)
        for (enum vch_type type = VCH_TYPE_I8; type <= VCH_TYPE_I16; type++) {
            struct vch_arena_mark mark = vch_arena_mark(&arena);
            struct graphs build;
            graphs_init(&build, &arena);
            graphs_output(&build, build_large(&build, kind, type));
            check_threads(graphs_finish(&build), &arena);
            vch_arena_rewind(&arena, mark);
        }
    vch_arena_release(&arena);
}

TEST(large_forests_are_divided_and_give_the_same)
{
    struct vch_arena arena;
    struct graphs build;

    vch_arena_init(&arena, (size_t)1 << 30);
    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I32, graphs_shape(2, 10, 7, 0));
    graphs_output(&build, graphs_trees(&build, x, 300, 6, 3));
    check_threads(graphs_finish(&build), &arena);
    vch_arena_release(&arena);
}
