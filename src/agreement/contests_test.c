#include "agreement/contests.h"

#include <stdlib.h>

#include "consensus/draw.h"
#include "crypto/merkle.h"
#include "harness/ledger.h"

static struct vch_parameters parameters;

static struct vch_contest_id open_job(uint32_t nodes, uint32_t per_operator, uint32_t quorum)
{
    const struct ledger_job plan = ledger_plain_job(quorum);

    parameters = ledger_parameters();
    ledger_found(nodes, per_operator, &parameters);
    return (struct vch_contest_id){ledger_open(&plan), 0, 0};
}

static void draw_one(const struct vch_contest_id *id, uint32_t node)
{
    ledger_do(ledger_sortition(id, node), &ledger.nodes[node].key);
}

TEST(nobody_draws_before_the_anchor_twice_or_with_anothers_proof)
{
    const struct vch_contest_id id = open_job(5, 1, 3);
    struct vch_entry entry;

    LEDGER_REFUSES(ledger_sortition(&id, 0), &ledger.nodes[0].key, "before its anchor");
    ledger_anchor();
    entry = ledger_sortition(&id, 1);
    CHECK_FAILS(ledger_try(entry, &ledger.nodes[0].key), BAD_PROOF);
    entry.contest.round = 1;
    LEDGER_REFUSES(entry, &ledger.nodes[1].key, "no such contest");
    entry.contest.round = 0;
    LEDGER_REFUSES(entry, &ledger.client, "may not draw");
    LEDGER_REFUSES(entry, &ledger.stranger, "may not draw");
    draw_one(&id, 1);
    LEDGER_REFUSES(entry, &ledger.nodes[1].key, "has drawn");
    CHECK(!vch_state_may_draw(ledger.state, ledger_contest(&id), &ledger.nodes[1].key.public_key));
    CHECK(vch_state_may_draw(ledger.state, ledger_contest(&id), &ledger.nodes[2].key.public_key));
}

TEST(who_grew_after_the_anchor_does_not_draw)
{
    const struct vch_contest_id id = open_job(5, 1, 3);

    ledger_anchor();
    ledger_deposit(&ledger.nodes[0].key, 1);
    ledger_do(ledger_amount(VCH_ENTRY_STAKE, 1), &ledger.nodes[0].key);
    LEDGER_REFUSES(ledger_sortition(&id, 0), &ledger.nodes[0].key, "after the contest's");
    ledger_do(ledger_hold(0, 9, false), &ledger.nodes[1].key);
    LEDGER_REFUSES(ledger_sortition(&id, 1), &ledger.nodes[1].key, "after the contest's");
    ledger_do(ledger_amount(VCH_ENTRY_UNSTAKE, 1), &ledger.nodes[2].key); // less is no growth
    draw_one(&id, 2);
    CHECK_EQ(ledger_contest(&id)->seats[0].weight, LEDGER_STAKE - 1);
}

TEST(a_node_draws_that_stakes_enough_and_holds_the_segment)
{
    const struct vch_contest_id id = open_job(5, 1, 3);

    ledger_do(ledger_hold(0, 8, true), &ledger.nodes[0].key);
    ledger_do(ledger_amount(VCH_ENTRY_UNSTAKE, LEDGER_STAKE - 999), &ledger.nodes[1].key);
    ledger_do(ledger_hold(0, 4, false), &ledger.nodes[2].key); // twice held counts once
    ledger_anchor();
    CHECK_EQ(ledger_contest(&id)->eligible, 3);
    CHECK_EQ(ledger_contest(&id)->weight, 3 * LEDGER_STAKE);
    LEDGER_REFUSES(ledger_sortition(&id, 0), &ledger.nodes[0].key, "does not hold");
    LEDGER_REFUSES(ledger_sortition(&id, 1), &ledger.nodes[1].key, "may not draw");
    draw_one(&id, 2);
}

TEST(a_node_draws_whose_slash_would_take_the_fee_at_least)
{
    struct ledger_job plan = ledger_plain_job(1);

    parameters = ledger_parameters();
    ledger_found(3, 1, &parameters);
    ledger_deposit(&ledger.nodes[1].key, 2);
    ledger_do(ledger_amount(VCH_ENTRY_STAKE, 2), &ledger.nodes[1].key);
    plan.fee = LEDGER_STAKE / 2 + 1;
    const struct vch_contest_id id = {ledger_open(&plan), 0, 0};
    ledger_anchor();
    CHECK_EQ(ledger_contest(&id)->eligible, 1);
    LEDGER_REFUSES(ledger_sortition(&id, 0), &ledger.nodes[0].key, "may not draw");
    draw_one(&id, 1);
}

TEST(a_key_that_is_new_in_this_epoch_does_not_draw)
{
    const struct ledger_job plan = ledger_plain_job(1);

    parameters = ledger_parameters();
    ledger_found(5, 1, &parameters);
    ledger.now -= parameters.epoch_ms; // nothing has its time yet but the first entries
    ledger.now += parameters.epoch_ms - 1 - ledger.now % parameters.epoch_ms + 1;
    ledger_announce(ledger_make_registry(3, 1, 2)); // without nodes 3 and 4, from the next one on
    const struct vch_contest_id id = {ledger_open(&plan), 0, 0};
    ledger_anchor();
    CHECK_EQ(ledger_contest(&id)->eligible, 5);
    draw_one(&id, 4);
    ledger.now += parameters.epoch_ms;
    draw_one(&id, 3); // the registry is that of the anchor
    const struct vch_contest_id next = {ledger_open(&plan), 0, 0};
    ledger_anchor();
    CHECK_EQ(ledger_contest(&next)->eligible, 3);
    LEDGER_REFUSES(ledger_sortition(&next, 4), &ledger.nodes[4].key, "may not draw");
}

static struct vch_digest alpha_of(const struct vch_contest_id *id, uint64_t position,
                                  const struct vch_entry *anchor, uint32_t registry)
{
    const struct vch_draw_contest draw = {
        .ledger = ledger.charter.id,
        .entry = vch_merkle_leaf(ledger.log[position].bytes, ledger.log[position].size),
        .anchor = vch_entry_anchor_seed(anchor),
        .registry = ledger.registries[registry].digest,
        .subject = id->subject,
        .segment = id->segment,
        .round = id->round};

    return vch_draw_alpha(&draw);
}

// What a founder signs between a job and its anchor does not make the job's voucher unprovable: job
// and draw are under one registry. But whom it drops there is not drawn any more.
TEST(a_job_is_drawn_from_its_own_registry_but_for_who_was_dropped)
{
    const struct ledger_job plan = ledger_plain_job(3);

    parameters = ledger_parameters();
    parameters.epoch_ms = 2000;
    ledger_found(5, 1, &parameters);
    const struct vch_contest_id id = {ledger_open(&plan), 0, 0};
    const uint64_t opened = vch_state_size(ledger.state) - 1;
    ledger_announce(ledger_make_registry(3, 1, 2)); // without nodes 3 and 4
    ledger.now += parameters.epoch_ms;
    const struct vch_entry anchor =
        ledger_anchor_of(vch_state_size(ledger.state), 0, 3, ledger.now / 1000);
    ledger_do(anchor, &ledger.clerk);
    const struct vch_digest own = alpha_of(&id, opened, &anchor, 0);
    CHECK(vch_hash_is_equal(&ledger_contest(&id)->alpha, &own));
    CHECK_EQ(ledger_contest(&id)->eligible, 3);
    LEDGER_REFUSES(ledger_sortition(&id, 3), &ledger.nodes[3].key, "may not draw");
    for (uint32_t i = 0; i < 3; i++)
        draw_one(&id, i);
    ledger_clerk();
    CHECK_EQ(ledger_contest(&id)->seat_count, 3);
}

TEST(who_joins_after_a_job_was_opened_is_drawn_for_later_ones)
{
    const struct ledger_job plan = ledger_plain_job(3);

    parameters = ledger_parameters();
    parameters.epoch_ms = 2000;
    ledger_found(5, 1, &parameters);
    ledger_announce(ledger_make_registry(3, 1, 2));
    ledger.now += parameters.epoch_ms;
    const struct vch_contest_id id = {ledger_open(&plan), 0, 0};
    ledger_announce(ledger_make_registry(5, 1, 3));
    ledger.now += parameters.epoch_ms;
    const struct vch_contest_id next = {ledger_open(&plan), 0, 0};
    ledger_anchor(); // of both
    CHECK_EQ(ledger_contest(&id)->eligible, 3);
    CHECK_EQ(ledger_contest(&next)->eligible, 5);
    LEDGER_REFUSES(ledger_sortition(&id, 4), &ledger.nodes[4].key, "may not draw");
    draw_one(&next, 4);
}

// The attack: a clerk has tree after tree cosigned, and enters the anchor that suits its friends.
TEST(nobody_draws_by_an_anchor_that_a_clerk_took_its_time_to_choose)
{
    const struct vch_contest_id id = open_job(5, 1, 3);
    const struct vch_contest_id next = {id.subject, 0, 1};
    const uint64_t patience_ms = parameters.draw_ms + 4 * parameters.skew_ms;
    const struct ledger_job plan = ledger_plain_job(3);

    ledger.now += patience_ms + 1;
    ledger_anchor();
    CHECK_EQ(ledger_contest(&id)->eligible, 0);
    CHECK(!vch_state_may_draw(ledger.state, ledger_contest(&id), &ledger.nodes[0].key.public_key));
    LEDGER_REFUSES(ledger_sortition(&id, 0), &ledger.nodes[0].key, "so late");
    ledger_clerk(); // no seats, hence no majority
    CHECK_EQ(ledger_contest(&id)->seat_count, 0);
    CHECK_EQ(ledger_contest(&id)->phase, VCH_CONTEST_SPLIT);
    CHECK_EQ(ledger_contest(&next)->wanted, 3); // nor more to pay for
    ledger.now += patience_ms;                  // just in time
    ledger_anchor();
    CHECK_EQ(ledger_contest(&next)->eligible, 5);
    draw_one(&next, 0);
    const struct vch_contest_id other = {ledger_open(&plan), 0, 0};
    ledger.now += patience_ms;
    ledger_anchor();
    CHECK_EQ(ledger_contest(&other)->eligible, 5);
}

// The attack: a clerk keeps anchors back, so that its client pays for more and more seats.
TEST(only_rounds_that_somebody_could_draw_for_are_followed_by_larger_ones)
{
    const struct vch_contest_id id = open_job(5, 1, 1);
    struct vch_contest_id next = {id.subject, 0, 1};
    const uint64_t patience_ms = parameters.draw_ms + 4 * parameters.skew_ms;

    ledger_anchor(); // in time, but nobody draws
    ledger_clerk();
    ledger.now += 2 * parameters.draw_ms;
    ledger_clerk();
    CHECK_EQ(ledger_contest(&id)->seat_count, 0);
    CHECK_EQ(ledger_contest(&next)->wanted, 3);
    ledger.now += patience_ms + 1;
    ledger_anchor();
    ledger_clerk();
    next.round = 2; // the last, all the same
    CHECK_EQ(ledger_contest(&next)->wanted, 3);
    ledger.now += patience_ms + 1;
    ledger_anchor();
    ledger_clerk();
    CHECK_EQ(vch_state_job(ledger.state, &id.subject)->phase, VCH_JOB_FAILED);
}

static struct vch_entry draw_entry(const struct vch_contest_id *id, struct vch_entry_seat *seats)
{
    const struct vch_contest *contest = ledger_contest(id);
    struct vch_entry entry = {.kind = VCH_ENTRY_DRAW, .contest = *id};

    entry.draw.count = contest->standing;
    entry.draw.seats = seats;
    entry.draw.eligible = contest->eligible;
    entry.draw.weight = contest->weight;
    for (uint32_t i = 0; i < contest->standing; i++)
        seats[i] = (struct vch_entry_seat){contest->seats[i].node, contest->seats[i].weight};
    return entry;
}

TEST(a_draw_is_that_of_the_log_when_all_have_drawn)
{
    const struct vch_contest_id id = open_job(5, 1, 3);
    struct vch_entry_seat seats[8];
    struct vch_entry entry;

    ledger_anchor();
    for (uint32_t i = 0; i < 4; i++)
        draw_one(&id, i);
    LEDGER_REFUSES(draw_entry(&id, seats), &ledger.clerk, "not due");
    draw_one(&id, 4);
    entry = draw_entry(&id, seats);
    LEDGER_REFUSES(entry, &ledger.founder, "clerk alone");
    entry.draw.eligible++;
    LEDGER_REFUSES(entry, &ledger.clerk, "not that of the log");
    entry = draw_entry(&id, seats);
    entry.draw.weight--;
    LEDGER_REFUSES(entry, &ledger.clerk, "not that of the log");
    entry = draw_entry(&id, seats);
    entry.draw.count--;
    LEDGER_REFUSES(entry, &ledger.clerk, "not that of the log");
    entry = draw_entry(&id, seats);
    seats[1] = seats[0];
    seats[0] = (struct vch_entry_seat){ledger_contest(&id)->seats[1].node, LEDGER_STAKE};
    LEDGER_REFUSES(entry, &ledger.clerk, "not that of the log"); // another order
    entry = draw_entry(&id, seats);
    seats[2].weight--;
    LEDGER_REFUSES(entry, &ledger.clerk, "not that of the log");
    ledger_do(draw_entry(&id, seats), &ledger.clerk);
    LEDGER_REFUSES(draw_entry(&id, seats), &ledger.clerk, "not due");
    LEDGER_REFUSES(ledger_sortition(&id, 4), &ledger.nodes[4].key, "after its draw");
    for (uint32_t i = 0; i < 3; i++)
        CHECK_EQ(ledger_account(ledger_seat_key(&id, i))->frozen, 1);
}

TEST(a_draw_comes_when_seats_are_filled_and_draw_ms_is_over_or_twice_that)
{
    struct vch_contest_id id = open_job(5, 1, 3);
    struct vch_entry_seat seats[8];

    ledger_anchor();
    for (uint32_t i = 0; i < 3; i++)
        draw_one(&id, i);
    ledger.now += parameters.draw_ms - 1;
    LEDGER_REFUSES(draw_entry(&id, seats), &ledger.clerk, "not due");
    ledger.now += 1;
    ledger_do(draw_entry(&id, seats), &ledger.clerk);

    id = open_job(5, 1, 3);
    ledger_anchor();
    for (uint32_t i = 0; i < 2; i++)
        draw_one(&id, i);
    ledger.now += 2 * parameters.draw_ms - 1;
    LEDGER_REFUSES(draw_entry(&id, seats), &ledger.clerk, "not due");
    ledger.now += 1;
    ledger_do(draw_entry(&id, seats), &ledger.clerk);
    CHECK_EQ(ledger_contest(&id)->seat_count, 2);
}

// Law: the seats are those of vch_draw_winners over all who drew, whatever came first.
TEST(the_seats_are_the_best_of_their_operators_in_any_order)
{
    enum { NODES = 24 };
    struct vch_draw_candidate candidates[NODES];
    uint32_t order[NODES];

    for (int repeat = 0; repeat < 10; repeat++) {
        const struct vch_contest_id id = open_job(NODES, 1 + test_below(4), 5);
        ledger_anchor();
        for (uint32_t i = 0; i < NODES; i++)
            order[i] = i;
        for (uint32_t i = NODES; i-- > 1;) {
            const uint32_t other = test_below(i + 1), kept = order[i];
            order[i] = order[other];
            order[other] = kept;
        }
        for (uint32_t i = 0; i < NODES; i++) {
            const struct vch_entry entry = ledger_sortition(&id, order[i]);
            const struct vch_member *member =
                vch_registry_find(&ledger.registries[0], &ledger.nodes[order[i]].key.public_key);
            const struct vch_vrf_beta beta = vch_vrf_beta(&entry.sortition.proof);
            const uint32_t number = (uint32_t)strtoul(member->operator_name + 3, NULL, 10);
            candidates[i] = (struct vch_draw_candidate){member->key, number, LEDGER_STAKE,
                                                        vch_draw_exponent(&beta)};
            ledger_do(entry, &ledger.nodes[order[i]].key);
        }
        ledger_clerk();
        const uint32_t winners = vch_draw_winners(candidates, NODES, 5);
        CHECK_EQ(ledger_contest(&id)->seat_count, winners);
        for (uint32_t i = 0; i < winners; i++)
            CHECK(memcmp(&ledger_contest(&id)->seats[i].node, &candidates[i].node, 32) == 0);
    }
}

TEST(of_many_nodes_only_the_best_draw_at_first_and_everybody_later)
{
    enum { NODES = 100 };
    const struct vch_contest_id id = open_job(NODES, 1, 1);
    uint32_t inside = 0, outside = NODES;

    ledger_anchor();
    CHECK_EQ(ledger_contest(&id)->eligible, NODES);
    for (uint32_t i = 0; i < NODES; i++) {
        const struct vch_entry entry = ledger_sortition(&id, i);
        const struct vch_vrf_beta beta = vch_vrf_beta(&entry.sortition.proof);
        const bool is_inside = vch_state_is_within_limit(
            ledger.state, ledger_contest(&id), &ledger.nodes[i].key.public_key, &beta, ledger.now);
        if (is_inside)
            ledger_do(entry, &ledger.nodes[i].key);
        else
            LEDGER_REFUSES(entry, &ledger.nodes[i].key, "not among the best");
        inside += is_inside;
        if (!is_inside) outside = i;
    }
    CHECK(inside > 5 && inside < 45); // 20.8 on average
    CHECK_EQ(ledger_contest(&id)->drawn_count, inside);
    ledger.now += parameters.draw_ms;
    ledger_do(ledger_sortition(&id, outside), &ledger.nodes[outside].key);
    ledger_clerk();
    CHECK_EQ(ledger_contest(&id)->seat_count, 1);
}

TEST(a_contest_with_too_few_seats_is_decided_at_once_and_owes_nothing)
{
    const struct vch_contest_id id = open_job(2, 1, 5);
    const struct vch_digest output = ledger_output(1), trace = ledger_trace(1);
    struct vch_entry_seat seats[8];
    struct vch_entry close = {.kind = VCH_ENTRY_CLOSE, .contest = id};

    ledger_anchor();
    draw_one(&id, 0);
    draw_one(&id, 1);
    ledger_do(draw_entry(&id, seats), &ledger.clerk);
    CHECK(vch_state_is_hopeless(ledger_contest(&id)));
    LEDGER_REFUSES(ledger_commit_entry(&id, 0, &output, &trace), &ledger.nodes[0].key, "too few");
    LEDGER_REFUSES(close, &ledger.clerk, "not due");
    ledger_clerk();
    CHECK_EQ(ledger_contest(&id)->phase, VCH_CONTEST_SPLIT);
    CHECK_EQ(ledger_account(&ledger.nodes[0].key)->silences, 0);
}

TEST(a_commit_is_by_a_seat_once_and_a_reveal_after_the_close_is_anchored)
{
    const struct vch_contest_id id = open_job(6, 1, 3);
    const struct vch_digest output = ledger_output(1), trace = ledger_trace(1);
    struct vch_entry close = {.kind = VCH_ENTRY_CLOSE, .contest = id}, entry;
    uint32_t outsider = 0;

    ledger_draw(&id);
    while (vch_state_seat(ledger_contest(&id), &ledger.nodes[outsider].key.public_key) != NULL)
        outsider++;
    LEDGER_REFUSES(ledger_commit_entry(&id, outsider, &output, &trace), &ledger.nodes[outsider].key,
                   "no seat");
    for (uint32_t i = 0; i < 2; i++)
        ledger_do(ledger_commit_entry(&id, ledger_seat(&id, i), &output, &trace),
                  ledger_seat_key(&id, i));
    LEDGER_REFUSES(ledger_commit_entry(&id, ledger_seat(&id, 0), &trace, &trace),
                   ledger_seat_key(&id, 0), "has committed");
    close.close.commits = 2;
    LEDGER_REFUSES(close, &ledger.clerk, "not due");
    entry = ledger_reveal_entry(&id, ledger_seat(&id, 0), &output, &trace);
    LEDGER_REFUSES(entry, ledger_seat_key(&id, 0), "not anchored yet");
    ledger.now += parameters.commit_ms;
    close.close.commits = 3;
    LEDGER_REFUSES(close, &ledger.clerk, "counts 3");
    close.close.commits = 2;
    ledger_do(close, &ledger.clerk);
    LEDGER_REFUSES(close, &ledger.clerk, "not due");
    LEDGER_REFUSES(ledger_commit_entry(&id, ledger_seat(&id, 2), &output, &trace),
                   ledger_seat_key(&id, 2), "closed");
    LEDGER_REFUSES(entry, ledger_seat_key(&id, 0), "not anchored yet");
    ledger_anchor();
    LEDGER_REFUSES(ledger_reveal_entry(&id, ledger_seat(&id, 2), &output, &trace),
                   ledger_seat_key(&id, 2), "has not committed");
    LEDGER_REFUSES(ledger_reveal_entry(&id, ledger_seat(&id, 0), &output, NULL),
                   ledger_seat_key(&id, 0), "a trace");
    ledger_do(entry, ledger_seat_key(&id, 0));
    LEDGER_REFUSES(entry, ledger_seat_key(&id, 0), "has revealed");
}

TEST(a_verdict_is_that_of_the_log_and_in_its_time)
{
    const struct vch_contest_id id = open_job(6, 1, 3);
    const uint32_t answers[] = {1, 1, LEDGER_MUTE};
    struct vch_entry entry = {.kind = VCH_ENTRY_VERDICT, .contest = id}, bad;

    ledger_draw(&id);
    LEDGER_REFUSES(entry, &ledger.clerk, "not due");
    ledger_commit_all(&id, answers);
    ledger_clerk();
    LEDGER_REFUSES(entry, &ledger.clerk, "not due");
    ledger_anchor();
    ledger_reveal_all(&id, answers);
    entry.verdict.has_output = true;
    entry.verdict.output = ledger_output(1);
    entry.verdict.agreeing = 2;
    LEDGER_REFUSES(entry, &ledger.clerk, "not due");
    ledger.now += parameters.reveal_ms;
    bad = entry;
    bad.verdict.agreeing = 3;
    LEDGER_REFUSES(bad, &ledger.clerk, "not that of the log");
    bad = entry;
    bad.verdict.output.bytes[0] ^= 1;
    LEDGER_REFUSES(bad, &ledger.clerk, "not that of the log");
    bad = (struct vch_entry){.kind = VCH_ENTRY_VERDICT, .contest = id};
    LEDGER_REFUSES(bad, &ledger.clerk, "not that of the log");
    LEDGER_REFUSES(entry, &ledger.founder, "clerk alone");
    ledger_do(entry, &ledger.clerk);
    LEDGER_REFUSES(entry, &ledger.clerk, "not due");
    const struct vch_digest output = ledger_output(1), trace = ledger_trace(1);
    LEDGER_REFUSES(ledger_reveal_entry(&id, ledger_seat(&id, 2), &output, &trace),
                   ledger_seat_key(&id, 2), "the verdict is there");
}
