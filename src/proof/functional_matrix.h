// One side of a sum of products, added to a functional.
#pragma once

#include "base/arena.h"
#include "proof/functional_sum.h"

// eq(rho, slot) = outer[k1] * inner[k2] for the slots of one matrix.
struct vch_functional_matrix {
    struct vch_functional_sum *sum;
    const struct vch_matrix *matrix;
    struct vch_planes outer, inner;
};

vch_status vch_functional_matrix_init(struct vch_functional_matrix *sides,
                                      struct vch_functional_sum *sum,
                                      const struct vch_matrix *matrix, const struct vch_ext *rho,
                                      uint64_t slot, struct vch_arena *arena);

// Adds cell (r, k1, k2) of a side with the weight factor * weights[r] * outer[k1] * inner[k2], for
// `count` rows or lanes.
vch_status vch_functional_matrix_add(const struct vch_functional_matrix *sides,
                                     const struct vch_side *side, struct vch_const_planes weights,
                                     uint32_t count, struct vch_ext factor,
                                     struct vch_arena *arena);
