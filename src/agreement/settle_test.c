#include "agreement/settle.h"

#include "harness/ledger.h"

static struct vch_parameters parameters;
static struct vch_contest_id id;

static void open_job(uint32_t nodes, const struct ledger_job *plan)
{
    parameters = ledger_parameters();
    ledger_found(nodes, 1, &parameters);
    id = (struct vch_contest_id){ledger_open(plan), 0, 0};
    ledger_draw(&id);
}

static const struct vch_account *seat(uint32_t i)
{
    return ledger_account(ledger_seat_key(&id, i));
}

static uint32_t times(uint32_t mark, uint64_t factor)
{
    return (uint32_t)(mark * factor / 65536);
}

TEST(winners_are_paid_the_minority_is_not_and_has_a_fault_in_the_end)
{
    const struct ledger_job plan = ledger_plain_job(3);
    const uint32_t answers[] = {5, 6, 5};

    open_job(6, &plan);
    ledger_vote(&id, answers);
    const struct vch_account *minority = seat(1), *winner = seat(0);
    CHECK_EQ(winner->balance, LEDGER_FEE);
    CHECK_EQ(winner->correct, times(65536, parameters.success_factor));
    CHECK_EQ(winner->timely, times(65536, parameters.success_factor));
    CHECK_EQ(minority->balance, 0);
    CHECK_EQ(minority->stake, LEDGER_STAKE);
    CHECK_EQ(minority->frozen, 1);
    CHECK_EQ(minority->correct, 65536);
    CHECK_EQ(ledger_account(&ledger.client)->balance, 1000000 - 2 * LEDGER_FEE);
    ledger.now += parameters.dispute_ms - 1;
    ledger_tick();
    CHECK_EQ(minority->wrongs, 0);
    ledger.now += 1;
    ledger_tick();
    CHECK_EQ(minority->wrongs, 1);
    CHECK_EQ(minority->frozen, 0);
    CHECK_EQ(minority->correct, times(65536, parameters.fault_factor));
    CHECK_EQ(minority->timely, 65536);
    CHECK_EQ(winner->wrongs, 0);
}

// The attack: a node opens jobs of quorum 1 that nobody but it can run, draws the seat, and has its
// fee back. Its account is as before, and so is its weight.
TEST(marks_do_not_rise_by_ones_own_word)
{
    const struct ledger_job plan = ledger_plain_job(1);
    const uint32_t answers[] = {5};

    parameters = ledger_parameters();
    ledger_found(6, 1, &parameters);
    for (uint32_t i = 0; i < 20; i++) {
        id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
        ledger_draw(&id);
        ledger_vote(&id, answers);
        CHECK_EQ(vch_state_job(ledger.state, &id.subject)->phase, VCH_JOB_DECIDED);
        CHECK(seat(0)->successes > 0);
        CHECK_EQ(seat(0)->correct, 65536);
        CHECK_EQ(seat(0)->timely, 65536);
    }
}

// Nor where everybody who could be drawn was: two nodes of one operator are no choice.
TEST(marks_do_not_rise_where_the_lot_had_no_choice)
{
    const struct ledger_job plan = ledger_plain_job(3);
    const uint32_t answers[] = {5, 5, 5};

    parameters = ledger_parameters();
    ledger_found(6, 2, &parameters); // three operators
    id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    ledger_draw(&id);
    CHECK_EQ(ledger_contest(&id)->eligible, 6);
    ledger_vote(&id, answers);
    CHECK_EQ(seat(0)->successes, 1);
    CHECK_EQ(seat(0)->correct, 65536);
}

TEST(marks_rise_no_further_than_the_charter_lets_them)
{
    const struct ledger_job plan = ledger_plain_job(3);
    const uint32_t answers[] = {5, 5, 5};

    parameters = ledger_parameters();
    parameters.success_factor = 100000;
    ledger_found(4, 1, &parameters);
    for (uint32_t i = 0; i < 6; i++) {
        id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
        ledger_draw(&id);
        ledger_vote(&id, answers);
    }
    CHECK_EQ(seat(0)->correct, 131072); // at least three of six jobs were its own
    CHECK_EQ(vch_state_weight(ledger.state, seat(0)), 2 * seat(0)->stake);
}

// What is anchored already.
static void draw_all(const struct vch_contest_id *contest)
{
    const struct vch_seat_answer none = {0};
    struct vch_entry entry;

    for (uint32_t i = 0; i < ledger.node_count; i++)
        if (vch_seat_next(&entry, ledger.state, ledger_contest(contest), &ledger.nodes[i].seat,
                          &none, ledger.now))
            ledger_do(entry, &ledger.nodes[i].key);
    ledger_clerk();
}

// The attack: a client opens jobs whose later segments wait for an input that never comes. Stake is
// frozen, and paid for.
TEST(seats_that_waited_in_vain_are_paid_for_it)
{
    struct ledger_job plan = ledger_plain_job(3);
    const uint32_t answers[] = {5, 5, 5};

    parameters = ledger_parameters();
    parameters.fee_min = 7;
    ledger_found(6, 1, &parameters);
    plan.fee = 100;
    plan.segments = 2;
    plan.each = 2;
    plan.gaps = 2; // the client's own before the second
    const struct vch_digest job = ledger_open(&plan);
    id = (struct vch_contest_id){job, 2, 0};
    const struct vch_contest_id first = {job, 0, 0};
    ledger_draw(&first); // of both: the anchor is the same
    draw_all(&id);
    ledger_vote(&first, answers);
    CHECK(seat(0)->frozen > 0);
    const uint64_t client = ledger_account(&ledger.client)->balance;
    const uint64_t escrow = vch_state_job(ledger.state, &job)->escrow;
    uint64_t balances[3];
    for (uint32_t i = 0; i < 3; i++)
        balances[i] = seat(i)->balance;
    ledger.now += plan.lasts_ms;
    ledger_clerk();
    CHECK_EQ(vch_state_job(ledger.state, &job)->phase, VCH_JOB_FAILED);
    for (uint32_t i = 0; i < 3; i++)
        CHECK_EQ(seat(i)->balance, balances[i] + 7);
    CHECK_EQ(ledger_account(&ledger.client)->balance, client + escrow - 3 * 7);
    CHECK_EQ(vch_state_totals(ledger.state).treasury, 0);
}

TEST(silence_costs_both_sides_a_fee)
{
    struct ledger_job plan = ledger_plain_job(5);
    const uint32_t answers[] = {5, LEDGER_SILENT, 5, LEDGER_MUTE, 5};

    plan.fee = 1000;
    open_job(8, &plan);
    ledger_vote(&id, answers);
    CHECK_EQ(vch_state_job(ledger.state, &id.subject)->phase, VCH_JOB_DECIDED);
    for (uint32_t i = 0; i < 5; i++) {
        const bool is_silent = i % 2 == 1;
        CHECK_EQ(seat(i)->stake, is_silent ? LEDGER_STAKE - 1000 : LEDGER_STAKE);
        CHECK_EQ(seat(i)->silences, is_silent);
        CHECK_EQ(seat(i)->balance, is_silent ? 0 : 1000);
        CHECK_EQ(seat(i)->timely,
                 times(65536, is_silent ? parameters.fault_factor : parameters.success_factor));
    }
    CHECK_EQ(vch_state_totals(ledger.state).treasury, 4 * 1000);
    CHECK_EQ(ledger_account(&ledger.client)->balance, 1000000 - 5 * 1000);
}

// Who takes its stake out after the draw is silent for the same price.
TEST(silence_is_paid_out_of_unbonding_too)
{
    struct ledger_job plan = ledger_plain_job(1);
    const uint32_t answers[] = {LEDGER_SILENT};

    plan.fee = 1000;
    open_job(3, &plan);
    ledger_do(ledger_amount(VCH_ENTRY_UNSTAKE, LEDGER_STAKE - 300), ledger_seat_key(&id, 0));
    ledger_vote(&id, answers);
    CHECK_EQ(seat(0)->stake, 0);
    CHECK_EQ(seat(0)->unbonding, LEDGER_STAKE - 300 - 700);
}

TEST(a_reveal_unlike_its_commit_is_slashed_and_does_not_count)
{
    const struct ledger_job plan = ledger_plain_job(3);
    const uint32_t answers[] = {5, LEDGER_FALSE, 5};

    open_job(6, &plan);
    ledger_vote(&id, answers);
    CHECK_EQ(ledger_contest(&id)->agreeing, 2);
    CHECK_EQ(seat(1)->stake, LEDGER_STAKE / 2);
    CHECK_EQ(seat(1)->slashes, 1);
    CHECK_EQ(seat(1)->silences, 0);
    CHECK_EQ(vch_state_totals(ledger.state).treasury, LEDGER_STAKE / 2);
    CHECK_EQ(ledger_account(&ledger.client)->balance, 1000000 - 2 * LEDGER_FEE);
}

TEST(without_a_majority_a_larger_committee_decides_for_all_rounds)
{
    const struct ledger_job plan = ledger_plain_job(3);
    const uint32_t split[] = {5, 6, 7}, agreed[] = {5, 5, 5, 5, 6, 6, 6};

    open_job(12, &plan);
    const struct vch_contest_id first = id;
    const struct vch_secret_key *right = ledger_seat_key(&id, 0), *wrong = ledger_seat_key(&id, 1);
    ledger_vote(&id, split);
    CHECK_EQ(ledger_contest(&id)->phase, VCH_CONTEST_SPLIT);
    CHECK_EQ(ledger_account(right)->balance, 0); // nobody is paid or punished yet
    id.round = 1;
    CHECK_EQ(ledger_contest(&id)->wanted, 7);
    CHECK_EQ(vch_state_segment(ledger.state, &id.subject, 0)->round, 1);
    ledger_draw(&id);
    CHECK_EQ(ledger_contest(&id)->eligible, 12); // everyone again
    ledger_vote(&id, agreed);
    CHECK_EQ(ledger_contest(&id)->phase, VCH_CONTEST_DECIDED);
    CHECK_EQ(ledger_account(&ledger.client)->balance, 1000000 - 5 * LEDGER_FEE);
    CHECK(ledger_account(right)->balance >= LEDGER_FEE);
    const uint64_t before = ledger_account(wrong)->wrongs;
    CHECK_EQ(vch_state_seat(ledger_contest(&first), &wrong->public_key)->state, VCH_SEAT_REVEALED);
    ledger.now += parameters.dispute_ms;
    ledger_tick();
    CHECK(ledger_account(wrong)->wrongs > before);
}

TEST(after_the_last_round_the_job_has_failed_and_nobody_is_paid)
{
    struct ledger_job plan = ledger_plain_job(1);
    uint32_t answers[8];

    for (uint32_t i = 0; i < 8; i++)
        answers[i] = 10 + i;
    open_job(8, &plan);
    answers[0] = LEDGER_SILENT;
    ledger_vote(&id, answers);
    for (id.round = 1; id.round < 3; id.round++) {
        answers[0] = 10;
        ledger_draw(&id);
        ledger_vote(&id, answers);
    }
    CHECK_EQ(vch_state_job(ledger.state, &id.subject)->phase, VCH_JOB_FAILED);
    id.round = 3;
    CHECK(vch_state_contest(ledger.state, &id) == NULL);
    CHECK_EQ(ledger_account(&ledger.client)->balance, 1000000 - LEDGER_FEE); // for the silence
    for (uint32_t i = 0; i < 8; i++) {
        CHECK_EQ(ledger_account(&ledger.nodes[i].key)->balance, 0);
        CHECK_EQ(ledger_account(&ledger.nodes[i].key)->slashes, 0);
    }
    ledger.now += parameters.dispute_ms;
    ledger_tick();
    for (uint32_t i = 0; i < 8; i++) {
        CHECK_EQ(ledger_account(&ledger.nodes[i].key)->wrongs, 0); // no minority where no majority
        CHECK_EQ(ledger_account(&ledger.nodes[i].key)->frozen, 0);
    }
}

TEST(nobody_releases_stake_that_can_still_be_slashed)
{
    const struct ledger_job plan = ledger_plain_job(1);
    const uint32_t answers[] = {5};
    const struct vch_entry release = {.kind = VCH_ENTRY_RELEASE};

    parameters = ledger_parameters();
    parameters.unbonding_ms = parameters.dispute_ms; // as short as it may be
    ledger_found(3, 1, &parameters);
    id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    ledger_draw(&id);
    const struct vch_secret_key *node = ledger_seat_key(&id, 0);
    ledger_do(ledger_amount(VCH_ENTRY_UNSTAKE, LEDGER_STAKE), node);
    ledger.now += parameters.commit_ms / 2;
    ledger_vote(&id, answers);
    ledger.now += parameters.dispute_ms - 1;
    LEDGER_REFUSES(release, node, "can still be disputed");
    ledger.now += 1;
    ledger_do(release, node); // its window closes with this very entry
    CHECK_EQ(ledger_account(node)->frozen, 0);
    CHECK_EQ(ledger_account(node)->balance, LEDGER_STAKE + LEDGER_FEE);
}

TEST(marks_stay_inside_their_bounds)
{
    const struct ledger_job plan = ledger_plain_job(1);
    const uint32_t silent[] = {LEDGER_SILENT};

    parameters = ledger_parameters();
    parameters.rounds = 1;
    parameters.trust_min = 40000;
    parameters.dispute_ms = 1;
    ledger_found(1, 1, &parameters);
    for (int i = 0; i < 4; i++) {
        id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
        ledger_draw(&id);
        ledger_vote(&id, silent);
    }
    CHECK_EQ(ledger_account(&ledger.nodes[0].key)->timely, 40000);
    CHECK_EQ(vch_state_weight(ledger.state, ledger_account(&ledger.nodes[0].key)),
             (LEDGER_STAKE - 40) * 40000ull / 65536);
}

// A ledger that runs for long keeps no more than what its windows hold.
TEST(what_is_over_is_forgotten)
{
    struct ledger_job plan = ledger_plain_job(3);
    const uint32_t answers[] = {5, 5, 6};

    parameters = ledger_parameters();
    parameters.dispute_ms = 20000;
    plan.lasts_ms = 30000;
    ledger_found(6, 1, &parameters);
    for (int i = 0; i < 100; i++) { // with room for 64
        id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
        ledger_draw(&id);
        ledger_vote(&id, answers);
        ledger.now += 1000;
    }
    ledger.now += 30000;
    ledger_tick();
    CHECK(vch_state_next_job(ledger.state, NULL) == NULL);
    CHECK(vch_state_next_contest(ledger.state, NULL) == NULL);
    CHECK_EQ(vch_state_due(ledger.state).kind, VCH_DUE_NOTHING);
    CHECK_EQ(vch_state_totals(ledger.state).escrow, 0);
}

TEST(a_ledger_without_room_for_a_job_says_busy_and_has_room_again)
{
    struct ledger_job plan = ledger_plain_job(3);
    uint32_t opened = 0;

    parameters = ledger_parameters();
    plan.lasts_ms = 30000;
    ledger_found(3, 1, &parameters);
    while (vch_is_ok(ledger_try(ledger_job_entry(&plan), &ledger.client)))
        opened++;
    CHECK_EQ(opened, 64);
    CHECK_FAILS(ledger_try(ledger_job_entry(&plan), &ledger.client), BUSY);
    ledger.now += 30000;
    ledger_clerk(); // all expire
    ledger.now += parameters.dispute_ms;
    ledger_tick();
    (void)ledger_open(&plan);
}
