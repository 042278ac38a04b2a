#include "circuit/witness_count.h"

#include "circuit/builder.h"
#include "proof/statement_count.h"
#include "proof/tuples.h"

enum { BLOCK_PLACES = 4096 };

// A table of pairs of constants: all but the last few rows have first entries that follow each
// other, so that a pair says by itself where it is.
struct pairs {
    const uint64_t *first, *second; // NULL: another kind of table
    uint32_t count;
    uint32_t *counts;
};

static const uint64_t *constants_of(const struct vch_expression *e)
{
    const bool is_constant =
        e->form.linear_count == 0 && e->product_count == 0 && e->matrix_count == 0;
    return is_constant ? e->form.constant.lanes : NULL;
}

static bool is_at(const struct pairs *t, uint64_t row, uint64_t first, uint64_t second)
{
    return row < t->count && t->first[row] == first && t->second[row] == second;
}

// The row, or `count`.
static uint32_t find_pair(const struct pairs *t, uint64_t first, uint64_t second)
{
    const uint64_t guess = vch_fp_sub(first, t->first[0]);

    if (is_at(t, guess, first, second)) return (uint32_t)guess;
    for (uint32_t row = t->count; row-- > 0 && row + 2 >= t->count;)
        if (is_at(t, row, first, second)) return row;
    return t->count;
}

// `ok` stays only while every look-up is found here.
struct counting {
    const struct vch_statement *statement;
    struct vch_expression_source source;
    struct pairs *tables; // by number
    struct vch_arena *arena;
    bool ok;
};

static vch_status note_tables(struct counting *c, const struct vch_witness_ranges *ranges)
{
    const struct vch_statement *s = c->statement;

    c->tables = VCH_ARENA_NEW(c->arena, struct pairs, s->section_count);
    if (c->tables == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < s->section_count; i++) {
        const struct vch_section *section = &s->sections[i];
        if (section->kind != VCH_SECTION_TABLE) continue;
        struct pairs *t = &c->tables[section->table];
        t->count = section->rows * section->lanes;
        t->counts = section->table == VCH_BUILDER_RANGE
                        ? ranges->counts
                        : VCH_ARENA_NEW(c->arena, uint32_t, t->count);
        if (t->counts == NULL) return VCH_FAIL(NO_MEMORY);
        if (section->rows != 1 || section->entry_count != 2) continue;
        t->first = constants_of(&section->entries[0]);
        t->second = constants_of(&section->entries[1]);
    }
    return VCH_OK;
}

static vch_status count_section(struct counting *c, const struct vch_section *section)
{
    const struct pairs *t = &c->tables[section->table];
    const uint32_t lanes = section->lanes, block = BLOCK_PLACES / lanes + 1;
    uint64_t *columns = VCH_ARENA_NEW(c->arena, uint64_t, (size_t)2 * block * lanes);
    uint64_t *first = columns, *second = columns + (size_t)block * lanes;

    if (columns == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t row = 0; row < section->rows; row += block) {
        const uint32_t left = section->rows - row, rows = left < block ? left : block;
        VCH_TRY(vch_expression_values(first, &section->entries[0], lanes, row, rows, &c->source,
                                      c->arena));
        VCH_TRY(vch_expression_values(second, &section->entries[1], lanes, row, rows, &c->source,
                                      c->arena));
        for (size_t i = 0; i < (size_t)rows * lanes; i++) {
            const uint32_t found = find_pair(t, first[i], second[i]);
            if (found < t->count)
                t->counts[found]++;
            else
                c->ok = false;
        }
    }
    return VCH_OK;
}

static vch_status count_pairs(struct counting *c)
{
    const struct vch_statement *s = c->statement;

    for (uint32_t i = 0; i < s->section_count && c->ok; i++) {
        const struct vch_section *section = &s->sections[i];
        if (section->kind != VCH_SECTION_LOOKUP || section->table == VCH_BUILDER_RANGE) continue;
        const struct pairs *t = &c->tables[section->table];
        if (t->first == NULL || t->second == NULL) continue;
        const struct vch_arena_mark mark = vch_arena_mark(c->arena);
        const vch_status status = count_section(c, section);
        vch_arena_rewind(c->arena, mark);
        VCH_TRY(status);
    }
    return VCH_OK;
}

static bool is_committed(const struct counting *c, const struct vch_section *section)
{
    const struct pairs *t = &c->tables[section->table];
    return section->kind != VCH_SECTION_ZERO && section->table != VCH_BUILDER_RANGE &&
           (t->first == NULL || t->second == NULL);
}

// The rest are tables of cells: a statement of these alone.
static vch_status count_committed(struct counting *c, uint64_t *cells)
{
    struct vch_statement part = *c->statement;
    uint32_t count = 0;

    part.sections = VCH_ARENA_NEW(c->arena, struct vch_section, part.section_count);
    if (part.sections == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < part.section_count; i++)
        if (is_committed(c, &c->statement->sections[i]))
            part.sections[count++] = c->statement->sections[i];
    part.section_count = count;
    if (count == 0) return VCH_OK;
    c->ok = vch_is_ok(vch_statement_count_lookups(&part, cells, c->arena, NULL));
    return VCH_OK;
}

static void write_counts(const struct counting *c, uint64_t *cells)
{
    for (uint32_t i = 0; i < c->statement->section_count; i++) {
        const struct vch_section *section = &c->statement->sections[i];
        if (section->kind != VCH_SECTION_TABLE || is_committed(c, section)) continue;
        const struct pairs *t = &c->tables[section->table];
        for (uint32_t o = 0; o < t->count; o++)
            cells[section->multiplicities.first + o] = t->counts[o];
    }
}

static vch_status count(struct counting *c, uint64_t *cells,
                        const struct vch_witness_ranges *ranges)
{
    VCH_TRY(note_tables(c, ranges));
    VCH_TRY(count_pairs(c));
    if (c->ok) VCH_TRY(count_committed(c, cells));
    if (c->ok) write_counts(c, cells);
    return VCH_OK;
}

vch_status vch_witness_count(const struct vch_statement *statement, uint64_t *cells,
                             const struct vch_witness_ranges *ranges, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    struct counting c = {
        .statement = statement,
        .source = {.cells = cells, .public_values = statement->public_values},
        .arena = arena,
        .ok = !ranges->is_outside,
    };
    const vch_status status = count(&c, cells, ranges);

    vch_arena_rewind(arena, mark);
    VCH_TRY(status);
    // Something is no row of its table: this says what.
    return c.ok ? VCH_OK : vch_statement_count_lookups(statement, cells, arena, complaint);
}
