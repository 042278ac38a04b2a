// One line per operator: how fast the engine runs it alone, on one thread, at the best level and
// as a multiple of portable measured in the same run.
#include "model/run.h"

#include <stdio.h>
#include <time.h>

#include "harness/graphs.h"
#include "harness/test.h"

static struct vch_arena arena;

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint32_t image(struct graphs *build, enum vch_type type, uint32_t channels, uint32_t size)
{
    return graphs_input(build, type, graphs_shape(3, channels, size, size));
}

static uint32_t linear(struct graphs *build, enum vch_type type)
{
    return graphs_linear(build, graphs_input(build, type, graphs_shape(1, 1024, 0, 0)), 1024, type);
}

static uint32_t convolution(struct graphs *build, enum vch_type type)
{
    return graphs_convolution(build, image(build, type, 64, 56), 64, 3, 1, 1, type);
}

static uint32_t pointwise(struct graphs *build, enum vch_type type)
{
    return graphs_convolution(build, image(build, type, 64, 56), 128, 1, 1, 1, type);
}

static uint32_t depthwise(struct graphs *build, enum vch_type type)
{
    return graphs_convolution(build, image(build, type, 64, 56), 64, 3, 1, 64, type);
}

static uint32_t first_layer(struct graphs *build, enum vch_type type)
{
    return graphs_convolution(build, image(build, type, 3, 112), 32, 3, 2, 1, type);
}

static uint32_t matmul(struct graphs *build, enum vch_type type)
{
    uint32_t a = graphs_input(build, type, graphs_shape(3, 4, 128, 64));
    uint32_t b = graphs_input(build, type, graphs_shape(3, 4, 64, 128));
    return graphs_matmul(build, a, b, type);
}

static uint32_t add(struct graphs *build, enum vch_type type)
{
    return graphs_add(build, image(build, type, 64, 56), image(build, type, 64, 56), type);
}

static uint32_t relu(struct graphs *build, enum vch_type type)
{
    return graphs_relu(build, image(build, type, 64, 56));
}

static uint32_t table(struct graphs *build, enum vch_type type)
{
    return graphs_table(build, image(build, type, 64, 56), type);
}

static uint32_t max_pool(struct graphs *build, enum vch_type type)
{
    return graphs_max_pool(build, image(build, type, 64, 56), 3, 2);
}

static uint32_t average_pool(struct graphs *build, enum vch_type type)
{
    return graphs_average_pool(build, image(build, type, 64, 56), 3, 2);
}

static uint32_t transpose(struct graphs *build, enum vch_type type)
{
    return graphs_transpose(build, image(build, type, 64, 56));
}

static uint32_t softmax(struct graphs *build, enum vch_type type)
{
    uint32_t x = graphs_input(build, type, graphs_shape(2, 128, 128, 0));
    return graphs_softmax(build, x, type);
}

static uint32_t trees(struct graphs *build, enum vch_type type)
{
    (void)type; // keys are int32
    uint32_t x = graphs_input(build, VCH_TYPE_I32, graphs_shape(1, 30, 0, 0));
    return graphs_trees(build, x, 200, 8, 3);
}

static const struct {
    const char *name;
    uint32_t (*build)(struct graphs *build, enum vch_type type);
    uint32_t batch;
} benches[] = {
    {"linear 1024 to 1024", linear, 1},
    {"linear 1024 to 1024, batch 64", linear, 64},
    {"convolution 3x3, 64 to 64, 56x56", convolution, 1},
    {"convolution 1x1, 64 to 128, 56x56", pointwise, 1},
    {"convolution 3x3, 3 to 32, 112x112", first_layer, 1},
    {"convolution 3x3, depthwise 64, 56x56", depthwise, 1},
    {"matmul 4 x 128x64 by 64x128", matmul, 1},
    {"add 64x56x56", add, 1},
    {"relu 64x56x56", relu, 1},
    {"table 64x56x56", table, 1},
    {"max pool 3x3, 64x56x56", max_pool, 1},
    {"average pool 3x3, 64x56x56", average_pool, 1},
    {"transpose 64x56x56", transpose, 1},
    {"softmax 128x128", softmax, 1},
    {"trees 200 of depth 8, batch 256", trees, 256},
};

// Seconds of one run, the least of several.
static double measure(const struct vch_graph *graph, uint32_t batch, enum vch_cpu_level level)
{
    struct vch_kernels kernels = vch_kernels_select(level);
    struct vch_tensor inputs[2], output;
    struct vch_run run = {
        .graph = graph, .last = graph->operator_count, .batch = batch, .kernels = &kernels};
    double least = 1e9;

    for (uint32_t i = 0; i < graph->input_count; i++)
        inputs[i] = graphs_random_tensor(graph, graph->inputs[i].value, batch, &arena);
    output = graphs_empty_tensor(graph, graph->outputs[0].value, batch, &arena);
    for (int repeat = 0; repeat < 10; repeat++) {
        double start = seconds();
        CHECK_OK(vch_run_graph(&run, inputs, &output, &arena, NULL));
        double took = seconds() - start;
        if (took < least) least = took;
    }
    return least;
}

TEST(run_bench)
{
    static const enum vch_type types[] = {VCH_TYPE_I8, VCH_TYPE_I16};

    FOR_EACH(bench, benches)
    FOR_EACH(type, types)
    {
        struct graphs build;
        vch_arena_init(&arena, (size_t)1 << 30);
        graphs_init(&build, &arena);
        graphs_output(&build, bench->build(&build, *type));
        const struct vch_graph *graph = graphs_finish(&build);
        double work = (double)vch_graph_work(graph, &graph->operators[0]) * bench->batch;
        double best = measure(graph, bench->batch, vch_cpu_level(NULL));
        double portable = measure(graph, bench->batch, VCH_CPU_PORTABLE);
        printf("%-37s %-5s %9.0f us %7.2f G mult/s %5.1f times portable\n", bench->name,
               vch_tensor_type_name(*type), best * 1e6, work / best * 1e-9, portable / best);
        vch_arena_release(&arena);
    }
}
