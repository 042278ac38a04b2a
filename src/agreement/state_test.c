// A job from its opening to its end, as it should go.
#include "agreement/state.h"

#include "harness/ledger.h"

static struct vch_contest_id contest_of(struct vch_digest job, uint32_t segment, uint32_t round)
{
    return (struct vch_contest_id){job, segment, round};
}

TEST(state_brings_a_job_from_its_opening_to_its_end)
{
    const struct vch_parameters parameters = ledger_parameters();
    const struct ledger_job plan = ledger_plain_job(3);
    const uint32_t answers[] = {7, 7, 7};

    ledger_found(6, 1, &parameters);
    const struct vch_digest job = ledger_open(&plan);
    const struct vch_contest_id id = contest_of(job, 0, 0);
    CHECK_EQ(vch_state_job(ledger.state, &job)->escrow, LEDGER_FEE * (3 + 7 + 15));
    ledger_draw(&id);
    CHECK_EQ(ledger_contest(&id)->eligible, 6);
    CHECK_EQ(ledger_contest(&id)->seat_count, 3);
    const struct vch_secret_key *seats[] = {ledger_seat_key(&id, 0), ledger_seat_key(&id, 1),
                                            ledger_seat_key(&id, 2)};
    ledger_vote(&id, answers);

    CHECK_EQ(ledger_contest(&id)->phase, VCH_CONTEST_DECIDED);
    CHECK_EQ(ledger_contest(&id)->agreeing, 3);
    CHECK_EQ(vch_state_job(ledger.state, &job)->phase, VCH_JOB_DECIDED);
    CHECK_EQ(vch_state_job(ledger.state, &job)->escrow, 0);
    CHECK_EQ(ledger_account(&ledger.client)->balance, 1000000 - 3 * LEDGER_FEE);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(ledger_account(seats[i])->balance, LEDGER_FEE);
        CHECK_EQ(ledger_account(seats[i])->successes, 1);
        CHECK_EQ(ledger_account(seats[i])->frozen, 1);
    }

    ledger.now += parameters.dispute_ms;
    ledger_tick();
    CHECK(vch_state_segment(ledger.state, &job, 0) == NULL ||
          vch_state_segment(ledger.state, &job, 0)->is_final);
    CHECK(vch_state_contest(ledger.state, &id) == NULL);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(ledger_account(seats[i])->frozen, 0);
    ledger.now += plan.lasts_ms;
    ledger_tick();
    CHECK(vch_state_job(ledger.state, &job) == NULL);
}
