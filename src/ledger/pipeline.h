// From drafts to durable entries, in order:
//
//     submitted -> signatures verified (a lane)
//               -> applied to the state, stamped with the clerk's time
//               -> appended in groups to the store (the keeper's lane) -> answered, and shown
//
// While one group is on its way to the disk the next one fills, so that groups grow with the load;
// a crowded ledger lets them grow some milliseconds longer.
// What was applied and is not durable yet is shown to nobody. If the store fails, this memory is
// ahead of what is true: the pipeline stops for good and the process must begin anew.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agreement/state.h"
#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/sign.h"
#include "entry/charter.h"
#include "entry/entry.h"
#include "ledger/index.h"
#include "ledger/lane.h"
#include "ledger/request.h"
#include "ledger/store.h"
#include "ledger/verified.h"

struct vch_pipeline;

struct vch_pipeline_setup {
    struct vch_state *state; // made with vch_verified_checks
    struct vch_verified *verified;
    struct vch_index *index;
    struct vch_lane *keeper, *verifiers;
    const struct vch_secret_key *clerk;
    struct vch_digest ledger;
    uint64_t durable;                  // entries in the store and in the state
    uint64_t last_content;             // position of the newest entry that is no anchor
    uint64_t (*now_ms)(void *context); // Unix
    // An entry joined the state; it is not durable yet.
    void (*on_applied)(void *context, uint64_t position, const struct vch_entry *entry,
                       const uint8_t *bytes, size_t size);
    // The request's drafts have their fates, and what was taken is durable.
    void (*on_answered)(void *context, struct vch_request *request);
    void (*on_durable)(void *context);
    // Nothing is applied that is not durable, for the moment of this call: asked for by
    // vch_pipeline_settle.
    void (*on_settled)(void *context);
    void (*on_failed)(void *context, const struct vch_complaint *complaint);
    // From the begin of one group's way to that of the next, unless that is full: the owner calls
    // vch_pipeline_attend when it has passed.
    uint32_t (*pause_ms)(void *context);
    void *context;
    bool (*drops)(void *context, const struct vch_entry *draft); // ledger/ledger.h
    void *drops_context;
};

vch_status vch_pipeline_new(struct vch_pipeline **out, const struct vch_pipeline_setup *setup);
// The lanes must have been freed before, so that nothing is under way.
void vch_pipeline_free(struct vch_pipeline *pipeline, void (*discard)(void *, struct vch_request *),
                       void *context);

// Takes an APPEND until it is answered.
void vch_pipeline_submit(struct vch_pipeline *pipeline, struct vch_request *request);
// An entry of the clerk's own, with number, kind and fields set: signed, applied, on its way. What
// the state says to it.
vch_status vch_pipeline_enter(struct vch_pipeline *pipeline, struct vch_entry *entry,
                              struct vch_complaint *complaint);
// Enters what the clerk has to enter by now. Call when its time has come: it is done by itself
// after each draft.
void vch_pipeline_attend(struct vch_pipeline *pipeline);
// When to call that next; UINT64_MAX: not until something else happens.
uint64_t vch_pipeline_wake_ms(const struct vch_pipeline *pipeline);
// on_settled will be called soon: applying waits until everything applied is durable.
void vch_pipeline_settle(struct vch_pipeline *pipeline);

// The time that an entry would get now.
uint64_t vch_pipeline_now_ms(const struct vch_pipeline *pipeline);
uint64_t vch_pipeline_durable(const struct vch_pipeline *pipeline);
// One more than the position of the newest durable entry that is no anchor.
uint64_t vch_pipeline_content(const struct vch_pipeline *pipeline);
uint64_t vch_pipeline_waiting(const struct vch_pipeline *pipeline); // requests
uint64_t vch_pipeline_groups(const struct vch_pipeline *pipeline);  // appended so far
// Entries from a position on that are in memory, borrowed until the loop turns; see
// ledger_session.h.
uint32_t vch_pipeline_recent(const struct vch_pipeline *pipeline, uint64_t from, uint32_t count,
                             struct vch_store_entry *out);
