// What the ledger says of an agreed job's task: whether it may be worked on, and whether its answer
// may be shown. Its answer is kept here first.
#include "host/clock.h"
#include "host/log.h"
#include "node/ballot_parts.h"
#include "node/referee.h"

static struct vch_contest_id contest_of(const struct vch_task *task)
{
    return (struct vch_contest_id){task->job_id, task->segment, task->round};
}

static enum vch_session_leave never(struct vch_complaint *complaint, const char *why)
{
    (void)vch_complain(complaint, VCH_CODE_REFUSED, "%s", why);
    return VCH_SESSION_NEVER;
}

enum vch_session_leave vch_ballot_may_work(const struct vch_ballot *ballot, struct vch_task *task,
                                           struct vch_complaint *complaint)
{
    const struct vch_contest_id id = contest_of(task);
    const struct vch_contest *contest = vch_state_contest(vch_ballot_state(ballot), &id);
    const uint64_t size = task->input_size + task->job_size;

    if (vch_ledger_link_state(ballot->voice.link) == VCH_LEDGER_LINK_BROKEN)
        return never(complaint, "the ledger contradicted itself: this node left it");
    if (contest == NULL) return VCH_SESSION_NOT_YET; // its entry may be on its way to us
    if (contest->phase < VCH_CONTEST_COMMITTING) return VCH_SESSION_NOT_YET;
    if (vch_answers_own(ballot->answers, contest) == NULL)
        return never(complaint, "this node was not drawn for that segment and round");
    if (contest->phase > VCH_CONTEST_COMMITTING)
        return never(complaint, "the time to answer is over");
    if (!contest->has_input) return VCH_SESSION_OWED;
    if (vch_kept_find(&ballot->kept, &id) == NULL &&
        !vch_kept_fits(&ballot->kept, &id, &task->client, size))
        return never(complaint, "this node has no room to keep that input for disputes: all of it "
                                "is taken, or this client's share");
    task->has_promised_input = true;
    task->promised_input = contest->input;
    return VCH_SESSION_GO;
}

enum vch_session_leave vch_ballot_may_show(const struct vch_ballot *ballot,
                                           const struct vch_task *task,
                                           struct vch_complaint *complaint)
{
    const struct vch_contest_id id = contest_of(task);
    const struct vch_contest *contest = vch_state_contest(vch_ballot_state(ballot), &id);

    if (contest == NULL) return never(complaint, "the job has ended without a verdict");
    // From the anchor of the close on nobody can commit to what we show.
    return contest->phase >= VCH_CONTEST_REVEALING ? VCH_SESSION_GO : VCH_SESSION_NOT_YET;
}

// First what it takes to defend an answer, then the answer: what is committed to is kept.
static vch_status take_answer(struct vch_ballot *ballot, const struct vch_task *task)
{
    const struct vch_contest_id id = contest_of(task);
    const uint64_t seen = vch_state_size(vch_ballot_state(ballot));
    bool is_new = !vch_answers_has_answer(ballot->answers, &id);

    VCH_TRY(vch_kept_add(&ballot->kept, task, seen, vch_clock_unix_ms()));
    VCH_TRY(vch_answers_answer(ballot->answers, &id, &task->vote.output, &task->trace));
    if (is_new) vch_appeals_await(&ballot->appeals, &id, seen);
    return VCH_OK;
}

vch_status vch_ballot_computed(struct vch_ballot *ballot, const struct vch_task *task,
                               struct vch_complaint *complaint)
{
    const struct vch_referee *referee = task->referee;
    vch_status status = referee != NULL ? vch_answers_answer(ballot->answers, &referee->contest,
                                                             &referee->answer, NULL)
                                        : take_answer(ballot, task);

    if (vch_is_ok(status)) return VCH_OK;
    vch_log_write(VCH_LOG_ERROR, "an answer cannot be kept in %s: %s", ballot->kept.vault.folder,
                  vch_code_text(status.code));
    return vch_complain(complaint, status.code, "this node cannot keep its answer");
}
