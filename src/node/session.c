#include "node/session.h"

#include <stdarg.h>
#include <stdio.h>

#include "node/session_parts.h"

// Evidence of ours was sent, or somebody else's was judged.
static void on_channel(void *context, struct vch_channel *channel)
{
    struct vch_session *session = context;

    (void)channel;
    vch_session_parts_settle_channel(session);
    if (session->host->look != NULL) session->host->look(session->transport);
}

void vch_session_init(struct vch_session *session, struct vch_session_host *host,
                      const struct vch_public_key *peer, void *transport)
{
    const struct vch_channel_setup channel = {.transport = {transport, host->send, host->tie},
                                              .role = VCH_BINDER_SERVER,
                                              .peer = *peer,
                                              .policy = host->client_policy,
                                              .attester = host->attester,
                                              .on_change = on_channel,
                                              .context = session};

    *session = (struct vch_session){.host = host, .peer = *peer, .transport = transport};
    vch_channel_init(&session->channel, &channel);
}

__attribute__((format(printf, 3, 4))) void
vch_session_parts_end(struct vch_session *session, enum vch_code code, const char *format, ...)
{
    va_list args;

    if (session->end_code != VCH_CODE_NONE) return;
    session->end_code = code;
    va_start(args, format);
    (void)vsnprintf(session->end_text, sizeof session->end_text, format, args);
    va_end(args);
    vch_metrics_refuse(session->host->metrics, code);
}

void vch_session_parts_send(struct vch_session *session, const Vouch__Frame *frame)
{
    if (session->end_code != VCH_CODE_NONE) return;
    vch_status status = session->host->send(session->transport, frame);
    if (!vch_is_ok(status))
        vch_session_parts_end(session, status.code, "the stream takes no more frames");
}

bool vch_session_parts_may_refuse(struct vch_session *session)
{
    if (session->host->has_room(session->transport)) session->refusals_waiting = 0;
    if (session->refusals_waiting++ < VCH_SESSION_REFUSALS_MAX) return true;
    vch_session_parts_end(session, VCH_CODE_LIMIT, "too many refusals wait to be read");
    return false;
}

void vch_session_parts_refuse(struct vch_session *session, uint64_t id, enum vch_code code,
                              const char *text)
{
    Vouch__Refusal refusal = VOUCH__REFUSAL__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    char copy[VCH_COMPLAINT_SIZE];

    if (!vch_session_parts_may_refuse(session)) return;
    (void)snprintf(copy, sizeof copy, "%s", text);
    refusal.id = id;
    refusal.code = code;
    refusal.text = copy;
    frame.body_case = VOUCH__FRAME__BODY_REFUSAL;
    frame.refusal = &refusal;
    vch_session_parts_send(session, &frame);
    vch_metrics_refuse(session->host->metrics, code);
}

void vch_session_parts_refuse_status(struct vch_session *session, uint64_t id, vch_status status,
                                     const struct vch_complaint *complaint)
{
    vch_session_parts_refuse(session, id, status.code,
                             complaint->text[0] ? complaint->text : vch_code_text(status.code));
}

void vch_session_release(struct vch_session *session)
{
    vch_session_parts_drop_tasks(session);
    vch_channel_release(&session->channel);
}

// The client says that it wants no more of us.
static void leave(struct vch_session *session)
{
    session->is_leaving = true;
    vch_session_parts_drop_tasks(session);
}

// Frames that are about a job.
static bool is_private(const Vouch__Frame *frame)
{
    return frame->body_case == VOUCH__FRAME__BODY_RUN_REQUEST ||
           frame->body_case == VOUCH__FRAME__BODY_REFEREE_REQUEST ||
           frame->body_case == VOUCH__FRAME__BODY_CHUNK;
}

void vch_session_receive(struct vch_session *session, const Vouch__Frame *frame,
                         struct vch_session_time now)
{
    session->now = now;
    if (session->end_code != VCH_CODE_NONE) return;
    if (!session->has_greeted && frame->body_case != VOUCH__FRAME__BODY_HELLO) {
        vch_session_parts_end(session, VCH_CODE_MALFORMED, "a %s frame before the hello",
                              vch_frame_name(frame));
        return;
    }
    if (vch_channel_receive(&session->channel, frame, vch_session_parts_now(session))) {
        vch_session_parts_settle_channel(session);
        return;
    }
    if (is_private(frame) && !vch_session_parts_is_trusted(session)) {
        vch_session_parts_end(session, VCH_CODE_REFUSED,
                              "a %s frame before this client's evidence was accepted",
                              vch_frame_name(frame));
        return;
    }
    switch ((int)frame->body_case) { // generated with a value more, for some compilers
    case VOUCH__FRAME__BODY_HELLO: vch_session_parts_receive_hello(session, frame->hello); break;
    case VOUCH__FRAME__BODY_RUN_REQUEST:
        vch_session_parts_receive_request(session, frame->run_request);
        break;
    case VOUCH__FRAME__BODY_REFEREE_REQUEST:
        vch_session_parts_receive_referee(session, frame->referee_request);
        break;
    case VOUCH__FRAME__BODY_CHUNK: vch_session_parts_receive_chunk(session, frame->chunk); break;
    case VOUCH__FRAME__BODY_GRANT: vch_session_parts_receive_grant(session, frame->grant); break;
    case VOUCH__FRAME__BODY_CANCEL: vch_session_parts_receive_cancel(session, frame->cancel); break;
    case VOUCH__FRAME__BODY_PING: vch_session_parts_receive_ping(session, frame->ping); break;
    case VOUCH__FRAME__BODY_PONG: break;
    case VOUCH__FRAME__BODY_GOODBYE: session->is_leaving = true; break;
    case VOUCH__FRAME__BODY_REFUSAL: leave(session); break;
    case VOUCH__FRAME__BODY__NOT_SET:
    case _VOUCH__FRAME__BODY__CASE_IS_INT_SIZE: // no frame: it makes the enum as wide as an int
    case VOUCH__FRAME__BODY_WELCOME:
    case VOUCH__FRAME__BODY_RUN_RESULT:
    case VOUCH__FRAME__BODY_PROOF_RESULT:
    case VOUCH__FRAME__BODY_GRANT_RESULT:
    default:
        vch_session_parts_end(session, VCH_CODE_MALFORMED, "a %s frame is for nodes to send",
                              vch_frame_name(frame));
        break;
    }
}

void vch_session_advance(struct vch_session *session, struct vch_session_time now)
{
    session->now = now;
    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++) {
        struct vch_task *task = session->tasks[i];
        if (task == NULL) continue;
        if (task->state == VCH_TASK_WAITING)
            vch_session_parts_begin(session, &session->tasks[i]);
        else if (task->state == VCH_TASK_HELD)
            vch_session_parts_hold(session, task);
    }
    vch_session_pump(session, now);
}

void vch_session_tick(struct vch_session *session, struct vch_session_time now)
{
    session->now = now;
    vch_session_parts_follow_grant(session);
    vch_channel_tick(&session->channel, vch_session_parts_now(session));
    vch_session_parts_settle_channel(session);
    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++) {
        struct vch_task *task = session->tasks[i];
        if (task == NULL) continue;
        if (task->state == VCH_TASK_WAITING) vch_session_parts_begin(session, &session->tasks[i]);
        task = session->tasks[i];
        if (task == NULL || now.monotonic_ms < task->give_up_ms) continue;
        uint64_t id = task->id;
        vch_session_parts_drop_task(session, &session->tasks[i]);
        vch_session_parts_refuse(session, id, VCH_CODE_TIMEOUT, "the request's time is over");
        vch_session_parts_note_owed(session);
    }
}

bool vch_session_is_idle(const struct vch_session *session)
{
    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++)
        if (session->tasks[i] != NULL) return false;
    return session->grant_id == 0;
}

void vch_session_send_goodbye(struct vch_session *session)
{
    Vouch__Goodbye goodbye = VOUCH__GOODBYE__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    frame.body_case = VOUCH__FRAME__BODY_GOODBYE;
    frame.goodbye = &goodbye;
    vch_session_parts_send(session, &frame);
}
