// Passes over long arrays, divided among threads in parts that stay in a cache.
#pragma once

#include "proof/prover.h"

#define VCH_PROVER_PASSES_PART 1024u  // elements of each array
#define VCH_PROVER_PASSES_ALONE 4096u // so few are not worth waking anybody

struct vch_prover_passes_range {
    size_t first, count, part; // `part` is the range's number
};

// How many parts `count` elements have.
static inline size_t vch_prover_passes_parts(size_t count)
{
    return (count + VCH_PROVER_PASSES_PART - 1) / VCH_PROVER_PASSES_PART;
}

// Calls task() for each part of [0, count).
void vch_prover_passes_run(const struct vch_prover *prover, size_t count,
                           void (*task)(void *context, const struct vch_prover_passes_range *range),
                           void *context);

// The sum of so many pairs of numbers.
void vch_prover_passes_sum(struct vch_ext sum[2], const struct vch_ext (*parts)[2], size_t count);
