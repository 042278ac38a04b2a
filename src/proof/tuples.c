#include "proof/tuples.h"

#include "proof/slots.h"

// Multiply, add and fold: tables are not made by an adversary of whoever counts.
static uint32_t hash(const uint64_t *tuple)
{
    static const uint64_t odd[VCH_TUPLES_WIDTH] = {
        0x9e3779b97f4a7c15u, 0xbf58476d1ce4e5b9u, 0x94d049bb133111ebu, 0xd6e8feb86659fd93u,
        0xff51afd7ed558ccdu, 0xc4ceb9fe1a85ec53u, 0xa0761d6478bd642fu};
    uint64_t sum = 0;

    for (uint32_t i = 0; i < VCH_TUPLES_WIDTH; i++)
        sum += tuple[i] * odd[i];
    return (uint32_t)(sum >> 32) ^ (uint32_t)sum;
}

static bool is_equal(const uint64_t *a, const uint64_t *b)
{
    uint64_t differences = 0;

    for (uint32_t i = 0; i < VCH_TUPLES_WIDTH; i++)
        differences |= a[i] ^ b[i];
    return differences == 0;
}

vch_status vch_tuples_read(uint64_t (*out)[VCH_TUPLES_WIDTH], const struct vch_section *section,
                           uint32_t first, uint32_t count,
                           const struct vch_expression_source *source, struct vch_arena *arena)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    const size_t values = (size_t)count * section->lanes;
    uint64_t *column = VCH_ARENA_NEW(arena, uint64_t, values);
    vch_status status = VCH_OK;

    if (column == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < values; i++)
        out[i][0] = section->table;
    for (uint32_t e = 0; e + 1 < VCH_TUPLES_WIDTH && vch_is_ok(status); e++) {
        const bool is_used = e < section->entry_count;
        if (is_used)
            status = vch_expression_values(column, &section->entries[e], section->lanes, first,
                                           count, source, arena);
        for (size_t i = 0; i < values; i++)
            out[i][e + 1] = is_used ? column[i] : 0;
    }
    vch_arena_rewind(arena, mark);
    return status;
}

static void enter(struct vch_tuples *tuples, uint32_t row)
{
    uint32_t at = hash(tuples->rows[row]) & tuples->mask;

    for (; tuples->slots[at] != 0; at = (at + 1) & tuples->mask)
        if (is_equal(tuples->rows[tuples->slots[at] - 1], tuples->rows[row])) return;
    tuples->slots[at] = row + 1;
}

uint32_t vch_tuples_find(const struct vch_tuples *tuples, const uint64_t *tuple)
{
    uint32_t at = hash(tuple) & tuples->mask;

    for (; tuples->slots[at] != 0; at = (at + 1) & tuples->mask)
        if (is_equal(tuples->rows[tuples->slots[at] - 1], tuple)) return tuples->slots[at] - 1;
    return tuples->count;
}

vch_status vch_tuples_collect(struct vch_tuples *tuples, const struct vch_statement *statement,
                              const struct vch_expression_source *source, struct vch_arena *arena)
{
    const struct vch_section *sections = statement->sections;
    uint32_t count = 0;

    for (uint32_t i = 0; i < statement->section_count; i++)
        if (sections[i].kind == VCH_SECTION_TABLE) count += sections[i].rows * sections[i].lanes;
    const uint32_t slots = (uint32_t)1 << (vch_slots_log(count) + 1);
    *tuples = (struct vch_tuples){count, slots - 1, NULL, NULL};
    tuples->rows = vch_arena_alloc(arena, count, sizeof *tuples->rows);
    tuples->slots = VCH_ARENA_NEW(arena, uint32_t, slots);
    if (tuples->rows == NULL || tuples->slots == NULL) return VCH_FAIL(NO_MEMORY);

    uint64_t(*next)[VCH_TUPLES_WIDTH] = tuples->rows;
    for (uint32_t i = 0; i < statement->section_count; i++) {
        if (sections[i].kind != VCH_SECTION_TABLE) continue;
        VCH_TRY(vch_tuples_read(next, &sections[i], 0, sections[i].rows, source, arena));
        next += (size_t)sections[i].rows * sections[i].lanes;
    }
    for (uint32_t i = 0; i < count; i++)
        enter(tuples, i);
    return VCH_OK;
}
