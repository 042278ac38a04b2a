// A node's seats: what it answered in which contest, and what it has to say there now.
//
// Between the followed state, which says what is due (agreement/seat.h), the journal, which holds
// what it may never forget, and the ledger, to which statements are sent. No socket, clock or
// thread is here. Only when an answer is on disk is it committed to.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agreement/seat.h"
#include "agreement/state.h"
#include "base/arena.h"
#include "base/status.h"
#include "entry/entry.h"
#include "node/journal.h"

#define VCH_ANSWERS_MAX 16384u // contests remembered; the oldest give way

struct vch_answers_setup {
    const struct vch_seat_keys *keys; // borrowed
    struct vch_journal *journal;      // borrowed; open
    // To be signed and entered; the entry lives only during the call.
    void (*send)(void *context, struct vch_entry *entry);
    // Whether it could keep what a seat in that contest would have to defend.
    bool (*may_draw)(void *context, const struct vch_contest *contest);
    void *context;
};

struct vch_answers;

// Memory comes from the arena, for as long as the arena lives.
vch_status vch_answers_new(struct vch_answers **out, const struct vch_answers_setup *setup,
                           struct vch_arena *arena);

// A record of the journal as it was opened.
void vch_answers_recall(struct vch_answers *answers, const struct vch_journal_record *kept);
// The node's answer in a contest; the first one stands. `trace` NULL: a referee's, which
// is on disk only after vch_journal_sync. A seat's is kept before it is given here (node/kept.h),
// and on disk after vch_kept_sync. Turn comes after both.
vch_status vch_answers_answer(struct vch_answers *answers, const struct vch_contest_id *contest,
                              const struct vch_digest *output, const struct vch_digest *trace);
bool vch_answers_has_answer(const struct vch_answers *answers,
                            const struct vch_contest_id *contest);

// Sends whatever is due and not under way (node/again.h). `now_ms` is the clerk's clock, as far as
// it is known here.
void vch_answers_turn(struct vch_answers *answers, const struct vch_state *state, uint64_t now_ms);
// What was under way may have been lost: it is sent again.
void vch_answers_forget_sent(struct vch_answers *answers);

// This node's seat in a contest; NULL: none.
const struct vch_seat *vch_answers_own(const struct vch_answers *answers,
                                       const struct vch_contest *contest);
