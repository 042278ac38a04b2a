// What a node enters, and never enters.
#include "agreement/seat.h"

#include "crypto/merkle.h"
#include "harness/ledger.h"

static struct vch_contest_id id;

static struct vch_seat_answer answer_of(uint32_t answer)
{
    return (struct vch_seat_answer){true, ledger_output(answer), ledger_trace(answer)};
}

static bool next(struct vch_entry *out, uint32_t node, const struct vch_seat_answer *answer)
{
    return vch_seat_next(out, ledger.state, ledger_contest(&id), &ledger.nodes[node].seat, answer,
                         ledger.now);
}

// A job of three seats among six nodes, drawn.
static void draw(void)
{
    const struct vch_parameters parameters = ledger_parameters();
    const struct ledger_job plan = ledger_plain_job(3);

    ledger_found(6, 1, &parameters);
    id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    ledger_draw(&id);
}

static uint32_t somebody_without_seat(void)
{
    for (uint32_t i = 0; i < ledger.node_count; i++)
        if (vch_state_seat(ledger_contest(&id), &ledger.nodes[i].key.public_key) == NULL) return i;
    test_fail(__FILE__, __LINE__, "everybody has a seat");
}

TEST(seat_draws_once_the_contest_is_anchored_and_until_its_sortition_is_in)
{
    const struct vch_parameters parameters = ledger_parameters();
    const struct ledger_job plan = ledger_plain_job(3);
    const struct vch_seat_answer none = {0};
    struct vch_entry entry;

    ledger_found(6, 1, &parameters);
    id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    CHECK(!next(&entry, 0, &none));
    ledger_anchor();
    CHECK(next(&entry, 0, &none));
    CHECK_EQ(entry.kind, VCH_ENTRY_SORTITION);
    CHECK(next(&entry, 0, &none)); // again, until the state shows it
    ledger_do(entry, &ledger.nodes[0].key);
    CHECK(!next(&entry, 0, &none));
}

TEST(seat_commits_and_reveals_what_it_committed_to)
{
    const struct vch_seat_answer answer = answer_of(7), none = {0};
    struct vch_entry entry;

    draw();
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(!next(&entry, ledger_seat(&id, i), &none)); // still at work
        CHECK(next(&entry, ledger_seat(&id, i), &answer));
        CHECK_EQ(entry.kind, VCH_ENTRY_COMMIT);
        ledger_do(entry, ledger_seat_key(&id, i));
        CHECK(!next(&entry, ledger_seat(&id, i), &answer));
    }
    CHECK(!next(&entry, somebody_without_seat(), &answer));
    ledger_clerk();
    CHECK(!next(&entry, ledger_seat(&id, 0), &answer)); // closed, but not anchored
    ledger_anchor();
    CHECK(!next(&entry, somebody_without_seat(), &answer));
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(next(&entry, ledger_seat(&id, i), &answer));
        CHECK_EQ(entry.kind, VCH_ENTRY_REVEAL);
        ledger_do(entry, ledger_seat_key(&id, i));
        CHECK_EQ(ledger_contest(&id)->seats[i].state, VCH_SEAT_REVEALED);
    }
    ledger_clerk();
    CHECK_EQ(ledger_contest(&id)->agreeing, 3);
}

// Whatever is lost in a crash but the keys: what it says is the same byte for byte, so that no two
// commits of it can ever be evidence.
TEST(seat_that_starts_anew_says_the_same)
{
    struct vch_entry first, again;

    draw();
    const uint32_t node = ledger_seat(&id, 1);
    struct vch_seat_answer answer = answer_of(7);
    CHECK(next(&first, node, &answer));
    const struct vch_seat_keys keys = ledger.nodes[node].seat;
    memset(&ledger.nodes[node].seat, 0, sizeof keys);
    answer = answer_of(7);
    CHECK(vch_seat_next(&again, ledger.state, ledger_contest(&id), &keys, &answer,
                        ledger.now + 1000));
    CHECK(memcmp(&first.commit, &again.commit, sizeof first.commit) == 0);
    ledger.nodes[node].seat = keys;
}

// Who keeps a node's keys elsewhere, or has gone.
struct keeping {
    struct vch_seat_keys keys;
    bool is_gone;
};

static vch_status prove_elsewhere(void *context, struct vch_vrf_proof *out, const void *alpha,
                                  size_t size)
{
    const struct keeping *keeping = context;

    if (keeping->is_gone) return VCH_FAIL(UNAVAILABLE);
    vch_vrf_prove(out, &keeping->keys.vrf, alpha, size);
    return VCH_OK;
}

static vch_status make_nonce_elsewhere(void *context, uint8_t out[static 32],
                                       const struct vch_contest_id *contest)
{
    const struct keeping *keeping = context;

    if (keeping->is_gone) return VCH_FAIL(UNAVAILABLE);
    vch_seat_nonce(out, &keeping->keys, contest);
    return VCH_OK;
}

// What the node says with its keys here, with them elsewhere, and when nobody has them any more.
static void check_with_keeper(uint32_t node, const struct vch_seat_answer *answer)
{
    struct keeping keeping = {.keys = ledger.nodes[node].seat};
    const struct vch_seat_keeper keeper = {prove_elsewhere, make_nonce_elsewhere, &keeping};
    struct vch_entry here, there;

    CHECK(next(&here, node, answer));
    ledger.nodes[node].seat = (struct vch_seat_keys){.node = keeping.keys.node, .keeper = &keeper};
    CHECK(next(&there, node, answer));
    CHECK_EQ(here.kind, there.kind);
    if (here.kind == VCH_ENTRY_SORTITION)
        CHECK(memcmp(&here.sortition, &there.sortition, sizeof here.sortition) == 0);
    if (here.kind == VCH_ENTRY_COMMIT)
        CHECK(memcmp(&here.commit, &there.commit, sizeof here.commit) == 0);
    if (here.kind == VCH_ENTRY_REVEAL)
        CHECK(memcmp(here.reveal.nonce, there.reveal.nonce, sizeof here.reveal.nonce) == 0);
    keeping.is_gone = true;
    CHECK(!next(&there, node, answer));
    ledger.nodes[node].seat = keeping.keys;
}

TEST(seat_says_the_same_with_its_keys_elsewhere_and_nothing_without_them)
{
    const struct vch_parameters parameters = ledger_parameters();
    const struct ledger_job plan = ledger_plain_job(3);
    const struct vch_seat_answer answer = answer_of(7), none = {0};
    struct vch_entry entry;

    ledger_found(6, 1, &parameters);
    id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    ledger_anchor();
    check_with_keeper(0, &none);
    draw();
    for (uint32_t i = 0; i < 3; i++) {
        check_with_keeper(ledger_seat(&id, i), &answer);
        CHECK(next(&entry, ledger_seat(&id, i), &answer));
        ledger_do(entry, ledger_seat_key(&id, i));
    }
    ledger_clerk();
    ledger_anchor();
    for (uint32_t i = 0; i < 3; i++)
        check_with_keeper(ledger_seat(&id, i), &answer);
}

// An answer that is another than before the crash stays unsaid: silence costs a fee, a reveal that
// does not match half the stake.
TEST(seat_does_not_reveal_what_it_did_not_commit_to)
{
    const uint32_t answers[] = {7, 7, 7};
    const struct vch_seat_answer other = answer_of(8);
    struct vch_entry entry;

    draw();
    ledger_commit_all(&id, answers);
    ledger_clerk();
    ledger_anchor();
    CHECK(!next(&entry, ledger_seat(&id, 0), &other));
    struct vch_seat_answer almost = answer_of(7);
    almost.trace.bytes[31] ^= 1;
    CHECK(!next(&entry, ledger_seat(&id, 0), &almost));
}

TEST(seat_nonces_differ_between_nodes_segments_rounds_and_subjects)
{
    struct vch_seat_keys keys = {.secret = {1}};
    struct vch_contest_id contest = {ledger_digest(1), 0, 0};
    uint8_t nonces[5][32];

    vch_seat_nonce(nonces[0], &keys, &contest);
    contest.round++;
    vch_seat_nonce(nonces[1], &keys, &contest);
    contest.segment++;
    vch_seat_nonce(nonces[2], &keys, &contest);
    contest.subject.bytes[0] ^= 1;
    vch_seat_nonce(nonces[3], &keys, &contest);
    keys.secret[31] ^= 1;
    vch_seat_nonce(nonces[4], &keys, &contest);
    for (uint32_t i = 0; i < 5; i++)
        for (uint32_t k = 0; k < i; k++)
            CHECK(memcmp(nonces[i], nonces[k], 32) != 0);
}

TEST(seat_does_not_commit_to_an_input_it_does_not_know)
{
    const struct vch_parameters parameters = ledger_parameters();
    struct ledger_job plan = ledger_plain_job(3);
    const struct vch_seat_answer answer = answer_of(7);
    struct vch_entry entry;

    plan.segments = 2;
    plan.each = 3;
    plan.gaps = 2; // the client's own before the second
    ledger_found(6, 1, &parameters);
    id = (struct vch_contest_id){ledger_open(&plan), 2, 0};
    ledger_draw(&id);
    CHECK(!ledger_contest(&id)->has_input);
    CHECK(!next(&entry, ledger_seat(&id, 0), &answer));
}

enum { LEAVES = 4 };

// Leaves of a run that is a lie from operator `lie_at` on.
static void fill_leaves(struct vch_digest *leaves, uint32_t lie_at)
{
    for (uint32_t i = 0; i < LEAVES; i++) {
        const struct vch_digest value = ledger_digest(0x500 + i + (i >= lie_at ? 0x100 : 0));
        leaves[i] = vch_merkle_leaf(value.bytes, sizeof value.bytes);
    }
}

static void vote_as(const struct vch_digest *outputs, const struct vch_digest *traces)
{
    for (uint32_t i = 0; i < 3; i++)
        ledger_do(ledger_commit_entry(&id, ledger_seat(&id, i), &outputs[i], &traces[i]),
                  ledger_seat_key(&id, i));
    ledger_clerk();
    ledger_anchor();
    for (uint32_t i = 0; i < 3; i++)
        ledger_do(ledger_reveal_entry(&id, ledger_seat(&id, i), &outputs[i], &traces[i]),
                  ledger_seat_key(&id, i));
    ledger_clerk();
    CHECK_EQ(ledger_contest(&id)->phase, VCH_CONTEST_DECIDED);
}

// One of three lied from operator 2 on, and disputes what the others say.
static const struct vch_dispute *begin_dispute(struct vch_digest ours[LEAVES],
                                               struct vch_digest theirs[LEAVES])
{
    fill_leaves(ours, LEAVES);
    fill_leaves(theirs, 2);
    draw();
    const struct vch_digest right = vch_merkle_root(ours, LEAVES);
    const struct vch_digest wrong = vch_merkle_root(theirs, LEAVES);
    const struct vch_digest outputs[] = {ledger_output(8), ledger_output(7), ledger_output(7)};
    const struct vch_digest traces[] = {wrong, right, right};
    vote_as(outputs, traces);
    struct vch_entry entry = {.kind = VCH_ENTRY_DISPUTE_OPEN};
    entry.dispute_open.job = id.subject;
    entry.dispute_open.output = outputs[0];
    entry.dispute_open.trace = wrong;
    ledger_do(entry, ledger_seat_key(&id, 0));
    const struct vch_dispute *dispute = vch_state_next_dispute(ledger.state, NULL);
    CHECK(dispute != NULL);
    return dispute;
}

static bool next_move(struct vch_entry *out, const struct vch_dispute *dispute, uint32_t node,
                      const struct vch_digest *leaves)
{
    return vch_seat_next_move(out, ledger.state, dispute, &ledger.nodes[node].key.public_key,
                              leaves, LEAVES);
}

TEST(seat_moves_for_its_side_until_the_operator_is_found)
{
    struct vch_digest right[LEAVES], wrong[LEAVES];
    const struct vch_dispute *dispute = begin_dispute(right, wrong);
    const uint32_t disputer = ledger_seat(&id, 0), defender = ledger_seat(&id, 2);
    struct vch_entry entry;

    CHECK(!next_move(&entry, dispute, somebody_without_seat(), right));
    CHECK(!next_move(&entry, dispute, defender, wrong)); // leaves of the other side
    CHECK(!next_move(&entry, dispute, disputer, right));
    for (uint32_t step = 0; step < 2; step++) {
        CHECK_EQ(dispute->step, step);
        CHECK(next_move(&entry, dispute, defender, right));
        ledger_do(entry, &ledger.nodes[defender].key);
        CHECK(!next_move(&entry, dispute, defender, right));
        CHECK(!next_move(&entry, dispute, ledger_seat(&id, 1), right)); // its side has moved
        CHECK(next_move(&entry, dispute, disputer, wrong));
        ledger_do(entry, &ledger.nodes[disputer].key);
    }
    CHECK_EQ(dispute->phase, VCH_DISPUTE_REFEREES);
    CHECK_EQ(dispute->place, 2);
    CHECK(vch_hash_is_equal(&dispute->claims[1], &right[2]));
    CHECK(!next_move(&entry, dispute, defender, right));
}
