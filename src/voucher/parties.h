// How much of a model each party could see: who answered for which segment, and what adds up.
//
// A party is whoever runs nodes: the registry's "operator", a word that graphs use for something
// else.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "voucher/recount.h"

struct vch_parties {
    uint32_t answer_count;
    uint32_t largest_share;     // of the graph's operators
    const char *largest;        // whose share that is; NULL without answers
    const char *neighbour;      // a party that answered on both sides of a cut, or NULL
    uint32_t neighbour_segment; // it also answered for the segment before this one
};

// Only for a recount with valid votes. `agreed` as in vch_recount_votes: whoever answered on a
// ledger has seen its segment, though the client shows no vote of theirs. NO_MEMORY when `scratch`
// is too small.
vch_status vch_parties_count(struct vch_parties *out, const struct vch_voucher *voucher,
                             const struct vch_recount *recount,
                             const struct vch_contest_finding *const *agreed,
                             struct vch_arena *scratch);
