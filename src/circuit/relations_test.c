// Operators with relations of their own, on shapes of all sorts, ties, saturation and extremes:
// what a run computes satisfies the statement, and nothing that satisfies it says anything else.
#include "harness/liars.h"
#include "harness/relations.h"

enum { ROUNDS = 20, FILLS = 2, SEARCHES = 4, LIES = 60 };

static struct vch_arena arena;

static void init(void)
{
    vch_arena_init(&arena, (size_t)1 << 30);
}

static void satisfies(const struct relations_maker *maker)
{
    struct circuits c;

    circuits_make(&c, relations_graph(maker, &arena), 1 + test_below(3), &arena);
    circuits_must(&c, circuits_check(&c));
    for (uint32_t i = 0; i < FILLS; i++) {
        relations_fill(&c);
        circuits_witness(&c);
        circuits_must(&c, circuits_check(&c));
    }
}

TEST(every_run_satisfies_its_circuit)
{
    relations_most = 33;
    FOR_EACH(maker, relations_makers)
    for (int i = 0; i < ROUNDS; i++) {
        init();
        satisfies(maker);
        vch_arena_release(&arena);
    }
}

TEST(each_is_proven_and_verifies)
{
    relations_most = 33;
    FOR_EACH(maker, relations_makers)
    {
        struct circuits c;
        struct circuits_proof p;
        init();
        circuits_make(&c, relations_graph(maker, &arena), 1 + test_below(3), &arena);
        circuits_commit(&p, &c);
        circuits_must(&c, circuits_prove(&p));
        circuits_must(&c, circuits_verify(&p, &c.circuit.statement));
        vch_arena_release(&arena);
    }
}

// A cell that a hint fills, counted from the first of the output; not a limb.
static uint32_t random_cell(const struct circuits *c)
{
    const uint32_t first = circuits_value(c, c->claim.model.graph->outputs[0].value);

    for (;;) {
        const struct vch_hint *hint = &c->circuit.hints[test_below(c->circuit.hint_count)];
        if (hint->kind == VCH_HINT_LIMBS) continue;
        const uint32_t cell = hint->cells + test_below(hint->grid.rows * hint->grid.lanes);
        if (cell >= first) return cell - first;
    }
}

// What is there, one more or less; small; another cell's; anything.
static int64_t random_value(const struct circuits *c, uint32_t at)
{
    const uint32_t first = circuits_value(c, c->claim.model.graph->outputs[0].value);
    const int64_t now = vch_fp_to_i64(c->witness.cells[first + at]);

    switch (test_below(5)) {
    case 0: return now + 1;
    case 1: return now - 1;
    case 2: return (int64_t)test_below(5) - 2;
    case 3: return vch_fp_to_i64(c->witness.cells[first + random_cell(c)]);
    default: return (int64_t)test_below(1u << 31) * (test_below(2) ? 1 : -1);
    }
}

static struct circuits_lie random_lie(const struct circuits *c)
{
    struct circuits_lie lie = {.what = "a random lie", .count = 1 + test_below(3)};

    for (uint32_t i = 0; i < lie.count; i++) {
        lie.cells[i].at = random_cell(c);
        lie.cells[i].value = random_value(c, lie.cells[i].at);
    }
    return lie;
}

// Some cells may hold anything where nothing rests on them; the output may not.
static uint32_t search(struct circuits *c, const char *name)
{
    const struct vch_statement *s = &c->circuit.statement;
    const uint64_t first = vch_witness_first(s, VCH_CIRCUIT_OUTPUT);
    const size_t size = (size_t)s->oracles[VCH_CIRCUIT_OUTPUT].rows << s->log_columns;
    uint64_t *honest = VCH_ARENA_NEW(&arena, uint64_t, size);
    uint32_t caught = 0;

    memcpy(honest, c->witness.cells + first, size * sizeof *honest);
    for (uint32_t i = 0; i < LIES; i++) {
        const struct vch_arena_mark mark = vch_arena_mark(&arena);
        circuits_witness(c);
        const struct circuits_lie lie = random_lie(c);
        circuits_lie_tell(c, &lie);
        const bool is_same = memcmp(honest, c->witness.cells + first, size * sizeof *honest) == 0;
        const bool passes = vch_is_ok(circuits_check(c));
        if (passes && !is_same)
            test_fail(__FILE__, __LINE__, "%s: cell %u as %lld passes", name, lie.cells[0].at,
                      (long long)lie.cells[0].value);
        caught += !passes;
        vch_arena_rewind(&arena, mark);
    }
    return caught;
}

TEST(nothing_that_passes_changes_the_output)
{
    relations_most = 5;
    FOR_EACH(maker, relations_makers)
    {
        uint32_t caught = 0;
        for (uint32_t i = 0; i < SEARCHES; i++) {
            struct circuits c;
            init();
            circuits_make(&c, relations_graph(maker, &arena), 1, &arena);
            if (test_below(4)) relations_fill(&c);
            circuits_witness(&c);
            caught += search(&c, maker->name);
            vch_arena_release(&arena);
        }
        CHECK(caught > SEARCHES * LIES / 4);
    }
}
