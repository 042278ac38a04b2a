#include "agreement/settle.h"

#include <string.h>

#include "agreement/accounts.h"
#include "agreement/contests.h"
#include "agreement/disputes.h"
#include "agreement/jobs.h"
#include "agreement/windows.h"
#include "base/check.h"

static bool has_next(const struct vch_state *state, const struct step *step,
                     const struct vch_state_tally *tally)
{
    const struct vch_contest *is = &step->contest->is;

    return !tally->has_output && !is->is_trial && step->now < is->deadline_ms &&
           is->id.round + 1 < state->parameters.rounds;
}

vch_status vch_settle_check_next(struct vch_state *state, struct step *step,
                                 const struct vch_state_tally *tally,
                                 struct vch_complaint *complaint)
{
    if (!has_next(state, step, tally)) return VCH_OK;
    return vch_contests_check_room(state, step, 1, vch_contests_wanted_next(step->contest), false,
                                   complaint);
}

bool vch_settle_has_won(const struct segment *segment, const struct vch_seat *seat)
{
    return seat->state == VCH_SEAT_REVEALED &&
           memcmp(&seat->output, &segment->is.output, sizeof seat->output) == 0 &&
           memcmp(&seat->trace, &segment->is.trace, sizeof seat->trace) == 0;
}

static void charge_escrow(struct vch_state *state, struct job *job, uint64_t amount)
{
    VCH_ASSERT(amount <= job->is.escrow);
    job->is.escrow -= amount;
    state->totals.escrow -= amount;
}

// Both sides of a silent seat pay: the node, and, but for referees, the client.
static void settle_silence(struct vch_state *state, const struct contest *contest)
{
    struct job *job = contest->segment->job;

    if (vch_contests_is_hopeless(contest)) return;
    for (uint32_t i = 0; i < contest->is.seat_count; i++) {
        const struct vch_seat *seat = &contest->is.seats[i];
        if (seat->state != VCH_SEAT_DRAWN && seat->state != VCH_SEAT_COMMITTED) continue;
        vch_accounts_silence(state, vch_accounts_of_seat(seat), contest->is.fee);
        if (contest->dispute != NULL) continue;
        charge_escrow(state, job, job->is.fee);
        state->totals.treasury += job->is.fee;
    }
}

static void reward(struct vch_state *state, struct job *job, const struct vch_seat *seat,
                   bool is_earned)
{
    struct account *account = vch_accounts_of_seat(seat);

    charge_escrow(state, job, job->is.fee);
    vch_accounts_pay(state, account, job->is.fee);
    vch_accounts_succeed(state, account, is_earned);
}

static void settle_trial(struct vch_state *state, const struct step *step)
{
    struct job *job = step->contest->segment->job;
    const struct vch_seat *seat = &step->contest->is.seats[0];
    struct account *account = job->trial_node;

    if (step->contest->is.seat_count == 0 || seat->state != VCH_SEAT_REVEALED) return;
    if (job->trial_result == TRIAL_RIGHT) {
        reward(state, job, seat, true); // by the founder's word
        account->is.trials++;
        account->grown = step->position + 1;
    } else if (job->trial_result == TRIAL_WRONG) {
        account->is.trials = 0;
        vch_accounts_fault(state, account, VCH_ACCOUNTS_CORRECT);
        account->is.wrongs++;
    } else {
        charge_escrow(state, job, job->is.fee);
        vch_accounts_pay(state, account, job->is.fee);
    }
}

static uint32_t count_won(const struct segment *segment, const struct contest *round)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < round->is.seat_count; i++)
        count += vch_settle_has_won(segment, &round->is.seats[i]);
    return count;
}

static void settle_rounds(struct vch_state *state, const struct segment *segment)
{
    for (const struct contest *round = segment->contests; round != NULL; round = round->earlier) {
        const bool is_earned = vch_contests_is_earned(round, count_won(segment, round));
        for (uint32_t i = 0; i < round->is.seat_count; i++)
            if (vch_settle_has_won(segment, &round->is.seats[i]))
                reward(state, segment->job, &round->is.seats[i], is_earned);
    }
}

static void return_escrow(struct vch_state *state, struct job *job)
{
    struct account *client = vch_accounts_find(state, &job->is.client);
    const uint64_t rest = job->is.escrow;

    charge_escrow(state, job, rest);
    vch_accounts_pay(state, client, rest);
}

static void end_job(struct vch_state *state, struct job *job, enum vch_job_phase phase)
{
    job->is.phase = phase;
    job->roster->users--;
    job->roster = NULL;
    return_escrow(state, job);
    vch_jobs_refresh(state, job);
}

static void decide(struct vch_state *state, struct segment *segment,
                   const struct vch_state_tally *tally, uint64_t now)
{
    struct job *job = segment->job;

    segment->is.phase = VCH_JOB_DECIDED;
    segment->is.output = tally->output;
    segment->is.trace = tally->trace;
    if (!job->is_trial) settle_rounds(state, segment);
    vch_windows_open(state, segment, now);
    job->pending--;
    if (segment->next != NULL && segment->next->follows)
        vch_contests_set_input(state, segment->next->contests, &tally->output, now);
    if (job->pending == 0)
        end_job(state, job, VCH_JOB_DECIDED);
    else
        vch_jobs_refresh(state, job); // the segment that is left may wait for an input forever
}

void vch_settle_fail(struct vch_state *state, struct job *job, uint64_t now)
{
    for (struct segment *segment = job->segments; segment != NULL; segment = segment->next) {
        if (segment->is.phase != VCH_JOB_PENDING) continue;
        segment->is.phase = VCH_JOB_FAILED;
        if (vch_list_is_in(&segment->contests->live))
            vch_contests_end(state, segment->contests, VCH_CONTEST_DROPPED, now);
        vch_windows_open(state, segment, now);
    }
    job->pending = 0;
    end_job(state, job, VCH_JOB_FAILED);
}

// Whose stake was held for an input that never came has fee_min for the wait: a client that freezes
// others' stake pays for it as one that fishes for committees does. It is no more than that, as
// nodes and clerk must not gain by losing an input.
static void pay_waiting(struct vch_state *state, struct job *job, const struct contest *contest)
{
    const uint64_t amount = state->parameters.fee_min;

    if (contest->is.phase != VCH_CONTEST_COMMITTING || contest->is.has_input ||
        vch_contests_is_hopeless(contest))
        return;
    for (uint32_t i = 0; i < contest->is.seat_count; i++) {
        charge_escrow(state, job, amount);
        vch_accounts_pay(state, vch_accounts_of_seat(&contest->is.seats[i]), amount);
    }
}

void vch_settle_expire(struct vch_state *state, struct job *job, uint64_t now)
{
    for (struct segment *segment = job->segments; segment != NULL; segment = segment->next)
        if (segment->is.phase == VCH_JOB_PENDING) pay_waiting(state, job, segment->contests);
    vch_settle_fail(state, job, now);
}

static void begin_next(struct vch_state *state, const struct step *step)
{
    struct contest *before = step->contest;
    struct contest *next = vch_contests_new(state, before->segment, before->dispute,
                                            step->blocks[0], vch_contests_wanted_next(before));

    next->is.has_input = before->is.has_input;
    next->is.input = before->is.input;
    next->earlier = before;
    if (before->dispute != NULL) {
        before->dispute->contests = next;
    } else {
        before->segment->contests = next;
        before->segment->is.round = before->is.id.round + 1;
    }
    vch_contests_begin(state, next, &before->is.id.subject, step);
    if (before->dispute == NULL) vch_jobs_refresh(state, before->segment->job);
}

void vch_settle_verdict(struct vch_state *state, const struct step *step,
                        const struct vch_state_tally *tally)
{
    struct contest *contest = step->contest;

    settle_silence(state, contest);
    if (has_next(state, step, tally)) {
        begin_next(state, step);
    } else if (contest->dispute != NULL) {
        vch_disputes_judge(state, contest->dispute, tally, step->now);
    } else {
        if (contest->is.is_trial) settle_trial(state, step);
        if (tally->has_output)
            decide(state, contest->segment, tally, step->now);
        else
            vch_settle_fail(state, contest->segment->job, step->now);
    }
}
