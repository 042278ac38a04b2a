// What clients, and sides of disputes, ask for: from the request to the worker.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "node/admission.h"
#include "node/referee.h"
#include "node/session_parts.h"

static vch_status admit(struct vch_session *session, const struct vch_task *asked,
                        uint64_t budget_ms, struct vch_complaint *complaint)
{
    struct vch_task **slot = vch_session_parts_find_free(session), *task = NULL;

    VCH_ASSERT(slot != NULL);
    VCH_TRY(vch_session_set_aside(&task, session->host, asked, complaint));
    if (budget_ms == 0 || budget_ms > VCH_SESSION_BUDGET_MS_MAX)
        budget_ms = VCH_SESSION_BUDGET_MS_MAX;
    task->session = session;
    task->admitted_ms = session->now.monotonic_ms;
    task->give_up_ms = session->now.monotonic_ms + budget_ms;
    *slot = task;
    session->host->metrics->jobs_admitted++;
    vch_session_parts_note_owed(session);
    return VCH_OK;
}

static struct vch_admission admission_of(const struct vch_session *session)
{
    const struct vch_session_host *host = session->host;

    return (struct vch_admission){.models = host->models,
                                  .provers = host->provers,
                                  .registry = host->registry,
                                  .kernels = host->kernels,
                                  .workers = host->workers,
                                  .client = &session->peer,
                                  .unix_ms = session->now.unix_ms,
                                  .memory_max = host->memory_max,
                                  .is_on_ledger = host->may_work != NULL,
                                  .keep_max = host->keep_max};
}

// What holds for requests of every kind, before the costly checks. False: refused, or ended.
static bool may_ask(struct vch_session *session, uint64_t id)
{
    if (id <= session->last_id) {
        vch_session_parts_end(session, VCH_CODE_MALFORMED,
                              "request %" PRIu64 " after %" PRIu64 ": identifiers grow", id,
                              session->last_id);
        return false;
    }
    session->last_id = id;
    if (session->host->is_draining) {
        vch_session_parts_refuse(session, id, VCH_CODE_UNAVAILABLE, "this node is about to stop");
        return false;
    }
    if (vch_session_parts_find_free(session) == NULL) {
        vch_session_parts_refuse(session, id, VCH_CODE_BUSY,
                                 "too many requests at once on one stream");
        return false;
    }
    return true;
}

void vch_session_parts_receive_referee(struct vch_session *session,
                                       const Vouch__RefereeRequest *request)
{
    struct vch_session_host *host = session->host;
    const struct vch_admission admission = admission_of(session);
    struct vch_complaint complaint = {""};
    struct vch_task asked = {0};

    if (!may_ask(session, request->id)) return;
    if (host->may_work == NULL) {
        vch_session_parts_refuse(session, request->id, VCH_CODE_UNSUPPORTED,
                                 "this node is on no ledger");
        return;
    }
    vch_status status = vch_referee_check(&asked, request, &admission, host->state(host->context),
                                          host->self, &complaint);
    if (vch_is_ok(status)) status = admit(session, &asked, 0, &complaint);
    if (vch_is_ok(status)) return;
    free(asked.referee); // nobody took it over
    vch_session_parts_refuse_status(session, request->id, status, &complaint);
}

void vch_session_parts_receive_request(struct vch_session *session,
                                       const Vouch__RunRequest *request)
{
    const struct vch_admission admission = admission_of(session);
    struct vch_complaint complaint = {""};
    struct vch_task asked = {0};

    if (!may_ask(session, request->id)) return;
    vch_status status = vch_admission_check(&asked, request, &admission, &complaint);
    if (vch_is_ok(status)) status = admit(session, &asked, request->budget_ms, &complaint);
    if (!vch_is_ok(status))
        vch_session_parts_refuse_status(session, request->id, status, &complaint);
}

static void submit(struct vch_session *session, struct vch_task **slot)
{
    struct vch_task *task = *slot;

    task->state = VCH_TASK_WORKING; // before the worker may touch it
    vch_status status = session->host->submit(session->host->context, task);
    if (!vch_is_ok(status) && task->is_agreed) {
        task->state = VCH_TASK_WAITING; // its seat is owed: the worker is asked again
    } else if (!vch_is_ok(status)) {
        uint64_t id = task->id;
        task->state = VCH_TASK_RECEIVING;
        vch_session_parts_drop_task(session, slot);
        vch_session_parts_refuse(session, id, status.code, "the queue is full: try again later");
    }
    vch_session_parts_note_owed(session);
}

void vch_session_parts_begin(struct vch_session *session, struct vch_task **slot)
{
    struct vch_session_host *host = session->host;
    struct vch_task *task = *slot;
    struct vch_complaint complaint = {""};
    enum vch_session_leave leave =
        task->is_agreed ? host->may_work(host->context, task, &complaint) : VCH_SESSION_GO;

    task->state = VCH_TASK_WAITING;
    if (leave == VCH_SESSION_GO) {
        submit(session, slot);
    } else if (leave == VCH_SESSION_NEVER) {
        uint64_t id = task->id;
        task->state = VCH_TASK_RECEIVING; // nothing is owed
        vch_session_parts_drop_task(session, slot);
        vch_session_parts_refuse(session, id, VCH_CODE_REFUSED, complaint.text);
    }
    vch_session_parts_note_owed(session);
}

void vch_session_parts_receive_chunk(struct vch_session *session, const Vouch__Chunk *chunk)
{
    struct vch_task **slot = vch_session_parts_find_task(session, chunk->id);

    if (chunk->data.len == 0 || chunk->data.len > VCH_FRAME_CHUNK_MAX) {
        vch_session_parts_end(session, VCH_CODE_MALFORMED,
                              "a chunk of %zu bytes; 1 to %u are allowed", chunk->data.len,
                              VCH_FRAME_CHUNK_MAX);
    } else if (chunk->id > session->last_id) {
        vch_session_parts_end(session, VCH_CODE_MALFORMED,
                              "a chunk for a request that was never made");
    } else if (slot == NULL) {
        return; // refused or cancelled meanwhile: the rest of its tensor was on the way
    } else if ((*slot)->state != VCH_TASK_RECEIVING ||
               chunk->data.len > (*slot)->input_size - (*slot)->received) {
        vch_session_parts_end(session, VCH_CODE_MALFORMED,
                              "more tensor bytes than the request announced");
    } else {
        struct vch_task *task = *slot;
        memcpy((uint8_t *)task->input.data + task->received, chunk->data.data, chunk->data.len);
        task->received += chunk->data.len;
        if (task->received == task->input_size) vch_session_parts_begin(session, slot);
    }
}

void vch_session_parts_receive_cancel(struct vch_session *session, const Vouch__Cancel *cancel)
{
    struct vch_task **slot = vch_session_parts_find_task(session, cancel->id);

    if (cancel->id > session->last_id) {
        vch_session_parts_end(session, VCH_CODE_MALFORMED,
                              "a cancel for a request that was never made");
    } else if (slot != NULL) { // else the result or a refusal crossed it
        vch_session_parts_drop_task(session, slot);
        session->host->metrics->jobs_cancelled++;
        vch_session_parts_note_owed(session);
    }
}
