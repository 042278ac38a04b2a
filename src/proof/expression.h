// What expressions are worth, given the cells: for whoever makes a witness.
#pragma once

#include "base/arena.h"
#include "field/field.h"
#include "proof/statement.h"

// The values of all cells by number, and of the public cells. Elements of F.
struct vch_expression_source {
    const uint64_t *cells, *public_values;
};

static inline uint64_t vch_expression_cell(const struct vch_expression_source *source,
                                           uint32_t number)
{
    if (number < VCH_STATEMENT_PUBLIC) return source->cells[number];
    return number == VCH_STATEMENT_NONE ? 0 : source->public_values[number - VCH_STATEMENT_PUBLIC];
}

// The number of a cell.
static inline uint32_t vch_expression_number(const struct vch_cells *cells, uint32_t lanes,
                                             uint32_t row, uint32_t lane)
{
    if (cells->list != NULL) return cells->list[(size_t)row * lanes + lane];
    return cells->first + row * cells->row_step + lane * cells->lane_step;
}

// The number of X(row, k1, k2) or W(lane, k1, k2) for an index without k1 (vch_expression_index).
static inline uint32_t vch_expression_side(const struct vch_side *side, uint32_t index, uint32_t k1)
{
    if (index == VCH_STATEMENT_NONE) return VCH_STATEMENT_NONE;
    const uint32_t whole = index + k1 * side->outer_step;
    return side->list != NULL ? side->list[whole] : side->first + whole;
}

static inline uint32_t vch_expression_index(const struct vch_side *side, uint32_t inner,
                                            uint32_t row, uint32_t k2)
{
    if (side->table != NULL) return side->table[(size_t)row * inner + k2];
    return row * side->row_step + k2 * side->inner_step;
}

// The value at one row and lane, term by term: the definition.
uint64_t vch_expression_value(const struct vch_expression *expression, uint32_t lanes, uint32_t row,
                              uint32_t lane, const struct vch_expression_source *source);

// out[(p - first) * lanes + o] = the values of rows [first, first + count). `arena` is for scratch,
// given back before this returns: 8 bytes for each term of each matrix' lanes and of 16 rows.
vch_status vch_expression_values(uint64_t *out, const struct vch_expression *expression,
                                 uint32_t lanes, uint32_t first, uint32_t count,
                                 const struct vch_expression_source *source,
                                 struct vch_arena *arena);

// The same for a form: out[(p - first) * lanes + o].
void vch_expression_form(uint64_t *out, const struct vch_form *form, uint32_t lanes, uint32_t first,
                         uint32_t count, const struct vch_expression_source *source);
