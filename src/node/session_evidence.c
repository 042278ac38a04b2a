// What client and node show each other, and the pong that waits for it.
#include "node/session_parts.h"

struct vch_transport_time vch_session_parts_now(const struct vch_session *session)
{
    return (struct vch_transport_time){session->now.unix_ms, session->now.monotonic_ms};
}

bool vch_session_parts_is_trusted(const struct vch_session *session)
{
    return vch_channel_is_open(&session->channel, vch_session_parts_now(session));
}

static void send_pong(struct vch_session *session, uint64_t token)
{
    Vouch__Pong pong = VOUCH__PONG__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    pong.token = token;
    frame.body_case = VOUCH__FRAME__BODY_PONG;
    frame.pong = &pong;
    if (session->host->has_room(session->transport)) vch_session_parts_send(session, &frame);
}

void vch_session_parts_receive_ping(struct vch_session *session, const Vouch__Ping *ping)
{
    session->owes_pong = !vch_session_parts_is_trusted(session);
    session->pong = ping->token;
    if (!session->owes_pong) send_pong(session, ping->token);
}

static void count_evidence(struct vch_session *session)
{
    struct vch_metrics *metrics = session->host->metrics;
    const struct vch_channel *channel = &session->channel;
    const bool is_asked = session->host->client_policy != NULL;

    metrics->evidence_shown += channel->shown_count - session->counted_shown;
    metrics->evidence_accepted += channel->asker.accepted_count - session->counted_accepted;
    if (is_asked && channel->asker.state == VCH_ASKER_FAILED && session->end_code == VCH_CODE_NONE)
        metrics->evidence_refused++; // once: the session ends
    session->counted_shown = channel->shown_count;
    session->counted_accepted = channel->asker.accepted_count;
}

void vch_session_parts_settle_channel(struct vch_session *session)
{
    const char *why = NULL;
    enum vch_code code = vch_channel_trouble(&session->channel, &why);

    count_evidence(session);
    if (code != VCH_CODE_NONE) vch_session_parts_end(session, code, "%s", why);
    if (session->host->client_policy == NULL || !vch_session_parts_is_trusted(session)) return;
    if (session->owes_pong) send_pong(session, session->pong);
    session->owes_pong = false;
    vch_session_pump(session, session->now); // what waited for a new verdict
}
