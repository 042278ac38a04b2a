#include "node/errand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/greeting.h"

struct vch_errand {
    struct vch_errand_setup setup;
    struct vch_errand_load *load;
    struct vch_stream *stream; // NULL: closed
    struct vch_channel channel;
    bool is_open, has_greeted, has_pinged, has_asked;
    size_t sent;
};

static void free_load(struct vch_errand_load *load)
{
    struct vch_arena arena = load->arena; // the load lies in it

    vch_arena_release(&arena);
}

static void end(struct vch_errand *errand, bool is_taken, const char *why)
{
    if (errand->stream != NULL) vch_stream_close(errand->stream);
    errand->stream = NULL;
    if (errand->is_open) vch_channel_release(&errand->channel);
    errand->is_open = false;
    errand->setup.on_end(errand->setup.context, errand, is_taken, why);
}

static void send_chunks(struct vch_errand *errand)
{
    const struct vch_errand_load *load = errand->load;

    while (errand->has_asked && errand->sent < load->size &&
           vch_channel_is_open(&errand->channel, vch_transport_now()) &&
           vch_stream_has_room(errand->stream)) {
        Vouch__Chunk chunk = VOUCH__CHUNK__INIT;
        Vouch__Frame frame = VOUCH__FRAME__INIT;
        size_t left = load->size - errand->sent;

        chunk.id = load->request.id;
        chunk.data.len = left < VCH_FRAME_CHUNK_MAX ? left : VCH_FRAME_CHUNK_MAX;
        chunk.data.data = (uint8_t *)(uintptr_t)(load->bytes + errand->sent); // only read
        frame.body_case = VOUCH__FRAME__BODY_CHUNK;
        frame.chunk = &chunk;
        if (!vch_is_ok(vch_stream_send(errand->stream, &frame))) return; // on_close will tell
        errand->sent += chunk.data.len;
    }
}

static void ask(struct vch_errand *errand)
{
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    if (!vch_channel_is_open(&errand->channel, vch_transport_now())) return; // any more
    frame.body_case = VOUCH__FRAME__BODY_REFEREE_REQUEST;
    frame.referee_request = &errand->load->request;
    if (!vch_is_ok(vch_stream_send(errand->stream, &frame))) return;
    errand->has_asked = true;
    send_chunks(errand);
}

// Its pong says that the referee listens: it may hold us to a policy, too.
static void ping(struct vch_errand *errand)
{
    errand->has_pinged = true;
    vch_status status = vch_greeting_send_ping(errand->stream, 0);
    (void)status; // on_close will tell
}

static void settle_channel(struct vch_errand *errand)
{
    char why[VCH_ASKER_WHY_SIZE];
    const char *text = NULL;
    enum vch_code code = vch_channel_trouble(&errand->channel, &text);

    if (code != VCH_CODE_NONE) {
        (void)snprintf(why, sizeof why, "%s", text);
        vch_stream_refuse(errand->stream, code, why);
        errand->stream = NULL;
        end(errand, false, why);
    } else if (errand->has_greeted && !errand->has_pinged &&
               vch_channel_is_open(&errand->channel, vch_transport_now())) {
        ping(errand);
    }
}

static void on_channel(void *context, struct vch_channel *channel)
{
    (void)channel;
    settle_channel(context);
}

static void open_channel(struct vch_errand *errand)
{
    const struct vch_errand_setup *setup = &errand->setup;
    const struct vch_channel_setup channel = {.transport = vch_transport_of(errand->stream),
                                              .role = VCH_BINDER_CLIENT,
                                              .peer = setup->peer,
                                              .policy = setup->policy,
                                              .attester = setup->attester,
                                              .on_change = on_channel,
                                              .context = errand};

    vch_channel_init(&errand->channel, &channel);
    errand->is_open = true;
}

static void on_open(void *context, struct vch_stream *stream)
{
    open_channel(context);
    vch_status status = vch_greeting_send_hello(stream);
    (void)status; // on_close will tell
}

static void on_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct vch_errand *errand = context;
    bool is_channels = vch_channel_receive(&errand->channel, frame, vch_transport_now());

    (void)stream;
    if (frame->body_case == VOUCH__FRAME__BODY_WELCOME && !errand->has_greeted) {
        errand->has_greeted = is_channels = true;
        vch_channel_begin(&errand->channel, vch_transport_now());
    }
    if (is_channels)
        settle_channel(errand);
    else if (frame->body_case == VOUCH__FRAME__BODY_PONG && errand->has_pinged &&
             !errand->has_asked)
        ask(errand);
    else if (frame->body_case == VOUCH__FRAME__BODY_REFEREE_RESULT)
        end(errand, frame->referee_result->code == 0, frame->referee_result->text);
    else if (frame->body_case == VOUCH__FRAME__BODY_REFUSAL)
        end(errand, false, frame->refusal->text);
}

static void on_room(void *context, struct vch_stream *stream)
{
    (void)stream;
    send_chunks(context);
}

static void on_close(void *context, struct vch_stream *stream, enum vch_code code, const char *why)
{
    struct vch_errand *errand = context;

    (void)stream, (void)code;
    errand->stream = NULL;
    end(errand, false, why);
}

vch_status vch_errand_new(struct vch_errand **out, const struct vch_errand_setup *setup,
                          struct vch_errand_load *load)
{
    struct vch_errand *errand = calloc(1, sizeof *errand);
    const struct vch_stream_setup stream = {
        .base = setup->base,
        .tls = setup->tls,
        .live_count = setup->live_count,
        .limits = setup->limits,
        .events = {on_open, on_frame, on_room, on_close, NULL},
        .context = errand,
    };

    if (errand == NULL) {
        free_load(load);
        return VCH_FAIL(NO_MEMORY);
    }
    *errand = (struct vch_errand){.setup = *setup, .load = load};
    vch_status status =
        vch_stream_connect(&errand->stream, &stream, &setup->peer, setup->host, setup->port);
    if (!vch_is_ok(status)) {
        vch_errand_free(errand);
        return status;
    }
    *out = errand;
    return VCH_OK;
}

void vch_errand_free(struct vch_errand *errand)
{
    if (errand == NULL) return;
    if (errand->stream != NULL) vch_stream_drop(errand->stream);
    if (errand->is_open) vch_channel_release(&errand->channel);
    free_load(errand->load);
    free(errand);
}
