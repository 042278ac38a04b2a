// What the parts of the pipeline share, one for each station of a draft: pipeline_verify.c on the
// verifiers' threads, pipeline_apply.c on the loop's, pipeline_append.c on the keeper's and back.
#pragma once

#include "ledger/group.h"
#include "ledger/pipeline.h"

struct vch_pipeline {
    struct vch_pipeline_setup setup;
    struct vch_request_queue submitted, applied; // applied: and not answered
    struct vch_group *filling, *appending;
    struct vch_group_recent recent;
    uint64_t durable, content, group_count;
    uint64_t clerk_retry_ms, begun_ms; // begun: the newest group's way to the store
    struct vch_arena scratch;
    bool is_settling, has_failed;
};

// A lane job's `run`: decodes a request's drafts and verifies their signatures.
void vch_pipeline_parts_verify(void *subject, struct vch_lane_job *job);
void vch_pipeline_parts_refuse(struct vch_request *request, struct vch_request_draft *draft,
                               vch_status status, const struct vch_complaint *complaint);

// All drafts of a verified request. False: there is no room; the rest waits for the group that is
// being appended.
bool vch_pipeline_parts_apply(struct vch_pipeline *pipeline, struct vch_request *request);
// What the clerk has to enter by now.
void vch_pipeline_parts_enter_due(struct vch_pipeline *pipeline);

// Sends the group that fills on its way, if it is its turn.
void vch_pipeline_parts_append(struct vch_pipeline *pipeline);
// Those that wait for nothing any more.
void vch_pipeline_parts_answer(struct vch_pipeline *pipeline);
