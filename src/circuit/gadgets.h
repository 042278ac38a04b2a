// Relations that operators are made of: specs/circuit.md, section 3, with the argument for each.
#pragma once

#include "circuit/builder.h"
#include "circuit/terms.h"
#include "model/graph.h"

#define VCH_GADGETS_CLAMP_MAX 512u // an interval up to this length has a table

// The length of v in binary; 0 for 0.
static inline uint32_t vch_gadgets_bits(uint64_t v)
{
    return v == 0 ? 0 : 64 - (uint32_t)__builtin_clzll(v);
}

// lo <= expression <= hi, with hi - lo < 2^62.
void vch_gadgets_interval(struct vch_builder *builder, struct vch_grid grid,
                          const struct vch_expression *expression, int64_t lo, int64_t hi);

// y = clamp(floor(a / 2^shift), lo, hi).
struct vch_quotient {
    struct vch_grid grid;
    struct vch_expression a;
    struct vch_scalar shifts; // 0 .. 62; these and `reach` are plain numbers, one or one a lane
    struct vch_scalar reach;  // the largest |floor(a / 2^shift)|, below 2^62
    struct vch_cells y;
    int64_t lo, hi;
};
// |a| <= 2^62 is the caller's promise. UNSUPPORTED, without a complaint, where somebody could
// forge it by wrapping around p.
vch_status vch_gadgets_quotient(struct vch_builder *builder, const struct vch_quotient *quotient);

// y = requantise(acc) as specs/arithmetic.md has it, with |acc| <= bound.
struct vch_requantisation {
    struct vch_grid grid;
    struct vch_expression acc;
    uint64_t bound;
    struct vch_scaling scaling;
    const uint32_t *entry; // which of the multipliers and shifts each lane has; NULL: lane o has
                           // number o, or the only one
    struct vch_cells y;
};
// As vch_gadgets_quotient; the graph's rule on bounds is the caller's promise.
vch_status vch_gadgets_requantise(struct vch_builder *builder,
                                  const struct vch_requantisation *how);
