// The members connected to a ledger: for each a stream, and a session once its key is known.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger_session.h"
#include "net/stream.h"

struct vch_streams_connection;

struct vch_streams_setup {
    struct event_base *base;
    struct vch_tls *tls;
    struct vch_stream_limits limits;
    uint32_t count_max, per_key_max;
    bool (*admit)(void *context, const struct vch_public_key *key);
    void *context;
    struct vch_ledger_session_host *host; // send, has_room and set_owed are filled in here
};

struct vch_streams_counts {
    uint64_t accepted, refused, handshakes_failed, failed, bytes_in, bytes_out;
};

struct vch_streams {
    struct vch_streams_setup setup;
    struct vch_streams_connection *first;
    uint32_t count, live_streams;     // lingering streams live on without a connection
    struct vch_streams_counts counts; // bytes: of connections that are gone
};

// The streams must stay where they are until dropped.
void vch_streams_init(struct vch_streams *streams, const struct vch_streams_setup *setup);
// Takes the socket: a connection, or closed at once when there are too many whose keys are known.
void vch_streams_accept(struct vch_streams *streams, evutil_socket_t socket);
// There are new entries to show.
void vch_streams_pump(struct vch_streams *streams);
// While the host drains, closes whoever is done.
void vch_streams_tick(struct vch_streams *streams);
void vch_streams_say_goodbye(struct vch_streams *streams);
// A request is done.
void vch_streams_finish(struct vch_streams *streams, struct vch_request *request);
bool vch_streams_are_gone(const struct vch_streams *streams);
// Closes everyone, and turns the loop until their memory is free.
void vch_streams_drop(struct vch_streams *streams);
