// Drafts that a member hands to witnesses, so that the ledger cannot leave them out unseen
// (specs/witness.md, section 2). Nothing waits for it: the ledger is asked all the same.
//
// Witnesses are needed where the ledger is silent or lies. So a draft is handed over when a while
// has passed and the log that the member follows does not have it under an anchor: cosigned, that
// is, by the very witnesses that would be asked to miss it. What the ledger says beside its log, an
// acknowledgement say, counts for nothing here. The while is `patience_ms`, or an eighth of the
// window in which the draft counts where that is shorter; twice that if the log shows the draft.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "entry/entry.h"

#define VCH_HANDOVER_WITNESSES_MAX 16u

struct vch_handover;

struct vch_handover_setup {
    struct event_base *base;
    const char *origin; // of the log; copied
    const char *const *urls;
    uint32_t url_count;
    uint32_t patience_ms;             // 0: everything is handed over at once
    struct vch_parameters parameters; // of the ledger: its windows
    // NULL, or whether a draft is worth handing over, of which the log shows nothing: one that the
    // log could not take any more would be refused, rightly.
    bool (*is_wanted)(void *context, const uint8_t *draft, size_t size);
    void *context;
};

// USAGE with a complaint for what is no address.
vch_status vch_handover_new(struct vch_handover **out, const struct vch_handover_setup *setup,
                            struct vch_complaint *complaint);
void vch_handover_free(struct vch_handover *handover); // NULL is nothing to free

// The member's signed entry and its draft, which is copied: to every witness, if it comes to that.
// Of a kind that witnesses do not promise nothing is owed.
// One that has too many already under way is passed over, as is one that does not answer: what
// counts is that some honest witness has it.
void vch_handover_owe(struct vch_handover *handover, const struct vch_entry *entry,
                      const uint8_t *draft, size_t size);
// An entry of the log, in its order, that a follower has checked (member/follower.h).
void vch_handover_note(struct vch_handover *handover, uint64_t position,
                       const struct vch_entry *entry);
