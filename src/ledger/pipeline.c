#include "ledger/pipeline.h"

#include <stdlib.h>

#include "agreement/clerk.h"
#include "ledger/pipeline_parts.h"

static bool is_settled(const struct vch_pipeline *pipeline)
{
    return pipeline->appending == NULL &&
           (pipeline->filling == NULL || pipeline->filling->count == 0);
}

static void apply_ready(struct vch_pipeline *pipeline)
{
    struct vch_request_queue *submitted = &pipeline->submitted;

    while (submitted->first != NULL && submitted->first->is_verified && !pipeline->has_failed) {
        if (!vch_pipeline_parts_apply(pipeline, submitted->first)) break;
        vch_request_push(&pipeline->applied, vch_request_pop(submitted));
        vch_pipeline_parts_enter_due(pipeline);
    }
}

void vch_pipeline_attend(struct vch_pipeline *pipeline)
{
    if (pipeline->is_settling && is_settled(pipeline)) {
        pipeline->is_settling = false;
        pipeline->setup.on_settled(pipeline->setup.context);
    }
    if (!pipeline->is_settling) {
        apply_ready(pipeline);
        vch_pipeline_parts_enter_due(pipeline);
    }
    vch_pipeline_parts_append(pipeline);
    vch_pipeline_parts_answer(pipeline); // what took nothing, and waits for nothing
}

static void on_verified(void *context, struct vch_lane_job *job)
{
    struct vch_request *request = (struct vch_request *)job;

    request->is_verified = vch_is_ok(job->status);
    if (request->is_verified) vch_pipeline_attend(context);
}

void vch_pipeline_submit(struct vch_pipeline *pipeline, struct vch_request *request)
{
    vch_request_push(&pipeline->submitted, request);
    request->host = pipeline;
    request->job.run = vch_pipeline_parts_verify;
    request->job.done = on_verified;
    request->job.context = pipeline;
    vch_lane_submit(pipeline->setup.verifiers, &request->job);
}

uint64_t vch_pipeline_wake_ms(const struct vch_pipeline *pipeline)
{
    return vch_clerk_wake_ms(pipeline->setup.state);
}

void vch_pipeline_settle(struct vch_pipeline *pipeline)
{
    pipeline->is_settling = true;
}

uint64_t vch_pipeline_durable(const struct vch_pipeline *pipeline)
{
    return pipeline->durable;
}

uint64_t vch_pipeline_content(const struct vch_pipeline *pipeline)
{
    return pipeline->content;
}

uint64_t vch_pipeline_waiting(const struct vch_pipeline *pipeline)
{
    return pipeline->submitted.count + pipeline->applied.count;
}

uint64_t vch_pipeline_groups(const struct vch_pipeline *pipeline)
{
    return pipeline->group_count;
}

uint32_t vch_pipeline_recent(const struct vch_pipeline *pipeline, uint64_t from, uint32_t count,
                             struct vch_store_entry *out)
{
    return vch_group_find(&pipeline->recent, from, count, out);
}

vch_status vch_pipeline_new(struct vch_pipeline **out, const struct vch_pipeline_setup *setup)
{
    struct vch_pipeline *pipeline = calloc(1, sizeof *pipeline);

    if (pipeline == NULL) return VCH_FAIL(NO_MEMORY);
    pipeline->setup = *setup;
    pipeline->durable = setup->durable;
    pipeline->content = setup->last_content;
    vch_arena_init(&pipeline->scratch, VCH_GROUP_MEMORY_MAX);
    *out = pipeline;
    return VCH_OK;
}

static void discard_all(struct vch_request_queue *queue,
                        void (*discard)(void *, struct vch_request *), void *context)
{
    while (queue->first != NULL)
        discard(context, vch_request_pop(queue));
}

void vch_pipeline_free(struct vch_pipeline *pipeline, void (*discard)(void *, struct vch_request *),
                       void *context)
{
    if (pipeline == NULL) return;
    discard_all(&pipeline->applied, discard, context);
    discard_all(&pipeline->submitted, discard, context);
    vch_group_forget(&pipeline->recent);
    vch_group_free(pipeline->filling);
    vch_arena_release(&pipeline->scratch);
    free(pipeline);
}
