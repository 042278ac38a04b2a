#include "proof/lookups.h"

#include <inttypes.h>
#include <stdio.h>

// Weights are gathered once a block, which is little where it has this many rows.
enum { BLOCK_PLACES = 4096, ROWS_MIN = 8, TEXT = 160 };

// "(5, -1)"
static void print_tuple(char *text, const uint64_t *tuple, uint32_t entries)
{
    size_t at = 0;

    for (uint32_t e = 0; e < entries && at < TEXT; e++)
        at += (size_t)snprintf(text + at, TEXT - at, "%s%" PRId64, e == 0 ? "(" : ", ",
                               vch_fp_to_i64(tuple[e + 1]));
    if (at < TEXT) (void)snprintf(text + at, TEXT - at, ")");
}

static vch_status not_found(const struct vch_statement *statement, uint32_t index, uint32_t row,
                            uint32_t lane, const uint64_t *tuple, struct vch_complaint *complaint)
{
    const struct vch_section *section = &statement->sections[index];
    char text[TEXT];

    print_tuple(text, tuple, section->entry_count);
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "section %u, row %u, lane %u: %s is not a row of table %u", index, row,
                        lane, text, section->table);
}

static vch_status count_section(uint32_t *counts, const struct vch_tuples *tuples,
                                const struct vch_statement *statement, uint32_t index,
                                const struct vch_expression_source *source, struct vch_arena *arena,
                                struct vch_complaint *complaint)
{
    const struct vch_section *section = &statement->sections[index];
    const uint32_t wanted = BLOCK_PLACES / section->lanes + ROWS_MIN;
    const uint32_t block = section->rows < wanted ? section->rows : wanted;
    const size_t places = (size_t)block * section->lanes;
    uint64_t(*found)[VCH_TUPLES_WIDTH] = vch_arena_alloc(arena, places, sizeof *found);

    if (found == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t first = 0; first < section->rows; first += block) {
        const uint32_t left = section->rows - first, rows = left < block ? left : block;
        VCH_TRY(vch_tuples_read(found, section, first, rows, source, arena));
        for (uint32_t i = 0; i < rows * section->lanes; i++) {
            const uint32_t row = vch_tuples_find(tuples, found[i]);
            if (row == tuples->count)
                return not_found(statement, index, first + i / section->lanes, i % section->lanes,
                                 found[i], complaint);
            counts[row]++;
        }
    }
    return VCH_OK;
}

vch_status vch_lookups_count(uint32_t *counts, const struct vch_tuples *tuples,
                             const struct vch_statement *statement,
                             const struct vch_expression_source *source, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < tuples->count; i++)
        counts[i] = 0;
    for (uint32_t i = 0; i < statement->section_count; i++) {
        if (statement->sections[i].kind != VCH_SECTION_LOOKUP) continue;
        const struct vch_arena_mark mark = vch_arena_mark(arena);
        vch_status status = count_section(counts, tuples, statement, i, source, arena, complaint);
        vch_arena_rewind(arena, mark);
        VCH_TRY(status);
    }
    return VCH_OK;
}
