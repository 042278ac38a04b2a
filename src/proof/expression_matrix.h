// The sums of products in an expression, many rows and lanes at once.
#pragma once

#include "proof/expression.h"

// out[(p - first) * lanes + o] += the matrix' values, for rows [first, first + count).
vch_status vch_expression_matrix_add(uint64_t *out, const struct vch_matrix *matrix, uint32_t lanes,
                                     uint32_t first, uint32_t count,
                                     const struct vch_expression_source *source,
                                     struct vch_arena *arena);

// Bytes that it takes from `arena`, for however many rows.
size_t vch_expression_matrix_scratch(const struct vch_matrix *matrix);
