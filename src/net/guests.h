// Those connected to a daemon: for each a stream, and the daemon's own session once its key is
// known.
//
// The daemon says what a session is. Who may come, how many at once, who gives way and when one is
// closed is the same for all.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/sign.h"
#include "net/stream.h"

struct vch_guests_connection;

// How a session stands: whether the peer broke the protocol (then its stream is refused with that),
// whether it wants no more, and whether anything is unfinished.
struct vch_guests_standing {
    enum vch_code end_code; // VCH_CODE_NONE: it goes on
    const char *end_text;
    bool is_leaving, is_idle;
};

// What a daemon does for one of them. A session is `size` bytes, zero before open. After each call
// its standing is looked at.
struct vch_guests_session {
    const char *name; // of its peer, in logs: "client"
    size_t size;
    // `transport` is for vch_guests_send and its like.
    void (*open)(void *session, void *context, const struct vch_public_key *peer, void *transport);
    void (*receive)(void *session, const Vouch__Frame *frame);
    void (*pump)(void *session); // there is room to send
    void (*tick)(void *session); // time has passed; NULL: it does not matter
    void (*say_goodbye)(void *session);
    void (*release)(void *session);
    struct vch_guests_standing (*standing)(const void *session);
    void (*refused)(void *context, enum vch_code code); // a stream that was; NULL
};

struct vch_guests_setup {
    struct event_base *base;
    struct vch_tls *tls;
    struct vch_stream_limits limits;
    uint32_t count_max, per_key_max;
    struct vch_tls_admission admission; // whose keys
    const struct vch_guests_session *session;
    void *context;           // its
    const bool *is_draining; // then whoever is done is closed
    // NULL but in tests that lie; see net/stream.h.
    void (*on_send)(void *context, struct vch_stream *stream, const Vouch__Frame *frame,
                    struct evbuffer *bytes);
    void *on_send_context;
};

struct vch_guests_counts {
    uint64_t accepted, refused, handshakes_failed, failed, bytes_in, bytes_out;
};

struct vch_guests {
    struct vch_guests_setup setup;
    struct vch_guests_connection *first;
    uint32_t count, live_streams;    // lingering streams live on without a connection
    struct vch_guests_counts counts; // bytes: of connections that are gone
};

// The guests must stay where they are until dropped.
void vch_guests_init(struct vch_guests *guests, const struct vch_guests_setup *setup);
// Takes the socket: a connection, or closed at once when there are too many whose keys are known.
void vch_guests_accept(struct vch_guests *guests, evutil_socket_t socket);
// Something has happened that concerns every session.
void vch_guests_each(struct vch_guests *guests, void (*each)(void *session, const void *what),
                     const void *what);
// Lets time pass; while the daemon drains, closes whoever is done.
void vch_guests_tick(struct vch_guests *guests);
void vch_guests_say_goodbye(struct vch_guests *guests);
bool vch_guests_are_gone(const struct vch_guests *guests);
// Bytes of all connections, those that are open included.
void vch_guests_bytes(const struct vch_guests *guests, uint64_t *in, uint64_t *out);
// Closes everyone, and turns the loop until their memory is free.
void vch_guests_drop(struct vch_guests *guests);

// Of one session's connection.
vch_status vch_guests_send(void *transport, const Vouch__Frame *frame);
bool vch_guests_has_room(void *transport);
void vch_guests_set_owed(void *transport, bool is_owed);
struct vch_stream *vch_guests_stream(void *transport);
void vch_guests_look(void *transport); // something was done with its session: how does it stand?
