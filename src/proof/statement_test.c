// Statements are placed as section 4 of specs/proof.md says; what no builder may write is refused;
// a witness is checked relation by relation.
#include "proof/statement.h"

#include <stdio.h>
#include <string.h>

#include "harness/statements.h"
#include "harness/test.h"
#include "proof/statement_check.h"

static const struct made_shape shapes[] = {
    {9, 1, 1, 1, 0, 0, 1, 1, false, false},    {9, 1, 0, 0, 1, 4, 1, 1, true, true},
    {9, 2, 2, 1, 1, 8, 5, 7, true, false},     {9, 3, 3, 2, 3, 40, 9, 5, true, true},
    {10, 8, 4, 3, 4, 100, 33, 12, true, true}, {9, 1, 1, 2, 0, 0, 64, 64, false, false},
    {9, 1, 0, 0, 3, 4, 40, 700, false, true},
};

static struct vch_arena arena;

static void make(struct made *made, const struct made_shape *shape)
{
    vch_arena_init(&arena, (size_t)1 << 28);
    made_statement(made, shape, ((uint64_t)test_below(1u << 31) << 32) | test_below(1u << 31),
                   &arena);
}

TEST(random_statements_hold)
{
    FOR_EACH(shape, shapes)
    for (int i = 0; i < 5; i++) {
        struct made made;
        struct vch_complaint complaint = {0};
        make(&made, shape);
        vch_status status =
            vch_statement_check_witness(&made.statement, made.cells, &arena, &complaint);
        if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
        vch_arena_release(&arena);
    }
}

TEST(an_altered_cell_breaks_its_relation_and_the_complaint_says_which)
{
    FOR_EACH(shape, shapes)
    for (int i = 0; i < 20; i++) {
        struct made made;
        struct vch_complaint complaint = {0};
        make(&made, shape);
        const uint32_t cell = made.fixed_from + test_below(made.fixed_to - made.fixed_from);
        made.cells[cell] = vch_fp_add(made.cells[cell], 1 + test_below(1000));
        CHECK_FAILS(vch_statement_check_witness(&made.statement, made.cells, &arena, &complaint),
                    BAD_PROOF);
        CHECK(strstr(complaint.text, "section") != NULL || strstr(complaint.text, "row") != NULL);
        vch_arena_release(&arena);
    }
}

TEST(a_wrong_multiplicity_is_seen)
{
    struct made made;

    make(&made, &shapes[3]);
    const struct vch_section *table = &made.statement.sections[shapes[3].lookups];
    made.cells[table->multiplicities.first] =
        vch_fp_add(made.cells[table->multiplicities.first], 1);
    CHECK_FAILS(vch_statement_check_witness(&made.statement, made.cells, &arena, NULL), BAD_PROOF);
    vch_arena_release(&arena);
}

TEST(many_values_at_once_are_those_of_the_definition)
{
    FOR_EACH(shape, shapes)
    {
        struct made made;
        make(&made, shape);
        const struct vch_expression_source source = {made.cells, made.statement.public_values};
        for (uint32_t i = 0; i < made.statement.section_count; i++) {
            const struct vch_section *section = &made.statement.sections[i];
            const uint32_t first = test_below(section->rows), lanes = section->lanes;
            const uint32_t count = section->rows - first;
            uint64_t *values = VCH_ARENA_NEW(&arena, uint64_t, (size_t)count * lanes);
            for (uint32_t e = 0; e < section->entry_count; e++) {
                CHECK_OK(vch_expression_values(values, &section->entries[e], lanes, first, count,
                                               &source, &arena));
                for (uint32_t v = 0; v < count * lanes; v++)
                    CHECK(values[v] == vch_expression_value(&section->entries[e], lanes,
                                                            first + v / lanes, v % lanes, &source));
            }
        }
        vch_arena_release(&arena);
    }
}

// Two look-ups of 3 lanes, a table, a zero section with a product and a matrix: places by hand.
TEST(places_and_slots_are_those_of_the_specification)
{
    struct vch_product product = {{1, NULL}, {{1, NULL}, 0, NULL}, {{1, NULL}, 0, NULL}};
    struct vch_matrix matrix = {
        .coefficient = {1, NULL}, .row_count = 5, .lane_count = 2, .outer = 3, .inner = 5};
    const struct vch_expression plain = {0};
    const struct vch_expression full = {
        .product_count = 1, .matrix_count = 1, .products = &product, .matrices = &matrix};
    struct vch_section sections[] = {
        {VCH_SECTION_LOOKUP, 0, 7, 3, 1, &plain, {0}, 0, 0, 0},
        {VCH_SECTION_LOOKUP, 0, 1, 9, 1, &full, {0}, 0, 0, 0},
        {VCH_SECTION_TABLE, 0, 4, 1, 1, &plain, {0}, 0, 0, 0},
        {VCH_SECTION_ZERO, 0, 5, 2, 1, &full, {0}, 0, 0, 0},
        {VCH_SECTION_ZERO, 0, 1, 3, 1, &full, {0}, 0, 0, 0},
    };
    struct vch_statement statement = {
        .log_columns = 9, .oracle_count = 1, .section_count = 5, .sections = sections};

    statement.oracles[0].rows = 3;
    sections[1].rows = 1;
    matrix.row_count = 1;
    matrix.lane_count = 2;
    CHECK_OK(vch_statement_seal(&statement, NULL));
    CHECK_EQ(sections[0].base, 0);
    CHECK_EQ(sections[1].base, 32); // 28, up to a multiple of 16
    CHECK_EQ(sections[2].base, 48);
    CHECK_EQ(statement.log_places, 6); // 52
    CHECK_EQ(sections[3].base, 0);
    CHECK_EQ(sections[4].base, 12); // 10, up to a multiple of 4
    CHECK_EQ(statement.log_zero_places, 4);
    CHECK_EQ(sections[1].first_slot, 0);
    CHECK_EQ(sections[2].first_slot, 40); // 9, up to 16, and three times 8
    CHECK_EQ(sections[3].first_slot, 40);
    CHECK_EQ(sections[4].first_slot, 80); // 50, up to 56, and three times 8
    CHECK_EQ(statement.log_slots, 7);     // 83, up to 88, and three times 8: 112
    CHECK_EQ(statement.row_count, 3);
    CHECK_EQ(statement.log_cells, 11);
    // 2 + 3 (0 + .. + 5) + 6 * 4 + 1 + 3 * 7 + 2 + 3 * 11; 1 + 3 * 6 + 1
    CHECK_EQ(statement.message_count, 128);
    CHECK_EQ(statement.product_count, 20);
    CHECK_EQ(statement.pad_count, 208);
    CHECK_EQ(statement.log_pad_row, 9);
    CHECK_EQ(vch_statement_proof_size(&statement),
             32 + 16 * (128 + 40 + 1 + 1024 + 512) + 32 * 128 + 150 * (32 + 8 * 9 + 32 * 5));
}

static struct vch_statement small(struct vch_section *section, struct vch_linear *linear,
                                  struct vch_expression *entry)
{
    struct vch_statement statement = {.log_columns = 9, .oracle_count = 2, .section_count = 1};
    static const uint64_t public_values[3] = {1, 2, 3};

    *linear = (struct vch_linear){{1, NULL}, {NULL, 0, 1, 0}};
    *entry = (struct vch_expression){.form = {{0, NULL}, 1, linear}};
    *section = (struct vch_section){VCH_SECTION_ZERO, 0, 4, 2, 1, entry, {0}, 0, 0, 0};
    statement.oracles[0].rows = statement.oracles[1].rows = 1;
    statement.sections = section;
    statement.public_count = 3;
    statement.public_values = public_values;
    return statement;
}

TEST(cells_that_do_not_exist_are_refused)
{
    static const struct {
        uint32_t first, row_step, lane_step;
        bool is_fine;
    } cases[] = {
        {1020, 1, 0, true},
        {1021, 1, 0, false},
        {1023, 0, 0, true},
        {1024, 0, 0, false},
        {0, 341, 0, true},
        {0, 341, 1, false},
        {0, UINT32_MAX, 0, false},
        {0, 1u << 31, 1u << 31, false},
        {VCH_STATEMENT_PUBLIC, 0, 2, true},
        {VCH_STATEMENT_PUBLIC, 0, 3, false},
        {VCH_STATEMENT_PUBLIC - 1, 1, 0, false},
        {VCH_STATEMENT_NONE, 0, 0, true},
        {VCH_STATEMENT_NONE, 1, 0, false},
    };

    FOR_EACH(each, cases)
    {
        struct vch_section section;
        struct vch_linear linear;
        struct vch_expression entry;
        struct vch_statement statement = small(&section, &linear, &entry);
        linear.cells = (struct vch_cells){NULL, each->first, each->row_step, each->lane_step};
        CHECK_CODE(vch_statement_seal(&statement, NULL),
                   each->is_fine ? VCH_CODE_NONE : VCH_CODE_USAGE);
        uint32_t list[8];
        for (uint32_t i = 0; i < 8; i++)
            list[i] = each->first + (i / 2) * each->row_step + (i % 2) * each->lane_step;
        linear.cells.list = list;
        if (each->is_fine) CHECK_OK(vch_statement_seal(&statement, NULL));
        list[5] = 1024;
        CHECK_FAILS(vch_statement_seal(&statement, NULL), USAGE);
    }
}

TEST(shapes_that_no_builder_may_write_are_refused)
{
    struct vch_section section;
    struct vch_linear linear;
    struct vch_expression entry;
    const struct vch_statement good = small(&section, &linear, &entry);
    struct vch_statement bad[6] = {good, good, good, good, good, good};

    bad[0].log_columns = VCH_STATEMENT_LOG_COLUMNS_MIN - 1;
    bad[1].log_columns = VCH_STATEMENT_LOG_COLUMNS_MAX + 1;
    bad[2].oracle_count = 0;
    bad[3].oracle_count = VCH_STATEMENT_ORACLES_MAX + 1;
    bad[4].oracles[1].rows = 0;
    bad[5].public_count = 0;
    linear.cells.first = VCH_STATEMENT_PUBLIC;
    linear.cells.row_step = 0;
    FOR_EACH(statement, bad)
    CHECK_FAILS(vch_statement_seal(statement, NULL), USAGE);

    struct vch_statement statement = small(&section, &linear, &entry);
    section.rows = 0;
    CHECK_FAILS(vch_statement_seal(&statement, NULL), USAGE);
    section.rows = 4;
    section.entry_count = 2;
    CHECK_FAILS(vch_statement_seal(&statement, NULL), USAGE);
    section.entry_count = 1;
    linear.coefficient.one = VCH_FP_P;
    CHECK_FAILS(vch_statement_seal(&statement, NULL), USAGE);
    linear.coefficient.one = 1;
    section.kind = (enum vch_section_kind)3;
    CHECK_FAILS(vch_statement_seal(&statement, NULL), USAGE);
    section.kind = VCH_SECTION_TABLE; // which counts in cells that the witness does not have
    CHECK_FAILS(vch_statement_seal(&statement, NULL), USAGE);
    section.multiplicities = (struct vch_cells){NULL, 512, 2, 1};
    CHECK_OK(vch_statement_seal(&statement, NULL));
    section.multiplicities.first = VCH_STATEMENT_PUBLIC;
    CHECK_FAILS(vch_statement_seal(&statement, NULL), USAGE);
}

TEST(statements_larger_than_proofs_go_are_refused_with_a_limit)
{
    struct vch_section section;
    struct vch_linear linear;
    struct vch_expression entry;
    struct vch_statement statement = small(&section, &linear, &entry);
    struct vch_complaint complaint = {0};

    linear.cells.row_step = 0;
    section.kind = VCH_SECTION_LOOKUP;
    section.rows = 1u << 23;
    CHECK_FAILS(vch_statement_seal(&statement, &complaint), LIMIT); // pads need longer rows
    statement.log_columns = 12;
    CHECK_OK(vch_statement_seal(&statement, NULL));
    section.rows++;
    CHECK_FAILS(vch_statement_seal(&statement, &complaint), LIMIT);
    section.rows = UINT32_MAX;
    CHECK_FAILS(vch_statement_seal(&statement, NULL), LIMIT);
    section.rows = 1;
    section.lanes = UINT32_MAX;
    CHECK_FAILS(vch_statement_seal(&statement, NULL), LIMIT);
    section.lanes = 2;
    statement.oracles[0].rows = UINT32_MAX;
    CHECK_FAILS(vch_statement_seal(&statement, NULL), LIMIT);
}
