// Which cell is meant: the numbers that sections and matrices speak of.
#pragma once

#include "proof/statement.h"

static inline uint32_t vch_cells_number(const struct vch_cells *cells, uint32_t lanes, uint32_t row,
                                        uint32_t lane)
{
    if (cells->list != NULL) return cells->list[(size_t)row * lanes + lane];
    return cells->first + row * cells->row_step + lane * cells->lane_step;
}

static inline uint64_t vch_cells_scalar(const struct vch_scalar *scalar, uint32_t lane)
{
    return scalar->lanes != NULL ? scalar->lanes[lane] : scalar->one;
}

// Of X(row, k1, k2), what does not depend on k1; VCH_STATEMENT_NONE where that is 0.
static inline uint32_t vch_cells_index(const struct vch_side *side, uint32_t inner, uint32_t row,
                                       uint32_t k2)
{
    if (side->table != NULL) return side->table[(size_t)row * inner + k2];
    return row * side->row_step + k2 * side->inner_step;
}

// The cell that such an index and k1 say.
static inline uint32_t vch_cells_side(const struct vch_side *side, uint32_t index, uint32_t k1)
{
    if (index == VCH_STATEMENT_NONE) return VCH_STATEMENT_NONE;
    const uint32_t whole = index + k1 * side->outer_step;
    return side->list != NULL ? side->list[whole] : side->first + whole;
}

// The largest index of `count` rows or lanes; 0 where there is none.
static inline uint32_t vch_cells_largest_index(const struct vch_side *side, uint32_t inner,
                                               uint32_t count)
{
    uint32_t largest = 0;

    if (side->table == NULL) return (count - 1) * side->row_step + (inner - 1) * side->inner_step;
    for (size_t i = 0; i < (size_t)count * inner; i++)
        if (side->table[i] != VCH_STATEMENT_NONE && side->table[i] > largest)
            largest = side->table[i];
    return largest;
}
