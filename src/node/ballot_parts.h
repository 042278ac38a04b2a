// What the parts of a ballot share.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "member/voice.h"
#include "node/answers.h"
#include "node/appeals.h"
#include "node/ballot.h"
#include "node/journal.h"
#include "node/sides.h"

struct vch_ballot {
    struct vch_ballot_setup setup;
    struct vch_voice voice;
    struct vch_answers *answers;
    struct vch_appeals appeals;
    struct vch_sides sides;
    struct vch_journal journal;
    struct vch_kept kept;
    struct vch_arena arena; // of answers, appeals, and what is kept
    bool was_ready;
};

// Opens the journal, and with it what this node answered, and what it may have to dispute.
vch_status vch_ballot_parts_open_seats(struct vch_ballot *ballot, struct vch_complaint *complaint);
// What it has to say in its seats, and against verdicts, is said.
void vch_ballot_parts_turn_seats(struct vch_ballot *ballot);

// What is kept of runs, from earlier lives, too. After the seats: the journal's lock is that of
// what lies beside it.
vch_status vch_ballot_parts_open_runs(struct vch_ballot *ballot, struct vch_complaint *complaint);
// It opens to referees what it keeps.
void vch_ballot_parts_prepare_sides(struct vch_ballot *ballot);
// As in node/appeals.h, for whoever disputes a run that is kept.
const struct vch_digest *vch_ballot_parts_leaves(void *context, const struct vch_digest *job,
                                                 uint32_t segment, const struct vch_digest *trace,
                                                 uint32_t *count);
// Whether it could keep what a seat in that contest would have to defend; and that it has drawn for
// one: what it may be given is booked.
bool vch_ballot_parts_may_draw(void *context, const struct vch_contest *contest);
void vch_ballot_parts_book(struct vch_ballot *ballot, const struct vch_contest_id *id);
