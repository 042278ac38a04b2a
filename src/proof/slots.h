// Which slots a product or a matrix has: section 4 of specs/proof.md.
#pragma once

#include "proof/statement.h"

// The least n with 2^n >= count.
static inline uint32_t vch_slots_log(uint64_t count)
{
    uint32_t n = 0;

    while (((uint64_t)1 << n) < count)
        n++;
    return n;
}

// `next` moves past the slots whose first is returned.
static inline uint64_t vch_slots_product(uint64_t *next, const struct vch_section *section)
{
    const uint64_t first = *next;

    *next = first + (uint64_t)section->rows * section->lanes;
    return first;
}

static inline uint64_t vch_slots_matrix(uint64_t *next, const struct vch_matrix *matrix)
{
    const uint64_t row = (uint64_t)1 << vch_slots_log(matrix->inner);
    const uint64_t first = (*next + row - 1) / row * row;

    *next = first + matrix->outer * row;
    return first;
}
