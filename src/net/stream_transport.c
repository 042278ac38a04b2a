// What libevent tells of a stream's transport: it is connected, something came, something went,
// it ended.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <sys/socket.h>

#include <event2/bufferevent_ssl.h>

#include "net/stream_parts.h"

static void take_frames(struct vch_stream *stream)
{
    const struct vch_stream_events *events = &stream->setup.events;

    while (stream->state == VCH_STREAM_OPEN) {
        struct vch_complaint complaint = {""};
        Vouch__Frame *frame = NULL;
        vch_status status = vch_frame_take(&frame, bufferevent_get_input(stream->transport),
                                           &stream->arena, &complaint);

        if (!vch_is_ok(status)) {
            const char *why = complaint.text[0] ? complaint.text : vch_code_text(status.code);
            vch_stream_refuse(stream, status.code, why);
            events->on_close(stream->setup.context, stream, status.code, why);
            return;
        }
        if (frame == NULL) break;
        vch_stream_parts_note_frame(stream);
        events->on_frame(stream->setup.context, stream, frame);
        vch_arena_rewind(&stream->arena, (struct vch_arena_mark){0});
    }
}

static void on_read(struct bufferevent *transport, void *context)
{
    struct evbuffer *input = bufferevent_get_input(transport);
    struct vch_stream *stream = context;

    if (stream->state == VCH_STREAM_OPEN) take_frames(stream);
    if (stream->state == VCH_STREAM_FLUSHING || stream->state == VCH_STREAM_LINGERING)
        (void)evbuffer_drain(input, evbuffer_get_length(input));
    if (stream->state != VCH_STREAM_DEAD) vch_stream_parts_measure(stream);
}

static void on_write(struct bufferevent *transport, void *context)
{
    struct vch_stream *stream = context;

    (void)transport;
    if (stream->state == VCH_STREAM_OPEN)
        stream->setup.events.on_room(stream->setup.context, stream);
    if (stream->state == VCH_STREAM_FLUSHING && vch_stream_is_flushed(stream))
        vch_stream_parts_linger(stream);
    if (stream->state != VCH_STREAM_DEAD) vch_stream_parts_measure(stream);
}

static void on_connected(struct vch_stream *stream)
{
    int on = 1;

    if (stream->state != VCH_STREAM_OPENING) return;
    if (!vch_is_ok(vch_tls_peer(&stream->peer, stream->ssl))) {
        vch_stream_parts_fail(stream, VCH_CODE_BAD_PROOF, "the peer has shown no identity");
        return;
    }
    // Only latency is at stake.
    (void)setsockopt(bufferevent_getfd(stream->transport), IPPROTO_TCP, TCP_NODELAY, &on,
                     sizeof on);
    vch_stream_parts_enter(stream, VCH_STREAM_OPEN);
    stream->last_frame_ms = stream->state_since_ms;
    stream->setup.events.on_open(stream->setup.context, stream);
}

// A peer that was killed sends no close_notify; frames tell us what was complete.
static bool is_cut_off(unsigned long error)
{
    return ERR_GET_LIB(error) == ERR_LIB_SSL &&
           ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

// The transport's reason, in words: TLS's own, or the operating system's.
static void fail_with_reason(struct vch_stream *stream, short what)
{
    const bool is_opening = stream->state == VCH_STREAM_OPENING;
    unsigned long error = bufferevent_get_openssl_error(stream->transport);
    const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;
    char text[200];

    if ((what & BEV_EVENT_EOF) || is_cut_off(error)) {
        vch_stream_parts_fail(stream, VCH_CODE_UNAVAILABLE,
                              is_opening ? "closed during the handshake" : "closed by the peer");
        return;
    }
    if (reason == NULL) reason = evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR());
    (void)snprintf(text, sizeof text, "%s: %s", is_opening ? "no connection" : "connection lost",
                   reason);
    vch_stream_parts_fail(stream, error != 0 ? VCH_CODE_REFUSED : VCH_CODE_UNAVAILABLE, text);
}

static void on_event(struct bufferevent *transport, short what, void *context)
{
    struct vch_stream *stream = context;

    (void)transport;
    if (what & BEV_EVENT_CONNECTED) {
        on_connected(stream);
    } else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) {
        // What was received before the end still counts.
        if (stream->state == VCH_STREAM_OPEN) take_frames(stream);
        fail_with_reason(stream, what);
    }
}

vch_status vch_stream_parts_hear(struct vch_stream *stream)
{
    struct bufferevent *transport = stream->transport;

    bufferevent_setwatermark(transport, EV_READ, 0, VCH_FRAME_PREFIX_SIZE + VCH_FRAME_SIZE_MAX);
    bufferevent_setwatermark(transport, EV_WRITE, stream->setup.limits.output_max / 2, 0);
    bufferevent_setcb(transport, on_read, on_write, on_event, stream);
    return bufferevent_enable(transport, EV_READ | EV_WRITE) == 0 ? VCH_OK : VCH_FAIL(NO_MEMORY);
}
