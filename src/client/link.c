#include "client/link.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/link_parts.h"
#include "host/clock.h"

void vch_link_init(struct vch_link *link, const struct vch_link_setup *setup,
                   const struct vch_peer *peer)
{
    *link = (struct vch_link){.setup = *setup, .peer = *peer};
    (void)snprintf(link->down_reason, sizeof link->down_reason, "never tried");
}

static void go_down(struct vch_link *link, const char *reason)
{
    if (link->stream != NULL) {
        link->bytes_in += vch_stream_bytes_in(link->stream);
        link->bytes_out += vch_stream_bytes_out(link->stream);
    }
    if (link->state > VCH_LINK_CONNECTING) vch_channel_release(&link->channel);
    link->stream = NULL;
    link->state = VCH_LINK_DOWN;
    link->down_since_ms = vch_clock_monotonic_ms();
    (void)snprintf(link->down_reason, sizeof link->down_reason, "%s", reason);
}

void vch_link_parts_break_off(struct vch_link *link, enum vch_fault_kind kind, const char *why)
{
    char copy[160];

    (void)snprintf(copy, sizeof copy, "%s", why);
    vch_stream_drop(link->stream);
    go_down(link, copy);
    vch_link_parts_report_fault(link, kind, copy);
}

void vch_link_parts_refuse(struct vch_link *link, enum vch_code code, const char *why)
{
    char copy[160];

    (void)snprintf(copy, sizeof copy, "%s", why);
    vch_stream_refuse(link->stream, code, copy);
    go_down(link, copy);
    vch_link_parts_report_fault(
        link, code == VCH_CODE_MALFORMED ? VCH_FAULT_MALFORMED : VCH_FAULT_REFUSED, copy);
}

void vch_link_close(struct vch_link *link, const char *reason)
{
    vch_link_parts_forget_question(link);
    if (link->stream == NULL) return;
    vch_stream_close(link->stream);
    go_down(link, reason);
}

static void on_channel(void *context, struct vch_channel *channel)
{
    (void)channel;
    vch_link_parts_settle_channel(context);
}

static void on_open(void *context, struct vch_stream *stream)
{
    struct vch_link *link = context;
    const struct vch_channel_setup channel = {.transport = vch_transport_of(stream),
                                              .role = VCH_BINDER_CLIENT,
                                              .peer = link->peer.key,
                                              .policy = link->setup.policy,
                                              .history = link->evidence.verdict.history,
                                              .attester = link->setup.attester,
                                              .on_change = on_channel,
                                              .context = link};

    vch_channel_init(&link->channel, &channel);
    link->state = VCH_LINK_GREETING;
    vch_link_parts_send_hello(link);
}

static void receive_goodbye(struct vch_link *link)
{
    if (link->state == VCH_LINK_READY) link->state = VCH_LINK_LEAVING;
    if (link->state != VCH_LINK_LEAVING)
        vch_link_parts_break_off(link, VCH_FAULT_REFUSED, "the node is about to stop");
}

static void on_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct vch_link *link = context;

    (void)stream;
    link->heard_ms = vch_clock_monotonic_ms();
    if (vch_channel_receive(&link->channel, frame, vch_transport_now())) {
        vch_link_parts_settle_channel(link);
        return;
    }
    switch ((int)frame->body_case) { // generated with a value more, for some compilers
    case VOUCH__FRAME__BODY_WELCOME: vch_link_parts_receive_welcome(link, frame->welcome); break;
    case VOUCH__FRAME__BODY_RUN_RESULT:
        vch_link_parts_receive_result(link, frame->run_result);
        break;
    case VOUCH__FRAME__BODY_PROOF_RESULT:
        vch_link_parts_receive_proof_result(link, frame->proof_result);
        break;
    case VOUCH__FRAME__BODY_CHUNK: vch_link_parts_receive_chunk(link, frame->chunk); break;
    case VOUCH__FRAME__BODY_REFUSAL: vch_link_parts_receive_refusal(link, frame->refusal); break;
    case VOUCH__FRAME__BODY_PING: vch_link_parts_receive_ping(link, frame->ping); break;
    case VOUCH__FRAME__BODY_PONG: vch_link_parts_receive_pong(link, frame->pong); break;
    case VOUCH__FRAME__BODY_GOODBYE: receive_goodbye(link); break;
    case VOUCH__FRAME__BODY__NOT_SET:
    case _VOUCH__FRAME__BODY__CASE_IS_INT_SIZE: // no frame: it makes the enum as wide as an int
    case VOUCH__FRAME__BODY_HELLO:
    case VOUCH__FRAME__BODY_RUN_REQUEST:
    case VOUCH__FRAME__BODY_CANCEL:
    default:
        vch_link_parts_break_off(link, VCH_FAULT_MALFORMED, "a frame that only clients send");
        break;
    }
}

static void on_room(void *context, struct vch_stream *stream)
{
    struct vch_link *link = context;

    (void)stream;
    if (link->is_asking) vch_link_parts_send_chunks(link);
}

static enum vch_fault_kind kind_of_end(enum vch_code code)
{
    if (code == VCH_CODE_TIMEOUT) return VCH_FAULT_SILENT;
    if (code == VCH_CODE_LIMIT || code == VCH_CODE_MALFORMED) return VCH_FAULT_MALFORMED;
    return VCH_FAULT_UNREACHABLE;
}

static void on_close(void *context, struct vch_stream *stream, enum vch_code code, const char *why)
{
    struct vch_link *link = context;
    char copy[160];

    (void)stream;
    (void)snprintf(copy, sizeof copy, "%s", why);
    go_down(link, copy);
    vch_link_parts_report_fault(link, kind_of_end(code), copy);
}

void vch_link_connect(struct vch_link *link)
{
    struct vch_stream_setup setup = link->setup.stream;

    if (link->state != VCH_LINK_DOWN) return;
    setup.events = (struct vch_stream_events){on_open, on_frame, on_room, on_close, NULL};
    setup.context = link;
    link->id = 0; // identifiers belong to a stream
    link->range_count = link->provable_count = 0;
    vch_status status = vch_stream_connect(&link->stream, &setup, &link->peer.key, link->peer.host,
                                           link->peer.port);
    if (vch_is_ok(status))
        link->state = VCH_LINK_CONNECTING;
    else
        go_down(link, vch_code_text(status.code));
}

bool vch_link_is_settled(const struct vch_link *link)
{
    return link->state == VCH_LINK_READY || link->state == VCH_LINK_LEAVING ||
           link->state == VCH_LINK_DOWN;
}

uint64_t vch_link_bytes_in(const struct vch_link *link)
{
    return link->bytes_in + (link->stream ? vch_stream_bytes_in(link->stream) : 0);
}

uint64_t vch_link_bytes_out(const struct vch_link *link)
{
    return link->bytes_out + (link->stream ? vch_stream_bytes_out(link->stream) : 0);
}

void vch_link_release(struct vch_link *link)
{
    vch_link_close(link, "closed");
    free(link->evidence.bytes);
    link->evidence = (struct vch_asker_kept){0};
}
