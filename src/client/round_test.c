#include "client/round.h"

#include <stdlib.h>
#include <string.h>

#include "harness/test.h"

enum { MANY = 24 };

static struct vch_round_candidate candidates[MANY];

// Candidate i belongs to operators[i]; node keys are their numbers.
static struct vch_round new_round(uint32_t quorum, const char *operators)
{
    struct vch_round round = {quorum, (uint32_t)strlen(operators), candidates};

    memset(candidates, 0, sizeof candidates);
    for (uint32_t i = 0; i < round.candidate_count; i++) {
        candidates[i].operator_index = (uint32_t)operators[i];
        candidates[i].node.bytes[0] = (uint8_t)i;
    }
    return round;
}

static uint32_t ask_all(struct vch_round *round)
{
    uint32_t asked = 0;

    for (uint32_t next = vch_round_next(round); next < VCH_ROUND_CANDIDATES_MAX;
         next = vch_round_next(round), asked++)
        vch_round_ask(round, next);
    return asked;
}

static bool vote(struct vch_round *round, uint32_t index, uint8_t output)
{
    struct vch_vote cast = {.node = round->candidates[index].node, .output.bytes = {output}};

    return vch_round_vote(round, index, &cast);
}

TEST(round_asks_the_first_of_each_operator_up_to_the_quorum)
{
    struct vch_round round = new_round(3, "aabcd");

    CHECK_EQ(ask_all(&round), 3);
    CHECK(candidates[0].state == VCH_ROUND_ASKED);
    CHECK(candidates[1].state == VCH_ROUND_UNTRIED);
    CHECK(candidates[2].state == VCH_ROUND_ASKED);
    CHECK(candidates[3].state == VCH_ROUND_ASKED);
}

TEST(round_is_won_by_more_than_half_of_the_quorum)
{
    struct vch_round round = new_round(3, "abc");

    (void)ask_all(&round);
    CHECK(vote(&round, 0, 1));
    CHECK(!vch_round_is_won(&round));
    CHECK(vote(&round, 1, 1));
    CHECK(vch_round_is_won(&round)); // the third may still be on its way
    CHECK_EQ(ask_all(&round), 0);
}

TEST(round_of_an_even_quorum_needs_more_than_a_tie)
{
    struct vch_round round = new_round(4, "abcd");

    (void)ask_all(&round);
    CHECK(vote(&round, 0, 1) && vote(&round, 1, 1) && vote(&round, 2, 2) && vote(&round, 3, 2));
    CHECK(!vch_round_is_won(&round));
    CHECK(vch_round_is_lost(&round));
}

TEST(round_replaces_a_faulty_node_by_another_operator_or_the_same_ones_other_node)
{
    struct vch_round round = new_round(2, "aabc");

    CHECK_EQ(ask_all(&round), 2); // a's first, b
    vch_round_fault(&round, 0, VCH_FAULT_SILENT, "");
    CHECK_EQ(ask_all(&round), 1);
    CHECK(candidates[1].state == VCH_ROUND_ASKED); // a is free again
    vch_round_fault(&round, 2, VCH_FAULT_SILENT, "");
    CHECK_EQ(ask_all(&round), 1);
    CHECK(candidates[3].state == VCH_ROUND_ASKED);
}

TEST(round_asks_someone_else_beside_a_late_node_and_counts_both)
{
    struct vch_round round = new_round(1, "ab");

    (void)ask_all(&round);
    vch_round_be_late(&round, 0);
    CHECK_EQ(ask_all(&round), 1);
    CHECK(vote(&round, 1, 1));
    CHECK(vch_round_is_won(&round));
    CHECK(vote(&round, 0, 2)); // two votes, two answers: no majority any more
    CHECK(!vch_round_is_won(&round));
    CHECK(vch_round_is_lost(&round));
}

TEST(round_counts_one_vote_for_each_operator)
{
    struct vch_round round = new_round(2, "aab");

    (void)ask_all(&round);
    vch_round_be_late(&round, 0);
    vch_round_be_late(&round, 2);
    CHECK_EQ(ask_all(&round), 1); // only a's other node is left
    CHECK(vote(&round, 1, 1));
    CHECK(!vote(&round, 0, 1));
    CHECK(candidates[0].state == VCH_ROUND_IGNORED);
    CHECK_EQ(vch_round_count(&round).votes, 1);
}

TEST(round_escalates_by_the_fewest_that_can_decide)
{
    struct vch_round round = new_round(3, "abcdefg");

    (void)ask_all(&round);
    CHECK(vote(&round, 0, 1) && vote(&round, 1, 2) && vote(&round, 2, 3));
    CHECK_EQ(ask_all(&round), 2); // 1 + 2 of 5 would be a majority
    CHECK(vote(&round, 3, 1));
    CHECK(!vch_round_is_lost(&round));
    CHECK(vote(&round, 4, 1));
    CHECK(vch_round_is_won(&round));
}

TEST(round_is_lost_only_when_nobody_is_left)
{
    struct vch_round round = new_round(2, "abc");

    (void)ask_all(&round);
    CHECK(!vch_round_is_lost(&round));
    vch_round_fault(&round, 0, VCH_FAULT_REFUSED, "no");
    CHECK(!vch_round_is_lost(&round));
    (void)ask_all(&round);
    CHECK(vote(&round, 1, 1));
    CHECK(!vch_round_is_lost(&round));
    vch_round_fault(&round, 2, VCH_FAULT_REFUSED, "no");
    CHECK(vch_round_is_lost(&round));
}

// Law: with fewer liars than half of the quorum, and everyone answering in the end, the round ends
// won by the honest output, whatever the order of events.
TEST(round_with_an_honest_majority_ends_with_the_honest_output)
{
    for (int repeat = 0; repeat < 3000; repeat++) {
        uint32_t quorum = 1 + test_below(7), liars = (quorum - 1) / 2, count = quorum + 5;
        struct vch_round round = new_round(quorum, "abcdefghijklmnopqrstuvwx");
        round.candidate_count = count;
        bool is_liar[MANY] = {false};
        for (uint32_t i = 0; i < liars; i++)
            is_liar[test_below(count)] = true;
        for (int step = 0; step < 500; step++) {
            (void)ask_all(&round);
            struct vch_round_tally tally = vch_round_count(&round);
            if (tally.pending + tally.late == 0) break;
            uint32_t index = test_below(count);
            enum vch_round_state state = candidates[index].state;
            if (state != VCH_ROUND_ASKED && state != VCH_ROUND_LATE) continue;
            if (test_below(4) == 0)
                vch_round_be_late(&round, index);
            else
                CHECK(vote(&round, index, is_liar[index] ? 2 : 1));
        }
        CHECK(vch_round_is_won(&round));
        CHECK_EQ(vch_round_count(&round).output.bytes[0], 1);
    }
}
