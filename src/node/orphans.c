#include "node/orphans.h"

void vch_orphans_adopt(struct vch_session_host *host, struct vch_task *task)
{
    if (host->orphan_count == VCH_ORPHANS_MAX) {
        vch_session_free_task(host, task);
        return;
    }
    task->give_up_ms = 0; // its client's time counts no more: its own begins at the next look
    task->next = host->orphans;
    host->orphans = task;
    host->orphan_count++;
}

// True when it is no orphan any more: with the worker, or freed.
static bool settle(struct vch_session_host *host, struct vch_task *task,
                   struct vch_session_time now)
{
    struct vch_complaint complaint = {""};
    enum vch_session_leave leave = host->may_work(host->context, task, &complaint);
    bool is_unknown = leave == VCH_SESSION_NOT_YET;

    if (task->give_up_ms == 0) task->give_up_ms = now.monotonic_ms + VCH_ORPHANS_PATIENCE_MS;
    if (leave == VCH_SESSION_GO) {
        task->next = NULL;
        task->state = VCH_TASK_WORKING; // before the worker may touch it
        if (vch_is_ok(host->submit(host->context, task))) return true;
        task->state = VCH_TASK_WAITING; // the worker is asked again
        return false;
    }
    if (leave != VCH_SESSION_NEVER && !(is_unknown && now.monotonic_ms >= task->give_up_ms))
        return false;
    vch_session_free_task(host, task);
    return true;
}

void vch_orphans_advance(struct vch_session_host *host, struct vch_session_time now)
{
    struct vch_task *task = host->orphans;

    host->orphans = NULL;
    host->orphan_count = 0;
    while (task != NULL) {
        struct vch_task *next = task->next; // before the worker has it
        if (!settle(host, task, now)) {
            task->next = host->orphans;
            host->orphans = task;
            host->orphan_count++;
        }
        task = next;
    }
}

void vch_orphans_release(struct vch_session_host *host)
{
    while (host->orphans != NULL) {
        struct vch_task *task = host->orphans;
        host->orphans = task->next;
        vch_session_free_task(host, task);
    }
    host->orphan_count = 0;
}
