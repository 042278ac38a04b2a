// Checkpoints on their way to witnesses and back: specs/ledger.md, section 3, and C2SP
// tlog-witness.
//
// One checkpoint is under way at a time. It is signed, sent to all witnesses at once, and done when
// enough of them have cosigned it: its note is kept in the store, and the owner told, who enters
// the anchor. Witnesses that are slow, dead or confused hold nobody up: each request has a timeout,
// each witness its own pauses, and what comes late still says what that witness knows.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/sign.h"
#include "entry/charter.h"
#include "entry/charter_notes.h"
#include "entry/entry.h"
#include "ledger/lane.h"
#include "ledger/promises.h"
#include "ledger/store.h"
#include "tlog/checkpoint.h"

#define VCH_COSIGNERS_MAX 64u // addresses of witnesses

struct vch_cosigners;

struct vch_cosigners_setup {
    struct event_base *base;
    struct vch_lane *keeper; // of the store
    const struct vch_charter *charter;
    const struct vch_charter_notes *notes;
    const struct vch_secret_key *clerk;
    const char *const *urls; // http://HOST:PORT[/PREFIX]; any order, borrowed
    uint32_t url_count;
    // Enough have cosigned, and the store has the note: `anchor` is ready to be entered. Then
    // nothing is under way.
    void (*on_cosigned)(void *context, const struct vch_store_checkpoint *checkpoint,
                        const struct vch_entry *anchor);
    // Nothing is under way any more, and nothing came of it: too few answered in time.
    void (*on_given_up)(void *context);
    // What can be said of a witness's promises under the checkpoint that begins.
    void (*judge)(void *context, struct vch_promises *promises, uint64_t size,
                  const struct vch_digest *root);
    // Whether drafts may be on their way: then witnesses are asked now and then what they were
    // handed, so that none of it waits for the next checkpoint. `judge` is given it with size 0.
    bool (*awaits_drafts)(void *context);
    void *context;
};

struct vch_cosigners_counts {
    uint64_t begun, cosigned, given_up, refusals, failures, promises;
};

// USAGE with a complaint for what is no such address.
vch_status vch_cosigners_new(struct vch_cosigners **out, const struct vch_cosigners_setup *setup,
                             struct vch_complaint *complaint);
// The keeper must have been freed before.
void vch_cosigners_free(struct vch_cosigners *cosigners);

// Whether witnesses wait for answers: then the state has to be that of the checkpoint.
bool vch_cosigners_have_promises(const struct vch_cosigners *cosigners);
bool vch_cosigners_are_busy(const struct vch_cosigners *cosigners);
// Begins with the tree of durable entries at that size.
void vch_cosigners_begin(struct vch_cosigners *cosigners, uint64_t size,
                         const struct vch_digest *root);
const struct vch_cosigners_counts *vch_cosigners_counts(const struct vch_cosigners *cosigners);
uint32_t vch_cosigners_reachable(const struct vch_cosigners *cosigners); // answered last time
