// Multiplicities: how often each row of each table is looked up.
#pragma once

#include "proof/expression.h"

// Rows of RANGE, by number 2^w - 1 + v, as they are looked up; noted while limbs are made.
struct vch_witness_ranges {
    uint32_t *counts;
    uint32_t limb_width;
    bool is_outside; // something was no row
};

static inline void vch_witness_count_note(struct vch_witness_ranges *ranges, uint64_t width,
                                          uint64_t value)
{
    const bool is_row = width <= ranges->limb_width && value >> width == 0;

    if (is_row)
        ranges->counts[((uint64_t)1 << width) - 1 + value]++;
    else
        ranges->is_outside = true;
}

// As vch_statement_count_lookups, where all look-ups in RANGE have been noted: faster, with the
// same result.
vch_status vch_witness_count(const struct vch_statement *statement, uint64_t *cells,
                             const struct vch_witness_ranges *ranges, struct vch_arena *arena,
                             struct vch_complaint *complaint);
