// One segment's round of asking: whom to ask next, and whether there is a majority.
//
// A state machine without time or network. The candidates stand in the order in which they are to
// be asked. Of one operator at most one node is asked at a time and at most one vote counts. A node
// that is late keeps its chance, but someone else is asked as well.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "consensus/vote.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

#define VCH_ROUND_CANDIDATES_MAX 1024u

enum vch_round_state {
    VCH_ROUND_UNTRIED,
    VCH_ROUND_ASKED,
    VCH_ROUND_LATE,    // asked, and has had its time
    VCH_ROUND_VOTED,   // counts
    VCH_ROUND_IGNORED, // voted after another node of its operator
    VCH_ROUND_FAULTED,
};

struct vch_round_candidate {
    struct vch_public_key node;
    uint32_t operator_index;
    enum vch_round_state state;
    struct vch_vote vote;
    enum vch_fault_kind fault;
    char why[160]; // what a person is told about the fault
};

struct vch_round {
    uint32_t quorum, candidate_count;
    struct vch_round_candidate *candidates; // borrowed
};

struct vch_round_tally {
    uint32_t votes, agreeing, needed, pending, late;
    struct vch_digest output; // the leader; meaningless without votes
};

struct vch_round_tally vch_round_count(const struct vch_round *round);
bool vch_round_is_won(const struct vch_round *round);
// No majority, nobody left to wait for or to ask.
bool vch_round_is_lost(const struct vch_round *round);

// The candidate that should be asked now, or VCH_ROUND_CANDIDATES_MAX for none: as many as make
// the quorum, or the fewest that could turn split votes into a majority. The caller asks it, and
// calls again.
uint32_t vch_round_next(const struct vch_round *round);

void vch_round_ask(struct vch_round *round, uint32_t index);
void vch_round_be_late(struct vch_round *round, uint32_t index);
// A verified vote. False when it does not count, because its operator has voted.
bool vch_round_vote(struct vch_round *round, uint32_t index, const struct vch_vote *vote);
void vch_round_fault(struct vch_round *round, uint32_t index, enum vch_fault_kind kind,
                     const char *why);
