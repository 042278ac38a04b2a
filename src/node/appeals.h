// A node that does not accept a verdict, or defends one: opens disputes for its own answers, and
// makes the moves of those that it is a side of. No socket, clock or thread is here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agreement/state.h"
#include "base/arena.h"
#include "base/status.h"
#include "entry/entry.h"
#include "node/again.h"

#define VCH_APPEALS_PENDING_MAX 65536u // answers whose verdicts are waited for
#define VCH_APPEALS_MOVES_MAX 256u // disputes at a time; the oldest give way, and are moved again

struct vch_appeals_setup {
    struct vch_public_key self;
    bool disputes; // verdicts against its own answers; verdicts for them it always defends
    // To be signed and entered; the entry lives only during the call.
    void (*send)(void *context, struct vch_entry *entry);
    // The leaves of a trace that it answered for that segment; NULL: not at hand, or not yet. It is
    // asked again.
    const struct vch_digest *(*leaves)(void *context, const struct vch_digest *job,
                                       uint32_t segment, const struct vch_digest *trace,
                                       uint32_t *count);
    void *context;
};

struct vch_appeals_pending { // an answer whose segment is not settled
    struct vch_contest_id contest;
    uint64_t seen;
    struct vch_again again;
};

struct vch_appeals_move { // the last one that was sent in a dispute
    struct vch_digest dispute;
    uint32_t step;
    bool is_used;
    struct vch_again again;
};

struct vch_appeals {
    struct vch_appeals_setup setup;
    uint32_t pending_count, next_move;
    struct vch_appeals_pending *pending;
    struct vch_appeals_move moves[VCH_APPEALS_MOVES_MAX]; // a ring
};

vch_status vch_appeals_init(struct vch_appeals *appeals, const struct vch_appeals_setup *setup,
                            struct vch_arena *arena);

// An answer, also of an earlier life, whose verdict may have to be disputed; given when the log had
// `seen` entries.
void vch_appeals_await(struct vch_appeals *appeals, const struct vch_contest_id *contest,
                       uint64_t seen);

// Sends whatever is due and not under way (node/again.h).
void vch_appeals_turn(struct vch_appeals *appeals, const struct vch_state *state, uint64_t now_ms);
// What was under way may have been lost: it is sent again.
void vch_appeals_forget_sent(struct vch_appeals *appeals);
