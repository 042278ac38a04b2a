// Section 11, recounted from what is there.
#include "agreement/accounts.h"
#include "agreement/contests.h"
#include "agreement/disputes.h"
#include "agreement/inside.h"
#include "agreement/settle.h"

struct recount {
    uint64_t accounts, escrow, frozen, frozen_of_seats;
    uint32_t contests, segments, disputes, due;
};

static vch_status broken(struct vch_complaint *complaint, const char *what, uint64_t found,
                         uint64_t expected)
{
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "an invariant of agreement.md, section 11, does not hold: %s is %llu, not "
                        "%llu",
                        what, (unsigned long long)found, (unsigned long long)expected);
}

static vch_status check_account(const struct vch_state *state, const struct account *account,
                                struct recount *recount, struct vch_complaint *complaint)
{
    const struct vch_account *is = &account->is;
    const struct vch_parameters *parameters = &state->parameters;
    const uint64_t low = is->correct < is->timely ? is->correct : is->timely;
    const uint64_t high = is->correct > is->timely ? is->correct : is->timely;

    recount->accounts += is->balance + is->stake + is->unbonding;
    recount->frozen += is->frozen;
    if (is->balance > VCH_ENTRY_AMOUNT_MAX || is->stake > VCH_ENTRY_AMOUNT_MAX ||
        is->unbonding > VCH_ENTRY_AMOUNT_MAX)
        return broken(complaint, "an account's amount", is->balance, VCH_ENTRY_AMOUNT_MAX);
    if (low < parameters->trust_min) return broken(complaint, "a mark", low, parameters->trust_min);
    if (high > parameters->trust_max)
        return broken(complaint, "a mark", high, parameters->trust_max);
    return VCH_OK;
}

// No verdict with a majority without more than half of k equal reveals.
static vch_status check_contest(const struct contest *contest, struct recount *recount,
                                struct vch_complaint *complaint)
{
    const struct vch_contest *is = &contest->is;
    const struct vch_state_tally tally = vch_contests_tally(contest);

    recount->contests++;
    recount->frozen_of_seats += is->seat_count;
    recount->due += contest->due.slot != 0;
    if (is->seat_count > is->wanted)
        return broken(complaint, "a committee", is->seat_count, is->wanted);
    if (is->phase != VCH_CONTEST_DECIDED) return VCH_OK;
    if (!tally.has_output || tally.agreeing != is->agreeing || 2 * is->agreeing <= is->wanted ||
        !vch_hash_is_equal(&tally.output, &is->output))
        return broken(complaint, "a verdict's majority", tally.agreeing, is->agreeing);
    return VCH_OK;
}

static vch_status check_rounds(const struct contest *contest, struct recount *recount,
                               uint32_t *decided, struct vch_complaint *complaint)
{
    for (; contest != NULL; contest = contest->earlier) {
        VCH_TRY(check_contest(contest, recount, complaint));
        *decided += contest->is.phase == VCH_CONTEST_DECIDED;
    }
    return VCH_OK;
}

static vch_status check_disputes(const struct segment *segment, struct recount *recount,
                                 struct vch_complaint *complaint)
{
    uint32_t open = 0;

    for (const struct dispute *at = segment->disputes; at != NULL; at = at->next) {
        uint32_t decided = 0;
        const bool has_begun = at->contests != NULL && at->contests->due.subject != NULL;
        recount->disputes++;
        recount->due += at->due.slot != 0;
        recount->escrow += at->bond;
        recount->contests += at->contests != NULL && !has_begun;
        open += at->is.phase != VCH_DISPUTE_OVER;
        if (has_begun) VCH_TRY(check_rounds(at->contests, recount, &decided, complaint));
        if (decided > 1) return broken(complaint, "a dispute's majorities", decided, 1);
    }
    if (open != segment->is.open_disputes)
        return broken(complaint, "a segment's open disputes", segment->is.open_disputes, open);
    return VCH_OK;
}

static vch_status check_segment(const struct segment *segment, struct recount *recount,
                                struct vch_complaint *complaint)
{
    const struct vch_segment_record *is = &segment->is;
    uint32_t decided = 0;

    recount->segments++;
    VCH_TRY(check_rounds(segment->contests, recount, &decided, complaint));
    VCH_TRY(check_disputes(segment, recount, complaint));
    if (!is->is_final && decided != (is->phase == VCH_JOB_DECIDED))
        return broken(complaint, "a segment's majorities", decided, is->phase == VCH_JOB_DECIDED);
    return VCH_OK;
}

static vch_status check_job(const struct job *job, struct recount *recount,
                            struct vch_complaint *complaint)
{
    uint32_t pending = 0, unfinished = 0;

    for (const struct segment *at = job->segments; at != NULL; at = at->next) {
        VCH_TRY(check_segment(at, recount, complaint));
        pending += at->is.phase == VCH_JOB_PENDING;
        unfinished += !at->is.is_final;
    }
    recount->escrow += job->is.escrow;
    recount->due += job->due.slot != 0 && job->is.phase == VCH_JOB_PENDING;
    if (pending != job->pending)
        return broken(complaint, "a job's pending segments", job->pending, pending);
    if (unfinished != job->unfinished)
        return broken(complaint, "a job's unfinished segments", job->unfinished, unfinished);
    if (job->is.phase != VCH_JOB_PENDING && job->is.escrow != 0)
        return broken(complaint, "the escrow of a job that is over", job->is.escrow, 0);
    return VCH_OK;
}

static vch_status check_totals(const struct vch_state *state, const struct recount *recount,
                               struct vch_complaint *complaint)
{
    const struct vch_state_totals *totals = &state->totals;
    const struct {
        const char *what;
        uint64_t found, expected;
    } laws[] = {
        {"what accounts hold", totals->accounts, recount->accounts},
        {"escrow", totals->escrow, recount->escrow},
        {"accounts, escrow and treasury", totals->accounts + totals->escrow + totals->treasury,
         totals->deposited - totals->withdrawn},
        {"the number of frozen seats", recount->frozen, recount->frozen_of_seats},
        {"the number of contests", state->contests.used, recount->contests},
        {"the number of segments", state->segments.used, recount->segments},
        {"the number of disputes", state->disputes.used, recount->disputes},
        {"the number of things due", state->due.count, recount->due},
    };

    for (size_t i = 0; i < sizeof laws / sizeof *laws; i++)
        if (laws[i].found != laws[i].expected)
            return broken(complaint, laws[i].what, laws[i].found, laws[i].expected);
    return VCH_OK;
}

vch_status vch_state_check_invariants(const struct vch_state *state,
                                      struct vch_complaint *complaint)
{
    struct recount recount = {0};

    for (uint32_t i = 0; i < state->accounts.used; i++)
        VCH_TRY(check_account(state, state->account_list[i], &recount, complaint));
    for (const struct vch_list *link = state->all_jobs.next; link != &state->all_jobs;
         link = link->next)
        VCH_TRY(check_job(VCH_LIST_THING(link, struct job, all), &recount, complaint));
    return check_totals(state, &recount, complaint);
}
