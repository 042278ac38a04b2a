// A member's voice on a ledger that it follows: what it states there is signed, sent, and handed to
// witnesses where the log leaves it out (member/handover.h).
//
// Nothing hangs on whether a draft arrives. It may be lost with the connection, or find no room;
// whoever states something states it again until the log shows it.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/signer.h"
#include "entry/charter.h"
#include "entry/entry.h"
#include "member/follower.h"
#include "member/handover.h"
#include "member/ledger_link.h"
#include "net/tls.h"

#define VCH_VOICE_QUEUE_MAX 4096u // drafts that wait to be sent

struct vch_voice_setup {
    struct event_base *base;
    struct vch_tls *tls;
    const struct vch_signer *signer; // borrowed
    struct vch_charter charter;
    const char *host; // of the ledger; copied
    uint16_t port;
    bool trusts_signatures; // as in member/follower.h
    const char *const *witness_urls;
    uint32_t witness_count, witness_after_ms; // as in member/handover.h
    // Each may be NULL: an entry of the log, after it was applied; those that came are applied; the
    // link's state; the ledger does not take a draft, and why.
    void (*on_entry)(void *context, const struct vch_entry *entry);
    void (*on_progress)(void *context);
    void (*on_change)(void *context, enum vch_ledger_link_state state);
    void (*on_refused)(void *context, const char *text);
    void *context;
};

struct vch_voice {
    struct vch_voice_setup setup;
    struct vch_follower *follower;
    struct vch_ledger_link *link;
    struct vch_handover *handover;
    uint32_t live_streams; // of the link, and of whoever else counts here
    struct vch_arena scratch;
    uint32_t under_way; // requests to append
    uint32_t first, count;
    struct vch_voice_draft {
        uint8_t *bytes;
        size_t size;
    } queue[VCH_VOICE_QUEUE_MAX]; // a ring
};

// Begins to connect at once. `voice` is all zero, and closed also after a failure.
vch_status vch_voice_open(struct vch_voice *voice, const struct vch_voice_setup *setup,
                          struct vch_complaint *complaint);
void vch_voice_close(struct vch_voice *voice); // turns the loop until no stream lives

// Signs the entry; its draft waits for vch_voice_flush. False where there is no room for it now.
// `is_refused_here`, unless NULL: the state that was followed so far does not take it either.
bool vch_voice_state(struct vch_voice *voice, struct vch_entry *entry, bool *is_refused_here);
// Sends what waits, as far as there is room; the rest as answers come.
void vch_voice_flush(struct vch_voice *voice);
