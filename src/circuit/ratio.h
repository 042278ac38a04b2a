// Quotients by what is a cell itself: specs/circuit.md, section 5, with the argument.
#pragma once

#include "circuit/column.h"

struct vch_ratio {
    uint32_t rows;
    struct vch_form n, d;      // dividend and divisor
    uint64_t n_bound, d_bound; // |n| and d are at most that
    struct vch_cells y;
    int64_t lo, hi;
};

// y = floor(n / d), which is known to be in lo .. hi; 1 <= d. UNSUPPORTED, without a complaint,
// where somebody could forge it by wrapping around p.
vch_status vch_ratio_floor(struct vch_builder *builder, const struct vch_ratio *ratio);

// What a clamp adds: y is in lo .. hi already.
struct vch_ratio_clamp {
    struct vch_form lo, hi; // of each row, in the ratio's lo .. hi or its mirror image
    uint32_t width;         // bits of the largest rest
    // Absent: NULL. A bit that asks n to be 1 more than lo takes, and what waives everything.
    const struct vch_cells *zero, *waived;
};

// y = clamp(floor(n / d), lo, hi). As above.
vch_status vch_ratio_clamped(struct vch_builder *builder, const struct vch_ratio *ratio,
                             const struct vch_ratio_clamp *clamp);
