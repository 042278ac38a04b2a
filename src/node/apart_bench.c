// What it costs to compute in another process: the same tasks here and there, one after the other.
#include "node/apart.h"

#include <stdio.h>

#include "harness/apart.h"
#include "host/clock.h"
#include "host/process.h"

enum { ROUNDS = 30 };

static struct apart_world world;
static struct vch_models models; // whose programs can be run here

static struct vch_graph *small(void)
{
    struct graphs build;

    graphs_init(&build, &world.arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 64, 0, 0));
    x = graphs_linear(&build, x, 64, VCH_TYPE_I8);
    graphs_output(&build, graphs_linear(&build, x, 10, VCH_TYPE_I8));
    return graphs_finish(&build);
}

// A mebibyte in and out, and one layer: little work for what is moved.
static struct vch_graph *wide(void)
{
    struct graphs build;

    graphs_init(&build, &world.arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 16, 256, 256));
    graphs_output(&build, graphs_convolution(&build, x, 16, 3, 1, 1, VCH_TYPE_I8));
    return graphs_finish(&build);
}

// Three layers of 64 channels: what a segment of a residual network has.
static struct vch_graph *deep(void)
{
    struct graphs build;

    graphs_init(&build, &world.arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 64, 128, 128));
    for (int i = 0; i < 3; i++)
        x = graphs_convolution(&build, x, 64, 3, 1, 1, VCH_TYPE_I8);
    graphs_output(&build, x);
    return graphs_finish(&build);
}

static uint64_t run(struct vch_task *task, bool is_apart)
{
    uint64_t start = vch_clock_monotonic_us();

    vch_arena_release(&task->arena);
    vch_arena_init(&task->arena, task->memory);
    task->digests = NULL;
    task->model = is_apart ? &world.models.models[0] : &models.models[0];
    if (is_apart)
        vch_apart_execute(world.apart, &world.engine, task);
    else
        vch_engine_execute(NULL, &world.engine, task);
    CHECK_OK(task->status);
    return vch_clock_monotonic_us() - start;
}

// The least of many, taken in turns: whatever else the machine does meets both.
static void compare(uint64_t out[2], struct vch_task *task)
{
    out[0] = out[1] = UINT64_MAX;
    for (int i = 0; i < 2 * ROUNDS; i++) {
        uint64_t took = run(task, i % 2 == 1);
        if (took < out[i % 2]) out[i % 2] = took;
    }
}

static void measure(const char *name, struct vch_graph *(*make)(void))
{
    enum vch_cpu_level level = VCH_CPU_PORTABLE;

    CHECK_OK(vch_process_cpu_level(&level, NULL));
    apart_begin(&world, level);
    const struct vch_node_package package = apart_package_of(&world, make());
    world.setup.threads = 1;
    apart_hold(&world, &package);
    models = (struct vch_models){0};
    CHECK_OK(vch_models_add(&models, package.bytes, package.size, &world.arena, NULL, NULL));
    CHECK_OK(vch_models_settle(&models, &world.kernels, &world.arena, NULL));
    apart_start(&world);
    struct vch_task *task =
        apart_task(&world, 0, models.models[0].package.graph->operator_count, 0);
    task->is_agreed = true;
    uint64_t us[2];
    compare(us, task);
    printf("# apart %-6s %7zu bytes in, %7zu out: %6llu us here, %6llu us apart, %+.1f %%\n", name,
           task->input_size, task->output_size, (unsigned long long)us[0],
           (unsigned long long)us[1], 100.0 * ((double)us[1] - (double)us[0]) / (double)us[0]);
    apart_free_task(task);
    apart_tear_down(&world);
}

TEST(apart_bench)
{
    measure("small", small);
    measure("wide", wide);
    measure("deep", deep);
}
