// Commits, the close, reveals and the verdict: agreement.md, section 6.
#include <string.h>

#include "agreement/accounts.h"
#include "agreement/contests.h"
#include "agreement/settle.h"

static vch_status find_seat(struct step *step, struct vch_complaint *complaint)
{
    step->seat = vch_contests_seat(step->contest, &step->entry->writer);
    if (step->seat != NULL) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the writer has no seat in that contest, or it is not drawn yet");
}

vch_status vch_contests_check_commit(struct vch_state *state, struct step *step,
                                     struct vch_complaint *complaint)
{
    const struct vch_contest *is = &step->contest->is;

    (void)state;
    VCH_TRY(find_seat(step, complaint));
    if (is->phase != VCH_CONTEST_COMMITTING || vch_contests_is_hopeless(step->contest))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the contest takes no commits: it is closed, or has too few seats");
    if (!is->has_input)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the contest's input is not known yet: commits come after");
    if (step->seat->state != VCH_SEAT_DRAWN)
        return vch_complain(complaint, VCH_CODE_REFUSED, "the seat has committed");
    return VCH_OK;
}

void vch_contests_take_commit(struct vch_state *state, const struct step *step)
{
    step->seat->state = VCH_SEAT_COMMITTED;
    step->seat->commitment = step->entry->commit.commitment;
    step->contest->is.commits++;
    vch_contests_refresh(state, step->contest, step->now);
}

vch_status vch_contests_check_close(struct vch_state *state, struct step *step,
                                    struct vch_complaint *complaint)
{
    const struct vch_contest *is = &step->contest->is;

    (void)state;
    if (is->phase != VCH_CONTEST_COMMITTING || vch_contests_is_hopeless(step->contest) ||
        step->now < is->due_ms)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the close is not due: the contest is not drawn, or closed, or seats "
                            "and time are left");
    if (step->entry->close.commits != is->commits)
        return vch_complain(complaint, VCH_CODE_REFUSED, "the close counts %u commits, not %u",
                            step->entry->close.commits, is->commits);
    return VCH_OK;
}

void vch_contests_take_close(struct vch_state *state, const struct step *step)
{
    step->contest->is.closed = step->position;
    vch_contests_enter(state, step->contest, VCH_CONTEST_CLOSED, step->now);
}

vch_status vch_contests_check_reveal(struct vch_state *state, struct step *step,
                                     struct vch_complaint *complaint)
{
    const struct vch_contest *is = &step->contest->is;

    (void)state;
    VCH_TRY(find_seat(step, complaint));
    if (is->phase != VCH_CONTEST_REVEALING)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "nobody reveals in that contest now: the close is not anchored yet, or "
                            "the verdict is there");
    if (step->seat->state != VCH_SEAT_COMMITTED)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the seat has not committed, or has revealed");
    if (step->entry->reveal.has_trace == is->is_dispute)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "a seat of a job reveals a trace, and a referee none");
    return VCH_OK;
}

static bool is_as_committed(const struct step *step)
{
    const struct vch_entry *entry = step->entry;
    const struct vch_digest *trace = entry->reveal.has_trace ? &entry->reveal.trace : NULL;
    const struct vch_digest commitment = vch_entry_commitment(
        &step->contest->is.id, &entry->writer, &entry->reveal.output, trace, entry->reveal.nonce);

    return vch_hash_is_equal(&commitment, &step->seat->commitment);
}

void vch_contests_take_reveal(struct vch_state *state, const struct step *step)
{
    struct vch_seat *seat = step->seat;

    if (is_as_committed(step)) {
        seat->state = VCH_SEAT_REVEALED;
        seat->output = step->entry->reveal.output;
        if (step->entry->reveal.has_trace) seat->trace = step->entry->reveal.trace;
    } else {
        seat->state = VCH_SEAT_FALSE;
        vch_accounts_divide(state, vch_accounts_slash(state, vch_accounts_of_seat(seat)), NULL);
    }
    step->contest->is.reveals++;
    // A trial's verdict may have been due for want of this reveal; now it waits for the result.
    if (step->contest->is.is_trial) step->contest->is.due_ms = VCH_HEAP_NEVER;
    vch_contests_refresh(state, step->contest, step->now);
}

static bool is_same(const struct vch_seat *a, const struct vch_seat *b)
{
    return memcmp(&a->output, &b->output, sizeof a->output) == 0 &&
           memcmp(&a->trace, &b->trace, sizeof a->trace) == 0;
}

// Whoever holds a majority outlives the others when unequal ones strike each other out.
static const struct vch_seat *last_standing(const struct vch_contest *is)
{
    const struct vch_seat *leader = NULL;
    uint32_t lead = 0;

    for (uint32_t i = 0; i < is->seat_count; i++) {
        const struct vch_seat *seat = &is->seats[i];
        if (seat->state != VCH_SEAT_REVEALED) continue;
        if (lead == 0) leader = seat;
        if (is_same(leader, seat))
            lead++;
        else
            lead--;
    }
    return leader;
}

struct vch_state_tally vch_contests_tally(const struct contest *contest)
{
    const struct vch_contest *is = &contest->is;
    const struct vch_seat *leader = last_standing(is);
    struct vch_state_tally tally = {0};
    uint32_t agreeing = 0;

    if (is->is_trial && contest->segment->job->trial_result == TRIAL_WRONG) return tally;
    for (uint32_t i = 0; i < is->seat_count; i++)
        agreeing += is->seats[i].state == VCH_SEAT_REVEALED && is_same(leader, &is->seats[i]);
    if (agreeing <= is->wanted / 2) return tally;
    return (struct vch_state_tally){true, leader->output, leader->trace, agreeing};
}

static bool is_verdict_due(const struct contest *contest, uint64_t now)
{
    const enum vch_contest_phase phase = contest->is.phase;
    const bool ends = phase == VCH_CONTEST_CLOSED || phase == VCH_CONTEST_REVEALING ||
                      (phase == VCH_CONTEST_COMMITTING && vch_contests_is_hopeless(contest));

    return ends && now >= contest->is.due_ms;
}

vch_status vch_contests_check_verdict(struct vch_state *state, struct step *step,
                                      struct vch_complaint *complaint)
{
    const struct contest *contest = step->contest;
    const struct vch_state_tally tally = vch_contests_tally(contest);
    const struct vch_entry *entry = step->entry;

    if (!is_verdict_due(contest, step->now))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the verdict is not due: the close is not anchored, or reveals and "
                            "time are left, or it is there");
    if (entry->verdict.has_output != tally.has_output ||
        entry->verdict.agreeing != tally.agreeing ||
        (tally.has_output && !vch_hash_is_equal(&entry->verdict.output, &tally.output)))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the verdict is not that of the log, by which %u of %u agree",
                            tally.agreeing, contest->is.wanted);
    return vch_settle_check_next(state, step, &tally, complaint);
}

void vch_contests_take_verdict(struct vch_state *state, const struct step *step)
{
    struct contest *contest = step->contest;
    const struct vch_state_tally tally = vch_contests_tally(contest);

    vch_contests_end(state, contest, tally.has_output ? VCH_CONTEST_DECIDED : VCH_CONTEST_SPLIT,
                     step->now);
    contest->is.output = tally.output;
    contest->is.trace = tally.trace;
    contest->is.agreeing = tally.agreeing;
    vch_settle_verdict(state, step, &tally);
}
