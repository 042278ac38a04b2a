#include "consensus/vote.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "harness/test.h"

enum { NODES = 7, SEGMENT = 2 };

// A small network: nodes 0 to 5 of six operators, node 6 a second one of operator 5, and a client.
static struct vch_arena arena;
static struct vch_complaint complaint;
static struct vch_secret_key nodes[NODES], client, stranger;
static struct vch_member members[NODES + 1];
static struct vch_registry registry;
static struct vch_digest job_id, input;

static struct vch_digest digest_of(uint32_t value)
{
    return vch_hash_bytes(&value, sizeof value);
}

static struct vch_secret_key key_of(uint8_t fill)
{
    struct vch_secret_key key;
    uint8_t seed[VCH_SIGN_SEED_SIZE];

    memset(seed, fill, sizeof seed);
    vch_sign_key(&key, seed);
    return key;
}

static void add_member(const struct vch_secret_key *key, const char *name, enum vch_role role)
{
    struct vch_member *member = &members[registry.member_count++];

    *member = (struct vch_member){.key = key->public_key, .role = role};
    (void)snprintf(member->operator_name, sizeof member->operator_name, "%s", name);
}

static void setup(void)
{
    struct vch_secret_key founder = key_of(255);
    uint8_t *bytes = NULL;
    size_t size = 0;
    char name[16];

    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 20);
    complaint.text[0] = '\0';
    registry = (struct vch_registry){.network = "net", .members = members};
    for (uint8_t i = 0; i < NODES; i++) {
        nodes[i] = key_of(i);
        (void)snprintf(name, sizeof name, "op-%d", i < 6 ? i : 5);
        add_member(&nodes[i], name, VCH_ROLE_NODE);
    }
    client = key_of(100);
    stranger = key_of(101);
    add_member(&client, "op-client", VCH_ROLE_CLIENT);
    CHECK_OK(vch_registry_encode(&bytes, &size, &registry, &founder, &arena, &complaint));
    job_id = digest_of(1000);
    input = digest_of(2000);
}

static struct vch_vote vote_by(const struct vch_secret_key *node, uint32_t output)
{
    struct vch_vote vote = {.input = input, .output = digest_of(output)};

    vch_vote_sign(&vote, &job_id, SEGMENT, node);
    return vote;
}

static vch_status tally(struct vch_tally *out, const struct vch_vote *votes, uint32_t count,
                        uint32_t quorum)
{
    complaint.text[0] = '\0';
    return vch_vote_tally(out, votes, count, &job_id, SEGMENT, &input, quorum, &registry,
                          &complaint);
}

TEST(vote_verifies_for_its_job_and_segment_only)
{
    setup();
    struct vch_vote vote = vote_by(&nodes[0], 1);
    struct vch_digest other = digest_of(1001);

    CHECK_OK(vch_vote_verify(&vote, &job_id, SEGMENT));
    CHECK_FAILS(vch_vote_verify(&vote, &other, SEGMENT), BAD_PROOF);
    CHECK_FAILS(vch_vote_verify(&vote, &job_id, SEGMENT + 1), BAD_PROOF);
}

TEST(vote_with_any_flipped_bit_is_refused)
{
    setup();
    struct vch_vote vote = vote_by(&nodes[0], 1);

    for (size_t i = 0; i < 8 * sizeof vote; i++) {
        struct vch_vote lie = vote;
        ((uint8_t *)&lie)[i / 8] ^= (uint8_t)(1u << i % 8);
        CHECK_FAILS(vch_vote_verify(&lie, &job_id, SEGMENT), BAD_PROOF);
    }
}

TEST(vote_tally_finds_the_majority)
{
    setup();
    struct vch_tally out;
    struct vch_vote votes[] = {vote_by(&nodes[0], 1), vote_by(&nodes[1], 2), vote_by(&nodes[2], 1)};
    struct vch_digest winner = digest_of(1);

    CHECK_OK(tally(&out, votes, 3, 3));
    CHECK_EQ(out.counted, 3);
    CHECK_EQ(out.needed, 2);
    CHECK_EQ(out.agreeing, 2);
    CHECK(vch_hash_is_equal(&out.output, &winner));
}

// Enough is decided by what was asked for, not by how many bothered to answer.
TEST(vote_tally_needs_more_than_half_of_the_quorum_and_of_the_votes)
{
    setup();
    struct vch_tally out;
    struct vch_vote votes[] = {vote_by(&nodes[0], 1), vote_by(&nodes[1], 1), vote_by(&nodes[2], 1),
                               vote_by(&nodes[3], 2), vote_by(&nodes[4], 2), vote_by(&nodes[5], 3)};
    static const struct {
        uint32_t count, quorum, needed;
        enum vch_code want;
    } cases[] = {
        {3, 3, 2, VCH_CODE_NONE},         {3, 5, 3, VCH_CODE_NONE},
        {3, 6, 4, VCH_CODE_BAD_PROOF},    {3, 7, 4, VCH_CODE_BAD_PROOF},
        {5, 5, 3, VCH_CODE_NONE},         {5, 1, 3, VCH_CODE_NONE},
        {6, 1, 4, VCH_CODE_BAD_PROOF},    {1, 1, 1, VCH_CODE_NONE},
        {1, 2, 2, VCH_CODE_BAD_PROOF},    {0, 1, 1, VCH_CODE_BAD_PROOF},
        {2, 101, 51, VCH_CODE_BAD_PROOF},
    };

    FOR_EACH(it, cases)
    {
        CHECK_CODE(tally(&out, votes, it->count, it->quorum), it->want);
        CHECK_EQ(out.needed, it->needed);
        CHECK_EQ(out.counted, it->count);
    }
}

TEST(vote_tally_breaks_ties_to_the_smallest_digest_and_does_not_win)
{
    setup();
    struct vch_tally out, reversed;
    struct vch_vote votes[] = {vote_by(&nodes[0], 1), vote_by(&nodes[1], 2)};
    struct vch_vote swapped[] = {votes[1], votes[0]};
    struct vch_digest one = digest_of(1), two = digest_of(2);
    const struct vch_digest *small = memcmp(&one, &two, sizeof one) < 0 ? &one : &two;

    CHECK_FAILS(tally(&out, votes, 2, 2), BAD_PROOF);
    CHECK_FAILS(tally(&reversed, swapped, 2, 2), BAD_PROOF);
    CHECK_EQ(out.agreeing, 1);
    CHECK(vch_hash_is_equal(&out.output, small));
    CHECK(vch_hash_is_equal(&reversed.output, small));
}

TEST(vote_tally_refuses_a_key_that_is_not_in_the_registry)
{
    setup();
    struct vch_tally out;
    struct vch_vote votes[] = {vote_by(&nodes[0], 1), vote_by(&stranger, 1)};

    CHECK_FAILS(tally(&out, votes, 2, 2), BAD_PROOF);
    CHECK(strstr(complaint.text, "does not hold") != NULL);
    CHECK_EQ(out.counted, 1);
}

TEST(vote_tally_refuses_a_client_that_votes)
{
    setup();
    struct vch_tally out;
    struct vch_vote votes[] = {vote_by(&client, 1)};

    CHECK_FAILS(tally(&out, votes, 1, 1), BAD_PROOF);
    CHECK(strstr(complaint.text, "as a node") != NULL);
}

TEST(vote_tally_refuses_two_votes_of_one_operator)
{
    setup();
    struct vch_tally out;
    struct vch_vote two_nodes[] = {vote_by(&nodes[5], 1), vote_by(&nodes[6], 1)};
    struct vch_vote same_node[] = {vote_by(&nodes[0], 1), vote_by(&nodes[0], 1)};

    CHECK_FAILS(tally(&out, two_nodes, 2, 2), BAD_PROOF);
    CHECK(strstr(complaint.text, "same operator") != NULL);
    CHECK_FAILS(tally(&out, same_node, 2, 2), BAD_PROOF);
    CHECK(strstr(complaint.text, "same operator") != NULL);
}

TEST(vote_tally_refuses_a_vote_on_another_input)
{
    setup();
    struct vch_tally out;
    struct vch_vote vote = {.input = digest_of(2001), .output = digest_of(1)};

    vch_vote_sign(&vote, &job_id, SEGMENT, &nodes[0]);
    CHECK_FAILS(tally(&out, &vote, 1, 1), BAD_PROOF);
    CHECK(strstr(complaint.text, "another input") != NULL);
}

TEST(vote_tally_refuses_replayed_and_swapped_votes)
{
    setup();
    struct vch_tally out;
    struct vch_digest other_job = digest_of(1001);
    struct vch_vote votes[] = {vote_by(&nodes[0], 1), vote_by(&nodes[1], 1)}, lie[2];

    lie[0] = votes[0];
    vch_vote_sign(&lie[0], &other_job, SEGMENT, &nodes[0]);
    CHECK_FAILS(tally(&out, lie, 1, 1), BAD_PROOF); // of another job
    vch_vote_sign(&lie[0], &job_id, SEGMENT + 1, &nodes[0]);
    CHECK_FAILS(tally(&out, lie, 1, 1), BAD_PROOF); // of another segment
    lie[0] = votes[0], lie[1] = votes[1];
    lie[0].node = votes[1].node, lie[1].node = votes[0].node;
    CHECK_FAILS(tally(&out, lie, 2, 2), BAD_PROOF); // each under the other's name
    CHECK(strstr(complaint.text, "not signed") != NULL);
}

TEST(vote_tally_refuses_more_votes_than_its_limit)
{
    setup();
    struct vch_tally out;
    static struct vch_vote votes[VCH_VOTE_COUNT_MAX + 1];

    CHECK_FAILS(tally(&out, votes, VCH_VOTE_COUNT_MAX + 1, 1), BAD_PROOF);
}

// Against a plain count: votes at random, in random order.
TEST(vote_tally_agrees_with_a_plain_count)
{
    setup();
    for (int round = 0; round < 50; round++) {
        struct vch_tally out;
        struct vch_vote votes[6];
        uint32_t count = test_below(7), quorum = 1 + test_below(8), totals[3] = {0}, most = 0;

        for (uint32_t i = 0; i < count; i++) {
            uint32_t choice = test_below(3);
            votes[i] = vote_by(&nodes[i], choice);
            totals[choice]++;
        }
        for (int i = 0; i < 3; i++)
            most = totals[i] > most ? totals[i] : most;
        bool wins = count > 0 && 2 * most > count && 2 * most > quorum;
        CHECK_CODE(tally(&out, votes, count, quorum), wins ? VCH_CODE_NONE : VCH_CODE_BAD_PROOF);
        CHECK_EQ(out.agreeing, most);
    }
}

TEST(vote_faults_have_a_text_each)
{
    CHECK(strcmp(vch_vote_fault_text(VCH_FAULT_SILENT), "did not answer in time") == 0);
    CHECK(strcmp(vch_vote_fault_text((enum vch_fault_kind)99), "did something unknown") == 0);
}
