#include "agreement/jobs.h"

#include "harness/ledger.h"

static struct vch_parameters parameters;

static void found(uint32_t nodes)
{
    parameters = ledger_parameters();
    ledger_found(nodes, 1, &parameters);
}

static struct vch_contest_id contest_of(struct vch_digest job, uint32_t segment, uint32_t round)
{
    return (struct vch_contest_id){job, segment, round};
}

static struct vch_entry expire(const struct vch_digest *job)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_EXPIRE};

    entry.expire = *job;
    return entry;
}

TEST(a_job_is_opened_by_its_client_a_member)
{
    const struct ledger_job plan = ledger_plain_job(3);
    struct vch_entry entry;

    found(4);
    entry = ledger_job_entry(&plan);
    LEDGER_REFUSES(entry, &ledger.auditor, "the client that it names");
    ledger.client = ledger.stranger;
    entry = ledger_job_entry(&plan);
    LEDGER_REFUSES(entry, &ledger.stranger, "no member");
    ledger.client = ledger.nodes[1].key; // nodes may be clients
    ledger_deposit(&ledger.client, 1000);
    (void)ledger_open(&plan);
}

TEST(a_jobs_deadline_registry_quorum_and_fee_are_in_their_bounds)
{
    struct ledger_job plan = ledger_plain_job(3);
    struct vch_entry entry;

    found(4);
    plan.lasts_ms = 0;
    LEDGER_REFUSES(ledger_job_entry(&plan), &ledger.client, "deadline");
    plan.lasts_ms = parameters.job_ms_max + 1;
    LEDGER_REFUSES(ledger_job_entry(&plan), &ledger.client, "deadline");
    plan.lasts_ms = parameters.job_ms_max;
    (void)ledger_open(&plan);
    plan.quorum = 4;
    CHECK(!vch_is_ok(ledger_try(ledger_job_entry(&plan), &ledger.client)));
    plan.quorum = 33;
    CHECK(!vch_is_ok(ledger_try(ledger_job_entry(&plan), &ledger.client)));
    plan = ledger_plain_job(3);
    plan.fee = 0;
    LEDGER_REFUSES(ledger_job_entry(&plan), &ledger.client, "fee");
    plan.fee = LEDGER_FEE;
    entry = ledger_job_entry(&plan);
    ledger_announce(ledger_make_registry(4, 1, 2));
    ledger.now += parameters.epoch_ms;
    LEDGER_REFUSES(entry, &ledger.client, "registry is not the one in force");
}

TEST(a_job_is_opened_once_for_an_escrow_that_is_there)
{
    struct ledger_job plan = ledger_plain_job(1);
    struct vch_entry entry;

    found(4);
    plan.fee = 1000000 / (1 + 3 + 7) + 1;
    LEDGER_REFUSES(ledger_job_entry(&plan), &ledger.client, "escrow");
    plan.fee--;
    entry = ledger_job_entry(&plan);
    ledger_do(entry, &ledger.client);
    CHECK_EQ(vch_state_totals(ledger.state).escrow, plan.fee * 11);
    CHECK_EQ(ledger_account(&ledger.client)->balance, 1000000 - plan.fee * 11);
    ledger_deposit(&ledger.client, 10000000);
    LEDGER_REFUSES(entry, &ledger.client, "opened before");
}

TEST(a_job_names_its_input_where_the_client_begins)
{
    struct ledger_job plan = ledger_plain_job(1);
    struct vch_entry_job_open *open = NULL;
    struct vch_entry entry;

    found(4);
    entry = ledger_job_entry(&plan);
    open = (struct vch_entry_job_open *)(uintptr_t)entry.job_open;
    open->has_input = true;
    CHECK(!vch_is_ok(ledger_try(entry, &ledger.client)));
    plan.gaps = 1;
    entry = ledger_job_entry(&plan);
    open = (struct vch_entry_job_open *)(uintptr_t)entry.job_open;
    open->has_input = false;
    CHECK(!vch_is_ok(ledger_try(entry, &ledger.client)));
    const struct vch_contest_id id = contest_of(ledger_open(&plan), 1, 0);
    const struct vch_digest input = ledger_digest(0x12);
    CHECK(vch_hash_is_equal(&ledger_contest(&id)->input, &input));
}

TEST(excluded_operators_do_not_draw)
{
    struct ledger_job plan = ledger_plain_job(3);

    found(6);
    plan.excluded_count = 2;
    plan.excluded[0] = "op-001";
    plan.excluded[1] = "op-004";
    const struct vch_contest_id id = contest_of(ledger_open(&plan), 0, 0);
    ledger_anchor();
    CHECK_EQ(ledger_contest(&id)->eligible, 4);
    CHECK_EQ(ledger_contest(&id)->weight, 4 * LEDGER_STAKE);
    LEDGER_REFUSES(ledger_sortition(&id, 4), &ledger.nodes[4].key, "excluded");
    ledger_do(ledger_sortition(&id, 3), &ledger.nodes[3].key);
}

// Segments 0, 2 (behind one of the client's own) and 3.
static struct vch_digest open_three(void)
{
    struct ledger_job plan = ledger_plain_job(1);

    plan.segments = 3;
    plan.each = 2;
    plan.gaps = 2;
    return ledger_open(&plan);
}

static struct vch_entry input_entry(const struct vch_digest *job, uint32_t segment)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_INPUT};

    entry.input.job = *job;
    entry.input.segment = segment;
    entry.input.input = ledger_digest(0x77);
    return entry;
}

TEST(inputs_come_from_the_segment_before_or_from_the_client_after_it)
{
    const uint32_t answer[] = {5};

    found(6);
    const struct vch_digest job = open_three();
    const struct vch_contest_id first = contest_of(job, 0, 0), second = contest_of(job, 2, 0),
                                third = contest_of(job, 3, 0);
    ledger_draw(&first);
    ledger_draw(&second);
    ledger_draw(&third);
    LEDGER_REFUSES(input_entry(&job, 2), &ledger.client, "not decided yet");
    LEDGER_REFUSES(input_entry(&job, 3), &ledger.client, "no input is asked for");
    LEDGER_REFUSES(input_entry(&job, 0), &ledger.client, "no input is asked for");
    LEDGER_REFUSES(input_entry(&job, 1), &ledger.client, "no input is asked for");
    const struct vch_digest output = ledger_output(5), trace = ledger_trace(5);
    LEDGER_REFUSES(ledger_commit_entry(&second, ledger_seat(&second, 0), &output, &trace),
                   ledger_seat_key(&second, 0), "not known yet");
    ledger_vote(&first, answer);
    CHECK_EQ(vch_state_segment(ledger.state, &job, 0)->phase, VCH_JOB_DECIDED);
    CHECK(!ledger_contest(&second)->has_input);
    LEDGER_REFUSES(input_entry(&job, 2), &ledger.auditor, "job's client");
    ledger_do(input_entry(&job, 2), &ledger.client);
    LEDGER_REFUSES(input_entry(&job, 2), &ledger.client, "has its input");
    CHECK(!ledger_contest(&third)->has_input);
    ledger_vote(&second, answer);
    CHECK(ledger_contest(&third)->has_input); // the output of the one before
    CHECK(vch_hash_is_equal(&ledger_contest(&third)->input, &output));
    ledger_vote(&third, answer);
    CHECK_EQ(vch_state_job(ledger.state, &job)->phase, VCH_JOB_DECIDED);
}

// Else referees would look for the input where a seat of the defence first sat, find none, and
// convict whoever was right.
TEST(an_input_is_that_of_earlier_rounds_too)
{
    const uint32_t answer[] = {5};

    found(6);
    const struct vch_digest job = open_three(), given = input_entry(&job, 2).input.input;
    const struct vch_contest_id first = contest_of(job, 0, 0), second = contest_of(job, 2, 0),
                                again = contest_of(job, 2, 1);
    ledger_draw(&first);
    ledger.now += 2 * parameters.draw_ms;
    ledger_clerk(); // nobody drew for the second
    CHECK_EQ(ledger_contest(&second)->phase, VCH_CONTEST_SPLIT);
    ledger_vote(&first, answer);
    CHECK(!ledger_contest(&again)->has_input);
    ledger_do(input_entry(&job, 2), &ledger.client);
    CHECK(ledger_contest(&again)->has_input);
    CHECK(ledger_contest(&second)->has_input);
    CHECK(vch_hash_is_equal(&ledger_contest(&second)->input, &given));
}

// What stands still while the input is unknown costs the seats nothing, and they have their full
// time once it is there.
TEST(seats_answer_for_their_time_from_when_the_input_is_known)
{
    const uint32_t answer[] = {5};

    found(6);
    const struct vch_digest job = open_three();
    const struct vch_contest_id first = contest_of(job, 0, 0), second = contest_of(job, 2, 0);
    ledger_draw(&first);
    ledger_draw(&second);
    ledger_vote(&first, answer);
    ledger.now += 3 * parameters.commit_ms;
    ledger_clerk();
    CHECK_EQ(ledger_contest(&second)->phase, VCH_CONTEST_COMMITTING);
    ledger_do(input_entry(&job, 2), &ledger.client);
    ledger.now += parameters.commit_ms - 1;
    ledger_clerk();
    CHECK_EQ(ledger_contest(&second)->phase, VCH_CONTEST_COMMITTING);
    ledger.now += 1;
    ledger_clerk(); // closed without a commit, so decided: the next round
    CHECK_EQ(ledger_contest(&second)->phase, VCH_CONTEST_SPLIT);
    CHECK_EQ(ledger_account(ledger_seat_key(&second, 0))->silences, 1);
}

TEST(an_input_that_never_comes_costs_seats_nothing)
{
    const uint32_t answer[] = {5};

    found(6);
    const struct vch_digest job = open_three();
    const struct vch_contest_id first = contest_of(job, 0, 0), second = contest_of(job, 2, 0);
    ledger_draw(&first);
    ledger_draw(&second);
    ledger_vote(&first, answer);
    ledger.now = vch_state_job(ledger.state, &job)->deadline_ms - 1;
    LEDGER_REFUSES(expire(&job), &ledger.clerk, "before its deadline");
    ledger.now += 1;
    LEDGER_REFUSES(input_entry(&job, 2), &ledger.client, "deadline is past");
    LEDGER_REFUSES(expire(&job), &ledger.client, "clerk alone");
    ledger_clerk();
    CHECK_EQ(vch_state_job(ledger.state, &job)->phase, VCH_JOB_FAILED);
    CHECK_EQ(ledger_contest(&second)->phase, VCH_CONTEST_DROPPED);
    CHECK_EQ(ledger_account(ledger_seat_key(&second, 0))->silences, 0);
    CHECK_EQ(ledger_account(ledger_seat_key(&second, 0))->stake, LEDGER_STAKE);
    CHECK_EQ(ledger_account(&ledger.client)->balance, 1000000 - LEDGER_FEE); // the first was paid
    LEDGER_REFUSES(expire(&job), &ledger.clerk, "it is over");
}

// A client cannot have its answer and let the job run out before anybody is paid.
TEST(whoever_is_drawn_before_the_deadline_can_finish)
{
    struct ledger_job plan = ledger_plain_job(3);
    const uint32_t answers[] = {5, 5, 6};

    found(6);
    plan.lasts_ms = parameters.draw_ms;
    const struct vch_digest job = ledger_open(&plan);
    const struct vch_contest_id id = contest_of(job, 0, 0);
    ledger_draw(&id);
    ledger.now += plan.lasts_ms;
    LEDGER_REFUSES(expire(&job), &ledger.clerk, "at work");
    ledger_vote(&id, answers);
    CHECK_EQ(vch_state_job(ledger.state, &job)->phase, VCH_JOB_DECIDED);
    CHECK_EQ(ledger_account(ledger_seat_key(&id, 0))->balance, LEDGER_FEE);
}

TEST(after_the_deadline_there_is_no_next_round)
{
    struct ledger_job plan = ledger_plain_job(3);
    const uint32_t answers[] = {4, 5, 6};

    found(6);
    plan.lasts_ms = parameters.draw_ms;
    const struct vch_digest job = ledger_open(&plan);
    const struct vch_contest_id id = contest_of(job, 0, 0);
    ledger_draw(&id);
    ledger.now += plan.lasts_ms;
    ledger_vote(&id, answers);
    CHECK_EQ(vch_state_job(ledger.state, &job)->phase, VCH_JOB_FAILED);
    CHECK_EQ(ledger_account(&ledger.client)->balance, 1000000);
}

TEST(what_was_not_possible_before_the_deadline_is_not_drawn)
{
    struct ledger_job plan = ledger_plain_job(3);
    struct vch_entry draw = {.kind = VCH_ENTRY_DRAW};

    found(6);
    plan.lasts_ms = parameters.draw_ms;
    const struct vch_digest job = ledger_open(&plan);
    draw.contest = contest_of(job, 0, 0);
    ledger_anchor();
    ledger_do(ledger_sortition(&draw.contest, 1), &ledger.nodes[1].key);
    draw.draw.eligible = 6;
    draw.draw.weight = (uint64_t)6 * LEDGER_STAKE;
    draw.draw.count = 1;
    draw.draw.seats = &(struct vch_entry_seat){ledger.nodes[1].key.public_key, LEDGER_STAKE};
    ledger.now += 2 * parameters.draw_ms;
    LEDGER_REFUSES(draw, &ledger.clerk, "not due");
    ledger_clerk();
    CHECK_EQ(vch_state_job(ledger.state, &job)->phase, VCH_JOB_FAILED);
    CHECK_EQ(ledger_account(&ledger.client)->balance, 1000000);
}

static struct ledger_job trial_of(uint32_t node, uint32_t answer)
{
    struct ledger_job plan = ledger_plain_job(1);

    plan.is_trial = true;
    plan.trial_node = node;
    plan.trial_output = ledger_output(answer);
    return plan;
}

static struct vch_entry result_of(const struct vch_digest *job, uint32_t answer)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_TRIAL_RESULT};

    entry.trial_result.job = *job;
    entry.trial_result.output = ledger_output(answer);
    ledger_trial_nonce(entry.trial_result.nonce);
    return entry;
}

// The trial of node 2, whose right answer is 5 and who says `says`, up to its reveal.
static struct vch_contest_id try_node(uint32_t says)
{
    const struct ledger_job plan = trial_of(2, 5);
    const struct vch_contest_id id = contest_of(ledger_open(&plan), 0, 0);
    const uint32_t answers[] = {says};

    ledger_draw(&id);
    CHECK_EQ(ledger_contest(&id)->seat_count, 1);
    CHECK_EQ(ledger_contest(&id)->seats[0].weight, 0);
    ledger_commit_all(&id, answers);
    ledger_clerk();
    ledger_anchor();
    ledger_reveal_all(&id, answers);
    return id;
}

TEST(a_node_draws_when_it_has_passed_its_trials)
{
    found(4);
    parameters.trials = 2;
    ledger_found(4, 1, &parameters);
    const struct ledger_job plan = ledger_plain_job(1);
    const struct vch_account *node = ledger_account(&ledger.nodes[2].key);

    for (uint32_t passed = 0; passed < 2; passed++) {
        const struct vch_contest_id none = contest_of(ledger_open(&plan), 0, 0);
        ledger_anchor();
        CHECK_EQ(ledger_contest(&none)->eligible, 0);
        LEDGER_REFUSES(ledger_sortition(&none, 2), &ledger.nodes[2].key, "may not draw");
        const struct vch_contest_id id = try_node(5);
        LEDGER_REFUSES(result_of(&id.subject, 6), &ledger.founder, "does not open");
        LEDGER_REFUSES(result_of(&id.subject, 5), &ledger.clerk, "founder alone");
        ledger_do(result_of(&id.subject, 5), &ledger.founder);
        LEDGER_REFUSES(result_of(&id.subject, 5), &ledger.founder, "comes once");
        ledger_clerk();
        CHECK_EQ(ledger_contest(&id)->phase, VCH_CONTEST_DECIDED);
        CHECK_EQ(node->trials, passed + 1);
        CHECK_EQ(node->balance, (passed + 1) * LEDGER_FEE);
    }
    const struct vch_contest_id id = contest_of(ledger_open(&plan), 0, 0);
    ledger_anchor();
    CHECK_EQ(ledger_contest(&id)->eligible, 1);
    ledger_do(ledger_sortition(&id, 2), &ledger.nodes[2].key);
}

TEST(a_wrong_answer_to_a_trial_takes_all_of_them_back)
{
    found(4);
    const struct vch_account *node = ledger_account(&ledger.nodes[2].key);
    struct vch_contest_id id = try_node(5);

    ledger_do(result_of(&id.subject, 5), &ledger.founder);
    ledger_clerk();
    CHECK_EQ(node->trials, 1);
    id = try_node(6);
    ledger_do(result_of(&id.subject, 5), &ledger.founder);
    ledger_clerk();
    CHECK_EQ(ledger_contest(&id)->phase, VCH_CONTEST_SPLIT);
    CHECK_EQ(vch_state_job(ledger.state, &id.subject)->phase, VCH_JOB_FAILED);
    CHECK_EQ(node->trials, 0);
    CHECK_EQ(node->wrongs, 1);
    CHECK(node->correct < 65536);
    CHECK_EQ(node->stake, LEDGER_STAKE);
    struct vch_entry dispute = {.kind = VCH_ENTRY_DISPUTE_OPEN};
    dispute.dispute_open.job = id.subject;
    LEDGER_REFUSES(dispute, &ledger.auditor, "no such segment");
}

TEST(a_trial_without_a_result_pays_and_says_nothing)
{
    found(4);
    const struct vch_contest_id id = try_node(6);
    const struct vch_account *node = ledger_account(&ledger.nodes[2].key);

    ledger_clerk();
    CHECK_EQ(ledger_contest(&id)->phase, VCH_CONTEST_REVEALING); // it waits
    ledger.now = vch_state_job(ledger.state, &id.subject)->deadline_ms;
    ledger_clerk();
    CHECK_EQ(node->balance, LEDGER_FEE);
    CHECK_EQ(node->trials, 0);
    CHECK_EQ(node->correct, 65536);
    CHECK_EQ(ledger_account(&ledger.founder)->balance, 1000000 - LEDGER_FEE);
}

TEST(a_trial_is_the_founders_of_a_node_that_could_work)
{
    struct ledger_job plan;

    found(4);
    plan = trial_of(2, 5);
    plan.quorum = 3;
    CHECK(!vch_is_ok(ledger_try(ledger_job_entry(&plan), &ledger.founder)));
    plan = trial_of(2, 5);
    plan.segments = 2;
    CHECK(!vch_is_ok(ledger_try(ledger_job_entry(&plan), &ledger.founder)));
    plan = trial_of(2, 5);
    plan.each = 9; // nobody holds that
    LEDGER_REFUSES(ledger_job_entry(&plan), &ledger.founder, "does not hold");
    ledger_do(ledger_amount(VCH_ENTRY_UNSTAKE, LEDGER_STAKE - 999), &ledger.nodes[2].key);
    plan = trial_of(2, 5);
    LEDGER_REFUSES(ledger_job_entry(&plan), &ledger.founder, "at stake");
    const struct vch_entry result = result_of(&(struct vch_digest){0}, 5);
    LEDGER_REFUSES(result, &ledger.founder, "no such trial");
}
