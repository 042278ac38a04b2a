// How likely a committee is to have a dishonest majority, if a stated share of the network is
// dishonest. For verdicts' readers; no verdict depends on it.
//
// Probabilities are integers in units of 2^-64; VCH_CAPTURE_CERTAIN stands for 1. Results are the
// same on every machine: exact ones are rounded up, the others carry their standard error.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "crypto/hash.h"

#define VCH_CAPTURE_CERTAIN UINT64_MAX
#define VCH_CAPTURE_OPERATORS_MAX 10000u // consensus/registry.h: as many as members
#define VCH_CAPTURE_COMMITTEE_MAX 255u   // agreement.md: 31 grows to 63, 127 and 255
#define VCH_CAPTURE_TRIALS 65536u        // check: 2**16
#define VCH_CAPTURE_TEXT_SIZE 32

struct vch_capture {
    uint64_t probability;
    // One standard error, counted as if there had been one capture at least and one miss; 0 where
    // the figure is exact.
    uint64_t error;
    uint32_t operators, dishonest; // with weight; of these, dishonest
    bool is_exact;
};

// A committee of `committee` out of `operators`, drawn with equal odds; `dishonest` of them act as
// one. The chance that more than half of `committee` are theirs, too large by at most 2^-63.
// `operators`, of which there are at least `dishonest`, and `committee` are in their limits.
uint64_t vch_capture_equal(uint32_t operators, uint32_t dishonest, uint32_t committee);

// The same for the operators at hand, `weights` being the sum of its nodes' weights for each. The
// dishonest ones hold `percent` of all weight or just more, and are as many as can share it: the
// lightest. That is the worst case, since an operator has one seat however heavy it is.
//
// Exact where all weights are equal, otherwise VCH_CAPTURE_TRIALS draws from `seed`, which is for
// the caller to derive from what it reports on, so that everyone gets the same figure. Overwrites
// `weights`. USAGE when no operator has weight, when counts are outside their limits, percent is
// above 100, or the weights' sum is not below 2^63.
vch_status vch_capture_estimate(struct vch_capture *out, uint64_t *weights, uint32_t operators,
                                uint32_t committee, uint32_t percent,
                                const struct vch_digest *seed);

// A bound on any of several captures happening: sums, at most 1. Of `times` chances of one size,
// as with orderings that somebody may try; of two different ones, as with rounds.
uint64_t vch_capture_times(uint64_t probability, uint64_t times);
uint64_t vch_capture_either(uint64_t a, uint64_t b);

// Two digits, to the nearest: "2.8e-2", "1", "0" where it cannot happen.
void vch_capture_text(char out[static VCH_CAPTURE_TEXT_SIZE], uint64_t probability);
