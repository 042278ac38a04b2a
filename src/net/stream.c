#include "net/stream.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "host/clock.h"
#include "net/pace.h"

enum state {
    OPENING,   // socket and handshake
    OPEN,      // frames
    FLUSHING,  // closed by its owner; what waits is being written
    LINGERING, // all written; input is thrown away until the peer closes too
    DEAD,      // freed when the loop next turns
};

struct vch_stream {
    struct vch_stream_setup setup;
    enum state state;
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

struct vch_stream_limits vch_stream_default_limits(void)
{
    return (struct vch_stream_limits){.handshake_ms = 5000,
                                      .idle_ms = 120000,
                                      .window_ms = 10000,
                                      .window_bytes = 64u << 10,
                                      .linger_ms = 2000,
                                      .output_max = 1u << 20};
}

static struct evbuffer *input_of(const struct vch_stream *stream)
{
    return bufferevent_get_input(stream->transport);
}

static struct evbuffer *output_of(const struct vch_stream *stream)
{
    return bufferevent_get_output(stream->transport);
}

static void enter(struct vch_stream *stream, enum state state)
{
    stream->state = state;
    stream->state_since_ms = vch_clock_monotonic_ms();
}

// Memory goes when the loop next turns, so that a stream may be closed from inside its own events.
static void kill_stream(struct vch_stream *stream)
{
    static const struct timeval at_once = {0, 0};

    if (stream->state == DEAD) return;
    enter(stream, DEAD);
    bufferevent_setcb(stream->transport, NULL, NULL, NULL, NULL);
    (void)bufferevent_disable(stream->transport, EV_READ | EV_WRITE);
    VCH_ASSERT(event_add(stream->reaper, &at_once) == 0);
}

static void fail_stream(struct vch_stream *stream, enum vch_code code, const char *why)
{
    bool is_owned = stream->state == OPENING || stream->state == OPEN;

    if (stream->state == DEAD) return;
    kill_stream(stream);
    if (is_owned) stream->setup.events.on_close(stream->setup.context, stream, code, why);
}

static void release(struct vch_stream *stream)
{
    if (stream->tick != NULL) event_free(stream->tick);
    if (stream->reaper != NULL) event_free(stream->reaper);
    if (stream->transport != NULL) bufferevent_free(stream->transport);
    vch_arena_release(&stream->arena);
    --*stream->setup.live_count;
    free(stream);
}

static void on_reap(evutil_socket_t unused, short what, void *context)
{
    (void)unused, (void)what;
    release(context);
}

// Nothing more to write: say so to the peer, then wait for its end. Closing at once with input
// unread would reset the connection and could destroy the last words on their way.
static void finish_flushing(struct vch_stream *stream)
{
    (void)SSL_shutdown(stream->ssl);
    ERR_clear_error();
    (void)shutdown(bufferevent_getfd(stream->transport), SHUT_WR);
    enter(stream, LINGERING);
}

static void measure_pace(struct vch_stream *stream)
{
    bool is_partial = evbuffer_get_length(input_of(stream)) > 0;
    uint64_t now = vch_clock_monotonic_ms();

    vch_pace_set_owing(&stream->input_pace, is_partial || stream->is_owed, now);
    vch_pace_set_owing(&stream->output_pace, evbuffer_get_length(output_of(stream)) > 0, now);
}

static void note_frame(struct vch_stream *stream)
{
    stream->last_frame_ms = vch_clock_monotonic_ms();
    if (!stream->is_owed) vch_pace_set_owing(&stream->input_pace, false, stream->last_frame_ms);
}

static void take_frames(struct vch_stream *stream)
{
    struct vch_arena_mark empty = {0};

    while (stream->state == OPEN) {
        struct vch_complaint complaint = {""};
        Vouch__Frame *frame = NULL;
        vch_status status = vch_frame_take(&frame, input_of(stream), &stream->arena, &complaint);

        if (!vch_is_ok(status)) {
            const char *why = complaint.text[0] ? complaint.text : vch_code_text(status.code);
            vch_stream_refuse(stream, status.code, why);
            stream->setup.events.on_close(stream->setup.context, stream, status.code, why);
            return;
        }
        if (frame == NULL) break;
        note_frame(stream);
        stream->setup.events.on_frame(stream->setup.context, stream, frame);
        vch_arena_rewind(&stream->arena, empty);
    }
}

static void on_read(struct bufferevent *transport, void *context)
{
    struct vch_stream *stream = context;

    (void)transport;
    if (stream->state == OPEN) take_frames(stream);
    if (stream->state == FLUSHING || stream->state == LINGERING)
        (void)evbuffer_drain(input_of(stream), evbuffer_get_length(input_of(stream)));
    if (stream->state != DEAD) measure_pace(stream);
}

static void on_write(struct bufferevent *transport, void *context)
{
    struct vch_stream *stream = context;

    (void)transport;
    if (stream->state == OPEN) stream->setup.events.on_room(stream->setup.context, stream);
    if (stream->state == FLUSHING && vch_stream_is_flushed(stream)) finish_flushing(stream);
    if (stream->state != DEAD) measure_pace(stream);
}

static void use_no_delay(struct vch_stream *stream)
{
    int on = 1;
    evutil_socket_t fd = bufferevent_getfd(stream->transport);

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // only latency is at stake
}

static void finish_opening(struct vch_stream *stream)
{
    if (!vch_is_ok(vch_tls_peer(&stream->peer, stream->ssl))) {
        fail_stream(stream, VCH_CODE_BAD_PROOF, "the peer has shown no identity");
        return;
    }
    use_no_delay(stream);
    enter(stream, OPEN);
    stream->last_frame_ms = stream->state_since_ms;
    stream->setup.events.on_open(stream->setup.context, stream);
}

// The transport's reason, in words: TLS's own, or the operating system's.
static void fail_with_reason(struct vch_stream *stream, short what)
{
    unsigned long error = bufferevent_get_openssl_error(stream->transport);
    const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;
    char text[200];

    // A peer that was killed sends no close_notify; frames tell us what was complete.
    bool is_cut_off = ERR_GET_LIB(error) == ERR_LIB_SSL &&
                      ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    if ((what & BEV_EVENT_EOF) || is_cut_off) {
        fail_stream(stream, VCH_CODE_UNAVAILABLE,
                    stream->state == OPENING ? "closed during the handshake"
                                             : "closed by the peer");
        return;
    }
    if (reason == NULL) reason = evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR());
    (void)snprintf(text, sizeof text, "%s: %s",
                   stream->state == OPENING ? "no connection" : "connection lost", reason);
    fail_stream(stream, error != 0 ? VCH_CODE_REFUSED : VCH_CODE_UNAVAILABLE, text);
}

static void on_event(struct bufferevent *transport, short what, void *context)
{
    struct vch_stream *stream = context;

    (void)transport;
    if (what & BEV_EVENT_CONNECTED) {
        if (stream->state == OPENING) finish_opening(stream);
        return;
    }
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) {
        // What was received before the end still counts.
        if (stream->state == OPEN) take_frames(stream);
        fail_with_reason(stream, what);
    }
}

static void on_input_change(struct evbuffer *buffer, const struct evbuffer_cb_info *info,
                            void *context)
{
    struct vch_stream *stream = context;

    (void)buffer;
    stream->bytes_in += info->n_added;
    vch_pace_move(&stream->input_pace, info->n_added);
}

static void on_output_change(struct evbuffer *buffer, const struct evbuffer_cb_info *info,
                             void *context)
{
    struct vch_stream *stream = context;

    (void)buffer;
    stream->bytes_out += info->n_deleted;
    vch_pace_move(&stream->output_pace, info->n_deleted);
}

// When our own loop was held up, the peer is not to blame: every wait begins anew.
static void forgive_own_delay(struct vch_stream *stream, uint64_t now)
{
    if (now - stream->last_tick_ms <= stream->setup.limits.window_ms / 2 + 500) return;
    vch_pace_set_owing(&stream->input_pace, false, now);
    vch_pace_set_owing(&stream->output_pace, false, now);
    stream->last_frame_ms = stream->state_since_ms = now;
}

static void check_waits(struct vch_stream *stream, uint64_t now)
{
    const struct vch_stream_limits *limits = &stream->setup.limits;
    uint64_t in_state_ms = now - stream->state_since_ms;

    if (stream->state == OPENING && in_state_ms >= limits->handshake_ms) {
        fail_stream(stream, VCH_CODE_TIMEOUT, "no handshake in time");
    } else if (stream->state >= FLUSHING && in_state_ms >= limits->linger_ms) {
        kill_stream(stream);
    } else if (stream->state == OPEN && vch_pace_is_stalled(&stream->input_pace, now)) {
        fail_stream(stream, VCH_CODE_TIMEOUT, "a frame or tensor came too slowly");
    } else if (stream->state == OPEN && vch_pace_is_stalled(&stream->output_pace, now)) {
        fail_stream(stream, VCH_CODE_TIMEOUT, "the peer reads too slowly");
    } else if (stream->state == OPEN && now - stream->last_frame_ms >= limits->idle_ms) {
        fail_stream(stream, VCH_CODE_TIMEOUT, "nothing was heard for too long");
    }
}

static uint32_t tick_interval_ms(const struct vch_stream_limits *limits)
{
    uint32_t shortest = limits->window_ms;

    if (limits->handshake_ms < shortest) shortest = limits->handshake_ms;
    if (limits->linger_ms < shortest) shortest = limits->linger_ms;
    const uint32_t ms = shortest / 8 < 5 ? 5 : shortest / 8;
    return ms < 250 ? ms : 250;
}

// At whole intervals of the clock, so that all streams of a process tick in one turn of its loop.
static bool schedule_tick(struct vch_stream *stream)
{
    const uint32_t interval_ms = tick_interval_ms(&stream->setup.limits);
    const uint64_t left_ms = interval_ms - vch_clock_monotonic_ms() % interval_ms;
    const struct timeval left = {.tv_usec = (suseconds_t)left_ms * 1000};

    return event_add(stream->tick, &left) == 0;
}

static void on_tick(evutil_socket_t unused, short what, void *context)
{
    struct vch_stream *stream = context;
    uint64_t now = vch_clock_monotonic_ms();

    (void)unused, (void)what;
    if (stream->state == DEAD) return;
    forgive_own_delay(stream, now);
    stream->last_tick_ms = now;
    measure_pace(stream);
    check_waits(stream, now);
    if (stream->state != DEAD) VCH_ASSERT(schedule_tick(stream));
}

static vch_status set_up(struct vch_stream *stream, enum bufferevent_ssl_state side,
                         evutil_socket_t fd, SSL *ssl)
{
    const struct vch_stream_limits *limits = &stream->setup.limits;

    stream->transport = bufferevent_openssl_socket_new(
        stream->setup.base, fd, ssl, side, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (stream->transport == NULL) {
        SSL_free(ssl);
        if (fd >= 0) (void)close(fd);
        return VCH_FAIL(NO_MEMORY);
    }
    stream->ssl = ssl;
    bufferevent_openssl_set_allow_dirty_shutdown(stream->transport, 1);
    bufferevent_setwatermark(stream->transport, EV_READ, 0,
                             VCH_FRAME_PREFIX_SIZE + VCH_FRAME_SIZE_MAX);
    bufferevent_setwatermark(stream->transport, EV_WRITE, limits->output_max / 2, 0);
    bufferevent_setcb(stream->transport, on_read, on_write, on_event, stream);
    stream->tick = event_new(stream->setup.base, -1, 0, on_tick, stream);
    stream->reaper = event_new(stream->setup.base, -1, 0, on_reap, stream);
    if (stream->tick == NULL || stream->reaper == NULL ||
        evbuffer_add_cb(input_of(stream), on_input_change, stream) == NULL ||
        evbuffer_add_cb(output_of(stream), on_output_change, stream) == NULL ||
        !schedule_tick(stream) || bufferevent_enable(stream->transport, EV_READ | EV_WRITE) != 0)
        return VCH_FAIL(NO_MEMORY);
    return VCH_OK;
}

static vch_status new_stream(struct vch_stream **out, const struct vch_stream_setup *setup,
                             enum bufferevent_ssl_state side, evutil_socket_t fd, SSL *ssl)
{
    struct vch_stream *stream = ssl ? calloc(1, sizeof *stream) : NULL;

    if (stream == NULL) {
        SSL_free(ssl);
        if (fd >= 0) (void)close(fd);
        return VCH_FAIL(NO_MEMORY);
    }
    stream->setup = *setup;
    ++*setup->live_count;
    enter(stream, OPENING);
    stream->last_tick_ms = stream->last_frame_ms = stream->state_since_ms;
    vch_arena_init(&stream->arena, VCH_FRAME_MEMORY_MAX);
    vch_pace_init(&stream->input_pace, setup->limits.window_ms, setup->limits.window_bytes);
    vch_pace_init(&stream->output_pace, setup->limits.window_ms, setup->limits.window_bytes);

    vch_status status = set_up(stream, side, fd, ssl);
    if (!vch_is_ok(status)) {
        release(stream);
        return status;
    }
    *out = stream;
    return VCH_OK;
}

vch_status vch_stream_accept(struct vch_stream **out, const struct vch_stream_setup *setup,
                             evutil_socket_t socket, const struct vch_tls_admission *admission)
{
    return new_stream(out, setup, BUFFEREVENT_SSL_ACCEPTING, socket,
                      vch_tls_new_accepting(setup->tls, admission));
}

vch_status vch_stream_connect(struct vch_stream **out, const struct vch_stream_setup *setup,
                              const struct vch_public_key *expected, const char *host,
                              uint16_t port)
{
    VCH_TRY(new_stream(out, setup, BUFFEREVENT_SSL_CONNECTING, -1,
                       vch_tls_new_connecting(setup->tls, expected)));
    if (bufferevent_socket_connect_hostname((*out)->transport, setup->dns, AF_UNSPEC, host, port) ==
        0)
        return VCH_OK;
    kill_stream(*out);
    *out = NULL;
    return VCH_FAIL(UNAVAILABLE);
}

const struct vch_public_key *vch_stream_peer(const struct vch_stream *stream)
{
    return &stream->peer;
}

vch_status vch_stream_export(uint8_t out[static VCH_TLS_EXPORT_SIZE], struct vch_stream *stream,
                             const char *label, const void *context, size_t context_size)
{
    if (stream->state != OPEN) return VCH_FAIL(UNAVAILABLE);
    return vch_tls_export(out, stream->ssl, label, context, context_size);
}

vch_status vch_stream_keys(struct vch_digest *own, struct vch_digest *peer,
                           const struct vch_stream *stream)
{
    if (stream->state != OPEN) return VCH_FAIL(UNAVAILABLE);
    return vch_tls_keys(own, peer, stream->ssl);
}

vch_status vch_stream_send(struct vch_stream *stream, const Vouch__Frame *frame)
{
    const struct vch_stream_events *events = &stream->setup.events;
    struct evbuffer *bytes = NULL;

    if (stream->state != OPEN) return VCH_FAIL(UNAVAILABLE);
    if (events->on_send == NULL) {
        VCH_TRY(vch_frame_write(output_of(stream), frame));
        measure_pace(stream);
        return VCH_OK;
    }
    bytes = evbuffer_new();
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    vch_status status = vch_frame_write(bytes, frame);
    if (vch_is_ok(status)) {
        events->on_send(stream->setup.context, stream, frame, bytes);
        if (evbuffer_add_buffer(output_of(stream), bytes) != 0) status = VCH_FAIL(NO_MEMORY);
        measure_pace(stream);
    }
    evbuffer_free(bytes);
    return status;
}

bool vch_stream_has_room(const struct vch_stream *stream)
{
    return stream->state == OPEN &&
           evbuffer_get_length(output_of(stream)) < stream->setup.limits.output_max;
}

bool vch_stream_is_flushed(const struct vch_stream *stream)
{
    return evbuffer_get_length(output_of(stream)) == 0;
}

uint64_t vch_stream_bytes_in(const struct vch_stream *stream)
{
    return stream->bytes_in;
}

uint64_t vch_stream_bytes_out(const struct vch_stream *stream)
{
    return stream->bytes_out;
}

void vch_stream_set_owed(struct vch_stream *stream, bool is_owed)
{
    stream->is_owed = is_owed;
    if (stream->state == OPEN) measure_pace(stream);
}

void vch_stream_close(struct vch_stream *stream)
{
    if (stream->state == OPENING) {
        kill_stream(stream);
    } else if (stream->state == OPEN) {
        enter(stream, FLUSHING);
        bufferevent_setwatermark(stream->transport, EV_WRITE, 0, 0);
        if (vch_stream_is_flushed(stream)) finish_flushing(stream);
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

void vch_stream_drop(struct vch_stream *stream)
{
    kill_stream(stream);
}

struct bufferevent *vch_stream_transport(struct vch_stream *stream)
{
    return stream->transport;
}
