// A search for second witnesses: of an operator on a few numbers, another output is claimed and one
// more cell of the witness, whichever, given another number; all the rest is made to fit. Nothing
// of that may pass.
#include "harness/liars.h"

enum { ROUNDS = 3, ALL_CELLS = 48, MOVES = 8 };

static struct vch_arena arena;
static struct circuits c;

static uint32_t make_rescale(struct graphs *build)
{
    const enum vch_type types[] = {VCH_TYPE_I8, VCH_TYPE_I16, VCH_TYPE_I32};
    const uint32_t x = graphs_input(build, types[test_below(3)], graphs_shape(1, 2, 0, 0));

    return graphs_rescale(build, x, types[test_below(3)]);
}

static uint32_t make_linear(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I8, graphs_shape(2, 1, 3, 0));

    return graphs_linear(build, x, 2, test_below(2) ? VCH_TYPE_I8 : VCH_TYPE_I16);
}

static uint32_t make_multiply(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I16, graphs_shape(1, 2, 0, 0));

    return graphs_multiply(build, x, x, VCH_TYPE_I16);
}

static uint32_t make_table(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I8, graphs_shape(1, 2, 0, 0));
    const uint32_t y = graphs_table(build, x, VCH_TYPE_I8);
    int32_t *entries = VCH_ARENA_NEW(&arena, int32_t, 256);
    const int32_t lo = (int32_t)test_below(120) - 120, hi = (int32_t)test_below(120);

    for (int32_t i = -128; i < 128; i++) // flat at its ends: a short table
        entries[i + 128] = i < lo ? lo : i > hi ? hi : i;
    build->graph->tables[graphs_writer(build, y)->table].entries = entries;
    return y;
}

static uint32_t make_average_pool(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I8, graphs_shape(3, 1, 3, 3));

    return graphs_average_pool(build, x, 3, 2);
}

static uint32_t make_max_pool(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I8, graphs_shape(3, 1, 2, 2));

    return graphs_max_pool(build, x, 2, 2);
}

static uint32_t make_softmax(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I8, graphs_shape(1, 3, 0, 0));

    return graphs_softmax(build, x, VCH_TYPE_I8);
}

static uint32_t make_normalise(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I8, graphs_shape(1, 3, 0, 0));

    return graphs_normalise(build, x, VCH_TYPE_I8);
}

static uint32_t make_argmax(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I8, graphs_shape(1, 4, 0, 0));

    return graphs_argmax(build, x, 0);
}

static uint32_t make_divide(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I16, graphs_shape(1, 2, 0, 0));
    const uint32_t z = graphs_input(build, VCH_TYPE_I8, graphs_shape(1, 2, 0, 0));
    const uint32_t y = graphs_divide(build, x, z, VCH_TYPE_I8);

    graphs_writer(build, y)->rounding = (enum vch_rounding)test_below(3);
    return y;
}

static uint32_t make_gather(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I8, graphs_shape(2, 3, 1, 0));
    const uint32_t i = graphs_input(build, VCH_TYPE_I16, graphs_shape(1, 2, 0, 0));

    return graphs_gather(build, x, i, 0);
}

static uint32_t make_trees(struct graphs *build)
{
    const uint32_t x = graphs_input(build, VCH_TYPE_I32, graphs_shape(1, 2, 0, 0));

    return graphs_trees(build, x, 2, 2, 1);
}

static uint32_t (*const makers[])(struct graphs *) = {
    make_rescale, make_linear,    make_multiply, make_table,  make_average_pool, make_max_pool,
    make_softmax, make_normalise, make_argmax,   make_divide, make_gather,       make_trees,
};

// Small ones and 0 are where waivers, signs and excesses live.
static void small_inputs(void)
{
    for (uint32_t i = 0; i < c.claim.model.graph->input_count; i++) {
        struct vch_tensor *t = &c.inputs[i];
        for (size_t e = 0; e < vch_tensor_shape_count(&t->shape); e++) {
            const int value = (int)test_below(5) - 2;
            if (test_below(2) == 0) continue;
            if (t->type == VCH_TYPE_I8) ((int8_t *)t->data)[e] = (int8_t)value;
            if (t->type == VCH_TYPE_I16) ((int16_t *)t->data)[e] = (int16_t)value;
            if (t->type == VCH_TYPE_I32) ((int32_t *)t->data)[e] = value;
        }
    }
}

static int64_t other_number(int64_t before, uint32_t move)
{
    const int64_t numbers[MOVES] = {
        before + 1,
        before - 1,
        -before,
        0,
        1,
        -1,
        (int64_t)((uint64_t)before + ((uint64_t)1 << (1 + test_below(61)))),
        (int64_t)test_below(1u << 31) << test_below(32),
    };

    return numbers[move];
}

// The output's first element is `claim`, and cell `at` of the operator what `move` makes of it.
static bool passes(int64_t claim, uint32_t at, uint32_t move, int64_t before)
{
    const struct vch_arena_mark mark = vch_arena_mark(&arena);
    const struct circuits_lie lie = {"", 0, 2, {{0, claim}, {at, other_number(before, move)}}};

    circuits_lie_tell(&c, &lie);
    const bool is_believed = vch_is_ok(circuits_check(&c));
    vch_arena_rewind(&arena, mark);
    return is_believed;
}

// A second witness that was found, for the complaint.
struct found {
    bool is_there;
    int64_t truth, claim, before;
    uint32_t at, move;
};

// Of the cells after the output all, where there are few, else as many by chance.
static struct found search(void)
{
    const uint32_t first = circuits_value(&c, c.claim.model.graph->outputs[0].value);
    const uint64_t start = vch_witness_first(&c.circuit.statement, VCH_CIRCUIT_WITNESS);
    const uint32_t cells = (uint32_t)(start + c.circuit.witness_cells - first);
    const uint32_t tried = cells < ALL_CELLS ? cells : ALL_CELLS;
    const int64_t truth = vch_fp_to_i64(c.witness.cells[first]);
    const int64_t claims[] = {truth + 1, truth - 1, -truth, 127, -127};

    for (uint32_t i = 1; i < tried; i++) {
        const uint32_t at = cells < ALL_CELLS ? i : 1 + test_below(cells - 1);
        const int64_t before = vch_fp_to_i64(c.witness.cells[first + at]);
        for (uint32_t move = 0; move < MOVES; move++)
            FOR_EACH(claim, claims)
        if (*claim != truth && passes(*claim, at, move, before))
            return (struct found){true, truth, *claim, before, at, move};
    }
    return (struct found){0};
}

static void make(uint32_t (*maker)(struct graphs *))
{
    struct graphs build;

    vch_arena_init(&arena, (size_t)1 << 30);
    graphs_init(&build, &arena);
    graphs_output(&build, maker(&build));
    circuits_make(&c, graphs_finish(&build), 1, &arena);
    small_inputs();
    circuits_witness(&c);
    circuits_must(&c, circuits_check(&c));
}

TEST(no_output_passes_but_the_true_one_whatever_is_written_beside_it)
{
    for (uint32_t round = 0; round < ROUNDS; round++)
        for (uint32_t i = 0; i < sizeof makers / sizeof *makers; i++) {
            make(makers[i]);
            const struct found found = search();
            if (found.is_there)
                test_fail(__FILE__, __LINE__,
                          "operator %u: %lld in place of %lld, cell %u by move %u in place of %lld",
                          i, (long long)found.claim, (long long)found.truth, found.at, found.move,
                          (long long)found.before);
            vch_arena_release(&arena);
        }
}

// Without the relation that says that a largest element is an element, another one is found: so it
// is that relation which keeps the search above from finding any.
TEST(the_search_finds_what_a_relation_fewer_lets_pass)
{
    static const struct vch_expression nothing;
    uint32_t dropped = 0;

    make(make_max_pool);
    for (uint32_t i = 0; i < c.circuit.statement.section_count && dropped == 0; i++) {
        struct vch_section *section = &c.circuit.statement.sections[i];
        if (section->kind != VCH_SECTION_ZERO) continue;
        section->entries = &nothing;
        dropped++;
    }
    CHECK_EQ(dropped, 1);
    CHECK(search().is_there);
    vch_arena_release(&arena);
}
