// A job of the small network of harness/vouchers.h with a real model behind it, whose segments are
// run: what honest nodes and an honest client commit to, and the client's opening.
#pragma once

#include <string.h>

#include "harness/graphs.h"
#include "harness/test.h"
#include "harness/vouchers.h"
#include "model/run.h"
#include "model/segment.h"

static struct vouchers v;
static struct vch_package package;
static struct vch_opening opening;
static struct vch_kernels kernels;

// Cuts 0 .. 4 of a perceptron: the client keeps the first and the last layer.
static inline struct vch_graph *make_graph(void)
{
    struct graphs build;

    graphs_init(&build, &v.arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 6, 0, 0));
    for (int i = 0; i < 4; i++)
        x = graphs_relu(&build, graphs_linear(&build, x, 5, VCH_TYPE_I8));
    graphs_output(&build, x);
    return graphs_finish(&build);
}

static inline void make_package(struct vch_graph *graph, const struct vch_secret_key *owner)
{
    struct vch_salt *salts = VCH_ARENA_NEW(&v.arena, struct vch_salt, graph->parameter_count);
    uint8_t *bytes = NULL;
    size_t size = 0;

    for (uint32_t i = 0; i < graph->parameter_count; i++)
        for (size_t j = 0; j < sizeof salts[i].bytes; j++)
            salts[i].bytes[j] = (uint8_t)test_below(256);
    CHECK_OK(vch_package_encode(&bytes, &size, graph, salts, owner, &v.arena, NULL, &v.complaint));
    CHECK_OK(vch_package_decode(&package, bytes, size, &v.arena, NULL, &v.complaint));
}

static inline struct vch_digest commit(uint32_t boundary, const struct vch_tensor *tensor)
{
    struct vch_nonce nonce;

    vch_commitment_nonce(&nonce, v.secret, boundary);
    return vch_tensor_commit(tensor, v.job.batch, &nonce);
}

// Runs every segment, whoever's it is, and notes what crosses.
static inline void run_job(void)
{
    const struct vch_graph *graph = package.graph;
    struct vch_tensor crossing = opening.input;
    uint32_t value = graph->inputs[0].value;

    v.boundaries[0] = v.job.input = commit(0, &crossing);
    for (uint32_t i = 0; i < v.job.segment_count; i++) {
        struct vch_cut cut = {0};
        struct vch_run run = {.graph = graph,
                              .first = v.job.segments[i].first,
                              .last = v.job.segments[i].last,
                              .batch = v.job.batch,
                              .kernels = &kernels};
        CHECK_OK(vch_segment_cut_at(&cut, graph, run.last, &v.arena));
        struct vch_tensor output = graphs_empty_tensor(graph, cut.value, v.job.batch, &v.arena);
        CHECK_OK(vch_run_execute(&run, &value, &crossing, 1, &cut.value, &output, 1, &v.arena,
                                 &v.complaint));
        v.boundaries[i + 1] = commit(i + 1, &output);
        crossing = output;
        value = cut.value;
    }
    opening.output = crossing;
}

static inline void set_plan(void)
{
    static const uint32_t cuts[] = {0, 2, 4, 6, 8};

    v.job.segment_count = 4;
    for (uint32_t i = 0; i < 4; i++)
        v.job.segments[i] = (struct vch_job_segment){
            cuts[i], cuts[i + 1], i == 0 || i == 3 ? VCH_JOB_BY_CLIENT : VCH_JOB_BY_NODES};
}

static inline void setup(void)
{
    vouchers_init(&v);
    kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    make_package(make_graph(), &v.owner);
    v.job.model = package.identity;
    set_plan();
    opening = (struct vch_opening){.batch = v.job.batch};
    memcpy(opening.secret, v.secret, sizeof opening.secret);
    opening.input =
        graphs_random_tensor(package.graph, package.graph->inputs[0].value, v.job.batch, &v.arena);
    run_job();
}

// All steps after the run; the reader holds everything.
static inline void tell(void)
{
    vouchers_vote_all(&v);
    opening.job_id = v.job_id;
    vouchers_sign(&v);
    v.package = &package;
    v.opening = &opening;
}

static inline void flip(struct vch_tensor *tensor)
{
    int8_t *first = tensor->data;
    *first = (int8_t)(*first == 0 ? 1 : 0);
}
