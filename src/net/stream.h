// One connection: frames over TLS 1.3 over a socket, on a libevent loop, with every wait bounded.
//
// What a stream holds is bounded whatever the peer does: one frame of input, `output_max` plus one
// frame of output, TLS records, and the arena of the frame in hand. What a peer may take is time,
// and that is bounded too: a handshake, a silence, a frame or tensor that comes too slowly, output
// that is not read, each ends the stream.
//
// The process must ignore SIGPIPE (vch_process_harden does).
#pragma once

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "net/frame.h"
#include "net/tls.h"

struct vch_stream;

struct vch_stream_limits {
    uint32_t handshake_ms; // from the socket to an admitted peer
    uint32_t idle_ms;      // without one whole frame
    uint32_t window_ms;    // the pace: while a frame or tensor is incomplete, or output waits,
    uint32_t window_bytes; // each window moves this much or ends the matter
    uint32_t linger_ms;    // for last words, once the stream is being closed
    size_t output_max;     // vch_stream_has_room is false above this
};

// 5 s, 2 min, 10 s, 64 KiB, 2 s, 1 MiB.
struct vch_stream_limits vch_stream_default_limits(void);

// What a stream tells its owner. `on_close` is the last call, made only when the owner did not
// close the stream: afterwards the pointer is void.
struct vch_stream_events {
    void (*on_open)(void *context, struct vch_stream *stream);
    void (*on_frame)(void *context, struct vch_stream *stream, const Vouch__Frame *frame);
    void (*on_room)(void *context, struct vch_stream *stream); // output fell below output_max
    void (*on_close)(void *context, struct vch_stream *stream, enum vch_code code, const char *why);
    // NULL, or a look at each encoded frame before it is sent, for tests that lie: it may change
    // the bytes, the rate or the socket.
    void (*on_send)(void *context, struct vch_stream *stream, const Vouch__Frame *frame,
                    struct evbuffer *bytes);
};

struct vch_stream_setup {
    struct event_base *base;
    struct evdns_base *dns; // for connecting to names; NULL: addresses only
    struct vch_tls *tls;
    uint32_t *live_count; // streams whose memory still exists; the loop must run until it is 0
    struct vch_stream_limits limits;
    struct vch_stream_events events;
    void *context; // handed to the events
};

// Takes the socket, also on failure.
vch_status vch_stream_accept(struct vch_stream **out, const struct vch_stream_setup *setup,
                             evutil_socket_t socket, const struct vch_tls_admission *admission);

// `host` is a name or an address. Events come later, never from inside this call.
vch_status vch_stream_connect(struct vch_stream **out, const struct vch_stream_setup *setup,
                              const struct vch_public_key *expected, const char *host,
                              uint16_t port);

// Valid once on_open was called.
const struct vch_public_key *vch_stream_peer(const struct vch_stream *stream);
// As in net/tls.h, of this connection.
vch_status vch_stream_export(uint8_t out[static VCH_TLS_EXPORT_SIZE], struct vch_stream *stream,
                             const char *label, const void *context, size_t context_size);
vch_status vch_stream_keys(struct vch_digest *own, struct vch_digest *peer,
                           const struct vch_stream *stream);

vch_status vch_stream_send(struct vch_stream *stream, const Vouch__Frame *frame);
bool vch_stream_has_room(const struct vch_stream *stream);
bool vch_stream_is_flushed(const struct vch_stream *stream); // nothing waits to be written
uint64_t vch_stream_bytes_in(const struct vch_stream *stream);
uint64_t vch_stream_bytes_out(const struct vch_stream *stream);

// Between frames nothing is owed, unless a tensor is incomplete: then the pace goes on.
void vch_stream_set_owed(struct vch_stream *stream, bool is_owed);

// Writes what waits, within the linger, then closes. No event comes after this call.
void vch_stream_close(struct vch_stream *stream);
// Last words: a Refusal of the stream itself, then close. No event comes after this call.
void vch_stream_refuse(struct vch_stream *stream, enum vch_code code, const char *text);
// Closes now, dropping what waits.
void vch_stream_drop(struct vch_stream *stream);

// The transport underneath, for tests that misbehave.
struct bufferevent *vch_stream_transport(struct vch_stream *stream);
