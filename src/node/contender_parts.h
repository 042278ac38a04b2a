// What the parts of a contender share.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "member/voice.h"
#include "node/again.h"
#include "node/appeals.h"
#include "node/contender.h"
#include "node/sides.h"

// A dispute that is pleaded, as far as it has come.
struct vch_contender_parts_plea {
    const struct vch_contender_case *stand; // NULL: nothing is disputed
    struct vch_again again;                 // its opening
    struct vch_dispute last;                // as the state had it last
    bool is_open, is_over, is_lost;         // lost: refused for good
    bool is_refused_here;                   // our own rules do not take it either
    enum vch_dispute_result result;
    uint32_t refusals;
    char refusal[VCH_COMPLAINT_SIZE];
};

struct vch_contender {
    struct vch_contender_setup setup;
    struct vch_voice voice;
    struct vch_tls *tls;
    struct vch_attester *attester; // NULL: nothing is shown
    struct vch_appeals appeals;
    struct vch_sides sides;
    struct vch_arena arena;
    uint64_t position;    // that is waited for
    uint64_t progress_ms; // when the ledger said something last; monotonic
    struct vch_contender_parts_plea plea;
};

// Appeals and sides, which make the moves and open to referees what the plea stands by.
vch_status vch_contender_parts_prepare(struct vch_contender *contender);
// Takes up a dispute, which the ledger may have already.
void vch_contender_parts_begin(struct vch_contender *contender,
                               const struct vch_contender_case *stand);
// Opens the dispute, or makes what moves are due in it, unless it is over.
void vch_contender_parts_turn(struct vch_contender *contender);
// After every entry, as the one that ends a dispute may take it along.
void vch_contender_parts_watch(struct vch_contender *contender, const struct vch_entry *entry);
// What became of a statement. A ledger that refuses what our own rules take is behind us, ahead of
// us, or lies: it is asked again, and its witnesses have the draft (member/handover.h).
void vch_contender_parts_note_refusal(struct vch_contender *contender, const char *text);
