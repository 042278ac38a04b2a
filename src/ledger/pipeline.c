#include "ledger/pipeline.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agreement/clerk.h"
#include "base/check.h"
#include "host/clock.h"
#include "host/log.h"

enum {
    GROUP_ARENA_MAX = 4 << 20,  // a group's bytes, and the largest entry while it is in the making
    RETRY_MS = 200,             // between tries of an engine that gives no answer
    RETRIES_MS = 60000,         // after which it has failed
    CLERK_RETRY_MS = 1000,      // after an entry of the clerk's that the state refused
    ENTRIES_PER_TURN_MAX = 512, // of the clerk's
};

// Entries on their way to the store, or durable.
struct group {
    struct vch_lane_job job; // first: a job is its group
    struct vch_pipeline *pipeline;
    struct group *newer; // of the recent ones
    struct vch_arena arena;
    uint64_t first, content;
    uint32_t count;
    size_t size;
    struct vch_store_entry entries[VCH_STORE_GROUP_MAX];
};

struct queue {
    struct vch_request *first, **end;
    uint64_t count;
};

struct vch_pipeline {
    struct vch_pipeline_setup setup;
    struct vch_pipeline_checks *checks;
    struct queue submitted, applied; // in the order they came
    struct group *filling, *appending;
    struct group *oldest, *newest; // of the recent ones
    uint32_t recent_count;
    size_t recent_size;
    uint64_t durable, content, group_count;
    uint64_t clerk_retry_ms, begun_ms; // begun: the newest group's way to the store
    struct vch_arena scratch;
    bool is_settling, has_failed;
};

static vch_status check_signature(void *context, const struct vch_entry *entry,
                                  const struct vch_digest *ledger)
{
    const struct vch_pipeline_checks *checks = context;

    if (checks->is_verified) return VCH_OK;
    return checks->full.signature(checks->full.context, entry, ledger);
}

static vch_status check_sortition(void *context, struct vch_vrf_beta *out,
                                  const struct vch_vrf_public *key, const struct vch_digest *alpha,
                                  const struct vch_vrf_proof *proof)
{
    const struct vch_pipeline_checks *checks = context;

    if (checks->trusts_proofs) {
        *out = vch_vrf_beta(proof);
        return VCH_OK;
    }
    return checks->full.sortition(checks->full.context, out, key, alpha, proof);
}

static vch_status check_cosignature(void *context, const struct vch_charter *charter,
                                    const struct vch_entry_cosignature *cosignature, uint64_t size,
                                    const struct vch_digest *root)
{
    const struct vch_pipeline_checks *checks = context;

    return checks->full.cosignature(checks->full.context, charter, cosignature, size, root);
}

struct vch_state_checks vch_pipeline_state_checks(struct vch_pipeline_checks *checks)
{
    *checks = (struct vch_pipeline_checks){.full = vch_state_full_checks()};
    return (struct vch_state_checks){check_signature, check_sortition, check_cosignature, checks};
}

static void push(struct queue *queue, struct vch_request *request)
{
    request->next = NULL;
    *queue->end = request;
    queue->end = &request->next;
    queue->count++;
}

static struct vch_request *pop(struct queue *queue)
{
    struct vch_request *request = queue->first;

    queue->first = request->next;
    if (queue->first == NULL) queue->end = &queue->first;
    queue->count--;
    return request;
}

static void free_group(struct group *group)
{
    if (group == NULL) return;
    vch_arena_release(&group->arena);
    free(group);
}

// Verifying: on the verifiers' threads.

static void refuse_draft(struct vch_request *request, struct vch_request_draft *draft,
                         vch_status status, const struct vch_complaint *complaint)
{
    const char *text = complaint->text[0] != '\0' ? complaint->text : vch_code_text(status.code);

    draft->status = status;
    draft->text = vch_arena_string(&request->arena, text, strlen(text));
}

static void verify_draft(const struct vch_pipeline *pipeline, struct vch_request *request,
                         struct vch_request_draft *draft)
{
    struct vch_complaint complaint = {""};
    vch_status status =
        vch_entry_decode(&draft->entry, draft->bytes, draft->size, &request->arena, &complaint);

    if (vch_is_ok(status) && draft->entry.time_ms != 0)
        status = vch_complain(&complaint, VCH_CODE_MALFORMED,
                              "a draft has no time: the clerk gives it one");
    if (vch_is_ok(status)) {
        status = vch_entry_verify(&draft->entry, &pipeline->setup.ledger);
        if (!vch_is_ok(status))
            status = vch_complain(&complaint, status.code,
                                  "the signature is not the writer's for this ledger: sign for the "
                                  "ledger whose charter you have");
    }
    if (!vch_is_ok(status)) refuse_draft(request, draft, status, &complaint);
}

static void run_verify(void *subject, struct vch_lane_job *job)
{
    struct vch_request *request = (struct vch_request *)job;
    const struct vch_pipeline *pipeline = request->host;

    (void)subject;
    for (uint32_t i = 0; i < request->count; i++)
        if (vch_is_ok(request->drafts[i].status))
            verify_draft(pipeline, request, &request->drafts[i]);
}

// Appending: on the keeper's thread.

// An engine without an answer is asked again: the same entries at the same place are found or
// appended, never both.
static void run_append(void *subject, struct vch_lane_job *job)
{
    struct group *group = (struct group *)job;
    uint64_t end_ms = vch_clock_monotonic_ms() + RETRIES_MS;
    struct vch_store_head head;

    for (;;) {
        job->complaint.text[0] = '\0';
        job->status = vch_store_append(subject, group->first, group->entries, group->count, &head,
                                       &job->complaint);
        bool may_pass = job->status.code == VCH_CODE_UNAVAILABLE ||
                        job->status.code == VCH_CODE_BUSY || job->status.code == VCH_CODE_TIMEOUT;
        if (!may_pass || vch_lane_is_ending(group->pipeline->setup.keeper) ||
            vch_clock_monotonic_ms() >= end_ms)
            return;
        vch_log_write(VCH_LOG_WARNING, "the store gives no answer, trying again: %s",
                      job->complaint.text);
        (void)usleep(RETRY_MS * 1000); // on a thread of its own
    }
}

static void begin_append(struct vch_pipeline *pipeline);
static void turn(struct vch_pipeline *pipeline);

static void fail(struct vch_pipeline *pipeline, const struct vch_complaint *complaint)
{
    if (pipeline->has_failed) return;
    pipeline->has_failed = true;
    pipeline->setup.on_failed(pipeline->setup.context, complaint);
}

static void trim_recent(struct vch_pipeline *pipeline)
{
    while (pipeline->oldest != NULL && pipeline->recent_count > 1 &&
           (pipeline->recent_count > VCH_PIPELINE_RECENT_MAX ||
            pipeline->recent_size > VCH_PIPELINE_RECENT_SIZE_MAX)) {
        struct group *oldest = pipeline->oldest;
        pipeline->oldest = oldest->newer;
        pipeline->recent_count--;
        pipeline->recent_size -= oldest->size;
        free_group(oldest);
    }
}

static void keep_recent(struct vch_pipeline *pipeline, struct group *group)
{
    group->newer = NULL;
    if (pipeline->newest != NULL)
        pipeline->newest->newer = group;
    else
        pipeline->oldest = group;
    pipeline->newest = group;
    pipeline->recent_count++;
    pipeline->recent_size += group->size;
    trim_recent(pipeline);
}

static void answer_applied(struct vch_pipeline *pipeline)
{
    while (pipeline->applied.first != NULL &&
           pipeline->applied.first->settled_at <= pipeline->durable)
        pipeline->setup.on_answered(pipeline->setup.context, pop(&pipeline->applied));
}

static void on_appended(void *context, struct vch_lane_job *job)
{
    struct vch_pipeline *pipeline = context;
    struct group *group = (struct group *)job;

    pipeline->appending = NULL;
    if (!vch_is_ok(job->status)) {
        fail(pipeline, &job->complaint);
        free_group(group);
        return;
    }
    pipeline->durable = group->first + group->count;
    if (group->content > pipeline->content) pipeline->content = group->content;
    pipeline->group_count++;
    keep_recent(pipeline, group);
    begin_append(pipeline); // the disk first: answering takes its time
    answer_applied(pipeline);
    pipeline->setup.on_durable(pipeline->setup.context);
    turn(pipeline);
}

static bool has_room(const struct group *group)
{
    return group->count < VCH_STORE_GROUP_MAX &&
           group->size <= VCH_STORE_GROUP_SIZE_MAX - VCH_STORE_ENTRY_SIZE_MAX;
}

// Each group costs a transaction and, for each of those who listen, a record to seal, send, wake up
// for and open: more than its entries do, where they are few.
static bool is_gathering(const struct vch_pipeline *pipeline)
{
    return !pipeline->is_settling && has_room(pipeline->filling) &&
           vch_clock_monotonic_ms() <
               pipeline->begun_ms + pipeline->setup.pause_ms(pipeline->setup.context);
}

static void begin_append(struct vch_pipeline *pipeline)
{
    struct group *group = pipeline->filling;

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

// Applying: on the loop's thread.

static struct group *open_group(struct vch_pipeline *pipeline)
{
    struct group *group = pipeline->filling;

    if (group != NULL) return has_room(group) ? group : NULL;
    group = calloc(1, sizeof *group);
    if (group == NULL) return NULL;
    group->pipeline = pipeline;
    group->first = vch_state_size(pipeline->setup.state);
    vch_arena_init(&group->arena, GROUP_ARENA_MAX);
    pipeline->filling = group;
    return group;
}

static uint64_t stamp(const struct vch_pipeline *pipeline)
{
    uint64_t now_ms = pipeline->setup.now_ms(pipeline->setup.context);
    uint64_t last_ms = vch_state_time(pipeline->setup.state);

    return now_ms > last_ms ? now_ms : last_ms;
}

// The entry, stamped and encoded, joins the state and the group, or neither.
static vch_status apply(struct vch_pipeline *pipeline, struct group *group,
                        const struct vch_entry *entry, const uint8_t *bytes, size_t size,
                        struct vch_complaint *complaint)
{
    struct vch_state *state = pipeline->setup.state;
    uint64_t position = vch_state_size(state);

    VCH_ASSERT(position == group->first + group->count);
    pipeline->checks->is_verified = true;
    vch_status status = vch_state_apply(state, entry, bytes, size, complaint);
    pipeline->checks->is_verified = false;
    VCH_TRY(status);
    group->entries[group->count++] = (struct vch_store_entry){bytes, size};
    group->size += size;
    if (entry->kind != VCH_ENTRY_ANCHOR) group->content = position + 1;
    pipeline->setup.on_applied(pipeline->setup.context, position, entry, bytes, size);
    if (!vch_is_ok(vch_index_note(pipeline->setup.index, position, entry)))
        vch_log_write(VCH_LOG_ERROR, "no memory to index an entry: its watchers will miss it");
    return VCH_OK;
}

static vch_status apply_draft(struct vch_pipeline *pipeline, struct group *group,
                              struct vch_request_draft *draft, struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(&group->arena);
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (pipeline->setup.drops != NULL &&
        pipeline->setup.drops(pipeline->setup.drops_context, &draft->entry))
        return vch_complain(complaint, VCH_CODE_REFUSED, "the state refuses it");
    draft->entry.time_ms = stamp(pipeline);
    vch_status status = vch_entry_stamp(&bytes, &size, draft->bytes, draft->size,
                                        draft->entry.time_ms, &group->arena);
    if (vch_is_ok(status)) status = apply(pipeline, group, &draft->entry, bytes, size, complaint);
    if (!vch_is_ok(status)) vch_arena_rewind(&group->arena, mark);
    return status;
}

vch_status vch_pipeline_enter(struct vch_pipeline *pipeline, struct vch_entry *entry,
                              struct vch_complaint *complaint)
{
    struct group *group = open_group(pipeline);
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (group == NULL || pipeline->has_failed) return VCH_FAIL(BUSY);
    struct vch_arena_mark mark = vch_arena_mark(&group->arena);
    entry->time_ms = 0;
    vch_status status = vch_entry_sign(entry, &pipeline->setup.ledger, pipeline->setup.clerk,
                                       &group->arena, complaint);
    entry->time_ms = stamp(pipeline);
    if (vch_is_ok(status))
        status = vch_entry_encode(&bytes, &size, entry, &group->arena, complaint);
    if (vch_is_ok(status)) status = apply(pipeline, group, entry, bytes, size, complaint);
    if (!vch_is_ok(status)) vch_arena_rewind(&group->arena, mark);
    begin_append(pipeline);
    return status;
}

// A refusal of what the clerk computed itself is our own mistake, or a window that closed in
// between. It must not become a loop.
static void enter_due(struct vch_pipeline *pipeline)
{
    const struct vch_state *state = pipeline->setup.state;
    struct vch_complaint complaint = {""};
    struct vch_entry entry;

    if (vch_clock_monotonic_ms() < pipeline->clerk_retry_ms) return;
    for (uint32_t i = 0; i < ENTRIES_PER_TURN_MAX && !pipeline->has_failed; i++) {
        bool is_due = vch_clerk_next(&entry, state, stamp(pipeline), &pipeline->scratch);
        vch_status status = is_due ? vch_pipeline_enter(pipeline, &entry, &complaint) : VCH_OK;
        vch_arena_rewind(&pipeline->scratch, (struct vch_arena_mark){0});
        if (!is_due || status.code == VCH_CODE_BUSY) return;
        if (vch_is_ok(status)) continue;
        vch_log_write(VCH_LOG_ERROR, "the clerk's own %s is refused: %s",
                      vch_entry_kind_text(entry.kind), complaint.text);
        pipeline->clerk_retry_ms = vch_clock_monotonic_ms() + CLERK_RETRY_MS;
        return;
    }
}

// False: there is no room; the rest waits for the group that is being appended.
static bool apply_request(struct vch_pipeline *pipeline, struct vch_request *request)
{
    for (; request->applied < request->count; request->applied++) {
        struct vch_request_draft *draft = &request->drafts[request->applied];
        struct vch_complaint complaint = {""};
        if (!vch_is_ok(draft->status)) continue;
        struct group *group = open_group(pipeline);
        if (group == NULL) return false;
        vch_status status = apply_draft(pipeline, group, draft, &complaint);
        if (vch_is_ok(status))
            draft->position = vch_state_size(pipeline->setup.state) - 1;
        else
            refuse_draft(request, draft, status, &complaint);
    }
    // Refusals follow from the state too: they wait for what it rests on.
    request->settled_at = vch_state_size(pipeline->setup.state);
    return true;
}

static bool is_settled(const struct vch_pipeline *pipeline)
{
    return pipeline->appending == NULL &&
           (pipeline->filling == NULL || pipeline->filling->count == 0);
}

static void apply_ready(struct vch_pipeline *pipeline)
{
    struct queue *submitted = &pipeline->submitted;

    while (submitted->first != NULL && submitted->first->is_verified && !pipeline->has_failed) {
        if (!apply_request(pipeline, submitted->first)) break;
        push(&pipeline->applied, pop(submitted));
        enter_due(pipeline);
    }
}

// Everything that can go on now.
static void turn(struct vch_pipeline *pipeline)
{
    if (pipeline->is_settling && is_settled(pipeline)) {
        pipeline->is_settling = false;
        pipeline->setup.on_settled(pipeline->setup.context);
    }
    if (!pipeline->is_settling) {
        apply_ready(pipeline);
        enter_due(pipeline);
    }
    begin_append(pipeline);
    answer_applied(pipeline); // what took nothing, and waits for nothing
}

static void on_verified(void *context, struct vch_lane_job *job)
{
    struct vch_pipeline *pipeline = context;
    struct vch_request *request = (struct vch_request *)job;

    request->is_verified = vch_is_ok(job->status);
    if (request->is_verified) turn(pipeline);
}

void vch_pipeline_submit(struct vch_pipeline *pipeline, struct vch_request *request)
{
    push(&pipeline->submitted, request);
    request->host = pipeline;
    request->job.run = run_verify;
    request->job.done = on_verified;
    request->job.context = pipeline;
    vch_lane_submit(pipeline->setup.verifiers, &request->job);
}

void vch_pipeline_attend(struct vch_pipeline *pipeline)
{
    turn(pipeline);
}

uint64_t vch_pipeline_wake_ms(const struct vch_pipeline *pipeline)
{
    return vch_clerk_wake_ms(pipeline->setup.state);
}

void vch_pipeline_settle(struct vch_pipeline *pipeline)
{
    pipeline->is_settling = true;
}

uint64_t vch_pipeline_now_ms(const struct vch_pipeline *pipeline)
{
    return stamp(pipeline);
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
    const struct group *newest = pipeline->newest;
    const struct group *group = newest != NULL && from >= newest->first ? newest : pipeline->oldest;
    uint32_t found = 0;

    for (; group != NULL && found < count; group = group->newer) {
        uint64_t end = group->first + group->count;
        if (from + found < group->first) break;
        for (uint64_t at = from + found; at < end && found < count; at++)
            out[found++] = group->entries[at - group->first];
    }
    return found;
}

vch_status vch_pipeline_new(struct vch_pipeline **out, const struct vch_pipeline_setup *setup,
                            struct vch_pipeline_checks *checks)
{
    struct vch_pipeline *pipeline = calloc(1, sizeof *pipeline);

    if (pipeline == NULL) return VCH_FAIL(NO_MEMORY);
    pipeline->setup = *setup;
    pipeline->checks = checks;
    pipeline->durable = setup->durable;
    pipeline->content = setup->last_content;
    pipeline->submitted.end = &pipeline->submitted.first;
    pipeline->applied.end = &pipeline->applied.first;
    vch_arena_init(&pipeline->scratch, GROUP_ARENA_MAX);
    *out = pipeline;
    return VCH_OK;
}

void vch_pipeline_free(struct vch_pipeline *pipeline, void (*discard)(void *, struct vch_request *),
                       void *context)
{
    if (pipeline == NULL) return;
    while (pipeline->applied.first != NULL)
        discard(context, pop(&pipeline->applied));
    while (pipeline->submitted.first != NULL)
        discard(context, pop(&pipeline->submitted));
    while (pipeline->oldest != NULL) {
        struct group *group = pipeline->oldest;
        pipeline->oldest = group->newer;
        free_group(group);
    }
    free_group(pipeline->filling);
    vch_arena_release(&pipeline->scratch);
    free(pipeline);
}
