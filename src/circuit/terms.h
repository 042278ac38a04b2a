// Expressions over cells, put together piece by piece in a builder's arena.
//
// An expression that was handed on stays as it is: adding to a copy never changes the original.
#pragma once

#include "circuit/builder.h"
#include "field/field.h"

// One integer for all lanes.
static inline struct vch_scalar vch_terms_scalar(int64_t value)
{
    return (struct vch_scalar){.one = vch_fp_from_i64(value)};
}

// Products and sums of scalars over so many lanes.
struct vch_scalar vch_terms_times(struct vch_builder *builder, uint32_t lanes, struct vch_scalar a,
                                  struct vch_scalar b);
struct vch_scalar vch_terms_plus(struct vch_builder *builder, uint32_t lanes, struct vch_scalar a,
                                 struct vch_scalar b);

// The expression that is a constant, or one cell.
struct vch_expression vch_terms_constant(struct vch_scalar value);
struct vch_expression vch_terms_cells(struct vch_builder *builder, struct vch_cells cells);

void vch_terms_add_constant(struct vch_builder *builder, struct vch_grid grid,
                            struct vch_expression *sum, struct vch_scalar value);
void vch_terms_add_cells(struct vch_builder *builder, struct vch_expression *sum,
                         struct vch_scalar coefficient, struct vch_cells cells);
void vch_terms_add_linears(struct vch_builder *builder, struct vch_expression *sum,
                           const struct vch_linear *linears, uint32_t count);
void vch_terms_add_product(struct vch_builder *builder, struct vch_expression *sum,
                           struct vch_scalar coefficient, struct vch_form a, struct vch_form b);
void vch_terms_add_matrices(struct vch_builder *builder, struct vch_expression *sum,
                            const struct vch_matrix *matrices, uint32_t count);
// sum += factor * other.
void vch_terms_add(struct vch_builder *builder, struct vch_grid grid, struct vch_expression *sum,
                   struct vch_scalar factor, const struct vch_expression *other);
// sum = factor * sum.
void vch_terms_scale(struct vch_builder *builder, struct vch_grid grid, struct vch_expression *sum,
                     struct vch_scalar factor);
