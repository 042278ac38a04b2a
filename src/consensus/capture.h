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
#define VCH_CAPTURE_COMMITTEE_MAX 101u   // consensus/job.h: the largest quorum
#define VCH_CAPTURE_TRIALS 65536u
#define VCH_CAPTURE_TEXT_SIZE 32

struct vch_capture {
    uint64_t probability, error; // error: one standard error, 0 where the figure is exact
    uint32_t operators, dishonest;
    bool is_exact;
};

// A committee of `committee` out of `operators` drawn with equal odds, `dishonest` of which act as
// one: the chance that more than half of `committee` are theirs. Too large by at most 2^-63.
uint64_t vch_capture_equal(uint32_t operators, uint32_t dishonest, uint32_t committee);

// The same for the operators at hand, each with the sum of its nodes' weights; the dishonest ones
// hold at least `percent` of all weight, and are as many as such a share can be: the lightest.
// Exact where all weights are equal, otherwise VCH_CAPTURE_TRIALS draws from `seed`. Sorts and
// overwrites `weights`. USAGE without an operator with weight, or with counts above the limits.
vch_status vch_capture_estimate(struct vch_capture *out, uint64_t *weights, uint32_t operators,
                                uint32_t committee, uint32_t percent,
                                const struct vch_digest *seed);

// Bound on any of several captures: `times` chances of `probability` each; at most 1.
uint64_t vch_capture_union(uint64_t probability, uint64_t times);

// Two digits: "2.8e-2", "below 1e-18", "1".
void vch_capture_text(char out[static VCH_CAPTURE_TEXT_SIZE], uint64_t probability);
