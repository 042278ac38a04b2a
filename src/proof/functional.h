// The relations of sections 7 and 8 as one linear functional of the cells: prover and verifier
// alike.
//
//     const + m const_A + m^2 const_B + sum over cells g of V_g w_g
#pragma once

#include "proof/weights.h"

struct vch_functional {
    struct vch_planes values; // V: the caller's, zeros for all R * C cells when it begins
    struct vch_ext constant;
};

// Scratch from `arena`, given back: for the largest section, 16 bytes a row, 64 a lane, 16 a slot
// of its products, and 16 an index of a matrix' side (cells.h), of which no more are kept than
// eight times its terms in all rows or lanes.
vch_status vch_functional_sum(struct vch_functional *functional,
                              const struct vch_statement *statement,
                              const struct vch_weights *weights,
                              const struct vch_field_kernels *kernels, struct vch_arena *arena);
