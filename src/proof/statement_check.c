#include "proof/statement_check.h"

#include <inttypes.h>

#include "proof/lookups.h"

static vch_status check_canonical(const struct vch_statement *statement, const uint64_t *cells,
                                  struct vch_complaint *complaint)
{
    const size_t count = (size_t)statement->row_count << statement->log_columns;

    for (size_t i = 0; i < count; i++)
        if (!vch_fp_is_canonical(cells[i]))
            return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                                "cell %zu is %" PRIu64 ", no element of the field", i, cells[i]);
    return VCH_OK;
}

static vch_status check_zeros(const struct vch_statement *statement, uint32_t index,
                              const struct vch_expression_source *source, struct vch_arena *arena,
                              struct vch_complaint *complaint)
{
    const struct vch_section *section = &statement->sections[index];
    uint64_t *values = VCH_ARENA_NEW(arena, uint64_t, section->lanes);

    if (values == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t p = 0; p < section->rows; p++) {
        VCH_TRY(
            vch_expression_values(values, section->entries, section->lanes, p, 1, source, arena));
        for (uint32_t o = 0; o < section->lanes; o++)
            if (values[o] != 0)
                return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                                    "section %u, row %u, lane %u: %" PRId64 ", expected 0", index,
                                    p, o, vch_fp_to_i64(values[o]));
    }
    return VCH_OK;
}

// Adds the multiplicities of equal rows up where the first of them is.
static void add_multiplicities(uint64_t *sums, const struct vch_tuples *tuples,
                               const struct vch_statement *statement, const uint64_t *cells)
{
    uint32_t next = 0;

    for (uint32_t i = 0; i < statement->section_count; i++) {
        const struct vch_section *section = &statement->sections[i];
        if (section->kind != VCH_SECTION_TABLE) continue;
        for (uint32_t at = 0; at < section->rows * section->lanes; at++, next++) {
            const uint32_t number = vch_cells_number(&section->multiplicities, section->lanes,
                                                     at / section->lanes, at % section->lanes);
            uint64_t *sum = &sums[vch_tuples_find(tuples, tuples->rows[next])];
            *sum = vch_fp_add(*sum, cells[number]);
        }
    }
}

static vch_status check_lookups(const struct vch_statement *statement, const uint64_t *cells,
                                const struct vch_expression_source *source, struct vch_arena *arena,
                                struct vch_complaint *complaint)
{
    struct vch_tuples tuples;

    VCH_TRY(vch_tuples_collect(&tuples, statement, source, arena));
    uint32_t *counts = VCH_ARENA_NEW(arena, uint32_t, tuples.count);
    uint64_t *sums = VCH_ARENA_NEW(arena, uint64_t, tuples.count);
    if (counts == NULL || sums == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_lookups_count(counts, &tuples, statement, source, arena, complaint));
    add_multiplicities(sums, &tuples, statement, cells);
    for (uint32_t i = 0; i < tuples.count; i++)
        if (sums[i] != counts[i])
            return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                                "row %u of all tables (table %" PRIu64 ", %" PRId64
                                ", ...) is looked up %u times, its multiplicity says %" PRIu64,
                                i, tuples.rows[i][0], vch_fp_to_i64(tuples.rows[i][1]), counts[i],
                                sums[i]);
    return VCH_OK;
}

static vch_status check_all(const struct vch_statement *statement, const uint64_t *cells,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_expression_source source = {cells, statement->public_values};

    VCH_TRY(check_canonical(statement, cells, complaint));
    VCH_TRY(check_lookups(statement, cells, &source, arena, complaint));
    for (uint32_t i = 0; i < statement->section_count; i++)
        if (statement->sections[i].kind == VCH_SECTION_ZERO)
            VCH_TRY(check_zeros(statement, i, &source, arena, complaint));
    return VCH_OK;
}

vch_status vch_statement_check_witness(const struct vch_statement *statement, const uint64_t *cells,
                                       struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    vch_status status = check_all(statement, cells, arena, complaint);

    vch_arena_rewind(arena, mark);
    return status;
}
