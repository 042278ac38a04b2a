// Asks nodes for one segment until a majority agrees or nobody is left.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "client/link.h"
#include "client/pool.h"
#include "client/round.h"
#include "consensus/registry.h"

struct vch_ask_candidate {
    uint32_t node;        // in the pool
    uint64_t estimate_us; // until its answer, as planned
};

struct vch_ask {
    struct vch_pool *pool;
    const struct vch_registry *registry;
    struct vch_link_question question; // budget_ms is filled in for each node
    uint32_t quorum, candidate_count;
    const struct vch_ask_candidate *candidates; // in the order of preference
    uint64_t patience_ms;                       // 0: from the candidate's estimate
    uint64_t grace_ms;                          // 0: from how long the majority took
    uint64_t deadline_us;                       // monotonic
    uint32_t first, last;                       // operators, for messages
    // What came of it.
    struct vch_round round; // its candidates stand as ask's do
    struct vch_round_tally tally;
    uint64_t elapsed_us, compute_us;
};

// The majority's tensor into `output` (question.output_size bytes). VCH_OK only with a majority
// that vch_vote_tally confirms. UNAVAILABLE, BAD_PROOF or TIMEOUT with a complaint that says who
// did what. The round is filled in either case; nobody is being asked any more.
vch_status vch_ask_run(struct vch_ask *ask, uint8_t *output, struct vch_arena *arena,
                       struct vch_complaint *complaint);

// Which candidate that is; candidate_count: none.
uint32_t vch_ask_candidate(const struct vch_ask *ask, const struct vch_link *link);

// "; st-mary (ab12cd34...) did not answer in time", for each candidate that voted or failed.
void vch_ask_tell(char *out, size_t size, const struct vch_ask *ask);
