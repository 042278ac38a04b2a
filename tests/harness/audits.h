// Audits for tests: graphs with every kind of linear operator, a node that shows its accumulators,
// and an auditor with a key.
#pragma once

#include <string.h>

#include "audit/accumulate.h"
#include "audit/audit.h"
#include "harness/graphs.h"
#include "harness/test.h"

enum { AUDITS_BATCH = 3 };

struct audits {
    struct vch_arena arena;
    const struct vch_graph *graph;
    struct vch_kernels kernels;
    struct vch_digest identity;
    uint8_t secret[VCH_LAYER_SECRET_SIZE];
    struct vch_accumulators_plan plan;
    struct vch_tensor inputs[VCH_GRAPH_PORTS_MAX], outputs[VCH_GRAPH_PORTS_MAX];
    uint8_t *bytes; // the node's file
    struct vch_audit audit;
};

#define AUDITS_KINDS 13u

// A graph around one kind of linear operator, with others before and after it.
static inline struct vch_graph *audits_graph(uint32_t kind, struct vch_arena *arena)
{
    const enum vch_type type = test_below(2) ? VCH_TYPE_I8 : VCH_TYPE_I16;
    struct graphs b;
    uint32_t x = 0;

    graphs_init(&b, arena);
    const struct vch_shape image = graphs_shape(3, 4, 5 + test_below(7), 5 + test_below(7));
    const struct vch_shape rows = graphs_shape(2, 2 + test_below(4), 3 + test_below(30), 0);
    const struct vch_shape cube = graphs_shape(3, 2, 3 + test_below(4), 3 + test_below(9));
    switch (kind) {
    case 0: // rows of one sample
        x = graphs_linear(&b, graphs_input(&b, type, rows), 1 + test_below(40), VCH_TYPE_I8);
        break;
    case 1: // sums that int32 does not hold
        x = graphs_input(&b, VCH_TYPE_I16, graphs_shape(1, 600, 0, 0));
        x = graphs_linear(&b, x, 3, VCH_TYPE_I16);
        break;
    case 2:
        x = graphs_convolution(&b, graphs_input(&b, type, image), 6, 3, 1, 1, VCH_TYPE_I8);
        break;
    case 3: // few pixels
        x = graphs_input(&b, type, graphs_shape(3, 4, 4, 4));
        x = graphs_convolution(&b, x, 5, 3, 2, 1, VCH_TYPE_I16);
        break;
    case 4:
        x = graphs_convolution(&b, graphs_input(&b, type, image), 6, 5, 2, 2, VCH_TYPE_I8);
        break;
    case 5:
        x = graphs_convolution(&b, graphs_input(&b, type, image), 4, 3, 1, 4, VCH_TYPE_I8);
        break;
    case 6:
        x = graphs_convolution(&b, graphs_input(&b, type, image), 9, 1, 1, 1, VCH_TYPE_I8);
        break;
    case 7: // pixels enough that s is a vector of its own, and accumulators of int64
        x = graphs_input(&b, VCH_TYPE_I16, graphs_shape(3, 64, 9, 8));
        x = graphs_convolution(&b, x, 2, 3, 1, 1, VCH_TYPE_I16);
        break;
    case 8: // both operands from one value
        x = graphs_table(&b, graphs_input(&b, VCH_TYPE_I8, graphs_shape(2, 6, 6, 0)), VCH_TYPE_I8);
        x = graphs_matmul(&b, x, x, VCH_TYPE_I8);
        break;
    case 9: // broadcast, int8 and int16
        x = graphs_input(&b, type, cube);
        x = graphs_matmul(&b, x,
                          graphs_constant(&b, VCH_TYPE_I8, graphs_shape(2, cube.dims[2], 7, 0)),
                          VCH_TYPE_I16);
        break;
    case 10: // int16 by int16: int64
        x = graphs_input(&b, VCH_TYPE_I16, cube);
        x = graphs_matmul(&b, x,
                          graphs_constant(&b, VCH_TYPE_I16, graphs_shape(3, 2, cube.dims[2], 4)),
                          VCH_TYPE_I8);
        break;
    case 11: return graphs_random_convnet(arena);
    default: return graphs_random_mlp(arena);
    }
    if (test_below(2)) x = graphs_relu(&b, x);
    graphs_output(&b, x);
    return graphs_finish(&b);
}

static inline struct vch_accumulators audits_decode(const struct audits *s)
{
    struct vch_accumulators out;
    struct vch_complaint complaint = {0};

    if (!vch_is_ok(vch_accumulators_decode(&out, &s->plan, s->bytes, s->plan.size, &complaint)))
        test_fail(__FILE__, __LINE__, "%s", complaint.text);
    return out;
}

// The node's side of a segment, for random inputs.
static inline void audits_accumulate(struct audits *s, uint32_t first, uint32_t last)
{
    struct vch_complaint complaint = {0};
    struct vch_accumulate how;

    CHECK_OK(vch_accumulators_plan(&s->plan, s->graph, &s->identity, first, last, AUDITS_BATCH,
                                   &s->arena, &complaint));
    for (uint32_t i = 0; i < s->plan.input_count; i++)
        s->inputs[i] = graphs_random_tensor(s->graph, s->plan.inputs[i], AUDITS_BATCH, &s->arena);
    for (uint32_t i = 0; i < s->plan.output_count; i++)
        s->outputs[i] = graphs_empty_tensor(s->graph, s->plan.outputs[i], AUDITS_BATCH, &s->arena);
    s->bytes = vch_arena_alloc(&s->arena, s->plan.size, 1);
    memset(s->bytes, 0x55, s->plan.size);
    CHECK_OK(vch_accumulate_prepare(&how, &s->plan, &s->kernels, &s->arena));
    if (!vch_is_ok(vch_accumulate(s->bytes, &how, &s->plan, s->inputs, s->outputs, NULL, &s->arena,
                                  &complaint)))
        test_fail(__FILE__, __LINE__, "%s", complaint.text);
}

static inline void audits_prepare(struct audits *s, uint32_t lanes)
{
    const struct vch_audit_order order = {&s->plan, s->secret, &s->kernels, lanes};

    for (size_t i = 0; i < sizeof s->secret; i++)
        s->secret[i] = (uint8_t)test_below(256);
    CHECK_OK(vch_audit_prepare(&s->audit, &order, &s->arena));
}

// The whole graph of that kind.
static inline void audits_open(struct audits *s, uint32_t kind)
{
    vch_arena_init(&s->arena, (size_t)1 << 30);
    s->graph = audits_graph(kind, &s->arena);
    s->kernels = vch_kernels_select(vch_cpu_level(NULL));
    s->identity = vch_hash_bytes("model", 5);
    audits_accumulate(s, 0, s->graph->operator_count);
    audits_prepare(s, 1);
}

// An audit of the file as it is now; outputs go to memory of their own.
static inline vch_status audits_run(struct audits *s, struct vch_audit_finding *finding,
                                    struct vch_workers *workers, struct vch_tensor *outputs,
                                    struct vch_complaint *complaint)
{
    const struct vch_accumulators accumulators = audits_decode(s);

    for (uint32_t i = 0; i < s->plan.output_count; i++)
        outputs[i] = graphs_empty_tensor(s->graph, s->plan.outputs[i], s->plan.batch, &s->arena);
    return vch_audit_run(finding, &s->audit, &accumulators, s->inputs, outputs, workers, complaint);
}
