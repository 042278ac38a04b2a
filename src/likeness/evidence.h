// What one member's inputs, one after the other, come to: a p-value for one, a wager for several.
//
// The wager starts at 1 and is multiplied, for each input, by a factor whose expectation is at most
// 1 for an honest member. So it ever reaches 1 / alpha with probability at most alpha, however many
// inputs there are. See specs/likeness.md, section 5.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VCH_EVIDENCE_ALPHA_ONE 1000000u // alpha is in millionths
#define VCH_EVIDENCE_ALPHA_MAX 500000u
#define VCH_EVIDENCE_ONE ((uint64_t)1 << 24)
#define VCH_EVIDENCE_INPUTS_MAX 65536u

struct vch_evidence {
    uint32_t count;   // inputs so far
    uint32_t rank;    // of the last input: held-out scores at least as large
    uint64_t wager;   // in units of 1 / VCH_EVIDENCE_ONE
    uint64_t highest; // that it ever was
};

void vch_evidence_init(struct vch_evidence *evidence);

// One more input, whose score `rank` of `score_count` held-out scores reach.
void vch_evidence_add(struct vch_evidence *evidence, uint32_t rank, uint32_t score_count);

// p = numerator / denominator, at most 1. Of one input (rank + 1) / (score_count + 1); of several
// 1 / the highest wager.
void vch_evidence_p(uint64_t *numerator, uint64_t *denominator, const struct vch_evidence *evidence,
                    uint32_t score_count);

// Is p at most alpha?
bool vch_evidence_is_flagged(const struct vch_evidence *evidence, uint32_t score_count,
                             uint32_t alpha);

// Could this many inputs, all worse than every held-out score, be flagged at all?
bool vch_evidence_is_enough(uint32_t input_count, uint32_t score_count, uint32_t alpha);
