// How long a stream waits for anything: a handshake, a frame, a reader, its own last words.
#include "base/check.h"
#include "host/clock.h"
#include "net/stream_parts.h"

struct vch_stream_limits vch_stream_default_limits(void)
{
    return (struct vch_stream_limits){.handshake_ms = 5000,
                                      .idle_ms = 120000,
                                      .window_ms = 10000,
                                      .window_bytes = 64u << 10,
                                      .linger_ms = 2000,
                                      .output_max = 1u << 20};
}

static bool holds(struct evbuffer *buffer)
{
    return evbuffer_get_length(buffer) > 0;
}

void vch_stream_parts_measure(struct vch_stream *stream)
{
    const bool is_partial = holds(bufferevent_get_input(stream->transport));
    const uint64_t now = vch_clock_monotonic_ms();

    vch_pace_set_owing(&stream->input_pace, is_partial || stream->is_owed, now);
    vch_pace_set_owing(&stream->output_pace, holds(bufferevent_get_output(stream->transport)), now);
}

void vch_stream_parts_note_frame(struct vch_stream *stream)
{
    stream->last_frame_ms = vch_clock_monotonic_ms();
    if (!stream->is_owed) vch_pace_set_owing(&stream->input_pace, false, stream->last_frame_ms);
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

static const char *overdue_of_peer(struct vch_stream *stream, uint64_t now)
{
    if (vch_pace_is_stalled(&stream->input_pace, now)) return "a frame or tensor came too slowly";
    if (vch_pace_is_stalled(&stream->output_pace, now)) return "the peer reads too slowly";
    if (now - stream->last_frame_ms >= stream->setup.limits.idle_ms)
        return "nothing was heard for too long";
    return NULL;
}

static void check_waits(struct vch_stream *stream, uint64_t now)
{
    const struct vch_stream_limits *limits = &stream->setup.limits;
    const uint64_t in_state_ms = now - stream->state_since_ms;
    const char *why = NULL;

    if (stream->state == VCH_STREAM_OPEN)
        why = overdue_of_peer(stream, now);
    else if (stream->state == VCH_STREAM_OPENING && in_state_ms >= limits->handshake_ms)
        why = "no handshake in time";
    else if (stream->state >= VCH_STREAM_FLUSHING && in_state_ms >= limits->linger_ms)
        vch_stream_drop(stream);
    if (why != NULL) vch_stream_parts_fail(stream, VCH_CODE_TIMEOUT, why);
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
    if (stream->state == VCH_STREAM_DEAD) return;
    forgive_own_delay(stream, now);
    stream->last_tick_ms = now;
    vch_stream_parts_measure(stream);
    check_waits(stream, now);
    if (stream->state != VCH_STREAM_DEAD) VCH_ASSERT(schedule_tick(stream));
}

vch_status vch_stream_parts_start_waits(struct vch_stream *stream)
{
    const struct vch_stream_limits *limits = &stream->setup.limits;

    stream->last_tick_ms = stream->last_frame_ms = stream->state_since_ms;
    vch_pace_init(&stream->input_pace, limits->window_ms, limits->window_bytes);
    vch_pace_init(&stream->output_pace, limits->window_ms, limits->window_bytes);
    stream->tick = event_new(stream->setup.base, -1, 0, on_tick, stream);
    if (stream->tick == NULL || !schedule_tick(stream) ||
        evbuffer_add_cb(bufferevent_get_input(stream->transport), on_input_change, stream) ==
            NULL ||
        evbuffer_add_cb(bufferevent_get_output(stream->transport), on_output_change, stream) ==
            NULL)
        return VCH_FAIL(NO_MEMORY);
    return VCH_OK;
}
