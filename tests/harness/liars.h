// Witnesses with one lie each, everything after it made to fit: by whom they are caught. And graphs
// of one operator to lie about.
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

static inline void circuits_lie_set(struct circuits *c, const void *told)
{
    const struct circuits_lie *lie = (const struct circuits_lie *)told;
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
    circuits_cover_up_lie(c, circuits_lie_set, lie);
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

#define LIE(by, what, ...) \
    { \
        what, CAUGHT_BY_##by, sizeof((const int64_t[][2]){__VA_ARGS__}) / (2 * sizeof(int64_t)), \
        { \
            __VA_ARGS__ \
        } \
    }

// A graph of one operator; inputs follow.
static inline struct graphs circuits_lie_start(struct vch_arena *arena)
{
    struct graphs build;

    vch_arena_init(arena, (size_t)1 << 30);
    graphs_init(&build, arena);
    return build;
}

static inline void circuits_lie_finish(struct circuits *c, struct graphs *build, uint32_t y)
{
    graphs_output(build, y);
    circuits_make(c, graphs_finish(build), 1, build->arena);
}

static inline void circuits_lie_give(struct circuits *c, uint32_t input, const int64_t *values,
                                     size_t count)
{
    struct vch_tensor *t = &c->inputs[input];

    CHECK_EQ(vch_tensor_shape_count(&t->shape), count);
    for (size_t i = 0; i < count; i++) {
        if (t->type == VCH_TYPE_I8) ((int8_t *)t->data)[i] = (int8_t)values[i];
        if (t->type == VCH_TYPE_I16) ((int16_t *)t->data)[i] = (int16_t)values[i];
        if (t->type == VCH_TYPE_I32) ((int32_t *)t->data)[i] = (int32_t)values[i];
    }
}
#define GIVE(c, input, ...) \
    circuits_lie_give(c, input, (const int64_t[]){__VA_ARGS__}, \
                      sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

// Of lo .. hi nothing but what was computed can be claimed for an element of the output: all that
// is near it, and one in four of the others.
static inline void circuits_lie_truth(struct circuits *c, int64_t lo, int64_t hi)
{
    const struct vch_graph *graph = c->claim.model.graph;
    const uint32_t value = graph->outputs[0].value;
    const uint32_t count = (uint32_t)vch_tensor_shape_count(&graph->values[value].shape);

    circuits_witness(c);
    const uint64_t first = vch_witness_first(&c->circuit.statement, VCH_CIRCUIT_OUTPUT);
    for (uint32_t i = 0; i < count; i++) {
        const int64_t truth = vch_fp_to_i64(c->witness.cells[first + i]);
        struct circuits_lie lie = {.what = "an output", .count = 1, .cells = {{i, lo}}};
        for (; lie.cells[0].value <= hi; lie.cells[0].value++) {
            const int64_t gap = lie.cells[0].value - truth;
            if ((gap < -2 || gap > 2) && lie.cells[0].value != hi && test_below(4)) continue;
            circuits_lie_tell(c, &lie);
            CHECK(vch_is_ok(circuits_check(c)) == (lie.cells[0].value == truth));
        }
        lie.cells[0].value = truth;
        circuits_lie_tell(c, &lie);
        circuits_must(c, circuits_check(c));
    }
}
