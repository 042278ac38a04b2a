// What the worker made, from its hands to the stream.
#include "node/session_parts.h"

static void send_proof_header(struct vch_session *session, const struct vch_task *task)
{
    Vouch__ProofResult result = VOUCH__PROOF_RESULT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    result.id = task->id;
    result.annex_size = task->reply[0].size;
    result.proof_size = task->reply[1].size;
    result.compute_us = task->compute_us;
    frame.body_case = VOUCH__FRAME__BODY_PROOF_RESULT;
    frame.proof_result = &result;
    vch_session_parts_send(session, &frame);
}

static void send_vote_header(struct vch_session *session, struct vch_task *task)
{
    Vouch__RunResult result = VOUCH__RUN_RESULT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    result.id = task->id;
    result.input = (ProtobufCBinaryData){VCH_DIGEST_SIZE, task->vote.input.bytes};
    result.output = (ProtobufCBinaryData){VCH_DIGEST_SIZE, task->vote.output.bytes};
    result.signature = (ProtobufCBinaryData){VCH_SIGN_SIGNATURE_SIZE, task->vote.signature.bytes};
    result.size = task->reply[0].size;
    result.compute_us = task->compute_us;
    frame.body_case = VOUCH__FRAME__BODY_RUN_RESULT;
    frame.run_result = &result;
    vch_session_parts_send(session, &frame);
}

static void send_header(struct vch_session *session, struct vch_task *task)
{
    if (task->is_proof)
        send_proof_header(session, task);
    else
        send_vote_header(session, task);
    task->is_header_sent = true;
}

static size_t reply_size(const struct vch_task *task)
{
    size_t size = 0;

    for (size_t i = 0; i < VCH_TASK_PARTS; i++)
        size += task->reply[i].size;
    return size;
}

static void send_chunk(struct vch_session *session, struct vch_task *task)
{
    Vouch__Chunk chunk = VOUCH__CHUNK__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    const struct vch_task_part *part = task->reply;
    size_t at = task->sent;

    for (; at >= part->size; part++) // there is more to send, so there is such a part
        at -= part->size;
    size_t left = part->size - at;
    chunk.id = task->id;
    chunk.data.len = left < VCH_FRAME_CHUNK_MAX ? left : VCH_FRAME_CHUNK_MAX;
    chunk.data.data = (uint8_t *)(uintptr_t)(part->bytes + at); // packing only reads it
    frame.body_case = VOUCH__FRAME__BODY_CHUNK;
    frame.chunk = &chunk;
    vch_session_parts_send(session, &frame);
    task->sent += chunk.data.len;
}

void vch_session_pump(struct vch_session *session, struct vch_session_time now)
{
    struct vch_session_host *host = session->host;

    session->now = now;
    while (session->sending_count > 0 && session->end_code == VCH_CODE_NONE &&
           vch_session_parts_is_trusted(session) && host->has_room(session->transport)) {
        struct vch_task *task = session->sending[0];
        if (!task->is_header_sent)
            send_header(session, task);
        else
            send_chunk(session, task);
        if (task->sent < reply_size(task)) continue;
        vch_metrics_observe(&host->metrics->turnaround,
                            (now.monotonic_ms - task->admitted_ms) * 1000);
        host->metrics->jobs_answered++;
        vch_session_parts_drop_task(session, vch_session_parts_find_task(session, task->id));
    }
}

// What a side of a dispute sent is good: this referee will vote on it.
static void thank(struct vch_session *session, struct vch_task *task)
{
    Vouch__RefereeResult result = VOUCH__REFEREE_RESULT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    result.id = task->id;
    frame.body_case = VOUCH__FRAME__BODY_REFEREE_RESULT;
    frame.referee_result = &result;
    vch_session_parts_send(session, &frame);
    vch_session_parts_drop_task(session, vch_session_parts_find_task(session, task->id));
}

static void show(struct vch_session *session, struct vch_task *task)
{
    task->state = VCH_TASK_SENDING;
    session->sending[session->sending_count++] = task;
}

void vch_session_parts_hold(struct vch_session *session, struct vch_task *task)
{
    struct vch_session_host *host = session->host;
    struct vch_complaint complaint = {""};
    enum vch_session_leave leave = host->may_show(host->context, task, &complaint);

    task->state = VCH_TASK_HELD;
    if (leave == VCH_SESSION_GO) {
        show(session, task);
    } else if (leave == VCH_SESSION_NEVER) {
        uint64_t id = task->id;
        vch_session_parts_drop_task(session, vch_session_parts_find_task(session, id));
        vch_session_parts_refuse(session, id, VCH_CODE_REFUSED, complaint.text);
    }
}

void vch_session_finish(struct vch_session_host *host, struct vch_task *task,
                        struct vch_session_time now)
{
    struct vch_session *session = task->session;

    vch_metrics_observe(&host->metrics->compute, task->compute_us);
    if (task->is_opening) { // nobody's but this node's own
        host->opened(host->context, task);
        vch_session_free_task(host, task);
        return;
    }
    task->state = VCH_TASK_SENDING;
    // A seat is answered for, whether or not its client still waits.
    if (vch_is_ok(task->status) && (task->is_agreed || task->referee != NULL))
        task->status = host->computed(host->context, task, &task->complaint);
    if (session == NULL) {
        vch_session_free_task(host, task);
        return;
    }
    session->now = now;
    if (!vch_is_ok(task->status)) {
        vch_session_parts_refuse_status(session, task->id, task->status, &task->complaint);
        vch_session_parts_drop_task(session, vch_session_parts_find_task(session, task->id));
        return;
    }
    if (task->referee != NULL)
        thank(session, task);
    else if (task->is_agreed)
        vch_session_parts_hold(session, task);
    else
        show(session, task);
    vch_session_pump(session, now);
}
