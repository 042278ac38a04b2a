#include "net/stream.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/check.h"
#include "host/clock.h"
#include "net/stream_parts.h"

void vch_stream_parts_enter(struct vch_stream *stream, enum vch_stream_state state)
{
    stream->state = state;
    stream->state_since_ms = vch_clock_monotonic_ms();
}

void vch_stream_parts_free(struct vch_stream *stream)
{
    if (stream->tick != NULL) event_free(stream->tick);
    if (stream->reaper != NULL) event_free(stream->reaper);
    if (stream->transport != NULL) bufferevent_free(stream->transport);
    vch_arena_release(&stream->arena);
    --*stream->setup.live_count;
    free(stream);
}

// Memory goes when the loop next turns, so that a stream may be closed from inside its own events.
void vch_stream_drop(struct vch_stream *stream)
{
    static const struct timeval at_once = {0, 0};

    if (stream->state == VCH_STREAM_DEAD) return;
    vch_stream_parts_enter(stream, VCH_STREAM_DEAD);
    bufferevent_setcb(stream->transport, NULL, NULL, NULL, NULL);
    (void)bufferevent_disable(stream->transport, EV_READ | EV_WRITE);
    VCH_ASSERT(event_add(stream->reaper, &at_once) == 0);
}

void vch_stream_parts_fail(struct vch_stream *stream, enum vch_code code, const char *why)
{
    const bool is_owned = stream->state == VCH_STREAM_OPENING || stream->state == VCH_STREAM_OPEN;

    vch_stream_drop(stream);
    if (is_owned) stream->setup.events.on_close(stream->setup.context, stream, code, why);
}

// Closing at once with input unread would reset the connection and could destroy the last words on
// their way.
void vch_stream_parts_linger(struct vch_stream *stream)
{
    (void)SSL_shutdown(stream->ssl);
    ERR_clear_error();
    (void)shutdown(bufferevent_getfd(stream->transport), SHUT_WR);
    vch_stream_parts_enter(stream, VCH_STREAM_LINGERING);
}

void vch_stream_close(struct vch_stream *stream)
{
    if (stream->state == VCH_STREAM_OPENING) {
        vch_stream_drop(stream);
    } else if (stream->state == VCH_STREAM_OPEN) {
        vch_stream_parts_enter(stream, VCH_STREAM_FLUSHING);
        bufferevent_setwatermark(stream->transport, EV_WRITE, 0, 0);
        if (vch_stream_is_flushed(stream)) vch_stream_parts_linger(stream);
    }
}

void vch_stream_refuse(struct vch_stream *stream, enum vch_code code, const char *text)
{
    Vouch__Refusal refusal = VOUCH__REFUSAL__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    char copy[VCH_COMPLAINT_SIZE];

    (void)snprintf(copy, sizeof copy, "%s", text);
    refusal.code = code;
    refusal.text = copy;
    frame.body_case = VOUCH__FRAME__BODY_REFUSAL;
    frame.refusal = &refusal;
    (void)vch_stream_send(stream, &frame); // a courtesy: the stream closes either way
    vch_stream_close(stream);
}

static vch_status send_under_watch(struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct evbuffer *bytes = evbuffer_new();

    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    vch_status status = vch_frame_write(bytes, frame);
    if (vch_is_ok(status)) {
        stream->setup.events.on_send(stream->setup.context, stream, frame, bytes);
        if (evbuffer_add_buffer(bufferevent_get_output(stream->transport), bytes) != 0)
            status = VCH_FAIL(NO_MEMORY);
    }
    evbuffer_free(bytes);
    return status;
}

vch_status vch_stream_send(struct vch_stream *stream, const Vouch__Frame *frame)
{
    if (stream->state != VCH_STREAM_OPEN) return VCH_FAIL(UNAVAILABLE);
    if (stream->setup.events.on_send != NULL)
        VCH_TRY(send_under_watch(stream, frame));
    else
        VCH_TRY(vch_frame_write(bufferevent_get_output(stream->transport), frame));
    vch_stream_parts_measure(stream);
    return VCH_OK;
}

void vch_stream_set_owed(struct vch_stream *stream, bool is_owed)
{
    stream->is_owed = is_owed;
    if (stream->state == VCH_STREAM_OPEN) vch_stream_parts_measure(stream);
}

bool vch_stream_has_room(const struct vch_stream *stream)
{
    return stream->state == VCH_STREAM_OPEN &&
           evbuffer_get_length(bufferevent_get_output(stream->transport)) <
               stream->setup.limits.output_max;
}

bool vch_stream_is_flushed(const struct vch_stream *stream)
{
    return evbuffer_get_length(bufferevent_get_output(stream->transport)) == 0;
}

const struct vch_public_key *vch_stream_peer(const struct vch_stream *stream)
{
    return &stream->peer;
}

vch_status vch_stream_export(uint8_t out[static VCH_TLS_EXPORT_SIZE], struct vch_stream *stream,
                             const char *label, const void *context, size_t context_size)
{
    if (stream->state != VCH_STREAM_OPEN) return VCH_FAIL(UNAVAILABLE);
    return vch_tls_export(out, stream->ssl, label, context, context_size);
}

vch_status vch_stream_keys(struct vch_digest *own, struct vch_digest *peer,
                           const struct vch_stream *stream)
{
    if (stream->state != VCH_STREAM_OPEN) return VCH_FAIL(UNAVAILABLE);
    return vch_tls_keys(own, peer, stream->ssl);
}

uint64_t vch_stream_bytes_in(const struct vch_stream *stream)
{
    return stream->bytes_in;
}

uint64_t vch_stream_bytes_out(const struct vch_stream *stream)
{
    return stream->bytes_out;
}

struct bufferevent *vch_stream_transport(struct vch_stream *stream)
{
    return stream->transport;
}
