// A side of a dispute: opens what the disputed operator reads to every referee that was drawn.
//
// It looks at the followed state and starts errands. Referees that could not be reached, or whose
// own view of the ledger was behind, are tried again while they may still vote.
#pragma once

#include <event2/event.h>
#include <stdint.h>

#include "agreement/state.h"
#include "base/status.h"
#include "crypto/sign.h"
#include "kernels/kernels.h"
#include "model/graph.h"
#include "net/peers.h"
#include "net/stream.h"
#include "node/errand.h"
#include "node/kept_operands.h"
#include "node/kept_record.h"

#define VCH_SIDES_ERRANDS_MAX 256u

// What a side was given and answered: it opens from there.
struct vch_sides_run {
    struct vch_kept_record record;
    const struct vch_graph *graph; // of its model
};

struct vch_sides_setup {
    struct event_base *base;
    struct vch_tls *tls;
    uint32_t *live_count;
    struct vch_public_key self;
    const char *peers; // NULL, or the file that says where referees listen; read when needed
    const struct vch_kernels *kernels;
    // As in node/errand.h; NULL: nothing.
    const struct vch_asker_policy *policy;
    struct vch_attester *attester;
    // The run whose trace this is, in any round of that job and segment. What it points to is the
    // caller's, or lies in the arena. Asked only where `leaves` has some.
    vch_status (*run)(void *context, struct vch_sides_run *out, const struct vch_digest *job,
                      uint32_t segment, const struct vch_digest *trace, struct vch_arena *arena);
    // What an operator read in that run; tensors lie in the arena, or in the record. BUSY: another
    // time. NULL: it is computed here, while everything else waits.
    vch_status (*operands)(void *context, struct vch_tensor *out,
                           const struct vch_kept_opening *opening, struct vch_arena *arena);
    // As in node/appeals.h.
    const struct vch_digest *(*leaves)(void *context, const struct vch_digest *job,
                                       uint32_t segment, const struct vch_digest *trace,
                                       uint32_t *count);
    void *context;
};

struct vch_sides_errand {
    struct vch_digest dispute;
    uint32_t round, attempts;
    struct vch_public_key referee;
    struct vch_errand *errand; // NULL: not under way
    bool is_used, is_done;
    uint64_t ended_ms;
};

struct vch_sides {
    struct vch_sides_setup setup;
    uint32_t next;
    struct vch_sides_errand errands[VCH_SIDES_ERRANDS_MAX]; // a ring
};

void vch_sides_init(struct vch_sides *sides, const struct vch_sides_setup *setup);
void vch_sides_turn(struct vch_sides *sides, const struct vch_state *state, uint64_t now_ms);
void vch_sides_release(struct vch_sides *sides); // drops what is under way
