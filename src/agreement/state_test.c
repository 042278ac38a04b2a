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

// Law: the state is a function of the log. Another's hash tables, and a follower that leaves
// signatures to auditors, come to the same digest after every entry that they hear of.
TEST(state_is_the_same_for_everybody_who_replays_the_log)
{
    const struct vch_parameters parameters = ledger_parameters();
    const struct ledger_job plan = ledger_plain_job(3);
    const uint32_t answers[] = {7, LEDGER_MUTE, 7};
    struct vch_state *replica = NULL;
    struct vch_entry entry;

    ledger_found(6, 1, &parameters);
    for (int i = 0; i < 3; i++) {
        const struct vch_contest_id id = contest_of(ledger_open(&plan), 0, 0);
        ledger_draw(&id);
        ledger_vote(&id, answers);
        ledger.now += 400000;
    }
    ledger_tick();
    const struct vch_state_setup setup = {.limits = ledger_limits(),
                                          .checks = vch_state_follower_checks(),
                                          .registry = ledger_find_registry,
                                          .seeds = {99, 100}};
    CHECK_OK(vch_state_new(&replica, &setup, &ledger.arena));
    for (uint32_t i = 0; i < ledger.log_count; i++) {
        vch_arena_release(&ledger.work);
        CHECK_OK(vch_entry_decode(&entry, ledger.log[i].bytes, ledger.log[i].size, &ledger.work,
                                  &ledger.complaint));
        CHECK_OK(vch_state_apply(replica, &entry, ledger.log[i].bytes, ledger.log[i].size,
                                 &ledger.complaint));
    }
    const struct vch_digest one = vch_state_digest(ledger.state), other = vch_state_digest(replica);
    CHECK(vch_hash_is_equal(&one, &other));
}

TEST(state_is_bounded_by_what_it_was_given)
{
    const struct vch_parameters parameters = ledger_parameters();
    struct vch_state_setup setup = {.limits = ledger_limits(), .registry = ledger_find_registry};
    struct vch_arena small;
    struct vch_state *state = NULL;

    ledger_new(1, &parameters);
    for (size_t limit = 1 << 10; limit < (1u << 27); limit *= 2) {
        vch_arena_init(&small, limit);
        const vch_status status = vch_state_new(&state, &setup, &small);
        vch_arena_release(&small);
        if (vch_is_ok(status)) return;
        CHECK_EQ(status.code, VCH_CODE_NO_MEMORY);
    }
    CHECK(state != NULL);
}
