// A ledger's state, derived anew from its store: on start, before anybody is admitted.
#pragma once

#include <stdint.h>

#include "agreement/state.h"
#include "base/complaint.h"
#include "base/status.h"
#include "entry/charter_notes.h"
#include "ledger/archive.h"
#include "ledger/index.h"
#include "ledger/promises.h"
#include "ledger/store.h"
#include "ledger/verified.h"

struct vch_replay {
    struct vch_store *store;
    struct vch_state *state; // empty; made with vch_verified_checks
    struct vch_index *index;
    struct vch_archive *archive;
    struct vch_promises_places *places;
    struct vch_verified *verified;
    const struct vch_charter *charter;
    const struct vch_charter_notes *notes;
    // Results.
    uint64_t content;                       // one more than the newest entry's that is no anchor
    struct vch_store_checkpoint checkpoint; // the latest cosigned one; its note is in the arena
};

// Applies every entry. Signatures and VRF proofs below the latest cosigned checkpoint were verified
// before it was made, and its root shows that nothing has changed since; above it they are verified
// again. BAD_PROOF when the store's root or a cosigned one is not that of the entries; otherwise
// what the state says to an entry, with its position.
vch_status vch_replay_run(struct vch_replay *replay, struct vch_arena *arena,
                          struct vch_complaint *complaint);
