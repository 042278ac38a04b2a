// The circuit of a graph with its witness, for tests: made once, then lied about.
#pragma once

#include <string.h>

#include "circuit/circuit.h"
#include "circuit/witness.h"
#include "circuit/witness_fill.h"
#include "harness/graphs.h"
#include "harness/test.h"
#include "kernels/kernels.h"
#include "proof/statement_check.h"
#include "proof/statement_count.h"

struct circuits {
    struct vch_arena *arena;
    struct vch_kernels kernels;
    struct vch_circuit_claim claim;
    struct vch_circuit circuit;
    struct vch_tensor inputs[VCH_GRAPH_PORTS_MAX];
    struct vch_witness witness;
    struct vch_complaint complaint;
};

// The statement that all of a graph's operators, or those of a range, are run on so many samples.
static inline vch_status circuits_build(struct circuits *c, const struct vch_graph *graph,
                                        uint32_t first, uint32_t last, uint32_t batch,
                                        struct vch_arena *arena)
{
    uint32_t *held = VCH_ARENA_NEW(arena, uint32_t, graph->parameter_count);

    CHECK(held != NULL);
    *c = (struct circuits){.arena = arena, .kernels = vch_kernels_select(vch_cpu_level(NULL))};
    for (uint32_t i = 0; i < graph->parameter_count; i++)
        held[i] = i;
    c->claim = (struct vch_circuit_claim){
        .model = {.graph = graph,
                  .log_columns = VCH_CIRCUIT_SUGGEST_MIN,
                  .held_count = graph->parameter_count,
                  .held = held},
        .first = first,
        .last = last,
        .batch = batch,
    };
    return vch_circuit_build(&c->circuit, &c->claim, arena, &c->complaint);
}

static inline void circuits_must(const struct circuits *c, vch_status status)
{
    if (vch_is_ok(status)) return;
    test_fail(__FILE__, __LINE__, "%s: %s", vch_code_text(status.code), c->complaint.text);
}

// The witness for these inputs, those of the range.
static inline void circuits_witness(struct circuits *c)
{
    const struct vch_witness_order order = {
        .circuit = &c->circuit,
        .claim = &c->claim,
        .inputs = c->inputs,
        .kernels = &c->kernels,
    };

    circuits_must(c, vch_witness_make(&c->witness, &order, c->arena, &c->complaint));
}

static inline struct vch_circuit_ends circuits_ends(const struct circuits *c)
{
    struct vch_circuit_ends ends;

    CHECK_OK(
        vch_circuit_ends(&ends, c->claim.model.graph, c->claim.first, c->claim.last, c->arena));
    return ends;
}

static inline void circuits_random_inputs(struct circuits *c)
{
    const struct vch_circuit_ends ends = circuits_ends(c);

    for (uint32_t i = 0; i < ends.input_count; i++)
        c->inputs[i] =
            graphs_random_tensor(c->claim.model.graph, ends.inputs[i], c->claim.batch, c->arena);
}

// Everything for a whole graph and random inputs.
static inline void circuits_make(struct circuits *c, const struct vch_graph *graph, uint32_t batch,
                                 struct vch_arena *arena)
{
    circuits_must(c, circuits_build(c, graph, 0, graph->operator_count, batch, arena));
    circuits_random_inputs(c);
    circuits_witness(c);
}

static inline vch_status circuits_check(struct circuits *c)
{
    c->complaint.text[0] = 0;
    return vch_statement_check_witness(&c->circuit.statement, c->witness.cells, c->arena,
                                       &c->complaint);
}

// Carries out all hints anew but for the model's own values, as somebody would who has lied about
// one of those and now makes the rest fit; `tell`, if any, says the lie before and after each.
// Look-ups that no table answers are not counted.
static inline void circuits_cover_up_lie(struct circuits *c,
                                         void (*tell)(struct circuits *c, const void *lie),
                                         const void *lie)
{
    const struct vch_statement *s = &c->circuit.statement;
    struct vch_witness_fill fill = {
        .graph = c->claim.model.graph,
        .cells = c->witness.cells,
        .source = {.cells = c->witness.cells, .public_values = s->public_values},
        .kernels = &c->kernels,
        .arena = c->arena,
    };

    CHECK_OK(vch_witness_fill_init(&fill, s, c->circuit.hints, c->circuit.hint_count));
    if (tell != NULL) tell(c, lie);
    for (uint32_t i = 0; i < c->circuit.hint_count; i++) {
        if (c->circuit.hints[i].kind == VCH_HINT_VALUE) continue;
        CHECK_OK(vch_witness_fill_hint(&fill, &c->circuit.hints[i]));
        if (tell != NULL) tell(c, lie);
    }
    (void)vch_statement_count_lookups(s, c->witness.cells, c->arena, NULL);
}

static inline void circuits_cover_up(struct circuits *c)
{
    circuits_cover_up_lie(c, NULL, NULL);
}

// The first cell of what an operator computes, for sample 0.
static inline uint32_t circuits_value(const struct circuits *c, uint32_t value)
{
    for (uint32_t i = 0; i < c->circuit.hint_count; i++)
        if (c->circuit.hints[i].kind == VCH_HINT_VALUE && c->circuit.hints[i].value == value)
            return c->circuit.hints[i].cells;
    test_fail(__FILE__, __LINE__, "value %u has no cells of its own", value);
}
