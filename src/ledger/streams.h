// The members connected to a ledger: guests (net/guests.h) with a session
// (ledger/ledger_session.h) each.
#pragma once

#include <stdint.h>

#include "ledger/ledger_session.h"
#include "net/guests.h"

struct vch_streams_setup {
    struct event_base *base;
    struct vch_tls *tls;
    struct vch_stream_limits limits;
    uint32_t count_max, per_key_max;
    bool (*admit)(void *context, const struct vch_public_key *key);
    void *context;
    struct vch_ledger_session_host *host; // send, has_room and set_owed are filled in here
};

// The guests must stay where they are until vch_guests_drop.
void vch_streams_init(struct vch_guests *guests, const struct vch_streams_setup *setup);
// There are new entries to show.
void vch_streams_pump(struct vch_guests *guests);
// A request is done.
void vch_streams_finish(struct vch_ledger_session_host *host, struct vch_request *request);
