// What one member's inputs come to: a p-value, for one input or for a batch of them.
//
// Of one input it is the share of honest scores, its own among them, that are at least as large. Of
// a batch: at each of a few levels q, how likely it is that an honest member has this many inputs
// which fewer than q of the held-out scores reach; the least of these, times the number of levels.
// Probabilities are rounded up. See specs/likeness.md, section 5.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

#define VCH_EVIDENCE_ALPHA_ONE 1000000u // alpha is in millionths
#define VCH_EVIDENCE_ALPHA_MAX 500000u
#define VCH_EVIDENCE_INPUTS_MAX 1024u
#define VCH_EVIDENCE_LEVELS_MAX 16u // 2^0 to 2^15 of at most 65,536 scores

// What an honest member's batch looks like.
struct vch_evidence_odds {
    uint32_t score_count, input_count, level_count;
    // Of level l, in units of 2^-46: tails[l * (input_count + 1) + r] is the probability that r or
    // more inputs are reached by fewer than 2^l scores.
    const uint64_t *tails;
};

struct vch_evidence {
    uint32_t rank;                         // of the last input: how many held-out scores reach it
    uint32_t few[VCH_EVIDENCE_LEVELS_MAX]; // inputs so far that fewer than 2^l scores reach
};

struct vch_evidence_p {
    uint64_t numerator, denominator;
};

// In the arena; NO_MEMORY. 1 to 65,536 scores, 1 to VCH_EVIDENCE_INPUTS_MAX inputs.
vch_status vch_evidence_odds_make(struct vch_evidence_odds *out, uint32_t score_count,
                                  uint32_t input_count, struct vch_arena *arena);

// One more input. Start with all zeros.
void vch_evidence_add(struct vch_evidence *evidence, uint32_t rank);

// At most 1. All inputs have been added.
struct vch_evidence_p vch_evidence_p(const struct vch_evidence *evidence,
                                     const struct vch_evidence_odds *odds);

// The least p-value that there is.
struct vch_evidence_p vch_evidence_p_least(const struct vch_evidence_odds *odds);

// Is p at most alpha? Exactly.
bool vch_evidence_p_is_within(struct vch_evidence_p p, uint32_t alpha);
