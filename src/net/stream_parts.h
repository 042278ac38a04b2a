// What the parts of a stream share: stream.c is what its owner does with it, stream_opening.c how
// it comes to be, stream_transport.c what libevent tells of it, stream_waits.c how long anything
// may take.
#pragma once

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "net/pace.h"
#include "net/stream.h"

enum vch_stream_state {
    VCH_STREAM_OPENING,   // socket and handshake
    VCH_STREAM_OPEN,      // frames
    VCH_STREAM_FLUSHING,  // closed by its owner; what waits is being written
    VCH_STREAM_LINGERING, // all written; input is thrown away until the peer closes too
    VCH_STREAM_DEAD,      // freed when the loop next turns
};

struct vch_stream {
    struct vch_stream_setup setup;
    enum vch_stream_state state;
    struct bufferevent *transport; // owns the SSL and the socket
    SSL *ssl;                      // borrowed from the transport
    struct event *tick, *reaper;
    struct vch_public_key peer;
    struct vch_arena arena; // of the frame in hand
    struct vch_pace input_pace, output_pace;
    bool is_owed;
    uint64_t state_since_ms, last_frame_ms, last_tick_ms;
    uint64_t bytes_in, bytes_out;
};

// Its life.
void vch_stream_parts_enter(struct vch_stream *stream, enum vch_stream_state state);
// Dies of this; its owner is told, unless it closed the stream before.
void vch_stream_parts_fail(struct vch_stream *stream, enum vch_code code, const char *why);
// Nothing more is to be written: the peer is told, and its own end awaited.
void vch_stream_parts_linger(struct vch_stream *stream);
void vch_stream_parts_free(struct vch_stream *stream);

// Hears what the transport tells, from now on.
vch_status vch_stream_parts_hear(struct vch_stream *stream);

// Bounds every wait, from now on.
vch_status vch_stream_parts_start_waits(struct vch_stream *stream);
// Something has moved or is owed: how does the pace stand?
void vch_stream_parts_measure(struct vch_stream *stream);
// A whole frame has come.
void vch_stream_parts_note_frame(struct vch_stream *stream);
