#include "agreement/disputes.h"

#include "crypto/merkle.h"
#include "harness/ledger.h"

// Segments have 4 operators, so that two moves of each side find the one in dispute. A trace is
// told by its leaves: answer a is right, and answer b differs from it from operator `from` on.
enum { OPERATORS = 4, RIGHT = 1, WRONG = 2, NODES = 16 };

struct trace {
    struct vch_digest leaves[OPERATORS], root, output;
};

static struct trace trace_of(uint32_t answer, uint32_t from)
{
    struct trace trace = {0};

    for (uint32_t i = 0; i < OPERATORS; i++)
        trace.leaves[i] = ledger_digest(0x500 + 16 * (i < from ? RIGHT : answer) + i);
    trace.root = vch_merkle_root(trace.leaves, OPERATORS);
    trace.output = ledger_digest(0x600 + (from < OPERATORS ? answer : RIGHT));
    return trace;
}

static struct vch_parameters parameters;
static struct vch_contest_id contest;
static struct trace right, wrong;

// A commit and reveal of each of at most three seats, one trace each, to the verdict.
static void vote(const struct trace *const answers[static 3])
{
    const uint32_t seats = ledger_contest(&contest)->seat_count;

    CHECK(seats <= 3);
    for (uint32_t i = 0; i < seats; i++)
        ledger_do(ledger_commit_entry(&contest, ledger_seat(&contest, i), &answers[i]->output,
                                      &answers[i]->root),
                  ledger_seat_key(&contest, i));
    ledger_clerk();
    ledger_anchor();
    for (uint32_t i = 0; i < seats; i++)
        ledger_do(ledger_reveal_entry(&contest, ledger_seat(&contest, i), &answers[i]->output,
                                      &answers[i]->root),
                  ledger_seat_key(&contest, i));
    ledger_clerk();
}

// A decided segment of three seats: the first two said `winning`, the third `losing`.
static void decide(const struct trace *winning, const struct trace *losing)
{
    const struct ledger_job plan = ledger_plain_job(3);

    parameters = ledger_parameters();
    ledger_found(NODES, 1, &parameters);
    contest = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    ledger_draw(&contest);
    vote((const struct trace *[]){winning, winning, losing});
    CHECK_EQ(ledger_contest(&contest)->phase, VCH_CONTEST_DECIDED);
    CHECK(vch_hash_is_equal(&ledger_contest(&contest)->output, &winning->output));
}

static const struct vch_secret_key *seat(uint32_t i)
{
    return ledger_seat_key(&contest, i);
}

static const struct vch_segment_record *segment(void)
{
    return vch_state_segment(ledger.state, &contest.subject, 0);
}

static struct vch_entry open_entry(const struct trace *trace)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_DISPUTE_OPEN};

    entry.dispute_open.job = contest.subject;
    entry.dispute_open.output = trace->output;
    entry.dispute_open.trace = trace->root;
    return entry;
}

static struct vch_digest dispute_id(const struct trace *trace, const struct vch_secret_key *by)
{
    return vch_entry_dispute_id(&contest.subject, 0, &by->public_key, &trace->output, &trace->root);
}

static const struct vch_dispute *dispute_of(const struct vch_digest *id)
{
    const struct vch_dispute *dispute = vch_state_dispute(ledger.state, id);

    CHECK(dispute != NULL);
    return dispute;
}

static struct vch_digest open_dispute(const struct trace *trace, const struct vch_secret_key *by)
{
    ledger_do(open_entry(trace), by);
    return dispute_id(trace, by);
}

static bool move(struct vch_entry *out, const struct vch_digest *id, const struct trace *trace,
                 const struct vch_secret_key *by)
{
    return vch_seat_next_move(out, ledger.state, dispute_of(id), &by->public_key, trace->leaves,
                              OPERATORS);
}

// Both sides move until there is nothing left to move.
static void bisect(const struct vch_digest *id, const struct trace *disputer,
                   const struct vch_secret_key *by, const struct trace *defence,
                   const struct vch_secret_key *defender)
{
    struct vch_entry entry;

    while (dispute_of(id)->phase == VCH_DISPUTE_MOVING) {
        CHECK(move(&entry, id, disputer, by));
        ledger_do(entry, by);
        CHECK(move(&entry, id, defence, defender));
        ledger_do(entry, defender);
    }
}

// Referees who say as they are told, to the verdict of the round.
static void referee(const struct vch_digest *id, uint32_t round,
                    const struct vch_digest *const *says)
{
    const struct vch_contest_id referees = {*id, 0, round};

    ledger_draw(&referees);
    const uint32_t seats = ledger_contest(&referees)->seat_count;
    for (uint32_t i = 0; i < seats; i++)
        if (says[i] != NULL)
            ledger_do(ledger_commit_entry(&referees, ledger_seat(&referees, i), says[i], NULL),
                      ledger_seat_key(&referees, i));
    ledger_clerk();
    if (ledger_contest(&referees)->phase == VCH_CONTEST_COMMITTING) {
        ledger.now += parameters.commit_ms;
        ledger_clerk();
    }
    if (ledger_contest(&referees)->phase == VCH_CONTEST_SPLIT) return;
    ledger_anchor();
    for (uint32_t i = 0; i < seats; i++)
        if (says[i] != NULL)
            ledger_do(ledger_reveal_entry(&referees, ledger_seat(&referees, i), says[i], NULL),
                      ledger_seat_key(&referees, i));
    ledger_clerk();
}

static void all_referees_say(const struct vch_digest *id, const struct vch_digest *says)
{
    referee(id, 0, (const struct vch_digest *[]){says, says, says, says, says});
}

static void make_traces(uint32_t from)
{
    right = trace_of(RIGHT, 0);
    wrong = trace_of(WRONG, from);
}

TEST(a_minority_that_is_right_overturns_a_captured_committee)
{
    for (uint32_t from = 0; from < OPERATORS; from++) {
        make_traces(from);
        decide(&wrong, &right);
        const struct vch_account *liars[] = {ledger_account(seat(0)), ledger_account(seat(1))};
        const struct vch_account *honest = ledger_account(seat(2));
        const struct vch_digest id = open_dispute(&right, seat(2));
        bisect(&id, &right, seat(2), &wrong, seat(from % 2));
        CHECK_EQ(dispute_of(&id)->phase, VCH_DISPUTE_REFEREES);
        CHECK_EQ(dispute_of(&id)->place, from);
        CHECK(vch_hash_is_equal(&dispute_of(&id)->claims[0], &right.leaves[from]));
        CHECK(vch_hash_is_equal(&dispute_of(&id)->claims[1], &wrong.leaves[from]));
        all_referees_say(&id, &right.leaves[from]);

        CHECK_EQ(dispute_of(&id)->result, VCH_DISPUTE_OVERTURNED);
        CHECK(segment()->is_overturned);
        for (int i = 0; i < 2; i++) {
            CHECK_EQ(liars[i]->stake, LEDGER_STAKE / 2);
            CHECK_EQ(liars[i]->slashes, 1);
            CHECK_EQ(liars[i]->disputes_lost, 1);
        }
        // Of two slashes of half a stake: 5 referees share a bond, half of the rest is the bounty.
        CHECK_EQ(honest->balance, (LEDGER_STAKE - 500) / 2);
        CHECK_EQ(vch_state_totals(ledger.state).treasury, (LEDGER_STAKE - 500) / 2);
        ledger.now += parameters.dispute_ms;
        ledger_tick();
        CHECK(segment()->is_final);
        CHECK_EQ(honest->wrongs, 0);
        CHECK_EQ(honest->frozen, 0);
        CHECK(honest->correct == 65536);
    }
}

TEST(an_outsider_overturns_with_a_bond_and_gets_it_back)
{
    make_traces(2);
    decide(&wrong, &wrong);
    const uint64_t before = ledger_account(&ledger.auditor)->balance;
    const struct vch_digest id = open_dispute(&right, &ledger.auditor);

    CHECK_EQ(ledger_account(&ledger.auditor)->balance, before - parameters.dispute_bond);
    bisect(&id, &right, &ledger.auditor, &wrong, seat(1));
    all_referees_say(&id, &right.leaves[2]);
    CHECK_EQ(dispute_of(&id)->result, VCH_DISPUTE_OVERTURNED);
    CHECK_EQ(ledger_account(&ledger.auditor)->balance, before + (3 * LEDGER_STAKE / 2 - 500) / 2);
}

TEST(a_disputer_that_lies_loses_its_bond_to_the_referees)
{
    make_traces(1);
    decide(&right, &right);
    const uint64_t before = ledger_account(&ledger.auditor)->balance;
    const struct vch_digest id = open_dispute(&wrong, &ledger.auditor);

    bisect(&id, &wrong, &ledger.auditor, &right, seat(0));
    all_referees_say(&id, &right.leaves[1]);
    CHECK_EQ(dispute_of(&id)->result, VCH_DISPUTE_UPHELD);
    CHECK(!segment()->is_overturned);
    CHECK_EQ(ledger_account(&ledger.auditor)->balance, before - 500);
    CHECK_EQ(ledger_account(&ledger.auditor)->disputes_lost, 1);
    CHECK_EQ(vch_state_totals(ledger.state).treasury, 0);
    const struct vch_contest_id referees = {id, 0, 0};
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_EQ(ledger_account(ledger_seat_key(&referees, i))->balance, 100);
        CHECK_EQ(ledger_account(ledger_seat_key(&referees, i))->successes, 1);
    }
    for (uint32_t i = 0; i < 3; i++)
        CHECK_EQ(ledger_account(seat(i))->slashes, 0);
    LEDGER_REFUSES(open_entry(&wrong), &ledger.auditor, "once");
}

TEST(a_seat_that_disputes_and_lies_is_slashed_for_nobodys_profit)
{
    make_traces(3);
    decide(&right, &wrong);
    const struct vch_account *liar = ledger_account(seat(2));
    const struct vch_digest id = open_dispute(&wrong, seat(2));

    CHECK_EQ(liar->balance, 0); // no bond: its stake answers
    bisect(&id, &wrong, seat(2), &right, seat(1));
    all_referees_say(&id, &right.leaves[3]);
    CHECK_EQ(liar->stake, LEDGER_STAKE / 2);
    CHECK_EQ(liar->balance, 0);
    CHECK_EQ(vch_state_totals(ledger.state).treasury, LEDGER_STAKE / 2 - 500);
    for (uint32_t i = 0; i < 2; i++)
        CHECK_EQ(ledger_account(seat(i))->balance, LEDGER_FEE);
    ledger.now += parameters.dispute_ms;
    ledger_tick();
    CHECK_EQ(liar->wrongs, 1);
}

TEST(equal_traces_are_settled_by_the_output_itself)
{
    make_traces(0);
    struct trace other = right;
    other.output = wrong.output;
    decide(&other, &right); // two seats have the trace right and the output wrong
    const struct vch_digest id = open_dispute(&right, seat(2));

    CHECK_EQ(dispute_of(&id)->phase, VCH_DISPUTE_REFEREES);
    CHECK_EQ(dispute_of(&id)->place, VCH_DISPUTE_OUTPUT);
    all_referees_say(&id, &right.output);
    CHECK_EQ(dispute_of(&id)->result, VCH_DISPUTE_OVERTURNED);
    CHECK_EQ(ledger_account(seat(0))->slashes, 1);
}

// The right output with a wrong trace is another answer: it can not lose in the name of those
// whose trace is right, and it can not win with them.
TEST(who_has_the_output_right_and_the_trace_wrong_stands_alone)
{
    make_traces(0);
    struct trace half = wrong;
    half.output = right.output;
    decide(&right, &half);
    CHECK_EQ(ledger_contest(&contest)->agreeing, 2);
    CHECK_EQ(ledger_account(seat(2))->balance, 0);
    const struct vch_digest id = open_dispute(&half, seat(2));
    CHECK(vch_state_is_defence(ledger.state, dispute_of(&id), &seat(0)->public_key));
    CHECK(!vch_state_is_defence(ledger.state, dispute_of(&id), &seat(2)->public_key));
}

TEST(whoever_does_not_move_loses_and_if_neither_does_the_disputer)
{
    for (uint32_t mask = 0; mask < 3; mask++) { // who moves: nobody, the disputer, the defence
        struct vch_entry entry, end = {.kind = VCH_ENTRY_DISPUTE_DEFAULT};
        make_traces(0);
        decide(&right, &right);
        const struct vch_digest id = open_dispute(&wrong, &ledger.auditor);
        end.dispute_default = id;
        if (mask == 1) {
            CHECK(move(&entry, &id, &wrong, &ledger.auditor));
            ledger_do(entry, &ledger.auditor);
        } else if (mask == 2) {
            CHECK(move(&entry, &id, &right, seat(0)));
            ledger_do(entry, seat(0));
        }
        ledger.now += parameters.move_ms - 1;
        LEDGER_REFUSES(end, &ledger.clerk, "until");
        LEDGER_REFUSES(end, &ledger.founder, "clerk alone");
        ledger.now += 1;
        ledger_clerk();
        CHECK_EQ(dispute_of(&id)->phase, VCH_DISPUTE_OVER);
        CHECK_EQ(dispute_of(&id)->result, mask == 1 ? VCH_DISPUTE_OVERTURNED : VCH_DISPUTE_UPHELD);
        CHECK_EQ(segment()->is_overturned, mask == 1);
        CHECK_EQ(ledger_account(seat(0))->slashes, mask == 1);
        LEDGER_REFUSES(end, &ledger.clerk, "no such dispute");
    }
}

TEST(a_move_is_of_its_side_of_its_step_and_hashes_to_its_node)
{
    struct vch_entry entry, bad;

    make_traces(2);
    decide(&wrong, &right);
    const struct vch_digest id = open_dispute(&right, seat(2));
    CHECK(move(&entry, &id, &right, seat(2)));
    bad = entry;
    bad.dispute_move.left.bytes[0] ^= 1;
    LEDGER_REFUSES(bad, seat(2), "not the children");
    bad = entry;
    bad.dispute_move.defends = true;
    LEDGER_REFUSES(bad, seat(2), "not on the side");
    LEDGER_REFUSES(entry, seat(0), "not on the side");
    LEDGER_REFUSES(entry, &ledger.stranger, "not on the side");
    bad = entry;
    bad.dispute_move.step = 1;
    LEDGER_REFUSES(bad, seat(2), "step 0");
    bad = entry;
    bad.dispute_move.dispute = ledger_digest(9);
    LEDGER_REFUSES(bad, seat(2), "no such dispute");
    ledger_do(entry, seat(2));
    LEDGER_REFUSES(entry, seat(2), "has moved");
    CHECK(move(&entry, &id, &wrong, seat(0)));
    ledger_do(entry, seat(0));
    CHECK_EQ(dispute_of(&id)->step, 1);
    CHECK_EQ(dispute_of(&id)->begin, 2);
    LEDGER_REFUSES(entry, seat(1), "step 1");
    CHECK(move(&entry, &id, &wrong, seat(1))); // another of the defence goes on
    ledger_do(entry, seat(1));
}

TEST(a_dispute_has_something_to_say_in_time_by_somebody_who_may)
{
    struct vch_entry entry;

    make_traces(1);
    decide(&right, &wrong);
    LEDGER_REFUSES(open_entry(&right), &ledger.auditor, "nothing to settle");
    LEDGER_REFUSES(open_entry(&wrong), &ledger.stranger, "bond");
    LEDGER_REFUSES(open_entry(&wrong), seat(0), "what it revealed");
    struct trace other = wrong;
    other.output = ledger_digest(1);
    LEDGER_REFUSES(open_entry(&other), seat(2), "what it revealed");
    entry = open_entry(&wrong);
    entry.dispute_open.segment = 1;
    LEDGER_REFUSES(entry, &ledger.auditor, "no such segment");
    entry.dispute_open.job = ledger_digest(1);
    LEDGER_REFUSES(entry, &ledger.auditor, "no such segment");
    ledger.now = segment()->window_ms;
    LEDGER_REFUSES(open_entry(&wrong), &ledger.auditor, "disputed before");
    ledger.now--;
    ledger_do(open_entry(&wrong), &ledger.auditor);
    ledger.now += 2;
    LEDGER_REFUSES(open_entry(&wrong), seat(2), "disputed before");
    ledger_tick();
    CHECK(!segment()->is_final); // the dispute keeps it
}

TEST(an_open_dispute_keeps_the_window_and_its_end_closes_it)
{
    make_traces(1);
    decide(&right, &wrong);
    ledger.now = segment()->window_ms - 1;
    const struct vch_digest id = open_dispute(&wrong, &ledger.auditor);
    ledger.now += parameters.move_ms;
    ledger_tick();
    CHECK(!segment()->is_final);
    CHECK_EQ(ledger_account(seat(2))->frozen, 1);
    const struct vch_secret_key *minority = seat(2);
    ledger_clerk(); // the default
    CHECK(vch_state_dispute(ledger.state, &id) == NULL);
    CHECK(segment()->is_final);
    CHECK_EQ(ledger_account(minority)->frozen, 0);
    CHECK_EQ(ledger_account(minority)->wrongs, 1);
}

TEST(a_sham_dispute_keeps_nobody_out)
{
    make_traces(0);
    decide(&wrong, &right);
    struct trace sham = wrong;
    sham.output = ledger_digest(0x999);
    const struct vch_digest first = open_dispute(&sham, &ledger.auditor);
    const struct vch_digest second = open_dispute(&right, seat(2));
    const uint64_t before = ledger_account(&ledger.auditor)->balance;

    CHECK_EQ(segment()->open_disputes, 2);
    bisect(&second, &right, seat(2), &wrong, seat(0));
    all_referees_say(&second, &right.leaves[0]);
    CHECK(segment()->is_overturned);
    CHECK_EQ(dispute_of(&first)->result, VCH_DISPUTE_VOID); // nothing is left to dispute
    CHECK_EQ(ledger_account(&ledger.auditor)->balance, before + parameters.dispute_bond);
    CHECK_EQ(ledger_account(seat(0))->slashes, 1); // once
    CHECK_EQ(segment()->open_disputes, 0);
    LEDGER_REFUSES(open_entry(&right), &ledger.client, "overturned");
}

TEST(where_referees_find_neither_claim_both_sides_lose)
{
    const struct vch_digest nothing = {0};

    make_traces(0);
    decide(&wrong, &right);
    const struct vch_digest id = open_dispute(&right, seat(2));
    bisect(&id, &right, seat(2), &wrong, seat(0));
    all_referees_say(&id, &nothing);
    CHECK_EQ(dispute_of(&id)->result, VCH_DISPUTE_BOTH_LOSE);
    CHECK(segment()->is_overturned);
    for (uint32_t i = 0; i < 3; i++)
        CHECK_EQ(ledger_account(seat(i))->stake, LEDGER_STAKE / 2);
    CHECK_EQ(ledger_account(seat(2))->balance, 0); // no bounty
    CHECK_EQ(vch_state_totals(ledger.state).treasury, 3 * LEDGER_STAKE / 2 - 500);
}

TEST(referees_without_a_majority_give_way_to_more_and_then_the_dispute_is_void)
{
    make_traces(0);
    decide(&right, &right);
    const uint64_t before = ledger_account(&ledger.auditor)->balance;
    const struct vch_digest id = open_dispute(&wrong, &ledger.auditor);
    const struct vch_digest *split[16];

    for (uint32_t i = 0; i < 16; i++)
        split[i] = i % 3 == 0 ? &right.leaves[0] : i % 3 == 1 ? &wrong.leaves[0] : NULL;
    bisect(&id, &wrong, &ledger.auditor, &right, seat(0));
    const struct vch_digest *first[] = {&right.leaves[0], &right.leaves[0], &wrong.leaves[0],
                                        &wrong.leaves[0], NULL};
    referee(&id, 0, first);
    const struct vch_contest_id silent = {id, 0, 0}, again = {id, 0, 1};
    CHECK_EQ(ledger_account(ledger_seat_key(&silent, 4))->silences, 1);
    CHECK_EQ(ledger_account(ledger_seat_key(&silent, 4))->stake,
             LEDGER_STAKE - parameters.dispute_bond / parameters.referees);
    CHECK_EQ(ledger_contest(&again)->wanted, 11);
    referee(&id, 1, split);
    const struct vch_contest_id last = {id, 0, 2};
    CHECK_EQ(ledger_contest(&last)->wanted, 23);
    ledger_draw(&last); // 13 nodes for 23 seats: a majority can still come of them
    ledger.now += parameters.commit_ms;
    ledger_clerk();
    CHECK_EQ(dispute_of(&id)->result, VCH_DISPUTE_VOID);
    CHECK_EQ(ledger_account(&ledger.auditor)->balance, before);
    CHECK_EQ(ledger_account(&ledger.auditor)->disputes_lost, 0);
}

TEST(a_minority_of_referees_has_a_fault)
{
    make_traces(0);
    decide(&right, &right);
    const struct vch_digest id = open_dispute(&wrong, &ledger.auditor);
    const struct vch_digest *says[] = {&right.leaves[0], &right.leaves[0], &right.leaves[0],
                                       &wrong.leaves[0], &wrong.leaves[0]};
    bisect(&id, &wrong, &ledger.auditor, &right, seat(0));
    referee(&id, 0, says);
    const struct vch_contest_id referees = {id, 0, 0};
    for (uint32_t i = 0; i < 5; i++) {
        const struct vch_account *account = ledger_account(ledger_seat_key(&referees, i));
        CHECK_EQ(account->wrongs, i >= 3);
        CHECK_EQ(account->balance, i < 3 ? 500 / 3 : 0);
    }
    CHECK_EQ(vch_state_totals(ledger.state).treasury, 500 % 3);
}

static bool is_seat_of(const struct vch_contest_id *id, const struct vch_public_key *node)
{
    return vch_state_seat(ledger_contest(id), node) != NULL;
}

TEST(referees_are_of_no_operator_that_has_a_part_in_it)
{
    make_traces(0);
    decide(&right, &right);
    uint32_t disputer = 0;
    while (is_seat_of(&contest, &ledger.nodes[disputer].key.public_key))
        disputer++;
    ledger_deposit(&ledger.nodes[disputer].key, parameters.dispute_bond);
    const struct vch_digest id = open_dispute(&wrong, &ledger.nodes[disputer].key);
    bisect(&id, &wrong, &ledger.nodes[disputer].key, &right, seat(0));
    const struct vch_contest_id referees = {id, 0, 0};
    ledger_anchor();
    CHECK_EQ(ledger_contest(&referees)->eligible, NODES - 4);
    LEDGER_REFUSES(ledger_sortition(&referees, disputer), &ledger.nodes[disputer].key, "excluded");
    LEDGER_REFUSES(ledger_sortition(&referees, ledger_seat(&contest, 1)), seat(1), "excluded");
}

// With 7 operators and a committee of three, of which one was the minority, four are left.
TEST(where_too_few_operators_are_left_only_the_parties_are_excluded)
{
    const struct ledger_job plan = ledger_plain_job(3);

    make_traces(0);
    parameters = ledger_parameters();
    ledger_found(7, 1, &parameters);
    contest = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    ledger_draw(&contest);
    vote((const struct trace *[]){&right, &right, &wrong});
    const struct vch_digest id = open_dispute(&wrong, &ledger.auditor);
    bisect(&id, &wrong, &ledger.auditor, &right, seat(0));
    const struct vch_contest_id referees = {id, 0, 0};
    ledger_anchor();
    CHECK_EQ(ledger_contest(&referees)->eligible, 5);
    CHECK(vch_state_may_draw(ledger.state, ledger_contest(&referees), &seat(2)->public_key));
    CHECK(!vch_state_may_draw(ledger.state, ledger_contest(&referees), &seat(0)->public_key));
}

static void drop_from_registry(uint32_t node)
{
    struct vch_registry registry = ledger.registries[0];
    uint8_t *bytes = NULL;
    size_t size = 0;

    registry.serial = 2;
    registry.members = VCH_ARENA_NEW(&ledger.arena, struct vch_member, registry.member_count);
    registry.member_count = 0;
    for (uint32_t i = 0; i < ledger.registries[0].member_count; i++) {
        const struct vch_member *member = &ledger.registries[0].members[i];
        if (memcmp(&member->key, &ledger.nodes[node].key.public_key, sizeof member->key) != 0)
            registry.members[registry.member_count++] = *member;
    }
    CHECK_OK(vch_registry_encode(&bytes, &size, &registry, &ledger.founder, &ledger.arena,
                                 &ledger.complaint));
    ledger.registries[ledger.registry_count] = registry;
    ledger_announce(ledger.registry_count++);
    ledger.now += parameters.epoch_ms;
}

// 7 operators of two nodes each; the loser's key is dropped before it disputes, and its operator's
// other node would judge.
TEST(a_seat_that_was_dropped_has_the_operator_for_which_it_was_drawn)
{
    const struct ledger_job plan = ledger_plain_job(3);

    make_traces(0);
    parameters = ledger_parameters();
    ledger_found(14, 2, &parameters);
    contest = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    ledger_draw(&contest);
    vote((const struct trace *[]){&right, &right, &wrong});
    const uint32_t loser = ledger_seat(&contest, 2), other = loser ^ 1;
    drop_from_registry(loser);
    const struct vch_digest id = open_dispute(&wrong, seat(2));
    bisect(&id, &wrong, seat(2), &right, seat(0));
    const struct vch_contest_id referees = {id, 0, 0};
    ledger_anchor();
    CHECK_EQ(ledger_contest(&referees)->eligible, 14 - 3 * 2);
    LEDGER_REFUSES(ledger_sortition(&referees, other), &ledger.nodes[other].key, "excluded");
}

TEST(a_segment_of_one_operator_needs_no_move)
{
    struct ledger_job plan = ledger_plain_job(1);

    make_traces(0);
    parameters = ledger_parameters();
    ledger_found(NODES, 1, &parameters);
    plan.each = 1;
    contest = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    ledger_draw(&contest);
    vote((const struct trace *[]){&wrong, &wrong, &wrong});
    const struct vch_digest id = open_dispute(&right, &ledger.auditor);
    CHECK_EQ(dispute_of(&id)->phase, VCH_DISPUTE_REFEREES);
    CHECK_EQ(dispute_of(&id)->place, 0);
    CHECK(vch_hash_is_equal(&dispute_of(&id)->claims[1], &wrong.root));
}
