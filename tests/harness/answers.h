// A random model with its annex, and proofs of its runs: for tests of `annex` and above.
#pragma once

#include <string.h>

#include "annex/annex_prove.h"
#include "annex/answer_prove.h"
#include "annex/proof_opening.h"
#include "harness/graphs.h"
#include "harness/test.h"
#include "model/manifest.h"
#include "model/package.h"

enum { ANSWERS_BATCH = 2, ANSWERS_COLUMNS = 9 };

struct answers {
    struct vch_arena arena;
    struct vch_complaint complaint;
    struct vch_graph *graph;
    uint8_t *manifest;
    size_t manifest_size;
    struct vch_digest identity; // of the manifest
    struct vch_secret_key owner;
    struct vch_kernels kernels;
    uint8_t seed[32], next_seed[32]; // of the annex's root, and of another
    struct vch_tensor inputs[VCH_GRAPH_PORTS_MAX];
    struct vch_annex annex;
    uint8_t *annex_bytes;
    size_t annex_size;
};

struct answers_proof {
    struct vch_answer_order order;
    struct vch_answer answer;
    struct vch_proof_file file;
    struct vch_proof_opening opening;
};

static inline void answers_fill(uint8_t *out)
{
    for (int i = 0; i < 32; i++)
        out[i] = (uint8_t)test_below(256);
}

static inline void answers_order_annex(struct vch_annex_order *out, struct answers *a,
                                       const uint8_t *seed)
{
    uint32_t *held = VCH_ARENA_NEW(&a->arena, uint32_t, a->graph->parameter_count);

    for (uint32_t i = 0; i < a->graph->parameter_count; i++)
        held[i] = i;
    *out = (struct vch_annex_order){.model = {.graph = a->graph,
                                              .identity = a->identity,
                                              .log_columns = ANSWERS_COLUMNS,
                                              .held_count = a->graph->parameter_count,
                                              .held = held}};
    memcpy(out->seed, seed, sizeof out->seed);
}

static inline void answers_make_annex(struct vch_annex *out, uint8_t **bytes, size_t *size,
                                      struct answers *a)
{
    struct vch_annex_order order;

    answers_order_annex(&order, a, a->seed);
    CHECK_OK(vch_annex_prove(bytes, size, &order, 0, &a->owner, &a->arena, &a->complaint));
    CHECK_OK(vch_annex_decode(out, *bytes, *size, &a->arena, &a->complaint));
}

// Release `a->arena` when done.
static inline void answers_start(struct answers *a)
{
    uint8_t owner_seed[VCH_SIGN_SEED_SIZE];

    memset(a, 0, sizeof *a);
    vch_arena_init(&a->arena, (size_t)1 << 30);
    a->kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    a->graph = graphs_random_mlp(&a->arena);
    CHECK_OK(vch_manifest_encode(&a->manifest, &a->manifest_size, a->graph, &a->arena, NULL));
    a->identity = vch_package_identity(a->manifest, a->manifest_size);
    answers_fill(owner_seed);
    answers_fill(a->seed);
    answers_fill(a->next_seed);
    vch_sign_key(&a->owner, owner_seed);
    for (uint32_t i = 0; i < a->graph->input_count; i++)
        a->inputs[i] =
            graphs_random_tensor(a->graph, a->graph->inputs[i].value, ANSWERS_BATCH, &a->arena);
    answers_make_annex(&a->annex, &a->annex_bytes, &a->annex_size, a);
}

static inline void answers_order(struct vch_answer_order *out, struct answers *a,
                                 const struct vch_annex *annex, const uint8_t *annex_seed)
{
    *out = (struct vch_answer_order){
        .graph = a->graph,
        .annex = annex,
        .last = a->graph->operator_count,
        .batch = ANSWERS_BATCH,
        .inputs = a->inputs,
        .kernels = &a->kernels,
    };
    memcpy(out->annex_seed, annex_seed, sizeof out->annex_seed);
    answers_fill(out->job.bytes);
    answers_fill(out->input_seed);
    answers_fill(out->output_seed);
    answers_fill(out->proof_seed);
}

static inline void answers_fill_boundary(struct vch_proof_boundary *out, const uint8_t *seed,
                                         const struct vch_tensor *tensors, uint32_t count)
{
    memcpy(out->seed, seed, sizeof out->seed);
    out->count = count;
    for (uint32_t i = 0; i < count; i++) {
        out->values[i].data = tensors[i].data;
        out->values[i].size = ANSWERS_BATCH * vch_tensor_size(&tensors[i]);
    }
}

static inline void answers_prove(struct answers_proof *out, struct answers *a,
                                 const struct vch_annex *annex, const uint8_t *annex_seed)
{
    answers_order(&out->order, a, annex, annex_seed);
    CHECK_OK(vch_answer_prove_begin(&out->answer, &out->order, &a->arena, &a->complaint));
    CHECK_OK(vch_answer_prove(&out->file, &out->answer, &a->arena, &a->complaint));
    out->opening = (struct vch_proof_opening){
        .model = out->file.model, .last = out->file.last, .batch = ANSWERS_BATCH};
    answers_fill_boundary(&out->opening.input, out->order.input_seed, a->inputs,
                          a->graph->input_count);
    answers_fill_boundary(&out->opening.output, out->order.output_seed, out->answer.witness.outputs,
                          a->graph->output_count);
}
