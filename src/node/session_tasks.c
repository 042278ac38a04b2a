// The tasks of a session: memory, places, and an end to each.
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "node/orphans.h"
#include "node/session_parts.h"

// The tensor's memory is not touched before its bytes come: a request of a few hundred bytes must
// not make the loop clear, or the machine hold, a gigabyte.
vch_status vch_session_set_aside(struct vch_task **out, struct vch_session_host *host,
                                 const struct vch_task *asked, struct vch_complaint *complaint)
{
    if (asked->memory > host->memory_max - host->memory_used)
        return vch_complain(complaint, VCH_CODE_BUSY,
                            "other requests hold this node's memory: try again later");
    struct vch_task *task = calloc(1, sizeof *task);
    void *input = calloc(asked->input_size, 1);
    if (task == NULL || input == NULL) {
        free(task);
        free(input);
        return VCH_FAIL(NO_MEMORY);
    }
    *task = *asked;
    task->input.data = input;
    host->memory_used += task->memory;
    vch_arena_init(&task->arena, task->memory);
    if (task->job_size > 0) { // it lies in the frame, which goes
        uint8_t *job = vch_arena_alloc(&task->arena, task->job_size, 1);
        if (job != NULL) memcpy(job, asked->job, task->job_size);
        task->job = job;
        if (job == NULL) task->job_size = 0;
    }
    *out = task;
    return VCH_OK;
}

void vch_session_free_task(struct vch_session_host *host, struct vch_task *task)
{
    VCH_ASSERT(host->memory_used >= task->memory);
    host->memory_used -= task->memory;
    vch_arena_release(&task->arena);
    free(task->referee);
    vch_wipe(task->input.data, task->received);
    free(task->input.data);
    free(task);
}

struct vch_task **vch_session_parts_find_task(struct vch_session *session, uint64_t id)
{
    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++)
        if (session->tasks[i] != NULL && session->tasks[i]->id == id) return &session->tasks[i];
    return NULL;
}

struct vch_task **vch_session_parts_find_free(struct vch_session *session)
{
    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++)
        if (session->tasks[i] == NULL) return &session->tasks[i];
    return NULL;
}

void vch_session_parts_note_owed(struct vch_session *session)
{
    bool is_owed = false;

    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++)
        is_owed |= session->tasks[i] != NULL && session->tasks[i]->state == VCH_TASK_RECEIVING;
    session->host->set_owed(session->transport, is_owed);
}

static void stop_sending(struct vch_session *session, const struct vch_task *task)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < session->sending_count; i++)
        if (session->sending[i] != task) session->sending[kept++] = session->sending[i];
    session->sending_count = kept;
}

void vch_session_parts_drop_task(struct vch_session *session, struct vch_task **slot)
{
    struct vch_task *task = *slot;

    *slot = NULL;
    stop_sending(session, task);
    task->session = NULL;
    // A seat that was drawn is answered for, or it pays: its client's patience does not matter.
    if (!task->is_agreed) atomic_store(&task->is_cancelled, true);
    if (task->state == VCH_TASK_WORKING) return;
    if (task->state == VCH_TASK_WAITING)
        vch_orphans_adopt(session->host, task);
    else
        vch_session_free_task(session->host, task);
}

void vch_session_parts_drop_tasks(struct vch_session *session)
{
    for (uint32_t i = 0; i < VCH_SESSION_REQUESTS_MAX; i++) {
        if (session->tasks[i] == NULL) continue;
        session->host->metrics->jobs_cancelled++;
        vch_session_parts_drop_task(session, &session->tasks[i]);
    }
}
