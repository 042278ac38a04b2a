// A follower: the state of a ledger, recomputed from its entries as they come.
//
// Nothing is believed. Entry 0 must be the charter at hand; every entry must follow from those
// before it (agreement/state.h); every anchor must have its witnesses and the root that we have
// computed ourselves. A ledger that says anything else has lied, and the follower stays where it
// was.
//
// It needs no connection: entries may come from member/ledger_link.h, or from files.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agreement/state.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "entry/charter.h"
#include "entry/entry.h"

struct vch_follower;

struct vch_follower_setup {
    struct vch_charter charter;
    struct vch_state_limits limits; // all zero: vch_state_default_limits
    // Leaves signatures and VRF proofs to auditors: vch_state_follower_checks. Cheaper, and then a
    // clerk and its witnesses could make up what a member said.
    bool trusts_signatures;
    // NULL, or told of each entry before it is applied; it may be refused then.
    void (*on_next)(void *context, struct vch_state *state, const struct vch_entry *entry);
    // NULL, or told of each entry after it was applied. The entry is borrowed for the call.
    void (*on_entry)(void *context, uint64_t position, const struct vch_entry *entry);
    void *context;
};

struct vch_follower_bytes {
    const uint8_t *bytes;
    size_t size;
};

vch_status vch_follower_new(struct vch_follower **out, const struct vch_follower_setup *setup,
                            struct vch_complaint *complaint);
void vch_follower_free(struct vch_follower *follower); // NULL is nothing to free

const struct vch_state *vch_follower_state(const struct vch_follower *follower);
// vch_state_judge of that state, at the time of its last entry or `now_ms`, whichever is later.
// `draft` is an entry without its time.
vch_status vch_follower_judge(struct vch_follower *follower, const uint8_t *draft, size_t size,
                              uint64_t now_ms, struct vch_complaint *complaint);
uint64_t vch_follower_next(const struct vch_follower *follower); // the position that it needs next

// Entries from position `from` on: those that it knows are passed over, a gap is REFUSED. It stops
// early, with VCH_OK, before an entry whose registry it lacks (vch_follower_missing): hand that in,
// and take the entries from vch_follower_next once more. Anything else than VCH_OK but NO_MEMORY
// means that these entries are not this ledger's.
vch_status vch_follower_take(struct vch_follower *follower, uint64_t from,
                             const struct vch_follower_bytes *entries, uint32_t count,
                             struct vch_complaint *complaint);

// The digest of the registry that the next entry needs; NULL: none is missing.
const struct vch_digest *vch_follower_missing(const struct vch_follower *follower);
// A SignedRegistry by the charter's founder, whether asked for or not; copied.
vch_status vch_follower_give_registry(struct vch_follower *follower, const uint8_t *bytes,
                                      size_t size, struct vch_complaint *complaint);
// Of those handed in; NULL.
const struct vch_registry *vch_follower_registry(const struct vch_follower *follower,
                                                 const struct vch_digest *digest);
