// Opening a job: agreement.md, section 4.
#include <string.h>

#include "agreement/accounts.h"
#include "agreement/contests.h"
#include "agreement/holdings.h"
#include "agreement/jobs.h"
#include "agreement/roster.h"
#include "base/check.h"

static uint32_t count_by_nodes(const struct vch_job *job)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < job->segment_count; i++)
        count += job->segments[i].by == VCH_JOB_BY_NODES;
    return count;
}

// Seats of all rounds that one segment may come to.
static uint64_t seats_of(const struct vch_state *state, const struct vch_entry_job_open *open)
{
    uint64_t seats = 0;

    if (open->is_trial) return 1;
    for (uint32_t round = 0; round < state->parameters.rounds; round++)
        seats += vch_contests_wanted(open->job.quorum, round);
    return seats;
}

// Below 2^53: 2^40 for each of at most 16 * 476 seats.
static uint64_t escrow_of(const struct vch_state *state, const struct vch_entry_job_open *open)
{
    return open->fee * count_by_nodes(&open->job) * seats_of(state, open);
}

static vch_status check_client(const struct vch_state *state, const struct step *step,
                               struct vch_complaint *complaint)
{
    const struct vch_entry_job_open *open = step->entry->job_open;
    const struct vch_public_key *writer = &step->entry->writer;
    const struct roster *newest = vch_roster_newest(state);

    if (memcmp(&open->job.client, writer, sizeof *writer) != 0)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "a job is opened by the client that it names, and by nobody else");
    if (open->is_trial) {
        if (memcmp(writer, &state->charter.founder, sizeof *writer) == 0) return VCH_OK;
        return vch_complain(complaint, VCH_CODE_REFUSED, "trials are by the founder");
    }
    if (newest != NULL && vch_registry_find(newest->registry, writer) != NULL) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the client is no member of the newest registry: ask the founder");
}

static vch_status check_time(const struct vch_state *state, const struct step *step,
                             struct vch_complaint *complaint)
{
    const struct vch_job *job = &step->entry->job_open->job;
    const struct roster *roster = vch_roster_at(state, step->now);

    if (roster == NULL || !vch_hash_is_equal(&job->registry, &roster->registry->digest))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the job's registry is not the one in force: an epoch may have begun; "
                            "open the job under the present one");
    if (job->deadline_ms <= step->now ||
        job->deadline_ms - step->now > state->parameters.job_ms_max)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the job's deadline %llu is not within %llu ms from now, %llu",
                            (unsigned long long)job->deadline_ms,
                            (unsigned long long)state->parameters.job_ms_max,
                            (unsigned long long)step->now);
    return VCH_OK;
}

static vch_status check_shape(const struct vch_state *state, const struct step *step,
                              struct vch_complaint *complaint)
{
    const struct vch_entry_job_open *open = step->entry->job_open;
    const struct vch_job *job = &open->job;
    const uint32_t segments = count_by_nodes(job);

    if (job->quorum % 2 == 0 || job->quorum > VCH_ENTRY_QUORUM_MAX)
        return vch_complain(complaint, VCH_CODE_REFUSED, "the quorum is %u, not odd and at most %u",
                            job->quorum, VCH_ENTRY_QUORUM_MAX);
    if (segments == 0 || segments > VCH_ENTRY_SEGMENTS_MAX)
        return vch_complain(complaint, VCH_CODE_REFUSED, "%u segments are by nodes, not 1 to %u",
                            segments, VCH_ENTRY_SEGMENTS_MAX);
    if (open->fee < state->parameters.fee_min || open->fee > VCH_ENTRY_FEE_MAX)
        return vch_complain(
            complaint, VCH_CODE_REFUSED, "the fee for a seat is %llu, not %llu to 2^40",
            (unsigned long long)open->fee, (unsigned long long)state->parameters.fee_min);
    if (open->has_input == (job->segments[0].by == VCH_JOB_BY_NODES))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "job_open names an input exactly when the client runs segment 0");
    return VCH_OK;
}

static vch_status check_exclusions(const struct vch_state *state,
                                   const struct vch_entry_job_open *open,
                                   struct vch_complaint *complaint)
{
    if (open->excluded_count > VCH_ENTRY_EXCLUDED_MAX)
        return vch_complain(complaint, VCH_CODE_REFUSED, "%u operators are excluded, not %u",
                            open->excluded_count, VCH_ENTRY_EXCLUDED_MAX);
    for (uint32_t i = 0; i < open->excluded_count; i++)
        if (strlen(open->excluded[i]) > VCH_REGISTRY_NAME_MAX ||
            (i > 0 && strcmp(open->excluded[i - 1], open->excluded[i]) >= 0))
            return vch_complain(complaint, VCH_CODE_REFUSED,
                                "excluded operators are not names in ascending order");
    if (vch_slab_left(&state->exclusions) >= open->excluded_count) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BUSY,
                        "the ledger keeps at most %u excluded operators: try again later",
                        state->exclusions.room);
}

static vch_status check_trial(const struct vch_state *state, struct step *step,
                              struct vch_complaint *complaint)
{
    const struct vch_entry_job_open *open = step->entry->job_open;
    const struct vch_job *job = &open->job;
    const struct roster *roster = vch_roster_at(state, step->now);
    uint32_t at = 0;

    if (!open->is_trial) return VCH_OK;
    while (job->segments[at].by != VCH_JOB_BY_NODES)
        at++;
    step->account = vch_accounts_find(state, &open->trial_node);
    const struct vch_member *member =
        step->account != NULL ? vch_roster_member(roster, step->account) : NULL;
    if (job->quorum != 1 || count_by_nodes(job) != 1 || open->excluded_count > 0)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "a trial has quorum 1, one segment by nodes and excludes nobody");
    if (member == NULL || member->role != VCH_ROLE_NODE ||
        step->account->is.stake < state->parameters.stake_min ||
        !vch_holdings_cover(step->account, &job->model, job->segments[at].first,
                            job->segments[at].last))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the node on trial is not in the registry in force, or does not hold "
                            "the segment, or has less than %llu at stake",
                            (unsigned long long)state->parameters.stake_min);
    return VCH_OK;
}

static vch_status check_rooms(struct vch_state *state, struct step *step,
                              struct vch_complaint *complaint)
{
    const struct vch_entry_job_open *open = step->entry->job_open;
    const uint32_t segments = count_by_nodes(&open->job);

    VCH_TRY(vch_accounts_check_room(state, step->writer, complaint));
    if (vch_slab_left(&state->jobs) == 0 || vch_slab_left(&state->segments) < segments)
        return vch_complain(complaint, VCH_CODE_BUSY,
                            "all %u jobs that this ledger keeps are in use: try again when windows "
                            "have closed",
                            state->jobs.room);
    return vch_contests_check_room(state, step, segments, open->job.quorum, true, complaint);
}

vch_status vch_jobs_check_open(struct vch_state *state, struct step *step,
                               struct vch_complaint *complaint)
{
    const struct vch_entry_job_open *open = step->entry->job_open;
    const uint64_t balance = step->writer != NULL ? step->writer->is.balance : 0;

    VCH_TRY(check_client(state, step, complaint));
    VCH_TRY(check_shape(state, step, complaint));
    VCH_TRY(check_time(state, step, complaint));
    if (vch_jobs_find(state, &open->job_id) != NULL)
        return vch_complain(complaint, VCH_CODE_REFUSED, "that job was opened before");
    VCH_TRY(check_exclusions(state, open, complaint));
    VCH_TRY(check_trial(state, step, complaint));
    if (escrow_of(state, open) > balance)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the job puts %llu into escrow, and the client's balance is %llu",
                            (unsigned long long)escrow_of(state, open),
                            (unsigned long long)balance);
    return check_rooms(state, step, complaint);
}

static struct job *new_job(struct vch_state *state, const struct step *step, struct account *client)
{
    const struct vch_entry_job_open *open = step->entry->job_open;
    const uint64_t escrow = escrow_of(state, open);
    struct job *job = vch_slab_take(&state->jobs);

    job->roster = vch_roster_at(state, step->now);
    job->roster->users++;
    job->is = (struct vch_job_record){
        .id = open->job_id,
        .model = open->job.model,
        .client = client->is.key,
        .position = step->position,
        .opened_ms = step->now,
        .deadline_ms = open->job.deadline_ms,
        .fee = open->fee,
        .escrow = escrow,
        .segment_count = open->job.segment_count,
        .quorum = open->job.quorum,
        .batch = open->job.batch,
        .size = (uint32_t)open->job_size,
    };
    job->is_trial = open->is_trial;
    job->trial_node = step->account;
    job->trial_expected = open->trial_expected;
    job->due = (struct vch_heap_item){.subject = &job->is.id, .kind = VCH_DUE_JOB};
    vch_accounts_charge(state, client, escrow);
    state->totals.escrow += escrow;
    return job;
}

static void exclude(struct vch_state *state, struct job *job, const struct vch_entry_job_open *open)
{
    struct exclusion **link = &job->exclusions;

    for (uint32_t i = 0; i < open->excluded_count; i++, link = &(*link)->next) {
        *link = vch_slab_take(&state->exclusions);
        memcpy((*link)->name, open->excluded[i], strlen(open->excluded[i]) + 1);
    }
}

static struct segment *new_segment(struct vch_state *state, struct job *job, struct segment *before,
                                   const struct vch_job *from, uint32_t index)
{
    struct segment *segment = vch_slab_take(&state->segments);

    VCH_ASSERT(segment != NULL);
    segment->job = job;
    segment->before = before;
    segment->follows = index > 0 && from->segments[index - 1].by == VCH_JOB_BY_NODES;
    segment->is.index = index;
    segment->is.first = from->segments[index].first;
    segment->is.last = from->segments[index].last;
    if (before != NULL)
        before->next = segment;
    else
        job->segments = segment;
    job->pending++;
    job->unfinished++;
    return segment;
}

void vch_jobs_take_open(struct vch_state *state, const struct step *step)
{
    const struct vch_entry_job_open *open = step->entry->job_open;
    const struct vch_digest *input = open->has_input ? &open->input : &open->job.input;
    struct job *job = new_job(state, step, vch_accounts_get(state, &step->entry->writer));
    struct segment *segment = NULL;

    exclude(state, job, open);
    vch_table_add(&state->job_table, &job->node,
                  vch_table_hash(&state->job_table, job->is.id.bytes, 0));
    vch_list_append(&state->all_jobs, &job->all);
    for (uint32_t i = 0; i < open->job.segment_count; i++) {
        if (open->job.segments[i].by != VCH_JOB_BY_NODES) continue;
        segment = new_segment(state, job, segment, &open->job, i);
        segment->contests =
            vch_contests_new(state, segment, NULL, step->blocks[job->pending - 1], job->is.quorum);
        segment->contests->is.has_input = segment->before == NULL;
        if (segment->before == NULL) segment->contests->is.input = *input;
        vch_contests_begin(state, segment->contests, &job->is.id, step);
    }
    vch_jobs_refresh(state, job);
}
