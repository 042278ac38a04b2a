// Witnesses with one lie each, everything after it made to fit: by whom they are caught.
#pragma once

#include "field/field.h"
#include "harness/circuits_prove.h"

enum { CIRCUITS_LIE_CELLS = 6 };

enum circuits_catcher { CAUGHT_BY_ZERO, CAUGHT_BY_LOOKUP };

// Cells counted from the first of the graph's one operator that computes: its output, then the
// others in the order of specs/circuit.md. What is said of an output is claimed of the run too.
struct circuits_lie {
    const char *what;
    enum circuits_catcher by;
    uint32_t count;
    struct {
        uint32_t at;
        int64_t value;
    } cells[CIRCUITS_LIE_CELLS];
};

static inline void circuits_lie_set(struct circuits *c, const struct circuits_lie *lie)
{
    const struct vch_graph *graph = c->claim.model.graph;
    const uint32_t value = graph->outputs[0].value;
    const size_t outputs = vch_tensor_shape_count(&graph->values[value].shape);
    const uint64_t first = vch_witness_first(&c->circuit.statement, VCH_CIRCUIT_OUTPUT);

    for (uint32_t i = 0; i < lie->count; i++) {
        const uint32_t at = lie->cells[i].at;
        const uint64_t cell = vch_fp_from_i64(lie->cells[i].value);
        c->witness.cells[circuits_value(c, value) + at] = cell;
        if (at < outputs) c->witness.cells[first + at] = cell;
    }
}

// The witness with the lie in it, and all hints carried out after it that do not undo it.
static inline void circuits_lie_tell(struct circuits *c, const struct circuits_lie *lie)
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
    circuits_lie_set(c, lie);
    for (uint32_t i = 0; i < c->circuit.hint_count; i++) {
        if (c->circuit.hints[i].kind == VCH_HINT_VALUE) continue;
        CHECK_OK(vch_witness_fill_hint(&fill, &c->circuit.hints[i]));
        circuits_lie_set(c, lie);
    }
    (void)vch_statement_count_lookups(s, c->witness.cells, c->arena, NULL);
}

// A proof whose prover does not look is refused by whoever verifies.
static inline void circuits_lie_force(struct circuits *c, const struct circuits_lie *lie)
{
    struct circuits_proof proof;

    circuits_commit(&proof, c);
    circuits_force(&proof);
    const vch_status status = circuits_verify(&proof, &c->circuit.statement);
    if (status.code == VCH_CODE_BAD_PROOF) return;
    test_fail(__FILE__, __LINE__, "%s: a forced proof is %s", lie->what,
              vch_code_text(status.code));
}

// Each lie alone, about the run with the inputs that `c` has.
static inline void circuits_lie_all(struct circuits *c, const struct circuits_lie *lies,
                                    uint32_t count)
{
    static const char *const says[] = {"expected 0", "is not a row of table"};

    circuits_witness(c);
    circuits_must(c, circuits_check(c));
    for (uint32_t i = 0; i < count; i++) {
        const struct vch_arena_mark mark = vch_arena_mark(c->arena);
        circuits_witness(c);
        circuits_lie_tell(c, &lies[i]);
        const vch_status status = circuits_check(c);
        if (status.code != VCH_CODE_BAD_PROOF ||
            strstr(c->complaint.text, says[lies[i].by]) == NULL)
            test_fail(__FILE__, __LINE__, "%s: %s: %s", lies[i].what, vch_code_text(status.code),
                      c->complaint.text);
        circuits_lie_force(c, &lies[i]);
        vch_arena_rewind(c->arena, mark);
    }
}
