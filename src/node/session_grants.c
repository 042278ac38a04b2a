// Releases of keys to sealed weights.
#include <inttypes.h>
#include <stdio.h>

#include "node/session_parts.h"

static void answer_grant(struct vch_session *session, uint64_t id, vch_status status,
                         const struct vch_complaint *complaint)
{
    Vouch__GrantResult result = VOUCH__GRANT_RESULT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    char text[VCH_COMPLAINT_SIZE] = "";

    if (!vch_session_parts_may_refuse(session)) return;
    if (!vch_is_ok(status))
        (void)snprintf(text, sizeof text, "%s",
                       complaint->text[0] ? complaint->text : vch_code_text(status.code));
    result.id = id;
    result.code = status.code;
    result.text = text;
    frame.body_case = VOUCH__FRAME__BODY_GRANT_RESULT;
    frame.grant_result = &result;
    vch_session_parts_send(session, &frame);
    if (!vch_is_ok(status)) vch_metrics_refuse(session->host->metrics, status.code);
}

void vch_session_parts_follow_grant(struct vch_session *session)
{
    struct vch_session_host *host = session->host;
    struct vch_complaint complaint = {""};

    if (session->grant_id == 0) return;
    vch_status status = host->ask_grant(host->context, session->grant_place, &complaint);
    if (status.code == VCH_CODE_BUSY) return;
    answer_grant(session, session->grant_id, status, &complaint);
    session->grant_id = 0;
}

void vch_session_parts_receive_grant(struct vch_session *session, const Vouch__Grant *grant)
{
    struct vch_session_host *host = session->host;
    struct vch_complaint complaint = {""};
    vch_status status;

    if (grant->id <= session->last_id) {
        vch_session_parts_end(session, VCH_CODE_MALFORMED,
                              "request %" PRIu64 " after %" PRIu64 ": identifiers grow", grant->id,
                              session->last_id);
        return;
    }
    session->last_id = grant->id;
    if (host->take_grant == NULL)
        status = vch_complain(&complaint, VCH_CODE_UNSUPPORTED,
                              "this node has no sealed weights that wait for a key");
    else if (host->is_draining)
        status = vch_complain(&complaint, VCH_CODE_UNAVAILABLE, "this node is about to stop");
    else if (session->grant_id != 0)
        status = vch_complain(&complaint, VCH_CODE_BUSY, "another release is being opened");
    else if (!session->channel.has_shown)
        status = vch_complain(&complaint, VCH_CODE_REFUSED,
                              "nothing was attested on this stream: ask for evidence first");
    else
        status = host->take_grant(host->context, session->channel.shown, grant,
                                  &session->grant_place, &complaint);
    if (!vch_is_ok(status)) {
        answer_grant(session, grant->id, status, &complaint);
        return;
    }
    session->grant_id = grant->id;
    vch_session_parts_follow_grant(session);
}
