// A node's two sides of computing without a network: a model in a package, an annex of it, tasks as
// they are admitted, and a process that computes them (node/apart.h), honestly or not.
#pragma once

#include <stdlib.h>
#include <string.h>

#include "annex/annex_prove.h"
#include "harness/graphs.h"
#include "harness/test.h"
#include "node/apart.h"
#include "node/provers.h"

enum { APART_SIDE = 16, APART_COLUMNS = 9, APART_MEMORY_MAX = 64 << 20, APART_BATCH = 3 };

struct apart_world {
    struct vch_arena arena;
    struct vch_kernels kernels;
    struct vch_secret_key owner, node;
    struct vch_signer signer;
    struct vch_node_package package;
    struct vch_annex_source annex;
    uint8_t annex_seed[VCH_ANNEX_SEED_SIZE];
    uint32_t seeds_given, openings_left;
    struct vch_models models; // planned
    struct vch_provers provers;
    struct vch_engine engine; // of the network process
    struct vch_inference_setup setup;
    struct vch_apart *apart;
    struct vch_complaint complaint;
};

static inline void apart_fill(void *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = (uint8_t)test_below(256);
}

static inline vch_status apart_read(void *context, uint8_t seed[static VCH_ANNEX_SEED_SIZE],
                                    struct vch_complaint *complaint)
{
    struct apart_world *world = context;

    (void)complaint;
    world->seeds_given++;
    memcpy(seed, world->annex_seed, sizeof world->annex_seed);
    return VCH_OK;
}

static inline vch_status apart_take(void *context, struct vch_complaint *complaint)
{
    struct apart_world *world = context;

    if (world->openings_left == 0)
        return vch_complain(complaint, VCH_CODE_REFUSED, "no opening of the annex is left");
    world->openings_left--;
    return VCH_OK;
}

static inline struct vch_node_package apart_package_of(struct apart_world *world,
                                                       struct vch_graph *graph)
{
    struct vch_node_package out = {0};
    uint8_t *bytes = NULL;
    struct vch_salt *salts = VCH_ARENA_NEW(&world->arena, struct vch_salt, graph->parameter_count);

    apart_fill(salts, graph->parameter_count * sizeof *salts);
    CHECK_OK(vch_package_encode(&bytes, &out.size, graph, salts, &world->owner, &world->arena, NULL,
                                NULL));
    out.bytes = bytes;
    return out;
}

// Two layers between three cuts; `side` inputs and outputs.
static inline struct vch_node_package apart_package(struct apart_world *world, uint32_t side)
{
    struct graphs build;

    graphs_init(&build, &world->arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, side, 0, 0));
    x = graphs_linear(&build, x, side, VCH_TYPE_I8);
    x = graphs_linear(&build, x, side, VCH_TYPE_I8);
    graphs_output(&build, x);
    return apart_package_of(world, graphs_finish(&build));
}

static inline void apart_add_annex(struct apart_world *world)
{
    const struct vch_package *package = &world->models.models[0].package;
    const uint32_t count = package->graph->parameter_count;
    uint32_t *held = VCH_ARENA_NEW(&world->arena, uint32_t, count);
    struct vch_annex_order order = {.model = {.graph = package->graph,
                                              .identity = package->identity,
                                              .log_columns = APART_COLUMNS,
                                              .held_count = count,
                                              .held = held},
                                    .level = VCH_CPU_PORTABLE};
    uint8_t *bytes = NULL;

    for (uint32_t i = 0; i < count; i++)
        held[i] = i;
    apart_fill(world->annex_seed, sizeof world->annex_seed);
    memcpy(order.seed, world->annex_seed, sizeof order.seed);
    CHECK_OK(vch_annex_prove(&bytes, &world->annex.size, &order, 0, &world->owner, &world->arena,
                             &world->complaint));
    world->annex.bytes = bytes;
    world->annex.context = world;
    world->annex.read = apart_read;
    world->annex.take = apart_take;
    world->provers.memory = APART_MEMORY_MAX;
    world->setup.annex_count = 1;
    CHECK_OK(vch_provers_add(&world->provers, &world->models, &world->annex, &world->arena,
                             &world->complaint));
}

static inline void apart_begin(struct apart_world *world, enum vch_cpu_level level)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE] = {1};

    memset(world, 0, sizeof *world);
    vch_arena_init(&world->arena, 1u << 28);
    world->kernels = vch_kernels_select(level);
    vch_sign_key(&world->owner, seed);
    seed[0] = 2;
    vch_sign_key(&world->node, seed);
    world->signer = vch_signer_local(&world->node);
    world->engine = (struct vch_engine){&world->kernels, NULL, &world->signer};
}

static inline void apart_hold(struct apart_world *world, const struct vch_node_package *package)
{
    world->package = *package;
    world->models.is_planned = true;
    CHECK_OK(vch_models_add(&world->models, world->package.bytes, world->package.size,
                            &world->arena, NULL, &world->complaint));
    CHECK_OK(vch_models_settle(&world->models, &world->kernels, &world->arena, &world->complaint));
    world->setup = (struct vch_inference_setup){.packages = &world->package,
                                                .package_count = 1,
                                                .annexes = &world->annex,
                                                .kernels = &world->kernels,
                                                .threads = 2,
                                                .memory_max = APART_MEMORY_MAX,
                                                .prove_memory_max = APART_MEMORY_MAX};
}

static inline void apart_set_up(struct apart_world *world)
{
    apart_begin(world, VCH_CPU_PORTABLE);
    const struct vch_node_package package = apart_package(world, APART_SIDE);
    apart_hold(world, &package);
}

static inline void apart_start(struct apart_world *world)
{
    vch_status status = vch_apart_new(&world->apart, &world->setup, &world->complaint);

    if (status.code == VCH_CODE_REFUSED) test_skip(world->complaint.text); // which fence, and why
    CHECK_OK(status);
    CHECK_OK(vch_apart_wait(world->apart, &world->complaint));
}

static inline void apart_tear_down(struct apart_world *world)
{
    vch_apart_free(world->apart);
    vch_arena_release(&world->arena);
}

// As it is admitted and received: operators [first, last), and what a test says to who computes.
static inline struct vch_task *apart_task(const struct apart_world *world, uint32_t first,
                                          uint32_t last, uint8_t word)
{
    struct vch_task *task = calloc(1, sizeof *task);
    const struct vch_model *model = &world->models.models[world->models.count - 1];
    struct vch_arena scratch;
    size_t memory = 0;

    CHECK(task != NULL);
    task->model = model;
    task->first = first;
    task->last = last;
    task->batch = APART_BATCH;
    task->in = vch_models_cut_at(model, first);
    task->out = vch_models_cut_at(model, last);
    CHECK(task->in != NULL && task->out != NULL);
    task->commitment_kind = VCH_COMMITMENT_SHA256;
    apart_fill(task->input_nonce.bytes, sizeof task->input_nonce.bytes);
    apart_fill(task->output_nonce.bytes, sizeof task->output_nonce.bytes);
    apart_fill(task->job_id.bytes, sizeof task->job_id.bytes);
    task->job_id.bytes[0] = word;
    task->segment = 1;
    vch_arena_init(&scratch, 1 << 26);
    task->input =
        graphs_random_tensor(model->package.graph, task->in->value, task->batch, &scratch);
    task->input_size = vch_models_cut_size(model, task->in, task->batch);
    task->output_size = vch_models_cut_size(model, task->out, task->batch);
    void *data = calloc(task->input_size, 1);
    CHECK(data != NULL);
    memcpy(data, task->input.data, task->input_size);
    task->input.data = data;
    task->received = task->input_size;
    CHECK_OK(vch_engine_memory(&memory, &world->kernels, model, first, last, task->batch, true,
                               &scratch));
    task->memory = memory + task->input_size + task->output_size;
    vch_arena_release(&scratch);
    vch_arena_init(&task->arena, task->memory);
    return task;
}

static inline void apart_free_task(struct vch_task *task)
{
    vch_arena_release(&task->arena);
    free(task->input.data);
    free(task);
}

static inline struct vch_task *apart_run(struct apart_world *world, struct vch_task *task)
{
    vch_apart_execute(world->apart, &world->engine, task);
    return task;
}

// A task that nothing is wrong with is done.
static inline void apart_check_works(struct apart_world *world)
{
    struct vch_task *task = apart_run(world, apart_task(world, 0, 2, 0));

    if (!vch_is_ok(task->status)) test_fail(__FILE__, __LINE__, "%s", task->complaint.text);
    CHECK_OK(vch_vote_verify(&task->vote, &task->job_id, task->segment));
    apart_free_task(task);
}

static inline struct vch_metrics apart_counts(struct apart_world *world)
{
    struct vch_metrics counts = {0};

    vch_apart_count(world->apart, &counts);
    return counts;
}
