// Commits, closes, reveals and verdicts at the edges of their times.
#include "agreement/state.h"
#include "harness/ledger.h"

// The verdict was possible for want of a reveal; with the reveal it waits for the trial's result.
TEST(contests_vote_on_a_trial_waits_for_the_result_of_a_late_reveal)
{
    const struct vch_parameters parameters = ledger_parameters();
    const struct vch_digest output = ledger_output(7), trace = ledger_trace(7);
    struct ledger_job plan = ledger_plain_job(1);

    plan.is_trial = true;
    plan.trial_node = 2;
    plan.trial_output = output;
    ledger_found(4, 1, &parameters);
    const struct vch_digest job = ledger_open(&plan);
    const struct vch_contest_id id = {job, 0, 0};
    const uint32_t answers[] = {7};
    ledger_draw(&id);
    ledger_commit_all(&id, answers);
    ledger_clerk();
    ledger_anchor();
    ledger.now += parameters.reveal_ms;
    ledger_do(ledger_reveal_entry(&id, 2, &output, &trace), &ledger.nodes[2].key);

    struct vch_entry verdict = {.kind = VCH_ENTRY_VERDICT, .contest = id};
    verdict.verdict.has_output = true;
    verdict.verdict.output = output;
    verdict.verdict.agreeing = 1;
    CHECK_FAILS(ledger_try(verdict, &ledger.clerk), REFUSED);

    struct vch_entry result = {.kind = VCH_ENTRY_TRIAL_RESULT};
    result.trial_result.job = job;
    result.trial_result.output = output;
    ledger_trial_nonce(result.trial_result.nonce);
    ledger_do(result, &ledger.founder);
    ledger_do(verdict, &ledger.clerk);
    CHECK_EQ(ledger_account(&ledger.nodes[2].key)->trials, 1);
}
