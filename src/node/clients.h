// The clients connected to a node, and other nodes that it referees for: guests (net/guests.h) with
// a session (node/session.h) each.
#pragma once

#include <stdint.h>

#include "consensus/registry.h"
#include "net/guests.h"
#include "node/metrics.h"
#include "node/session.h"
#include "node/task.h"

struct vch_clients_setup {
    struct event_base *base;
    struct vch_tls *tls;
    // Whose keys are admitted; besides them, on a ledger, sides of disputes that this node
    // referees, and the owner of its sealed weights, who releases their key (NULL: it has none).
    const struct vch_registry *registry;
    const struct vch_public_key *owner;
    struct vch_stream_limits limits;
    uint32_t count_max, per_key_max;
    struct vch_session_host *host; // what reaches a transport is filled in here
    // NULL but in tests that lie; see net/stream.h.
    void (*on_send)(void *context, struct vch_stream *stream, const Vouch__Frame *frame,
                    struct evbuffer *bytes);
    void *on_send_context;
};

struct vch_clients {
    struct vch_clients_setup setup;
    struct vch_guests guests;
};

// The clients must stay where they are until vch_guests_drop.
void vch_clients_init(struct vch_clients *clients, const struct vch_clients_setup *setup);

// The ledger has moved: what waited for it may go on.
void vch_clients_advance(struct vch_clients *clients);
// The worker is done with a task.
void vch_clients_finish(struct vch_clients *clients, struct vch_task *task);
// What became of connections so far.
void vch_clients_count(const struct vch_clients *clients, struct vch_metrics *metrics);
