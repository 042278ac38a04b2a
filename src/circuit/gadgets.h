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
    struct vch_scalar bound;  // on |a|, in each lane: at most 2^62, as a plain number
    struct vch_scalar shifts; // 1 .. 62, plain numbers
    struct vch_cells y;
    int64_t lo, hi;
};
// UNSUPPORTED where it could be forged by wrapping around p, with a complaint that says so.
vch_status vch_gadgets_quotient(struct vch_builder *builder, const struct vch_quotient *quotient);

// y = requantise(acc) as specs/arithmetic.md has it, with |acc| <= bound.
struct vch_requantisation {
    struct vch_grid grid;
    struct vch_expression acc;
    uint64_t bound;
    struct vch_scaling scaling; // lo, hi; and without `entry`
    const uint32_t *entry;      // multiplier and shift of each lane; NULL: lane o has entry o, or
                                // the only one
    struct vch_cells y;
};
vch_status vch_gadgets_requantise(struct vch_builder *builder,
                                  const struct vch_requantisation *how);
