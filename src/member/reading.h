// Replaying a ledger from nothing: every entry that a cosigned checkpoint covers, read from what is
// published, applied with every signature and VRF checked, and the root compared.
//
// An auditor also remembers the checkpoint of last time: a log that does not begin with it has
// equivocated, and that is evidence (tlog/equivocation.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "entry/charter.h"
#include "member/follower.h"
#include "member/published.h"
#include "tlog/checkpoint.h"

struct vch_reading {
    struct vch_published *published;   // borrowed
    const struct vch_charter *charter; // borrowed
    struct vch_follower *follower;     // borrowed; new, with full checks, of that charter
    const char *seen;                  // NULL, or the note of a checkpoint seen before
    size_t seen_size;
    void (*on_progress)(void *context, uint64_t done, uint64_t size); // NULL, or now and then
    void *context;
    // What came of it.
    struct vch_checkpoint checkpoint;
    const uint8_t *note; // in the arena
    size_t note_size;
    uint32_t cosigned;    // by so many witnesses
    const char *evidence; // NULL, or of equivocation; in the arena
    size_t evidence_size;
};

// VCH_OK exactly when everything up to the checkpoint follows, its root is ours, and it extends the
// one seen. BAD_PROOF or REFUSED: the log is false, with a complaint that says where; `evidence` is
// there when it can be shown to others. UNAVAILABLE: something is not published.
vch_status vch_reading_run(struct vch_reading *reading, struct vch_arena *arena,
                           struct vch_complaint *complaint);
