// Counting a voucher's votes again, and following the commitments from segment to segment.
//
// Boundary b lies before segment b; boundary segment_count is the output. The votes themselves say
// which commitments lie at both ends of a segment by nodes. What lies behind a segment of the
// client's own is whatever the next segment's nodes were given: only recomputation joins it to
// what came before.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/complaint.h"
#include "voucher/contest.h"
#include "voucher/voucher.h"

struct vch_recount {
    bool has_valid_votes;  // each is by one node of the registry, one per party, on its input
    bool has_majorities;   // and each segment by nodes has one
    bool is_output_joined; // a last segment by nodes, whose majority is the voucher's output
    bool is_output_split;  // the same, but they differ
    struct vch_complaint complaint; // the first thing found wrong

    // Per segment of the job; zero where the client runs it or the voucher has no result for it.
    struct vch_tally tallies[VCH_JOB_SEGMENTS_MAX];
    const struct vch_segment_result *results[VCH_JOB_SEGMENTS_MAX];

    bool is_boundary_known[VCH_JOB_SEGMENTS_MAX + 1];
    struct vch_digest boundaries[VCH_JOB_SEGMENTS_MAX + 1];
};

// One more word on what lies at a boundary. False when it contradicts what was said before.
bool vch_recount_join(struct vch_recount *recount, uint32_t boundary,
                      const struct vch_digest *commitment);

// `agreed` is NULL, or has for each result NULL or what its agreement shows (voucher/contest.h):
// that is the majority then, however many of those who revealed also sent a vote to the client.
void vch_recount_votes(struct vch_recount *out, const struct vch_voucher *voucher,
                       const struct vch_contest_finding *const *agreed);
