// Agreements in vouchers, as a reader judges them: what they show, what they cannot be joined to,
// and what a client with a clerk and its witnesses might do with a log that nobody replays.
#include "harness/scene.h"

TEST(a_voucher_shows_its_agreement)
{
    size_t size = 0;

    scene_hold_contest(1, 1, NULL);
    uint8_t *bytes = scene_sign_voucher(&size);
    JUDGES(bytes, size);
    if (scene_quorum_found()->verdict != VCH_VERDICT_SHOWN)
        test_fail(__FILE__, __LINE__, "%s", scene_quorum_found()->reason);
    CHECK(strstr(scene_quorum_found()->reason,
                 "3 of 3 agree, 2 needed, drawn by lot out of 9 nodes"));
    CHECK(strstr(scene_quorum_found()->reason, "cosigned by 3 of 4 witnesses"));
    for (int i = 0; i < 300; i++) { // the client's own signature covers all of it
        const uint32_t bit = test_below((uint32_t)(8 * size));
        test_flip(bytes, bit);
        if (vch_is_ok(scene_judge(bytes, size)))
            CHECK(scene.report.findings[VCH_CLAIM_CLIENT].verdict != VCH_VERDICT_SHOWN);
        test_flip(bytes, bit);
    }
}

TEST(a_client_cannot_change_an_agreement_that_it_signs)
{
    size_t size = 0;

    scene_hold_contest(1, 1, NULL);
    for (int i = 0; i < 200; i++) {
        const uint32_t at = test_below(scene.agreement.leaf_count);
        struct vch_agreement_leaf *leaf = &scene.leaves[at], kept = *leaf;
        uint8_t *entry = (uint8_t *)vch_arena_string(&scene.arena, kept.entry, kept.entry_size);
        test_flip(entry, test_below((uint32_t)(8 * kept.entry_size)));
        leaf->entry = entry;
        uint8_t *bytes = scene_sign_voucher(&size);
        CHECK_FAILS(scene_judge(bytes, size), BAD_PROOF);
        CHECK_EQ(scene_quorum_found()->verdict, VCH_VERDICT_FALSE);
        *leaf = kept;
    }
}

TEST(votes_and_output_are_those_of_the_agreement)
{
    size_t size = 0;

    scene_hold_contest(1, 1, NULL);
    scene.vote.input.bytes[0] ^= 1; // what the ledger says the segment was given is another
    vch_vote_sign(&scene.vote, &scene.voucher.job_id, SEGMENT, &ledger.nodes[0].key);
    uint8_t *bytes = scene_sign_voucher(&size);
    CHECK_FAILS(scene_judge(bytes, size), BAD_PROOF);
    CHECK_EQ(scene_quorum_found()->verdict, VCH_VERDICT_FALSE);
    scene.vote = scene_vote_of(0);
    scene.voucher.output.bytes[0] ^= 1; // nor is the answer what they agreed on
    bytes = scene_sign_voucher(&size);
    CHECK_FAILS(scene_judge(bytes, size), BAD_PROOF);
    CHECK_EQ(scene.report.findings[VCH_CLAIM_OUTPUT].verdict, VCH_VERDICT_FALSE);
}

#define FALSE_QUORUM(words) \
    do { \
        size_t size_ = 0; \
        const uint8_t *bytes_ = scene_sign_voucher(&size_); \
        CHECK_FAILS(scene_judge(bytes_, size_), BAD_PROOF); \
        CHECK_EQ(scene_quorum_found()->verdict, VCH_VERDICT_FALSE); \
        if (strstr(scene_quorum_found()->reason, words) == NULL) \
            test_fail(__FILE__, __LINE__, "false, but for: %s", scene_quorum_found()->reason); \
    } while (0)

#define SHOWN_QUORUM(words) \
    do { \
        size_t size_ = 0; \
        const uint8_t *bytes_ = scene_sign_voucher(&size_); \
        JUDGES(bytes_, size_); \
        if (strstr(scene_quorum_found()->reason, words) == NULL) \
            test_fail(__FILE__, __LINE__, "shown, but as: %s", scene_quorum_found()->reason); \
    } while (0)

static struct vch_segment_result results[2];

// Two segments by nodes of a job, each with its committee of three; where `gaps` says so, the
// client's own stand before them. `second` is where the second one is in the job.
static void hold_two(uint32_t gaps, const struct vch_parameters *parameters)
{
    static const uint32_t agree[] = {1, 1, 1};
    struct ledger_job job = ledger_plain_job(3);
    const uint32_t second = gaps >> 1 != 0 ? SEGMENT + 2 : SEGMENT + 1;

    ledger_found(9, 1, parameters);
    vch_arena_release(&scene.arena);
    scene = (struct scene){.clerk = &ledger.clerk, .cosigners = 3};
    vch_arena_init(&scene.arena, 1 << 28);
    job.gaps = gaps;
    job.segments = 2;
    job.each = 3; // of the eight operators that nodes hold
    scene.id = (struct vch_contest_id){ledger_open(&job), SEGMENT, 0};
    const struct vch_contest_id other = {scene.id.subject, second, 0};
    ledger_draw(&scene.id);
    ledger_draw(&other);
    ledger_vote(&scene.id, agree);
    if (second > SEGMENT + 1)
        ledger_do((struct vch_entry){.kind = VCH_ENTRY_INPUT,
                                     .input = {other.subject, second, ledger_digest(0x13)}},
                  &ledger.client);
    ledger_vote(&other, agree);
    scene_collect();
    results[0] = scene.result;
    results[1] = (struct vch_segment_result){.segment = second, .agreement = &scene.agreement};
    scene.voucher.results = results;
    scene.voucher.result_count = 2;
}

// Client, nodes, nodes: the second committee was given what the first agreed on.
TEST(a_committee_is_worth_nothing_without_what_it_was_given)
{
    const struct vch_parameters parameters = ledger_parameters();

    hold_two(1, &parameters);
    SHOWN_QUORUM("segment 2: 3 of 3 agree");
    results[0].agreement = NULL; // votes of whomever the client likes, in its place
    FALSE_QUORUM("does not show what its nodes were given");
    scene.voucher.results = &results[1]; // or nothing at all
    scene.voucher.result_count = 1;
    FALSE_QUORUM("does not show what its nodes were given");
}

TEST(agreements_of_a_voucher_are_of_one_ledger)
{
    static struct vch_voucher other;
    struct vch_parameters parameters = ledger_parameters();
    struct vch_arena arena;
    size_t size = 0;

    vch_arena_init(&arena, 1 << 24);
    hold_two(1, &parameters);
    const uint8_t *bytes = scene_sign_voucher(&size);
    bytes = (const uint8_t *)vch_arena_string(&arena, bytes, size);
    CHECK_OK(vch_voucher_decode(&other, bytes, size, &arena, &scene.complaint));
    parameters.dispute_ms++; // the same people found another one, and the client asks twice
    hold_two(1, &parameters);
    CHECK(vch_hash_is_equal(&other.job_id, &scene.voucher.job_id));
    SHOWN_QUORUM("segment 2: 3 of 3 agree");
    results[1] = other.results[1];
    FALSE_QUORUM("are of two ledgers");
    results[0] = other.results[0];
    SHOWN_QUORUM("segment 2: 3 of 3 agree");
    vch_arena_release(&arena);
}

static uint32_t first_commit(uint32_t segment)
{
    for (uint32_t i = 0; i < scene.count; i++) {
        const struct vch_entry entry = scene_entry_at(i);
        if (entry.kind == VCH_ENTRY_COMMIT && entry.contest.segment == segment) return i;
    }
    test_fail(__FILE__, __LINE__, "nobody committed");
}

// Where a sortition stands that won no seat: something else may, without any position changing.
static uint32_t spare_place(uint32_t nth)
{
    for (uint32_t i = 0;; i++) {
        const uint32_t at = scene_place_of(VCH_ENTRY_SORTITION, i);
        const struct vch_entry sortition = scene_entry_at(at);
        bool is_seat = sortition.contest.segment != SEGMENT;
        const struct vch_entry draw = scene_entry_at(scene_place_of(VCH_ENTRY_DRAW, 0));
        for (uint32_t j = 0; j < draw.draw.count; j++)
            is_seat |=
                vch_is_equal(&draw.draw.seats[j].node, &sortition.writer, sizeof sortition.writer);
        if (!is_seat && nth-- == 0) return at;
    }
}

static void let_input_in(uint32_t at, uint32_t segment)
{
    scene_put_signed(at,
                     (struct vch_entry){.kind = VCH_ENTRY_INPUT,
                                        .time_ms = scene_entry_at(at).time_ms,
                                        .input = {scene.id.subject, segment, ledger_digest(0x99)}},
                     &ledger.client);
}

// Client, nodes, client, nodes: the second committee's input is an entry of the client's.
TEST(an_input_is_entered_before_anybody_answers_to_it)
{
    const struct vch_parameters parameters = ledger_parameters();

    hold_two(3, &parameters);
    SHOWN_QUORUM("segment 3: 3 of 3 agree");
    const uint32_t at = scene_place_of(VCH_ENTRY_INPUT, 0);
    scene.items[at].is_told = false;
    scene_seal();
    FALSE_QUORUM("does not show what its nodes were given");
    scene.items[at].is_told = true;
    scene_move(at, first_commit(SEGMENT + 2) + 1); // once an answer was there to fit it
    scene_seal();
    FALSE_QUORUM("does not show what its nodes were given");
}

// A clerk lets in what its ledger would refuse: another input than the plan's.
TEST(an_input_is_the_clients_word_only_behind_a_segment_of_its_own)
{
    const struct vch_parameters parameters = ledger_parameters();

    hold_two(1, &parameters);
    let_input_in(spare_place(1), SEGMENT + 1);
    let_input_in(spare_place(0), SEGMENT);
    scene_seal();
    SHOWN_QUORUM("segment 2: 3 of 3 agree");
    CHECK_OK(scene_check());
    const struct vch_digest input = ledger_digest(0x12); // as in job_open
    CHECK(scene.found.has_input && vch_hash_is_equal(&scene.found.input, &input));
    results[0].agreement = NULL;
    FALSE_QUORUM("does not show what its nodes were given");
}

// Two openings of one job: the first counts, and what was drawn for the other is another draw.
TEST(a_job_is_opened_once)
{
    const struct vch_parameters parameters = ledger_parameters();

    hold_two(1, &parameters);
    CHECK_OK(scene_check());
    const uint32_t at = scene_place_of(VCH_ENTRY_JOB_OPEN, 0);
    CHECK_EQ(scene.found.opened, at);
    struct vch_entry opening = scene_entry_at(at);
    opening.time_ms--;
    scene_put_signed(at - 1, opening, &ledger.client);
    scene.items[at - 1].is_told = true;
    scene_seal();
    FALSE_QUORUM("a seat's draw does not verify");
}

TEST(a_verdict_tells_who_was_drawn_from_how_many_and_what_may_still_come)
{
    const struct vch_parameters parameters = ledger_parameters();

    scene_hold_contest(1, 1, "op-004");
    SHOWN_QUORUM("out of 8 nodes of at most 8 operators, without 1 that the client excluded");
    SHOWN_QUORUM("disputes were possible until");
    CHECK_OK(scene_check());
    const struct vch_entry verdict = scene_entry_at(scene_place_of(VCH_ENTRY_VERDICT, 0));
    CHECK_EQ(scene.found.disputable_ms, verdict.time_ms + parameters.dispute_ms);
    CHECK_EQ(scene.found.excluded, 1);
    CHECK_EQ(scene.found.operators, 8);
    scene_hold_contest(1, 3, NULL); // nine nodes of three operators: one of three, in each case
    SHOWN_QUORUM("out of 9 nodes of at most 3 operators, each committed");
    SHOWN_QUORUM("them: 0 at 10 %, 0 at 20 %, 0 at 30 %");
    scene_hold_contest(ROUNDS, 1, NULL); // 1 - C(7, 2) / C(9, 2) ... of 9, 7 and 3 seats
    SHOWN_QUORUM("0 at 10 %, 8.3e-2 at 20 %, 2.3e-1 at 30 %");
}

// Whoever answered has seen its segment, though the client shows no vote of theirs.
TEST(the_split_counts_a_committees_seats)
{
    const struct vch_parameters parameters = ledger_parameters();
    size_t size = 0;

    hold_two(1, &parameters);
    const uint8_t *bytes = scene_sign_voucher(&size);
    JUDGES(bytes, size);
    const struct vch_finding *split = &scene.report.findings[VCH_CLAIM_SPLIT];
    CHECK(strstr(split->reason, "6 votes on 2 of 3 segments") != NULL ||
          strstr(split->reason, "7 votes on 2 of 3 segments") != NULL); // node 0 drawn, or not
}
