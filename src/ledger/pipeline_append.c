// Groups on their way to the store, one at a time, and what follows when one is there.
#include <unistd.h>

#include "host/clock.h"
#include "host/log.h"
#include "ledger/pipeline_parts.h"

enum {
    RETRY_MS = 200,     // between tries of an engine that gives no answer
    RETRIES_MS = 60000, // after which it has failed
};

static bool may_pass(enum vch_code code)
{
    return code == VCH_CODE_UNAVAILABLE || code == VCH_CODE_BUSY || code == VCH_CODE_TIMEOUT;
}

// On the keeper's thread. An engine without an answer is asked again: the same entries at the same
// place are found or appended, never both.
static void run_append(void *subject, struct vch_lane_job *job)
{
    const struct vch_pipeline *pipeline = job->context;
    struct vch_group *group = (struct vch_group *)job;
    uint64_t end_ms = vch_clock_monotonic_ms() + RETRIES_MS;
    struct vch_store_head head;

    for (;;) {
        job->complaint.text[0] = '\0';
        job->status = vch_store_append(subject, group->first, group->entries, group->count, &head,
                                       &job->complaint);
        if (!may_pass(job->status.code) || vch_lane_is_ending(pipeline->setup.keeper) ||
            vch_clock_monotonic_ms() >= end_ms)
            return;
        vch_log_write(VCH_LOG_WARNING, "the store gives no answer, trying again: %s",
                      job->complaint.text);
        (void)usleep(RETRY_MS * 1000); // on a thread of its own
    }
}

static void fail(struct vch_pipeline *pipeline, const struct vch_complaint *complaint)
{
    if (pipeline->has_failed) return;
    pipeline->has_failed = true;
    pipeline->setup.on_failed(pipeline->setup.context, complaint);
}

void vch_pipeline_parts_answer(struct vch_pipeline *pipeline)
{
    struct vch_request_queue *applied = &pipeline->applied;

    while (applied->first != NULL && applied->first->settled_at <= pipeline->durable)
        pipeline->setup.on_answered(pipeline->setup.context, vch_request_pop(applied));
}

static void on_appended(void *context, struct vch_lane_job *job)
{
    struct vch_pipeline *pipeline = context;
    struct vch_group *group = (struct vch_group *)job;

    pipeline->appending = NULL;
    if (!vch_is_ok(job->status)) {
        fail(pipeline, &job->complaint);
        vch_group_free(group);
        return;
    }
    pipeline->durable = group->first + group->count;
    if (group->content > pipeline->content) pipeline->content = group->content;
    pipeline->group_count++;
    vch_group_keep(&pipeline->recent, group);
    vch_pipeline_parts_append(pipeline); // the disk first: answering takes its time
    vch_pipeline_parts_answer(pipeline);
    pipeline->setup.on_durable(pipeline->setup.context);
    vch_pipeline_attend(pipeline);
}

// Each group costs a transaction and, for each of those who listen, a record to seal, send, wake up
// for and open: more than its entries do, where they are few.
static bool is_gathering(const struct vch_pipeline *pipeline)
{
    return !pipeline->is_settling && vch_group_has_room(pipeline->filling) &&
           vch_clock_monotonic_ms() <
               pipeline->begun_ms + pipeline->setup.pause_ms(pipeline->setup.context);
}

void vch_pipeline_parts_append(struct vch_pipeline *pipeline)
{
    struct vch_group *group = pipeline->filling;

    if (group == NULL || group->count == 0 || pipeline->appending != NULL || pipeline->has_failed ||
        is_gathering(pipeline))
        return;
    pipeline->begun_ms = vch_clock_monotonic_ms();
    pipeline->appending = group;
    pipeline->filling = NULL;
    group->job.run = run_append;
    group->job.done = on_appended;
    group->job.context = pipeline;
    group->job.is_urgent = true;
    vch_lane_submit(pipeline->setup.keeper, &group->job);
}
