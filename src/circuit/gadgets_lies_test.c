// Lies about quotients: every kind of them, at every edge.
#include "harness/circuits_claim.h"

static struct vch_arena arena;

static void init(void)
{
    vch_arena_init(&arena, (size_t)1 << 30);
}

// RESCALE from x to y with one multiplier and shift.
static const struct vch_graph *rescale(enum vch_type x, enum vch_type y, uint32_t count,
                                       int32_t multiplier, uint32_t shift, int64_t lo, int64_t hi)
{
    struct graphs build;

    graphs_init(&build, &arena);
    const uint32_t in = graphs_input(&build, x, graphs_shape(1, count, 0, 0));
    const uint32_t out = graphs_rescale(&build, in, y);
    int32_t *multipliers = VCH_ARENA_NEW(&arena, int32_t, 1);
    uint32_t *shifts = VCH_ARENA_NEW(&arena, uint32_t, 1);
    *multipliers = multiplier;
    *shifts = shift;
    graphs_writer(&build, out)->scaling = (struct vch_scaling){1, multipliers, shifts, lo, hi};
    graphs_output(&build, out);
    return graphs_finish(&build);
}

static bool has_hint(const struct circuits *c, enum vch_hint_kind kind)
{
    for (uint32_t i = 0; i < c->circuit.hint_count; i++)
        if (c->circuit.hints[i].kind == kind) return true;
    return false;
}

struct kind {
    enum vch_type x, y;
    int32_t multiplier;
    uint32_t shift;
    int64_t lo, hi;
};

// Kinds of quotients: exact, table, signs, flags; with and without saturation.
static const struct kind kinds[] = {
    {VCH_TYPE_I8, VCH_TYPE_I8, 20000, 15, -127, 127},
    {VCH_TYPE_I16, VCH_TYPE_I8, -20001, 20, -127, 127},
    {VCH_TYPE_I16, VCH_TYPE_I8, 20001, 20, 0, 127},
    {VCH_TYPE_I16, VCH_TYPE_I16, 20001, 19, -700, 701},
    {VCH_TYPE_I16, VCH_TYPE_I8, 3, 1, 5, 5},
    {VCH_TYPE_I32, VCH_TYPE_I16, 20001, 27, -32767, 32767},
    {VCH_TYPE_I32, VCH_TYPE_I16, 20001, 29, -1000, 1},
    {VCH_TYPE_I32, VCH_TYPE_I32, -32767, 10, -2147483647 - 1, 2147483647},
    {VCH_TYPE_I32, VCH_TYPE_I32, 16384, 14, -2147483647 - 1, 2147483647},
    {VCH_TYPE_I8, VCH_TYPE_I32, 32767, 62, -100, 100},
};

static void cannot_be_changed(struct circuits *c, const struct kind *kind, uint32_t element)
{
    const int64_t y = circuits_claimed(c, element);

    CHECK(circuits_claims(c, element, y + 1));
    CHECK(circuits_claims(c, element, y - 1));
    if (y != kind->lo) CHECK(circuits_claims(c, element, kind->lo));
    if (y != kind->hi) CHECK(circuits_claims(c, element, kind->hi));
    if (y != 0) CHECK(circuits_claims(c, element, -y));
    CHECK(circuits_claims(c, element, y + ((int64_t)1 << (1 + test_below(60)))));
}

TEST(a_result_that_is_off_by_one_is_caught)
{
    uint32_t with_table = 0, with_signs = 0, with_flags = 0;

    FOR_EACH(kind, kinds)
    for (uint32_t count = 24; count <= 4800; count *= 200) { // many elements share a table
        struct circuits c;
        init();
        circuits_make(
            &c, rescale(kind->x, kind->y, count, kind->multiplier, kind->shift, kind->lo, kind->hi),
            1, &arena);
        CHECK(!circuits_is_caught(&c));
        with_table += has_hint(&c, VCH_HINT_QUOTIENT);
        with_signs += has_hint(&c, VCH_HINT_SIGNS);
        with_flags += has_hint(&c, VCH_HINT_FLAGS);
        for (uint32_t i = 0; i < (count == 24 ? 24 : 2); i++)
            cannot_be_changed(&c, kind, count == 24 ? i : test_below(count));
        vch_arena_release(&arena);
    }
    CHECK(with_table >= 2 && with_signs >= 2 && with_flags >= 2);
}

// With M = 20000 and s = 50, 12345 * M + 2^49 - 2^50 * 16384 is a remainder modulo p: 16384 would
// pass for the quotient 0 if nothing bounded it.
TEST(a_quotient_that_wraps_around_the_field_is_caught)
{
    struct circuits c;

    init();
    circuits_must(
        &c, circuits_build(&c, rescale(VCH_TYPE_I16, VCH_TYPE_I16, 1, 20000, 50, -32767, 32767), 0,
                           1, 1, &arena));
    circuits_random_inputs(&c);
    *(int16_t *)c.inputs[0].data = 12345;
    circuits_witness(&c);
    CHECK_EQ(circuits_claimed(&c, 0), 0);
    const uint64_t remainder = vch_fp_sub(vch_fp_add((uint64_t)12345 * 20000, (uint64_t)1 << 49),
                                          vch_fp_mul((uint64_t)1 << 50, 16384));
    CHECK(remainder < (uint64_t)1 << 50);
    CHECK(circuits_claims(&c, 0, 16384));

    // Without the section that bounds y the forgery stands: it is that section which catches it.
    struct vch_statement *s = &c.circuit.statement;
    for (uint32_t i = 0; i < s->section_count; i++) {
        struct vch_section *section = &s->sections[i];
        const struct vch_linear *linears = section->entries[section->entry_count - 1].form.linears;
        if (section->kind != VCH_SECTION_LOOKUP || linears == NULL ||
            linears->cells.first != circuits_value(&c, c.claim.model.graph->outputs[0].value))
            continue;
        struct vch_expression *entries = VCH_ARENA_NEW(&arena, struct vch_expression, 2);
        CHECK(section->entry_count == 2);
        section->entries = entries; // (0, 0) is a row of every RANGE
    }
    CHECK_EQ(s->sections[0].table, 0);
    CHECK(!circuits_claims(&c, 0, 16384));
    vch_arena_release(&arena);
}

// The sign of an excess, and the excess, cannot be chosen.
TEST(a_saturated_result_cannot_pretend_not_to_be)
{
    struct circuits c;

    init();
    circuits_must(&c,
                  circuits_build(&c, rescale(VCH_TYPE_I16, VCH_TYPE_I8, 3, 16384, 14, -127, 127), 0,
                                 1, 1, &arena));
    circuits_random_inputs(&c);
    ((int16_t *)c.inputs[0].data)[0] = 200;  // above
    ((int16_t *)c.inputs[0].data)[1] = 127;  // at the edge
    ((int16_t *)c.inputs[0].data)[2] = -128; // below
    circuits_witness(&c);
    CHECK(!circuits_is_caught(&c));
    CHECK_EQ(circuits_claimed(&c, 0), 127);
    CHECK_EQ(circuits_claimed(&c, 2), -127);
    CHECK(circuits_claims(&c, 0, 126));
    CHECK(circuits_claims(&c, 1, 126));
    CHECK(circuits_claims(&c, 2, -126));
    CHECK(circuits_claims(&c, 0, 200));
    for (uint32_t h = 0; h < c.circuit.hint_count; h++) {
        const struct vch_hint *hint = &c.circuit.hints[h];
        if (hint->kind != VCH_HINT_SIGNS) continue;
        for (uint32_t i = 0; i < 6; i++) {
            const uint64_t before = *circuits_cell(&c, hint->cells + i);
            // At the edge both signs say the same, and an excess of sign 0 says nothing.
            if (i == 1 || i == 4) continue;
            *circuits_cell(&c, hint->cells + i) = vch_fp_add(before, 1);
            (void)vch_statement_count_lookups(&c.circuit.statement, c.witness.cells, &arena, NULL);
            CHECK_FAILS(circuits_check(&c), BAD_PROOF);
            *circuits_cell(&c, hint->cells + i) = before;
        }
    }
    vch_arena_release(&arena);
}

// Channels whose shifts are far apart: one bound for all of them would have to be refused.
TEST(channels_of_very_different_shifts_have_a_circuit)
{
    struct graphs build;
    struct circuits c;

    init();
    graphs_init(&build, &arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I16, graphs_shape(1, 9, 0, 0));
    const uint32_t y = graphs_linear(&build, x, 3, VCH_TYPE_I16);
    static const int32_t multipliers[] = {20000, 20000, 1};
    static const uint32_t shifts[] = {20, 50, 61};
    graphs_writer(&build, y)->scaling = (struct vch_scaling){3, multipliers, shifts, -32767, 32767};
    graphs_output(&build, y);
    circuits_make(&c, graphs_finish(&build), 1, &arena);
    CHECK(!circuits_is_caught(&c));
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(circuits_claims(&c, i, circuits_claimed(&c, i) + 1));
        CHECK(circuits_claims(&c, i, circuits_claimed(&c, i) + 16384));
        CHECK(circuits_claims(&c, i, circuits_claimed(&c, i) - 16384));
    }
    vch_arena_release(&arena);
}

// 5 is far above what a quotient by 2^62 can be, and the excess would have to wrap around.
TEST(a_quotient_that_could_wrap_around_is_refused_by_name)
{
    struct circuits c;

    init();
    CHECK_FAILS(
        circuits_build(&c, rescale(VCH_TYPE_I8, VCH_TYPE_I8, 1, 1, 62, 5, 127), 0, 1, 1, &arena),
        UNSUPPORTED);
    CHECK(strstr(c.complaint.text, "operator 0, \"rescale\"") != NULL);
    vch_arena_release(&arena);
}
