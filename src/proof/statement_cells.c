#include "proof/statement_cells.h"

#include <inttypes.h>

#include "field/field.h"

struct place {
    const struct vch_statement *statement;
    const struct vch_section *section;
    uint32_t index;
    struct vch_complaint *complaint;
};

static vch_status no_cell(const struct place *place, uint64_t number)
{
    return vch_complain(place->complaint, VCH_CODE_USAGE,
                        "section %u uses cell %" PRIu64 ", expected a number below %" PRIu64
                        " or one of %u public cells",
                        place->index, number,
                        (uint64_t)place->statement->row_count << place->statement->log_columns,
                        place->statement->public_count);
}

static bool is_cell(const struct place *place, uint64_t number)
{
    const struct vch_statement *statement = place->statement;

    if (number < VCH_STATEMENT_PUBLIC)
        return number < (uint64_t)statement->row_count << statement->log_columns;
    return number == VCH_STATEMENT_NONE || number - VCH_STATEMENT_PUBLIC < statement->public_count;
}

static vch_status check_list(const struct place *place, const uint32_t *list, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        if (!is_cell(place, list[i])) return no_cell(place, list[i]);
    return VCH_OK;
}

// first .. first + span are cells, all committed or all public.
static vch_status check_span(const struct place *place, uint32_t first, uint64_t span)
{
    const uint64_t last = first + span;

    if (first == VCH_STATEMENT_NONE && span == 0) return VCH_OK;
    if (!is_cell(place, first) || first == VCH_STATEMENT_NONE) return no_cell(place, first);
    if (span > UINT32_MAX || last >= VCH_STATEMENT_NONE || !is_cell(place, last) ||
        (first < VCH_STATEMENT_PUBLIC) != (last < VCH_STATEMENT_PUBLIC))
        return no_cell(place, last);
    return VCH_OK;
}

// UINT64_MAX where the sum is larger than any number of a cell.
static uint64_t add_steps(uint64_t sum, uint32_t count, uint32_t step)
{
    const uint64_t steps = (uint64_t)(count - 1) * step;

    return sum > UINT32_MAX || steps > UINT32_MAX ? UINT64_MAX : sum + steps;
}

static vch_status check_cells(const struct place *place, const struct vch_cells *cells)
{
    const struct vch_section *section = place->section;

    if (cells->list != NULL)
        return check_list(place, cells->list, (uint64_t)section->rows * section->lanes);
    const uint64_t span =
        add_steps(add_steps(0, section->rows, cells->row_step), section->lanes, cells->lane_step);
    return check_span(place, cells->first, span);
}

static vch_status check_scalar(const struct place *place, const struct vch_scalar *scalar)
{
    const uint32_t count = scalar->lanes == NULL ? 1 : place->section->lanes;
    const uint64_t *values = scalar->lanes == NULL ? &scalar->one : scalar->lanes;

    for (uint32_t o = 0; o < count; o++)
        if (!vch_fp_is_canonical(values[o]))
            return vch_complain(place->complaint, VCH_CODE_USAGE,
                                "section %u has %" PRIu64 " for an element of the field",
                                place->index, values[o]);
    return VCH_OK;
}

static vch_status check_form(const struct place *place, const struct vch_form *form)
{
    VCH_TRY(check_scalar(place, &form->constant));
    for (uint32_t i = 0; i < form->linear_count; i++) {
        VCH_TRY(check_scalar(place, &form->linears[i].coefficient));
        VCH_TRY(check_cells(place, &form->linears[i].cells));
    }
    return VCH_OK;
}

// A list is as long as its largest index asks for, and all of it is checked.
static vch_status check_side(const struct place *place, const struct vch_side *side,
                             const struct vch_matrix *matrix, uint32_t count)
{
    uint64_t largest = 0;

    if (side->table == NULL) {
        largest = add_steps(add_steps(0, count, side->row_step), matrix->inner, side->inner_step);
    } else {
        const uint64_t entries = (uint64_t)count * matrix->inner;
        bool is_empty = true;
        for (uint64_t i = 0; i < entries; i++) {
            if (side->table[i] == VCH_STATEMENT_NONE) continue;
            is_empty = false;
            if (side->table[i] > largest) largest = side->table[i];
        }
        if (is_empty) return VCH_OK;
    }
    largest = add_steps(largest, matrix->outer, side->outer_step);
    if (side->list == NULL) return check_span(place, side->first, largest);
    if (largest >= VCH_STATEMENT_NONE) return no_cell(place, largest);
    return check_list(place, side->list, largest + 1);
}

static bool is_range(uint32_t first, uint32_t count, uint32_t whole)
{
    return count > 0 && first < whole && count <= whole - first;
}

static vch_status check_matrix(const struct place *place, const struct vch_matrix *matrix)
{
    const uint64_t slots = (uint64_t)1 << VCH_STATEMENT_LOG_SLOTS_MAX;

    if (!is_range(matrix->row_first, matrix->row_count, place->section->rows) ||
        !is_range(matrix->lane_first, matrix->lane_count, place->section->lanes) ||
        matrix->outer == 0 || matrix->inner == 0)
        return vch_complain(place->complaint, VCH_CODE_USAGE,
                            "section %u has a matrix outside its %u rows and %u lanes",
                            place->index, place->section->rows, place->section->lanes);
    if (matrix->outer > slots || matrix->inner > slots)
        return vch_complain(place->complaint, VCH_CODE_LIMIT,
                            "section %u has a product of %u times %u terms, more than proofs go",
                            place->index, matrix->outer, matrix->inner);
    VCH_TRY(check_scalar(place, &matrix->coefficient));
    VCH_TRY(check_side(place, &matrix->x, matrix, matrix->row_count));
    return check_side(place, &matrix->w, matrix, matrix->lane_count);
}

static vch_status check_expression(const struct place *place, const struct vch_expression *entry)
{
    VCH_TRY(check_form(place, &entry->form));
    for (uint32_t i = 0; i < entry->product_count; i++) {
        VCH_TRY(check_scalar(place, &entry->products[i].coefficient));
        VCH_TRY(check_form(place, &entry->products[i].a));
        VCH_TRY(check_form(place, &entry->products[i].b));
    }
    for (uint32_t i = 0; i < entry->matrix_count; i++)
        VCH_TRY(check_matrix(place, &entry->matrices[i]));
    return VCH_OK;
}

// Multiplicities are counted after the look-ups are known: they are cells of the proof's witness.
static vch_status check_multiplicities(const struct place *place)
{
    const struct vch_statement *statement = place->statement;
    const struct vch_section *section = place->section;
    const struct vch_cells *cells = &section->multiplicities;
    const uint32_t own = statement->oracles[statement->oracle_count - 1].rows;
    const uint64_t first = (uint64_t)(statement->row_count - own) << statement->log_columns;
    const uint64_t count = (uint64_t)section->rows * section->lanes;
    uint64_t lowest = cells->list == NULL ? cells->first : UINT64_MAX;

    VCH_TRY(check_cells(place, cells));
    if (cells->list == NULL && cells->first >= VCH_STATEMENT_PUBLIC)
        return no_cell(place, cells->first);
    for (uint64_t i = 0; cells->list != NULL && i < count; i++) {
        if (cells->list[i] >= VCH_STATEMENT_PUBLIC) return no_cell(place, cells->list[i]);
        if (cells->list[i] < lowest) lowest = cells->list[i];
    }
    if (lowest >= first) return VCH_OK;
    return vch_complain(place->complaint, VCH_CODE_USAGE,
                        "section %u counts look-ups in cell %" PRIu64
                        ", expected cells of the last oracle",
                        place->index, lowest);
}

vch_status vch_statement_cells_check(const struct vch_statement *statement, uint32_t section,
                                     struct vch_complaint *complaint)
{
    const struct place place = {statement, &statement->sections[section], section, complaint};

    for (uint32_t e = 0; e < place.section->entry_count; e++)
        VCH_TRY(check_expression(&place, &place.section->entries[e]));
    return place.section->kind == VCH_SECTION_TABLE ? check_multiplicities(&place) : VCH_OK;
}
