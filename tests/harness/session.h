// A node's session without a network: a hand-made model, a registry of one client, frames caught in
// a buffer, a clock that stands still unless told otherwise. For tests and fuzzing of the protocol.
//
//     x int8 (4) -> RESCALE -> RESCALE -> y int8 (4)
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "consensus/job.h"
#include "node/engine.h"
#include "node/orphans.h"
#include "node/session.h"

enum { SESSION_SIDE = 4, SESSION_QUEUE_MAX = 4, SESSION_MEMORY_MAX = 64 << 20 };

struct session_fixture {
    struct vch_arena arena;
    // The model.
    struct vch_graph graph;
    struct vch_value values[3];
    struct vch_operator operators[2];
    uint32_t inputs[2];
    int32_t multiplier;
    uint32_t shift;
    struct vch_cut cuts[3];
    struct vch_models models;
    // With session_add_annex: of no parameters, since the model has none.
    struct vch_provers provers;
    uint8_t annex_seed[VCH_ANNEX_SEED_SIZE];
    uint32_t openings_left;
    // The network.
    struct vch_secret_key node_key, client_key;
    struct vch_signer node_signer;
    struct vch_member member;
    struct vch_registry registry;
    // The node.
    struct vch_kernels kernels;
    struct vch_engine engine;
    struct vch_metrics metrics;
    struct vch_session_host host;
    struct vch_session session;
    struct vch_session_time now;
    struct vch_task *queue[SESSION_QUEUE_MAX];
    uint32_t queued;
    struct evbuffer *sent;
    bool is_full, is_owed;
    // With session_join_ledger: what it says, and what it was handed.
    enum vch_session_leave may_work, may_show;
    uint32_t computed_count;
    vch_status (*computed)(struct session_fixture *fixture, const struct vch_task *task);
};

static inline vch_status session_send(void *transport, const Vouch__Frame *frame)
{
    struct session_fixture *fixture = transport;

    return vch_frame_write(fixture->sent, frame);
}

static inline bool session_has_room(void *transport)
{
    const struct session_fixture *fixture = transport;

    return !fixture->is_full;
}

static inline void session_set_owed(void *transport, bool is_owed)
{
    struct session_fixture *fixture = transport;

    fixture->is_owed = is_owed;
}

static inline vch_status session_submit(void *context, struct vch_task *task)
{
    struct session_fixture *fixture = context;

    if (fixture->queued == SESSION_QUEUE_MAX) return VCH_FAIL(BUSY);
    fixture->queue[fixture->queued++] = task;
    return VCH_OK;
}

static inline uint32_t session_queue_room(void *context)
{
    const struct session_fixture *fixture = context;

    return SESSION_QUEUE_MAX - fixture->queued;
}

static inline void session_build_model(struct session_fixture *f)
{
    struct vch_model *model = &f->models.models[0];
    uint8_t name[] = "session model";

    f->multiplier = 1;
    f->shift = 1;
    for (uint32_t i = 0; i < 3; i++)
        f->values[i] = (struct vch_value){VCH_TYPE_I8, {1, {SESSION_SIDE}}};
    for (uint32_t i = 0; i < 2; i++) {
        f->inputs[i] = i;
        f->operators[i] = (struct vch_operator){
            .kind = VCH_OPERATOR_RESCALE,
            .name = "rescale",
            .input_count = 1,
            .inputs = &f->inputs[i],
            .output = i + 1,
            .scaling = {1, &f->multiplier, &f->shift, -127, 127},
            .table = VCH_NONE,
            .public_bound = 127,
        };
    }
    f->graph = (struct vch_graph){.name = "session",
                                  .value_count = 3,
                                  .operator_count = 2,
                                  .values = f->values,
                                  .operators = f->operators,
                                  .input_count = 1,
                                  .output_count = 1};
    f->graph.inputs[0] = (struct vch_port){.name = "x", .value = 0, .kind = VCH_PORT_INTEGER};
    f->graph.outputs[0] = (struct vch_port){.name = "y", .value = 2, .kind = VCH_PORT_INTEGER};
    f->models.count = 1;
    model->package.graph = &f->graph;
    model->package.identity = vch_hash_bytes(name, sizeof name);
    model->cuts = f->cuts;
    VCH_ASSERT(vch_is_ok(vch_segment_cuts(f->cuts, &model->cut_count, &f->graph, &f->arena)));
    VCH_ASSERT(model->cut_count == 3);
    model->ranges[0] = (struct vch_models_range){.first = 0, .last = 2};
    model->range_count = 1;
    VCH_ASSERT(vch_is_ok(vch_program_prepare(&model->ranges[0].program, &f->graph, 0, 2, 0,
                                             &f->kernels, &f->arena)));
}

static inline void session_init(struct session_fixture *f)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE] = {1};

    memset(f, 0, sizeof *f);
    vch_arena_init(&f->arena, 1 << 26);
    f->kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    session_build_model(f);
    vch_sign_key(&f->node_key, seed);
    f->node_signer = vch_signer_local(&f->node_key);
    seed[0] = 2;
    vch_sign_key(&f->client_key, seed);
    f->member = (struct vch_member){
        .key = f->client_key.public_key, .operator_name = "us", .role = VCH_ROLE_CLIENT};
    f->registry = (struct vch_registry){
        .network = "test", .serial = 1, .member_count = 1, .members = &f->member};
    f->registry.digest = vch_hash_bytes("registry", 8);
    f->engine = (struct vch_engine){&f->kernels, NULL, &f->node_signer};
    f->sent = evbuffer_new();
    VCH_ASSERT(f->sent != NULL);
    f->now = (struct vch_session_time){1000000, 5000};
    f->host = (struct vch_session_host){.models = &f->models,
                                        .provers = &f->provers,
                                        .registry = &f->registry,
                                        .kernels = &f->kernels,
                                        .metrics = &f->metrics,
                                        .software = "test",
                                        .work_per_second = 1,
                                        .memory_max = SESSION_MEMORY_MAX,
                                        .context = f,
                                        .send = session_send,
                                        .has_room = session_has_room,
                                        .set_owed = session_set_owed,
                                        .submit = session_submit,
                                        .queue_room = session_queue_room};
    vch_session_init(&f->session, &f->host, &f->client_key.public_key, f);
}

static inline enum vch_session_leave session_may_work(void *context, struct vch_task *task,
                                                      struct vch_complaint *complaint)
{
    const struct session_fixture *fixture = context;

    (void)task;
    if (fixture->may_work == VCH_SESSION_NEVER)
        (void)vch_complain(complaint, VCH_CODE_REFUSED, "this node has no seat");
    return fixture->may_work;
}

static inline enum vch_session_leave session_may_show(void *context, const struct vch_task *task,
                                                      struct vch_complaint *complaint)
{
    const struct session_fixture *fixture = context;

    (void)task;
    if (fixture->may_show == VCH_SESSION_NEVER)
        (void)vch_complain(complaint, VCH_CODE_REFUSED, "the job has ended");
    return fixture->may_show;
}

static inline vch_status session_computed(void *context, const struct vch_task *task,
                                          struct vch_complaint *complaint)
{
    struct session_fixture *fixture = context;

    fixture->computed_count++;
    vch_status status = fixture->computed != NULL ? fixture->computed(fixture, task) : VCH_OK;
    return vch_is_ok(status) ? VCH_OK : vch_complain(complaint, status.code, "not kept");
}

// Agreed jobs are taken from now on, by the word of may_work and may_show.
static inline void session_join_ledger(struct session_fixture *f)
{
    f->host.may_work = session_may_work;
    f->host.may_show = session_may_show;
    f->host.computed = session_computed;
    f->host.self = &f->node_key.public_key;
}

// The worker's part: executes what waits, and hands it back.
static inline void session_work(struct session_fixture *f)
{
    uint32_t count = f->queued;
    struct vch_task *tasks[SESSION_QUEUE_MAX];

    memcpy(tasks, f->queue, sizeof tasks);
    f->queued = 0;
    for (uint32_t i = 0; i < count; i++) {
        vch_engine_execute(NULL, &f->engine, tasks[i]);
        vch_session_finish(&f->host, tasks[i], f->now);
    }
}

// Everything given back, or the test ends here.
static inline void session_release(struct session_fixture *f)
{
    vch_session_release(&f->session);
    vch_orphans_release(&f->host);
    session_work(f); // what the worker still had is disowned by now
    VCH_ASSERT(f->host.memory_used == 0);
    evbuffer_free(f->sent);
    vch_arena_release(&f->arena);
}

// A job that this node accepts: both operators on nodes, deadline a second ahead.
static inline struct vch_job session_job(const struct session_fixture *f,
                                         const struct vch_tensor *input,
                                         const struct vch_nonce *nonce,
                                         const struct vch_nonce *output_nonce)
{
    struct vch_job job = {.model = f->models.models[0].package.identity,
                          .client = f->client_key.public_key,
                          .batch = 1,
                          .commitment_kind = VCH_COMMITMENT_SHA256,
                          .input = vch_tensor_commit(input, 1, nonce),
                          .segment_count = 1,
                          .segments = {{0, 2, VCH_JOB_BY_NODES}},
                          .quorum = 1,
                          .deadline_ms = f->now.unix_ms + 1000,
                          .registry = f->registry.digest};

    memset(job.nonce.bytes, 7, sizeof job.nonce);
    job.nonces[0] = vch_commitment_pin(nonce);
    job.nonces[1] = vch_commitment_pin(output_nonce);
    return job;
}
