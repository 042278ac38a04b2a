// What somebody would write into a witness who wants another result: each is caught.
#include "harness/circuits_claim.h"

enum { ROUNDS = 20 };

static struct vch_arena arena;

static void init(void)
{
    vch_arena_init(&arena, (size_t)1 << 30);
}

// Inputs, parameters and limbs outside their range.
TEST(numbers_out_of_range_are_caught)
{
    struct graphs build;
    struct circuits c;

    init();
    graphs_init(&build, &arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 5, 0, 0));
    graphs_output(&build, graphs_linear(&build, x, 3, VCH_TYPE_I8));
    circuits_make(&c, graphs_finish(&build), 1, &arena);
    const uint32_t input = (uint32_t)vch_witness_first(&c.circuit.statement, VCH_CIRCUIT_INPUT);
    for (uint32_t i = 0; i < 5; i++) {
        const uint64_t before = *circuits_cell(&c, input + i);
        *circuits_cell(&c, input + i) = vch_fp_from_i64(-128);
        CHECK(circuits_is_caught(&c));
        *circuits_cell(&c, input + i) = 128;
        CHECK(circuits_is_caught(&c));
        *circuits_cell(&c, input + i) = before;
    }
    CHECK(!circuits_is_caught(&c));
    for (uint32_t h = 0; h < c.circuit.hint_count; h++) { // limbs: no covering up
        const struct vch_hint *hint = &c.circuit.hints[h];
        if (hint->kind != VCH_HINT_LIMBS || hint->blocks == 0) continue;
        const uint64_t before = *circuits_cell(&c, hint->cells);
        *circuits_cell(&c, hint->cells) = before + 1;
        (void)vch_statement_count_lookups(&c.circuit.statement, c.witness.cells, &arena, NULL);
        CHECK_FAILS(circuits_check(&c), BAD_PROOF);
        *circuits_cell(&c, hint->cells) = before;
    }
    CHECK(!circuits_is_caught(&c));
    vch_arena_release(&arena);
}

// Every cell that holds a value of the model, in networks of all sorts.
TEST(no_value_of_a_network_can_be_changed)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct circuits c;
        init();
        circuits_make(&c, graphs_random_mlp(&arena), 1 + test_below(2), &arena);
        for (uint32_t h = 0; h < c.circuit.hint_count; h++) {
            const struct vch_hint *hint = &c.circuit.hints[h];
            if (hint->kind != VCH_HINT_VALUE) continue;
            const uint32_t number = hint->cells + test_below(hint->grid.rows);
            const uint64_t before = *circuits_cell(&c, number);
            *circuits_cell(&c, number) =
                vch_fp_from_i64(vch_fp_to_i64(before) + (test_below(2) ? 1 : -1));
            CHECK(circuits_is_caught(&c));
            *circuits_cell(&c, number) = before;
        }
        CHECK(!circuits_is_caught(&c));
        vch_arena_release(&arena);
    }
}

TEST(other_weights_are_caught)
{
    uint32_t caught = 0;

    for (int i = 0; i < ROUNDS; i++) {
        struct graphs build;
        struct circuits c;
        init();
        graphs_init(&build, &arena);
        uint32_t x = graphs_input(&build, VCH_TYPE_I16, graphs_shape(3, 2, 5, 5));
        x = graphs_convolution(&build, x, 3, 3, 1, 1, VCH_TYPE_I16);
        graphs_output(&build, x);
        graphs_writer(&build, x)->scaling.lo = -32767;
        circuits_make(&c, graphs_finish(&build), 1, &arena);
        const uint32_t a = test_below(54), b = test_below(54);
        const uint64_t first = *circuits_cell(&c, a), second = *circuits_cell(&c, b);
        *circuits_cell(&c, a) = second;
        *circuits_cell(&c, b) = first;
        const bool is_same = first == second;
        CHECK(!is_same || !circuits_is_caught(&c));
        caught += !is_same && circuits_is_caught(&c);
        vch_arena_release(&arena);
    }
    CHECK(caught >= ROUNDS * 3 / 4); // two weights may be nearly alike
}

TEST(a_wrong_entry_of_a_table_is_caught)
{
    struct graphs build;
    struct circuits c;

    init();
    graphs_init(&build, &arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 40, 0, 0));
    graphs_output(&build, graphs_table(&build, x, VCH_TYPE_I8));
    circuits_make(&c, graphs_finish(&build), 1, &arena);
    for (uint32_t i = 0; i < 40; i++)
        CHECK(circuits_claims(&c, i, circuits_claimed(&c, i) + 1));
    vch_arena_release(&arena);
}

// An output that the operators did not give, though they ran well.
TEST(another_output_is_caught)
{
    struct circuits c;

    init();
    circuits_make(&c, graphs_random_mlp(&arena), 2, &arena);
    *circuits_output_cell(&c, 1) = vch_fp_add(*circuits_output_cell(&c, 1), 1);
    CHECK(circuits_is_caught(&c));
    vch_arena_release(&arena);
}
