#include "agreement/jobs.h"

#include <string.h>

#include "agreement/accounts.h"
#include "agreement/contests.h"
#include "agreement/settle.h"
#include "base/check.h"

struct job *vch_jobs_find(const struct vch_state *state, const struct vch_digest *id)
{
    const uint64_t hash = vch_table_hash(&state->job_table, id->bytes, 0);
    struct vch_table_node *node = vch_table_first(&state->job_table, hash);

    for (; node != NULL; node = vch_table_next(node)) {
        struct job *job = VCH_LIST_THING(node, struct job, node);
        if (memcmp(&job->is.id, id, sizeof *id) == 0) return job;
    }
    return NULL;
}

struct segment *vch_jobs_segment(const struct job *job, uint32_t index)
{
    struct segment *segment = job->segments;

    while (segment != NULL && segment->is.index != index)
        segment = segment->next;
    return segment;
}

static uint64_t expire_due(const struct job *job)
{
    if (job->is.phase != VCH_JOB_PENDING) return VCH_HEAP_NEVER;
    for (const struct segment *segment = job->segments; segment != NULL; segment = segment->next)
        if (segment->is.phase == VCH_JOB_PENDING && vch_contests_is_at_work(segment->contests))
            return VCH_HEAP_NEVER;
    return job->is.deadline_ms;
}

void vch_jobs_refresh(struct vch_state *state, struct job *job)
{
    VCH_ASSERT(job->unfinished > 0); // else it stands in the other heap
    vch_heap_set(&state->due, &job->due, expire_due(job));
}

void vch_jobs_finish(struct vch_state *state, struct job *job, uint64_t now)
{
    (void)now;
    VCH_ASSERT(job->unfinished > 0);
    if (--job->unfinished == 0 && job->is.phase != VCH_JOB_PENDING)
        vch_heap_set(&state->forgetting, &job->due, job->is.deadline_ms);
}

static void forget(struct vch_state *state, struct job *job)
{
    vch_heap_set(&state->forgetting, &job->due, VCH_HEAP_NEVER);
    while (job->segments != NULL) {
        struct segment *segment = job->segments;
        job->segments = segment->next;
        vch_slab_give(&state->segments, segment);
    }
    while (job->exclusions != NULL) {
        struct exclusion *exclusion = job->exclusions;
        job->exclusions = exclusion->next;
        vch_slab_give(&state->exclusions, exclusion);
    }
    vch_list_remove(&job->all);
    vch_table_remove(&state->job_table, &job->node);
    vch_slab_give(&state->jobs, job);
}

void vch_jobs_forget(struct vch_state *state, uint64_t now)
{
    for (;;) {
        struct vch_heap_item *first = vch_heap_first(&state->forgetting);
        if (first == NULL || first->time_ms > now) return;
        forget(state, VCH_LIST_THING(first, struct job, due));
    }
}

static vch_status check_input_time(const struct step *step, struct vch_complaint *complaint)
{
    const struct segment *segment = step->segment;

    if (segment == NULL || segment->before == NULL || segment->follows)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "no input is asked for: before that segment lies none of the client's "
                            "own with one by nodes before it");
    if (segment->is.phase != VCH_JOB_PENDING || segment->contests->is.has_input)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the segment has its input, or its job is over");
    if (segment->before->is.phase != VCH_JOB_DECIDED)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the segment by nodes before it is not decided yet");
    if (step->now >= step->job->is.deadline_ms)
        return vch_complain(complaint, VCH_CODE_REFUSED, "the job's deadline is past");
    return VCH_OK;
}

vch_status vch_jobs_check_input(struct vch_state *state, struct step *step,
                                struct vch_complaint *complaint)
{
    step->job = vch_jobs_find(state, &step->entry->input.job);
    if (step->job == NULL)
        return vch_complain(complaint, VCH_CODE_REFUSED, "the ledger knows no such job (any more)");
    if (memcmp(&step->job->is.client, &step->entry->writer, sizeof step->entry->writer) != 0)
        return vch_complain(complaint, VCH_CODE_REFUSED, "inputs come from the job's client");
    step->segment = vch_jobs_segment(step->job, step->entry->input.segment);
    return check_input_time(step, complaint);
}

void vch_jobs_take_input(struct vch_state *state, const struct step *step)
{
    vch_contests_set_input(state, step->segment->contests, &step->entry->input.input, step->now);
}

vch_status vch_jobs_check_expire(struct vch_state *state, struct step *step,
                                 struct vch_complaint *complaint)
{
    step->job = vch_jobs_find(state, &step->entry->expire);
    if (step->job != NULL && step->now >= expire_due(step->job)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the job does not expire: it is over, or before its deadline, or seats of "
                        "it are at work");
}

void vch_jobs_take_expire(struct vch_state *state, const struct step *step)
{
    vch_settle_expire(state, step->job, step->now);
}

vch_status vch_jobs_check_trial_result(struct vch_state *state, struct step *step,
                                       struct vch_complaint *complaint)
{
    const struct vch_entry *entry = step->entry;
    struct job *job = step->job = vch_jobs_find(state, &entry->trial_result.job);

    if (job == NULL || !job->is_trial)
        return vch_complain(complaint, VCH_CODE_REFUSED, "the ledger knows no such trial");
    const struct contest *contest = step->contest = job->segments->contests;
    if (contest == NULL || contest->is.phase != VCH_CONTEST_REVEALING ||
        contest->is.seats[0].state != VCH_SEAT_REVEALED || job->trial_result != TRIAL_UNKNOWN)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "a trial's result comes once, between the node's reveal and the "
                            "verdict");
    const struct vch_digest opened = vch_entry_trial_expected(
        &job->is.id, &entry->trial_result.output, entry->trial_result.nonce);
    if (!vch_hash_is_equal(&opened, &job->trial_expected))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the result does not open what the trial was opened with");
    (void)state;
    return VCH_OK;
}

void vch_jobs_take_trial_result(struct vch_state *state, const struct step *step)
{
    const bool is_right =
        vch_hash_is_equal(&step->entry->trial_result.output, &step->contest->is.seats[0].output);

    step->job->trial_result = is_right ? TRIAL_RIGHT : TRIAL_WRONG;
    step->contest->is.due_ms = VCH_HEAP_NEVER; // what it waited for is here
    vch_contests_refresh(state, step->contest, step->now);
}
