#include "proof/statement_count.h"

#include "proof/lookups.h"

static void set_counts(const struct vch_statement *statement, uint64_t *cells,
                       const uint32_t *counts)
{
    for (uint32_t i = 0; i < statement->section_count; i++) {
        const struct vch_section *section = &statement->sections[i];
        if (section->kind != VCH_SECTION_TABLE) continue;
        for (uint32_t p = 0; p < section->rows; p++)
            for (uint32_t o = 0; o < section->lanes; o++)
                cells[vch_cells_number(&section->multiplicities, section->lanes, p, o)] = *counts++;
    }
}

static vch_status count(const struct vch_statement *statement, uint64_t *cells,
                        struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_expression_source source = {cells, statement->public_values};
    struct vch_tuples tuples;

    VCH_TRY(vch_tuples_collect(&tuples, statement, &source, arena));
    uint32_t *counts = VCH_ARENA_NEW(arena, uint32_t, tuples.count);
    if (counts == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_lookups_count(counts, &tuples, statement, &source, arena, complaint));
    set_counts(statement, cells, counts);
    return VCH_OK;
}

vch_status vch_statement_count_lookups(const struct vch_statement *statement, uint64_t *cells,
                                       struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    vch_status status = count(statement, cells, arena, complaint);

    vch_arena_rewind(arena, mark);
    return status;
}
