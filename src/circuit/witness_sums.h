// Sums of products as fast as the model's own kernels make them.
#pragma once

#include "circuit/hint.h"
#include "kernels/kernels.h"
#include "proof/expression.h"

// out[p * lanes + o] = the sum of all these matrices at (p, o). `arena` is for scratch, given back.
vch_status vch_witness_sums(uint64_t *out, const struct vch_matrix *matrices, uint32_t count,
                            struct vch_grid grid, const struct vch_expression_source *source,
                            const struct vch_kernels *kernels, struct vch_arena *arena);
