// Statements that hold, made of anything a statement may be made of: for tests of module proof.
//
// Expressions are random, over cells that are random; each has one more summand, a cell of its own,
// which makes it what the relation asks for. So each of these cells, altered, breaks the statement.
#pragma once

#include <string.h>

#include "base/check.h"
#include "field/field.h"
#include "proof/expression.h"
#include "proof/statement.h"
#include "proof/statement_count.h"

struct made {
    struct vch_statement statement;
    uint64_t *cells;     // all of them, by number
    uint32_t base;       // cells below this one are what expressions may use
    uint32_t next;       // the next free cell of the witness
    uint32_t fixed_from; // cells [fixed_from, fixed_to) are the ones that make it hold
    uint32_t fixed_to;
    uint64_t random; // the generator's state
    struct vch_arena *arena;
};

struct made_shape {
    uint32_t log_columns, oracle_count, lookups, tables, zeros, public_count;
    uint32_t rows_max, lanes_max; // of a section
    bool has_products, has_matrices;
};

enum { MADE_TABLE_ENTRIES = 3 };

static inline uint64_t made_random(struct made *made)
{
    uint64_t z = made->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint32_t made_below(struct made *made, uint32_t bound)
{
    return (uint32_t)((made_random(made) >> 32) * bound >> 32);
}

static inline void *made_alloc(struct made *made, size_t count, size_t size)
{
    void *memory = vch_arena_alloc(made->arena, count, size);

    VCH_ASSERT(memory != NULL);
    return memory;
}

// Small integers and anything.
static inline uint64_t made_element(struct made *made)
{
    const uint64_t any = made_random(made);

    if (made_below(made, 4) == 0) return any % VCH_FP_P;
    return vch_fp_from_i64((int64_t)(any % 513) - 256);
}

// A cell that expressions may use: committed, public or none.
static inline uint32_t made_number(struct made *made)
{
    const uint32_t kind = made_below(made, 8);

    if (kind == 0) return VCH_STATEMENT_NONE;
    if (kind == 1 && made->statement.public_count > 0)
        return VCH_STATEMENT_PUBLIC + made_below(made, made->statement.public_count);
    return made_below(made, made->base);
}

static inline uint32_t *made_numbers(struct made *made, size_t count)
{
    uint32_t *list = (uint32_t *)made_alloc(made, count, sizeof *list);

    for (size_t i = 0; i < count; i++)
        list[i] = made_number(made);
    return list;
}

static inline struct vch_cells made_cells(struct made *made, uint32_t rows, uint32_t lanes)
{
    struct vch_cells cells = {0};

    if (made_below(made, 2) == 0) {
        cells.list = made_numbers(made, (size_t)rows * lanes);
        return cells;
    }
    cells.row_step = made_below(made, 3);
    cells.lane_step = made_below(made, 3);
    const uint32_t span = (rows - 1) * cells.row_step + (lanes - 1) * cells.lane_step;
    if (span >= made->base) { // more than there are
        cells.list = made_numbers(made, (size_t)rows * lanes);
        return cells;
    }
    const bool is_public = span < made->statement.public_count && made_below(made, 4) == 0;
    if (is_public)
        cells.first = VCH_STATEMENT_PUBLIC + made_below(made, made->statement.public_count - span);
    else
        cells.first = made_below(made, made->base - span);
    return cells;
}

static inline struct vch_scalar made_scalar(struct made *made, uint32_t lanes)
{
    struct vch_scalar scalar = {made_element(made), NULL};

    if (made_below(made, 2) == 0) return scalar;
    uint64_t *values = (uint64_t *)made_alloc(made, lanes, sizeof *values);
    for (uint32_t o = 0; o < lanes; o++)
        values[o] = made_element(made);
    scalar.lanes = values;
    return scalar;
}

// `own` is one more linear summand, or NULL.
static inline struct vch_form made_form(struct made *made, uint32_t rows, uint32_t lanes,
                                        const struct vch_linear *own)
{
    struct vch_form form = {.constant = made_scalar(made, lanes),
                            .linear_count = made_below(made, 3)};
    struct vch_linear *linears =
        (struct vch_linear *)made_alloc(made, form.linear_count + 1, sizeof *linears);

    for (uint32_t i = 0; i < form.linear_count; i++) {
        linears[i].coefficient = made_scalar(made, lanes);
        linears[i].cells = made_cells(made, rows, lanes);
    }
    if (own != NULL) linears[form.linear_count++] = *own;
    form.linears = linears;
    return form;
}

static inline struct vch_side made_side(struct made *made, uint32_t count, uint32_t outer,
                                        uint32_t inner)
{
    struct vch_side side = {.row_step = made_below(made, 4),
                            .inner_step = made_below(made, 4),
                            .outer_step = made_below(made, 6)};
    uint32_t largest = (count - 1) * side.row_step + (inner - 1) * side.inner_step;

    if (made_below(made, 2) == 0) {
        uint32_t *table = (uint32_t *)made_alloc(made, (size_t)count * inner, sizeof *table);
        for (uint32_t i = 0; i < count * inner; i++)
            table[i] = made_below(made, 5) == 0 ? VCH_STATEMENT_NONE : made_below(made, 9);
        side.table = table;
        largest = 8;
    }
    largest += (outer - 1) * side.outer_step;
    if (made_below(made, 2) == 0 || largest >= made->base)
        side.list = made_numbers(made, largest + 1);
    else
        side.first = made_below(made, made->base - largest);
    return side;
}

static inline struct vch_matrix made_matrix(struct made *made, uint32_t rows, uint32_t lanes)
{
    struct vch_matrix matrix = {.coefficient = made_scalar(made, lanes),
                                .row_first = made_below(made, rows),
                                .lane_first = made_below(made, lanes),
                                .outer = 1 + made_below(made, 3),
                                .inner = 1 + made_below(made, 5)};

    matrix.row_count = 1 + made_below(made, rows - matrix.row_first);
    matrix.lane_count = 1 + made_below(made, lanes - matrix.lane_first);
    matrix.x = made_side(made, matrix.row_count, matrix.outer, matrix.inner);
    matrix.w = made_side(made, matrix.lane_count, matrix.outer, matrix.inner);
    return matrix;
}

static inline struct vch_expression made_expression(struct made *made,
                                                    const struct made_shape *shape, uint32_t rows,
                                                    uint32_t lanes, const struct vch_linear *own)
{
    struct vch_expression expression = {.form = made_form(made, rows, lanes, own)};
    struct vch_product *products = (struct vch_product *)made_alloc(made, 2, sizeof *products);
    struct vch_matrix *matrices = (struct vch_matrix *)made_alloc(made, 2, sizeof *matrices);

    if (shape->has_products) expression.product_count = made_below(made, 3);
    if (shape->has_matrices) expression.matrix_count = made_below(made, 3);
    for (uint32_t i = 0; i < expression.product_count; i++)
        products[i] =
            (struct vch_product){made_scalar(made, lanes), made_form(made, rows, lanes, NULL),
                                 made_form(made, rows, lanes, NULL)};
    for (uint32_t i = 0; i < expression.matrix_count; i++)
        matrices[i] = made_matrix(made, rows, lanes);
    expression.products = products;
    expression.matrices = matrices;
    return expression;
}

// A linear summand of new cells.
static inline struct vch_linear made_own(struct made *made, uint32_t rows, uint32_t lanes)
{
    const struct vch_linear own = {{1, NULL}, {NULL, made->next, lanes, 1}};

    made->next += rows * lanes;
    return own;
}

// Sets the cells that `own` added so that the expression is worth `wanted` everywhere.
static inline void made_settle(struct made *made, const struct vch_section *section, uint32_t entry,
                               const uint64_t *wanted)
{
    const struct vch_expression *expression = &section->entries[entry];
    const struct vch_form *form = &expression->form;
    const struct vch_cells *own = &form->linears[form->linear_count - 1].cells;
    const struct vch_expression_source source = {made->cells, made->statement.public_values};

    for (uint32_t p = 0; p < section->rows; p++)
        for (uint32_t o = 0; o < section->lanes; o++) {
            const uint32_t number = vch_cells_number(own, section->lanes, p, o);
            made->cells[number] = 0;
            made->cells[number] =
                vch_fp_sub(wanted[p * section->lanes + o],
                           vch_expression_value(expression, section->lanes, p, o, &source));
        }
}

static inline void made_table(struct made *made, const struct made_shape *shape,
                              struct vch_section *section)
{
    struct vch_expression *entries =
        (struct vch_expression *)made_alloc(made, MADE_TABLE_ENTRIES, sizeof *entries);

    for (uint32_t e = 0; e < MADE_TABLE_ENTRIES; e++)
        entries[e] = made_expression(made, shape, section->rows, section->lanes, NULL);
    section->entry_count = MADE_TABLE_ENTRIES;
    section->entries = entries;
    section->multiplicities = made_own(made, section->rows, section->lanes).cells;
}

// Each look-up is one of the rows of `table`.
static inline void made_lookup(struct made *made, const struct made_shape *shape,
                               struct vch_section *section, const struct vch_section *table)
{
    const uint32_t places = section->rows * section->lanes;
    const struct vch_expression_source source = {made->cells, made->statement.public_values};
    struct vch_expression *entries =
        (struct vch_expression *)made_alloc(made, MADE_TABLE_ENTRIES, sizeof *entries);
    uint32_t *chosen = (uint32_t *)made_alloc(made, places, sizeof *chosen);
    uint64_t *wanted = (uint64_t *)made_alloc(made, places, sizeof *wanted);

    section->entry_count = MADE_TABLE_ENTRIES;
    section->entries = entries;
    for (uint32_t i = 0; i < places; i++)
        chosen[i] = made_below(made, table->rows * table->lanes);
    for (uint32_t e = 0; e < MADE_TABLE_ENTRIES; e++) {
        const struct vch_linear own = made_own(made, section->rows, section->lanes);
        entries[e] = made_expression(made, shape, section->rows, section->lanes, &own);
        for (uint32_t i = 0; i < places; i++)
            wanted[i] =
                vch_expression_value(&table->entries[e], table->lanes, chosen[i] / table->lanes,
                                     chosen[i] % table->lanes, &source);
        made_settle(made, section, e, wanted);
    }
}

static inline void made_zero(struct made *made, const struct made_shape *shape,
                             struct vch_section *section)
{
    const struct vch_linear own = made_own(made, section->rows, section->lanes);
    struct vch_expression *entry = (struct vch_expression *)made_alloc(made, 1, sizeof *entry);

    *entry = made_expression(made, shape, section->rows, section->lanes, &own);
    section->entry_count = 1;
    section->entries = entry;
    const uint64_t *wanted =
        (uint64_t *)made_alloc(made, (size_t)section->rows * section->lanes, sizeof *wanted);
    made_settle(made, section, 0, wanted);
}

static inline void made_sections(struct made *made, const struct made_shape *shape)
{
    struct vch_section *sections = made->statement.sections;
    struct vch_section *tables = sections + shape->lookups;

    for (uint32_t i = 0; i < made->statement.section_count; i++) {
        sections[i].rows = 1 + made_below(made, shape->rows_max);
        sections[i].lanes = 1 + made_below(made, shape->lanes_max);
        sections[i].kind = i < shape->lookups                   ? VCH_SECTION_LOOKUP
                           : i < shape->lookups + shape->tables ? VCH_SECTION_TABLE
                                                                : VCH_SECTION_ZERO;
    }
    for (uint32_t i = 0; i < shape->tables; i++) {
        tables[i].table = i;
        made_table(made, shape, &tables[i]);
    }
    made->fixed_from = made->next;
    for (uint32_t i = 0; i < shape->lookups; i++) {
        sections[i].table = made_below(made, shape->tables);
        made_lookup(made, shape, &sections[i], &tables[sections[i].table]);
    }
    for (uint32_t i = 0; i < shape->zeros; i++)
        made_zero(made, shape, &tables[shape->tables + i]);
    made->fixed_to = made->next;
}

// Cells that the sections of a shape take at most, and how many rows of them that are.
static inline uint32_t made_rows(const struct made_shape *shape)
{
    const uint32_t sections = MADE_TABLE_ENTRIES * shape->lookups + shape->tables + shape->zeros;
    const uint32_t cells = sections * shape->rows_max * shape->lanes_max;

    return (cells >> shape->log_columns) + 2; // the first is for expressions to use
}

static inline void made_oracles(struct made *made, const struct made_shape *shape)
{
    struct vch_statement *statement = &made->statement;
    const uint32_t last = shape->oracle_count - 1;

    for (uint32_t i = 0; i < last; i++) {
        statement->oracles[i].rows = 1 + made_below(made, 3);
        made->base += statement->oracles[i].rows << shape->log_columns;
    }
    statement->oracles[last].rows = made_rows(shape);
    made->base += UINT32_C(1) << shape->log_columns;
    made->next = made->base;
    const size_t cells = made->base + ((size_t)(made_rows(shape) - 1) << shape->log_columns);
    made->cells = (uint64_t *)made_alloc(made, cells, sizeof *made->cells);
    for (uint32_t i = 0; i < made->base; i++)
        made->cells[i] = made_element(made);
}

// Roots are left to whoever makes oracles.
static inline void made_statement(struct made *made, const struct made_shape *shape, uint64_t seed,
                                  struct vch_arena *arena)
{
    struct vch_complaint complaint = {0};

    *made = (struct made){.random = seed, .arena = arena};
    made->statement = (struct vch_statement){
        .log_columns = shape->log_columns,
        .oracle_count = shape->oracle_count,
        .public_count = shape->public_count,
        .section_count = shape->lookups + shape->tables + shape->zeros,
    };
    uint64_t *public_values =
        (uint64_t *)made_alloc(made, shape->public_count, sizeof *public_values);
    for (uint32_t i = 0; i < shape->public_count; i++)
        public_values[i] = made_element(made);
    made->statement.public_values = public_values;
    made->statement.sections = (struct vch_section *)made_alloc(made, made->statement.section_count,
                                                                sizeof *made->statement.sections);
    memset(made->statement.context.bytes, 0x5a, sizeof made->statement.context.bytes);
    made_oracles(made, shape);
    made_sections(made, shape);
    VCH_ASSERT(vch_is_ok(vch_statement_seal(&made->statement, &complaint)));
    VCH_ASSERT(
        vch_is_ok(vch_statement_count_lookups(&made->statement, made->cells, arena, &complaint)));
}
