#include "ledger/ledger_session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ledger/ledger_session_parts.h"

void vch_ledger_session_init(struct vch_ledger_session *session,
                             struct vch_ledger_session_host *host,
                             const struct vch_public_key *peer, void *transport)
{
    *session = (struct vch_ledger_session){.host = host, .peer = *peer, .transport = transport};
}

void vch_ledger_session_parts_end(struct vch_ledger_session *session, enum vch_code code,
                                  const char *format, ...)
{
    va_list args;

    if (session->end_code != VCH_CODE_NONE) return;
    session->end_code = code;
    session->host->counts.ended++;
    va_start(args, format);
    (void)vsnprintf(session->end_text, sizeof session->end_text, format, args);
    va_end(args);
}

void vch_ledger_session_parts_note_sent(struct vch_ledger_session *session, vch_status status)
{
    if (!vch_is_ok(status))
        vch_ledger_session_parts_end(session, status.code, "the stream takes no more frames");
}

bool vch_ledger_session_parts_has_room(const struct vch_ledger_session *session)
{
    return session->end_code == VCH_CODE_NONE && session->host->has_room(session->transport);
}

static void receive_hello(struct vch_ledger_session *session, const Vouch__Hello *hello)
{
    if (session->has_greeted) {
        vch_ledger_session_parts_end(session, VCH_CODE_MALFORMED, "a second hello on one stream");
    } else if (hello->version != VCH_FRAME_VERSION) {
        vch_ledger_session_parts_end(session, VCH_CODE_UNSUPPORTED,
                                     "protocol version %u; this ledger speaks %u", hello->version,
                                     VCH_FRAME_VERSION);
    } else {
        session->has_greeted = true;
        vch_ledger_session_parts_note_sent(session, vch_ledger_answer_welcome(session));
    }
}

static void receive_ping(struct vch_ledger_session *session, const Vouch__Ping *ping)
{
    if (vch_ledger_session_parts_has_room(session))
        vch_ledger_session_parts_note_sent(session, vch_ledger_answer_pong(session, ping->token));
}

void vch_ledger_session_release(struct vch_ledger_session *session)
{
    struct vch_request *receiving = session->receiving, *sending = session->sending;

    for (uint32_t i = 0; i < VCH_LEDGER_SESSION_REQUESTS_MAX; i++)
        if (session->requests[i] != NULL) session->requests[i]->session = NULL;
    memset(session->requests, 0, sizeof session->requests);
    session->receiving = session->sending = NULL;
    session->is_following = false;
    session->watch_count = 0;
    // Nobody else has these.
    if (receiving != NULL) vch_ledger_session_free_request(session->host, receiving);
    if (sending != NULL) vch_ledger_session_free_request(session->host, sending);
}

static void leave(struct vch_ledger_session *session)
{
    session->is_leaving = true;
    vch_ledger_session_release(session);
}

static void dispatch(struct vch_ledger_session *session, const Vouch__Frame *frame)
{
    switch ((int)frame->body_case) { // generated with a value more, for some compilers
    case VOUCH__FRAME__BODY_HELLO: receive_hello(session, frame->hello); break;
    case VOUCH__FRAME__BODY_LEDGER_APPEND:
        vch_ledger_session_parts_receive_append(session, frame->ledger_append);
        break;
    case VOUCH__FRAME__BODY_LEDGER_FOLLOW:
        vch_ledger_session_parts_receive_follow(session, frame->ledger_follow);
        break;
    case VOUCH__FRAME__BODY_LEDGER_WATCH:
        vch_ledger_session_parts_receive_watch(session, frame->ledger_watch);
        break;
    case VOUCH__FRAME__BODY_LEDGER_PROVE:
        vch_ledger_session_parts_receive_prove(session, frame->ledger_prove);
        break;
    case VOUCH__FRAME__BODY_LEDGER_BLOB_GET:
        vch_ledger_session_parts_receive_get(session, frame->ledger_blob_get);
        break;
    case VOUCH__FRAME__BODY_LEDGER_BLOB_PUT:
        vch_ledger_session_parts_receive_put(session, frame->ledger_blob_put);
        break;
    case VOUCH__FRAME__BODY_CHUNK:
        vch_ledger_session_parts_receive_chunk(session, frame->chunk);
        break;
    case VOUCH__FRAME__BODY_PING: receive_ping(session, frame->ping); break;
    case VOUCH__FRAME__BODY_PONG: break;
    case VOUCH__FRAME__BODY_GOODBYE: session->is_leaving = true; break;
    case VOUCH__FRAME__BODY_REFUSAL: leave(session); break;
    default:
        vch_ledger_session_parts_end(session, VCH_CODE_MALFORMED,
                                     "a %s frame is for ledgers to send", vch_frame_name(frame));
        break;
    }
}

void vch_ledger_session_receive(struct vch_ledger_session *session, const Vouch__Frame *frame,
                                struct vch_ledger_session_time now)
{
    session->now = now;
    if (session->end_code != VCH_CODE_NONE) return;
    if (!session->has_greeted && frame->body_case != VOUCH__FRAME__BODY_HELLO) {
        vch_ledger_session_parts_end(session, VCH_CODE_MALFORMED, "a %s frame before the hello",
                                     vch_frame_name(frame));
        return;
    }
    dispatch(session, frame);
    vch_ledger_session_pump(session, now);
}

void vch_ledger_session_pump(struct vch_ledger_session *session, struct vch_ledger_session_time now)
{
    session->now = now;
    if (session->end_code != VCH_CODE_NONE || !session->has_greeted) return;
    vch_ledger_session_parts_pump_blob(session);
    vch_ledger_session_parts_pump_watches(session);
    vch_ledger_session_parts_pump_follow(session);
}

static void count_drafts(struct vch_ledger_session_host *host, const struct vch_request *request)
{
    for (uint32_t i = 0; i < request->count; i++) {
        if (vch_is_ok(request->drafts[i].status))
            host->counts.drafts_taken++;
        else
            host->counts.drafts_refused++;
    }
}

static vch_status answer(struct vch_ledger_session *session, const struct vch_request *request)
{
    const char *text = request->job.complaint.text;
    enum vch_code code = request->job.status.code;

    if (code != VCH_CODE_NONE && text[0] == '\0') text = vch_code_text(code);
    switch ((int)request->kind) {
    case VCH_REQUEST_APPEND: return vch_ledger_answer_appended(session, request);
    case VCH_REQUEST_PUT_BLOB: return vch_ledger_answer_put(session, request->id, code, text);
    default: break;
    }
    session->host->counts.proofs++;
    if (code != VCH_CODE_NONE) return vch_ledger_answer_no_proof(session, request->id, code, text);
    return vch_ledger_answer_proof(session, request);
}

void vch_ledger_session_finish(struct vch_ledger_session_host *host, struct vch_request *request,
                               struct vch_ledger_session_time now)
{
    struct vch_ledger_session *session = request->session;

    if (request->kind == VCH_REQUEST_APPEND) count_drafts(host, request);
    if (session == NULL) {
        vch_ledger_session_free_request(host, request);
        return;
    }
    session->now = now;
    if (request->kind == VCH_REQUEST_GET_BLOB) {
        vch_ledger_session_parts_finish_get(session, request);
        return;
    }
    if (request->kind == VCH_REQUEST_FOLLOW)
        vch_ledger_session_parts_finish_follow(session, request);
    else if (request->kind == VCH_REQUEST_WATCH)
        vch_ledger_session_parts_finish_watch(session, request);
    else if (session->end_code == VCH_CODE_NONE)
        vch_ledger_session_parts_note_sent(session, answer(session, request));
    vch_ledger_session_parts_drop(session, request);
    vch_ledger_session_pump(session, now);
}

bool vch_ledger_session_is_idle(const struct vch_ledger_session *session)
{
    for (uint32_t i = 0; i < VCH_LEDGER_SESSION_REQUESTS_MAX; i++)
        if (session->requests[i] != NULL) return false;
    return true;
}

void vch_ledger_session_send_goodbye(struct vch_ledger_session *session)
{
    if (session->end_code == VCH_CODE_NONE)
        vch_ledger_session_parts_note_sent(session, vch_ledger_answer_goodbye(session));
}
