// What it costs to compute in another process: the same tasks here and there, one after the other;
// by the clock, and in processor time, which a busy machine leaves alone.
#include "node/apart.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>

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

static uint64_t time_us(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

// Of this process, and of all that have ended below it.
static uint64_t processor_us(void)
{
    struct rusage own, others;

    CHECK_EQ(getrusage(RUSAGE_SELF, &own), 0);
    CHECK_EQ(getrusage(RUSAGE_CHILDREN, &others), 0);
    return time_us(own.ru_utime) + time_us(own.ru_stime) + time_us(others.ru_utime) +
           time_us(others.ru_stime);
}

// So many tasks in a process of their own, its start and end included.
static uint64_t cost_apart(struct vch_task *task, int rounds)
{
    uint64_t before = processor_us();

    apart_start(&world);
    for (int i = 0; i < rounds; i++)
        (void)run(task, true);
    vch_apart_free(world.apart);
    world.apart = NULL;
    return processor_us() - before;
}

static uint64_t cost_here(struct vch_task *task, int rounds)
{
    uint64_t before = processor_us();

    for (int i = 0; i < rounds; i++)
        (void)run(task, false);
    return processor_us() - before;
}

static void tell(const char *how, uint64_t here, uint64_t apart)
{
    printf("#   %-14s %7llu us here, %7llu us apart, %+.1f %%\n", how, (unsigned long long)here,
           (unsigned long long)apart, 100.0 * ((double)apart - (double)here) / (double)here);
}

static void measure(const char *name, struct vch_graph *(*make)(void), int rounds)
{
    enum vch_cpu_level level = VCH_CPU_PORTABLE;
    uint64_t us[2];

    CHECK_OK(vch_process_cpu_level(&level, NULL));
    apart_begin(&world, level);
    const struct vch_node_package package = apart_package_of(&world, make());
    world.setup.threads = 1;
    apart_hold(&world, &package);
    models = (struct vch_models){0};
    CHECK_OK(vch_models_add(&models, package.bytes, package.size, &world.arena, NULL, NULL));
    CHECK_OK(vch_models_settle(&models, &world.kernels, &world.arena, NULL));
    struct vch_task *task =
        apart_task(&world, 0, models.models[0].package.graph->operator_count, 0);
    task->is_agreed = true;
    printf("# %s: %zu bytes in, %zu out\n", name, task->input_size, task->output_size);
    apart_start(&world);
    compare(us, task);
    vch_apart_free(world.apart);
    tell("by the clock", us[0], us[1]);
    uint64_t start = cost_apart(task, 0);
    tell("processor time", cost_here(task, rounds) / (uint64_t)rounds,
         (cost_apart(task, rounds) - start) / (uint64_t)rounds);
    apart_free_task(task);
    apart_tear_down(&world);
}

TEST(apart_bench)
{
    measure("small", small, 20000);
    measure("wide", wide, 100);
    measure("deep", deep, 30);
}
