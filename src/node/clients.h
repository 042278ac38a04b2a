// The clients connected to a node: for each a stream, and a session once its key is known.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "consensus/registry.h"
#include "net/stream.h"
#include "node/session.h"
#include "node/task.h"

struct vch_clients_connection;

struct vch_clients_setup {
    struct event_base *base;
    struct vch_tls *tls;
    const struct vch_registry *registry; // whose keys are admitted
    struct vch_stream_limits limits;
    uint32_t count_max, per_key_max;
    struct vch_session_host *host; // send, has_room and set_owed are filled in here
    // NULL but in tests that lie; see net/stream.h.
    void (*on_send)(void *context, struct vch_stream *stream, const Vouch__Frame *frame,
                    struct evbuffer *bytes);
    void *on_send_context;
};

struct vch_clients {
    struct vch_clients_setup setup;
    struct vch_clients_connection *first;
    uint32_t count, live_streams; // lingering streams live on without a connection
};

// The clients must stay where they are until dropped.
void vch_clients_init(struct vch_clients *clients, const struct vch_clients_setup *setup);

// Takes the socket: a connection, or closed at once when there are too many whose keys are known.
void vch_clients_accept(struct vch_clients *clients, evutil_socket_t socket);

// Gives up on what took too long; while the host drains, closes whoever is done.
void vch_clients_tick(struct vch_clients *clients);
void vch_clients_say_goodbye(struct vch_clients *clients);
// The ledger has moved: what waited for it may go on.
void vch_clients_advance(struct vch_clients *clients);
// The worker is done with a task.
void vch_clients_finish(struct vch_clients *clients, struct vch_task *task);

bool vch_clients_are_gone(const struct vch_clients *clients);
// Bytes of the connections that are open; the host's metrics hold those of the others.
void vch_clients_bytes(const struct vch_clients *clients, uint64_t *in, uint64_t *out);
// Closes everyone, and turns the loop until their memory is free.
void vch_clients_drop(struct vch_clients *clients);
