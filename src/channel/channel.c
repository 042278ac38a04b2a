#include "channel/channel.h"

#include <stdio.h>
#include <string.h>

#include "host/log.h"
#include "message/message.h"

static void fail(struct vch_channel *channel, enum vch_code code, const char *why)
{
    if (channel->code != VCH_CODE_NONE) return;
    channel->code = code;
    (void)snprintf(channel->why, sizeof channel->why, "%s", why);
}

static void tell(struct vch_channel *channel)
{
    const struct vch_channel_setup *setup = &channel->setup;

    if (setup->on_change != NULL) setup->on_change(setup->context, channel);
}

static void on_verdict(void *context, struct vch_asker *asker)
{
    (void)asker;
    tell(context);
}

void vch_channel_init(struct vch_channel *channel, const struct vch_channel_setup *setup)
{
    *channel = (struct vch_channel){.setup = *setup};
    if (setup->policy == NULL) return;
    const struct vch_asker_setup asks = {
        .policy = setup->policy,
        .transport = setup->transport,
        .role = setup->role == VCH_BINDER_SERVER ? VCH_BINDER_CLIENT : VCH_BINDER_SERVER,
        .node = setup->peer,
        .history = setup->history,
        .on_change = on_verdict,
        .context = channel,
    };
    vch_asker_init(&channel->asker, &asks);
}

void vch_channel_begin(struct vch_channel *channel, struct vch_transport_time now)
{
    if (channel->setup.policy == NULL) return;
    vch_status status = vch_asker_ask(&channel->asker, now);
    (void)status; // the asker's state says it
}

static void answered(void *context, const struct vch_attester_answer *answer)
{
    struct vch_channel *channel = context;
    const struct vch_transport *transport = &channel->setup.transport;
    Vouch__AttestResponse message = VOUCH__ATTEST_RESPONSE__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    channel->question = NULL;
    if (!vch_is_ok(answer->status)) {
        // What this machine looks like inside is for its own log.
        vch_log_write(VCH_LOG_WARNING, "no evidence: %s", answer->why);
        fail(channel, answer->status.code, "the hardware here gives no evidence now");
    } else {
        message.response = vch_message_borrow(answer->bytes, answer->size);
        frame.body_case = VOUCH__FRAME__BODY_ATTEST_RESPONSE;
        frame.attest_response = &message;
        vch_status status = transport->send(transport->context, &frame);
        if (!vch_is_ok(status)) fail(channel, status.code, "the connection takes no evidence");
        memcpy(channel->shown, answer->binder, sizeof channel->shown);
        channel->has_shown = true;
        channel->shown_count++;
    }
    tell(channel);
}

// Answered later, or refused: then the other end cannot go on, and learns why.
static void receive_request(struct vch_channel *channel, const Vouch__AttestRequest *message)
{
    const struct vch_channel_setup *setup = &channel->setup;
    struct vch_complaint complaint = {""};

    if (setup->attester == NULL) {
        fail(channel, VCH_CODE_UNSUPPORTED,
             setup->role == VCH_BINDER_SERVER
                 ? "this node shows no evidence: it was started without --attest"
                 : "this client shows no evidence: it was started without --attest");
        return;
    }
    if (channel->question != NULL) {
        fail(channel, VCH_CODE_MALFORMED, "evidence was asked for twice at once");
        return;
    }
    vch_status status = vch_attester_ask(&channel->question, setup->attester, message->request.data,
                                         message->request.len, setup->role, &setup->transport,
                                         answered, channel, &complaint);
    if (!vch_is_ok(status))
        fail(channel, status.code,
             complaint.text[0] != '\0' ? complaint.text : vch_code_text(status.code));
}

bool vch_channel_receive(struct vch_channel *channel, const Vouch__Frame *frame,
                         struct vch_transport_time now)
{
    if (frame->body_case == VOUCH__FRAME__BODY_ATTEST_REQUEST) {
        receive_request(channel, frame->attest_request);
        return true;
    }
    if (frame->body_case != VOUCH__FRAME__BODY_ATTEST_RESPONSE) return false;
    if (channel->setup.policy == NULL)
        fail(channel, VCH_CODE_MALFORMED, "evidence that nobody asked for");
    else
        vch_asker_receive(&channel->asker, frame->attest_response, now);
    return true;
}

void vch_channel_tick(struct vch_channel *channel, struct vch_transport_time now)
{
    if (channel->setup.policy != NULL) vch_asker_tick(&channel->asker, now);
}

bool vch_channel_is_open(const struct vch_channel *channel, struct vch_transport_time now)
{
    if (channel->code != VCH_CODE_NONE) return false;
    return channel->setup.policy == NULL || vch_asker_allows(&channel->asker, now);
}

enum vch_code vch_channel_trouble(const struct vch_channel *channel, const char **why)
{
    bool has_asker = channel->setup.policy != NULL;

    *why = channel->why;
    if (channel->code != VCH_CODE_NONE || !has_asker) return channel->code;
    *why = channel->asker.why;
    return channel->asker.state == VCH_ASKER_FAILED ? channel->asker.code : VCH_CODE_NONE;
}

void vch_channel_release(struct vch_channel *channel)
{
    vch_attester_cancel(channel->question);
    channel->question = NULL;
    if (channel->setup.policy != NULL) vch_asker_release(&channel->asker);
}
