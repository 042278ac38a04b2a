// What expressions are worth, given the cells: for whoever makes a witness.
#pragma once

#include "base/arena.h"
#include "field/field.h"
#include "proof/cells.h"

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

// The value at one row and lane, term by term: the definition.
uint64_t vch_expression_value(const struct vch_expression *expression, uint32_t lanes, uint32_t row,
                              uint32_t lane, const struct vch_expression_source *source);

// out[(p - first) * lanes + o] = the values of rows [first, first + count). `arena` is for scratch,
// of vch_expression_scratch() bytes, and is given back before this returns.
vch_status vch_expression_values(uint64_t *out, const struct vch_expression *expression,
                                 uint32_t lanes, uint32_t first, uint32_t count,
                                 const struct vch_expression_source *source,
                                 struct vch_arena *arena);
size_t vch_expression_scratch(const struct vch_expression *expression, uint32_t lanes,
                              uint32_t count);

// The same for a form: out[(p - first) * lanes + o].
void vch_expression_form(uint64_t *out, const struct vch_form *form, uint32_t lanes, uint32_t first,
                         uint32_t count, const struct vch_expression_source *source);
