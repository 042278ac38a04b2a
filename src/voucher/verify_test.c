#include "voucher/verify.h"

#include <string.h>

#include "harness/test.h"
#include "harness/vouchers.h"

static struct vouchers v;

static const struct vch_policy nobody;

static void sign_and_refuse(void)
{
    vouchers_sign(&v);
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
}

// Laws.

TEST(verify_shows_an_honest_voucher_to_a_reader_who_names_its_keys)
{
    vouchers_init_honest(&v);
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, CLIENT, SHOWN, "signed by client ed4928");
    CHECK_VERDICT(&v, MODEL, SHOWN, "signed by owner 8139770e");
    CHECK_VERDICT(&v, INPUT, SHOWN, "every node signed");
    CHECK_VERDICT(&v, OUTPUT, SHOWN, "signed by the client");
    CHECK_VERDICT(&v, SPLIT, SHOWN,
                  "6 votes on 2 of 4 segments, by nodes of network \"clinics.example\"");
    CHECK_VERDICT(&v, SPLIT, SHOWN, "3 of the job's 7 operators, by party-");
    CHECK_VERDICT(&v, QUORUM, SHOWN,
                  "segment 1: 3 of 3 agree, 2 needed; segment 2: 3 of 3 agree, 2 needed");
    CHECK_VERDICT(&v, QUORUM, SHOWN, "client's word");
    CHECK_VERDICT(&v, ENDS, NOT_SHOWN, "pass --model and --opening");
    CHECK_VERDICT(&v, PROOF, NOT_CLAIMED, "");
    CHECK_VERDICT(&v, ATTESTED, NOT_CLAIMED, "");
    CHECK_EQ(v.report.dissenter_count, 0);
    vouchers_release(&v);
}

TEST(verify_shows_nothing_that_rests_on_keys_the_reader_did_not_name)
{
    vouchers_init_honest(&v);
    v.policy = nobody;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, CLIENT, SHOWN, "");
    CHECK_VERDICT(&v, MODEL, NOT_SHOWN, "8139770e"); // the key to name
    CHECK_VERDICT(&v, MODEL, NOT_SHOWN, "--owner");
    CHECK_VERDICT(&v, MODEL, NOT_SHOWN, "--model");
    static const enum vch_claim on_founder[] = {VCH_CLAIM_INPUT, VCH_CLAIM_SPLIT, VCH_CLAIM_QUORUM};
    FOR_EACH(claim, on_founder)
    {
        CHECK_EQ(vouchers_verdict(&v, *claim), VCH_VERDICT_NOT_SHOWN);
        CHECK(strstr(v.report.findings[*claim].reason, "--founder") != NULL);
        CHECK(strstr(v.report.findings[*claim].reason, "8a88e3dd7409f195fd52db2d3cba5d72c") !=
              NULL);
    }
    vouchers_release(&v);
}

TEST(verify_names_clients_only_where_the_reader_does)
{
    vouchers_init_honest(&v);
    v.policy.client_count = 1;
    v.policy.clients[0] = v.client.public_key;
    CHECK_OK(vouchers_verify(&v));
    v.policy.clients[0] = v.stranger.public_key;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, CLIENT, NOT_SHOWN, "none of those that you named");
    CHECK_VERDICT(&v, OUTPUT, NOT_SHOWN, "rests on the client's signature");
    vouchers_release(&v);
}

TEST(verify_joins_the_ends_by_votes_alone_where_nodes_ran_everything)
{
    vouchers_init(&v);
    v.job.segment_count = 2;
    v.job.segments[0] = (struct vch_job_segment){0, 4, VCH_JOB_BY_NODES};
    v.job.segments[1] = (struct vch_job_segment){4, 6, VCH_JOB_BY_NODES};
    vouchers_vote_all(&v);
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ENDS, SHOWN, "nodes ran every segment");
    CHECK_VERDICT(&v, OUTPUT, SHOWN, "last segment's nodes voted for");
    v.policy.founder_count = 0;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, ENDS, NOT_SHOWN, "--founder");
    vouchers_release(&v);
}

TEST(verify_does_not_join_the_ends_across_a_segment_of_the_clients)
{
    for (uint32_t own = 0; own < 3; own++) {
        vouchers_init(&v);
        v.job.segment_count = 3;
        for (uint32_t i = 0; i < 3; i++)
            v.job.segments[i] =
                (struct vch_job_segment){i, i + 1, i == own ? VCH_JOB_BY_CLIENT : VCH_JOB_BY_NODES};
        vouchers_vote_all(&v);
        vouchers_sign(&v);
        CHECK_OK(vouchers_verify(&v));
        CHECK_VERDICT(&v, ENDS, NOT_SHOWN, "the client ran 1 of 3 segments itself");
        vouchers_release(&v);
    }
}

TEST(verify_says_when_one_party_answered_on_both_sides_of_a_cut)
{
    vouchers_init(&v);
    vouchers_found(&v);
    vouchers_ask(&v);
    for (int i = 0; i < 3; i++)
        vouchers_vote(&v, 1, i);
    for (int i = 2; i < 5; i++)
        vouchers_vote(&v, 2, i);
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, SPLIT, SHOWN, "5 of the job's 7 operators, by party-2");
    CHECK_VERDICT(&v, SPLIT, SHOWN, "party-2 answered for segments 1 and 2, side by side");
    vouchers_release(&v);
}

// Two nodes of one party count as one party, not as two.
TEST(verify_adds_up_a_party_over_its_nodes)
{
    vouchers_init(&v);
    vouchers_found(&v);
    vouchers_ask(&v);
    static const int first[] = {0, 1, 7}, second[] = {2, 3, 8};
    for (int i = 0; i < 3; i++) {
        vouchers_vote(&v, 1, first[i]);
        vouchers_vote(&v, 2, second[i]);
    }
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, SPLIT, SHOWN, "5 of the job's 7 operators, by party-7; party-7 answered");
    vouchers_release(&v);
}

TEST(verify_lists_dissenters_with_their_segment)
{
    vouchers_init(&v);
    struct vch_digest other = vouchers_digest("another output");

    vouchers_found(&v);
    vouchers_ask(&v);
    for (int i = 0; i < 3; i++) {
        vouchers_vote(&v, 1, i);
        vouchers_vote(&v, 2, i + 3);
    }
    vouchers_vote_by(&v, 2, &v.nodes[6], &other);
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, QUORUM, SHOWN, "segment 2: 3 of 4 agree, 3 needed");
    CHECK_EQ(v.report.dissenter_count, 1);
    CHECK_EQ(v.report.dissenters[0].segment, 2);
    CHECK(memcmp(&v.report.dissenters[0].node, &v.nodes[6].public_key, VCH_SIGN_PUBLIC_SIZE) == 0);
    vouchers_release(&v);
}

TEST(verify_names_the_weakest_of_many_segments)
{
    vouchers_init(&v);
    v.job.segment_count = 5;
    for (uint32_t i = 0; i < 5; i++)
        v.job.segments[i] = (struct vch_job_segment){i, i + 1, VCH_JOB_BY_NODES};
    vouchers_vote_all(&v);
    v.voucher.finished_ms = 1;
    v.results[3].vote_count = 2;
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, QUORUM, SHOWN, "5 segments, the weakest being segment 3: 2 of 2 agree");
    vouchers_release(&v);
}

// Requirements.

TEST(verify_requires_what_the_policy_says)
{
    vouchers_init_honest(&v);
    v.policy.has_requirements = true;
    v.policy.requires[VCH_CLAIM_MODEL] = v.policy.requires[VCH_CLAIM_SPLIT] = true;
    CHECK_OK(vouchers_verify(&v));
    v.policy.requires[VCH_CLAIM_ENDS] = true;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK(strstr(v.complaint.text, "ends is not shown") != NULL);
    v.policy.requires[VCH_CLAIM_ENDS] = false;
    v.policy.requires[VCH_CLAIM_PROOF] = true;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK(strstr(v.complaint.text, "proof is not claimed") != NULL);
    vouchers_release(&v);
}

TEST(verify_requires_the_default_where_a_policy_requires_nothing)
{
    vouchers_init_honest(&v);
    v.policy = nobody;
    v.policy.has_requirements = true;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    vouchers_release(&v);
}

// What is false is false, whether or not it was asked about.
TEST(verify_refuses_a_false_claim_that_no_policy_requires)
{
    vouchers_init_honest(&v);
    v.policy.has_requirements = v.policy.requires[VCH_CLAIM_CLIENT] = true;
    CHECK_OK(vouchers_verify(&v));
    v.voucher.owner_signature.bytes[0] ^= 1;
    sign_and_refuse();
    CHECK(strstr(v.complaint.text, "model is FALSE") != NULL);
    vouchers_release(&v);
}

TEST(verify_requires_the_least_quorum)
{
    vouchers_init_honest(&v);
    v.policy.quorum_min = 3;
    CHECK_OK(vouchers_verify(&v));
    v.policy.quorum_min = 4;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, QUORUM, NOT_SHOWN, "asked for 3 votes a segment, and you require 4");
    vouchers_release(&v);
}

TEST(verify_takes_one_vote_for_a_quorum_only_where_the_reader_says_so)
{
    vouchers_init(&v);
    v.job.quorum = 1;
    vouchers_vote_all(&v);
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, NOT_SHOWN, "asked for 1 votes a segment, and you require 2");
    v.policy.quorum_min = 1;
    CHECK_OK(vouchers_verify(&v));
    vouchers_release(&v);
}

// Who names clients accepts vouchers of no other, whatever else they ask for.
TEST(verify_requires_a_named_client_beside_what_the_policy_requires)
{
    vouchers_init_honest(&v);
    v.policy.client_count = 1;
    v.policy.clients[0] = v.stranger.public_key;
    v.policy.has_requirements = true;
    v.policy.requires[VCH_CLAIM_MODEL] = v.policy.requires[VCH_CLAIM_QUORUM] = true;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK(strstr(v.complaint.text, "client is not shown") != NULL);
    v.policy.clients[0] = v.client.public_key;
    CHECK_OK(vouchers_verify(&v));
    vouchers_release(&v);
}

// A chain of votes joins the ends as far as the votes are believed: one node's word is not enough
// for a reader who wants two.
TEST(verify_joins_no_ends_by_fewer_votes_than_the_reader_requires)
{
    vouchers_init(&v);
    v.job.quorum = 1;
    v.job.segment_count = 1;
    v.job.segments[0] = (struct vch_job_segment){0, 7, VCH_JOB_BY_NODES};
    vouchers_found(&v);
    vouchers_ask(&v);
    vouchers_vote(&v, 0, 0);
    vouchers_sign(&v);
    v.policy.has_requirements = v.policy.requires[VCH_CLAIM_ENDS] = true;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, ENDS, NOT_SHOWN, "rests on the quorum");
    v.policy.quorum_min = 1;
    CHECK_OK(vouchers_verify(&v));
    vouchers_release(&v);
}

TEST(verify_never_passes_an_empty_voucher)
{
    vouchers_init(&v);
    vouchers_found(&v);
    vouchers_ask(&v);
    sign_and_refuse(); // results without votes
    CHECK_VERDICT(&v, QUORUM, FALSE, "0 of 0 votes agree, and 2 are needed");
    CHECK_VERDICT(&v, INPUT, NOT_SHOWN, "no node has signed");
    v.voucher.result_count = 0;
    sign_and_refuse(); // and without results
    CHECK_VERDICT(&v, QUORUM, NOT_CLAIMED, "");
    CHECK_VERDICT(&v, SPLIT, NOT_CLAIMED, "");
    CHECK_VERDICT(&v, INPUT, NOT_SHOWN, "no node has signed");
    vouchers_release(&v);
}

// Lies of the client, who signs whatever it likes.

TEST(verify_refuses_an_output_that_the_last_nodes_did_not_vote_for)
{
    vouchers_init(&v);
    v.job.segment_count = 3; // the last by nodes
    vouchers_vote_all(&v);
    v.voucher.output = vouchers_digest("altered");
    sign_and_refuse();
    CHECK_VERDICT(&v, OUTPUT, FALSE, "not the one that the last segment's nodes voted for");
    vouchers_release(&v);
}

TEST(verify_refuses_a_voucher_that_another_altered)
{
    vouchers_init_honest(&v);
    v.bytes[v.size - 1] ^= 0x10;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, CLIENT, FALSE, "not that of the job's client");
    CHECK_VERDICT(&v, OUTPUT, NOT_SHOWN, "FALSE");
    vouchers_release(&v);
}

TEST(verify_refuses_the_owners_signature_of_another_model)
{
    vouchers_init_honest(&v);
    struct vch_digest other = vouchers_digest("another model");
    v.voucher.owner_signature = vouchers_own(&v.owner, &other);
    sign_and_refuse();
    CHECK_VERDICT(&v, MODEL, FALSE, "is not signed by owner");
    vouchers_release(&v);
}

TEST(verify_refuses_the_owner_of_somebody_elses_signature)
{
    vouchers_init_honest(&v);
    v.voucher.owner_signature = vouchers_own(&v.stranger, &v.job.model); // under the owner's name
    sign_and_refuse();
    CHECK_VERDICT(&v, MODEL, FALSE, "is not signed by owner");
    v.voucher.owner = v.stranger.public_key; // under the stranger's own
    sign_and_refuse();
    CHECK_VERDICT(&v, MODEL, NOT_SHOWN, "whom you did not name");
    vouchers_release(&v);
}

// Every field of the job is under the nodes' signatures: change one and no vote is left.
TEST(verify_refuses_a_job_that_changed_after_the_votes)
{
    for (int field = 0; field < 8; field++) {
        vouchers_init_honest(&v);
        struct vch_vote votes[VOUCHERS_SEGMENTS][VOUCHERS_VOTES];
        struct vch_segment_result results[VOUCHERS_SEGMENTS];
        memcpy(votes, v.votes, sizeof votes);
        memcpy(results, v.results, sizeof results);
        switch (field) {
        case 0: v.job.quorum = 2; break;
        case 1: v.job.batch = 1; break;
        case 2: v.job.model = vouchers_digest("another model"); break;
        case 3: v.job.nonce = vouchers_digest("another nonce"); break;
        case 4: v.job.deadline_ms++; break;
        case 5: v.job.segments[1].last = v.job.segments[2].first = 3; break;
        case 6: v.job.segments[3].by = VCH_JOB_BY_NODES; break;
        default: v.job.input = vouchers_digest("another input"); break;
        }
        vouchers_ask(&v);
        memcpy(v.votes, votes, sizeof votes);
        memcpy(v.results, results, sizeof results);
        v.voucher.result_count = 2;
        sign_and_refuse();
        CHECK_VERDICT(&v, QUORUM, FALSE, "is not signed by that key for this job and segment");
        CHECK_VERDICT(&v, SPLIT, FALSE, "is not signed by that key for this job and segment");
        CHECK_VERDICT(&v, INPUT, NOT_SHOWN, "they do not hold");
        vouchers_release(&v);
    }
}

TEST(verify_refuses_votes_that_do_not_follow_from_each_other)
{
    vouchers_init(&v);
    vouchers_found(&v);
    vouchers_ask(&v);
    for (int i = 0; i < 3; i++)
        vouchers_vote(&v, 1, i);
    v.boundaries[2] = vouchers_digest("what segment 1 did not give");
    for (int i = 3; i < 6; i++)
        vouchers_vote(&v, 2, i);
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, FALSE, "segment 2: the vote of ");
    CHECK_VERDICT(&v, QUORUM, FALSE, "is on another input");
    vouchers_release(&v);
}

TEST(verify_refuses_a_first_segment_that_was_voted_on_another_input)
{
    vouchers_init(&v);
    v.job.segments[0].by = VCH_JOB_BY_NODES;
    v.job.segments[1].by = VCH_JOB_BY_CLIENT;
    vouchers_found(&v);
    vouchers_ask(&v);
    v.boundaries[0] = vouchers_digest("not what the job commits to");
    for (int i = 0; i < 3; i++) {
        vouchers_vote(&v, 0, i);
        vouchers_vote(&v, 2, i + 3);
    }
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, FALSE, "segment 0");
    CHECK_VERDICT(&v, QUORUM, FALSE, "is on another input");
    vouchers_release(&v);
}

// After a segment of the client's own, nodes must at least have been given the same.
TEST(verify_refuses_nodes_that_were_given_different_inputs)
{
    vouchers_init(&v);
    vouchers_found(&v);
    vouchers_ask(&v);
    vouchers_vote(&v, 1, 0);
    vouchers_vote(&v, 1, 1);
    v.boundaries[1] = vouchers_digest("given to one alone");
    vouchers_vote(&v, 1, 2);
    for (int i = 3; i < 6; i++)
        vouchers_vote(&v, 2, i);
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, FALSE, "is on another input");
    vouchers_release(&v);
}

TEST(verify_refuses_a_vote_of_another_job)
{
    vouchers_init_honest(&v);
    struct vch_digest other = vouchers_digest("another job");
    struct vch_vote replayed = {.input = v.boundaries[1], .output = v.boundaries[2]};
    vch_vote_sign(&replayed, &other, 1, &v.nodes[7]);
    vouchers_cast(&v, 1, &replayed);
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, FALSE, "is not signed by that key for this job and segment");
    vouchers_release(&v);
}

TEST(verify_refuses_a_vote_of_another_segment)
{
    vouchers_init_honest(&v);
    struct vch_vote replayed = {.input = v.boundaries[1], .output = v.boundaries[2]};
    vch_vote_sign(&replayed, &v.job_id, 2, &v.nodes[7]);
    vouchers_cast(&v, 1, &replayed);
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, FALSE, "is not signed by that key for this job and segment");
    vouchers_release(&v);
}

TEST(verify_refuses_votes_swapped_between_nodes)
{
    vouchers_init_honest(&v);
    struct vch_public_key first = v.votes[1][0].node;
    v.votes[1][0].node = v.votes[1][1].node;
    v.votes[1][1].node = first;
    struct vch_vote vote = v.votes[1][0]; // back in order, under each other's names
    v.votes[1][0] = v.votes[1][1];
    v.votes[1][1] = vote;
    sign_and_refuse();
    CHECK_VERDICT(&v, SPLIT, FALSE, "is not signed by that key");
    vouchers_release(&v);
}

TEST(verify_refuses_a_voter_who_is_not_in_the_registry)
{
    vouchers_init_honest(&v);
    vouchers_vote_by(&v, 1, &v.stranger, &v.boundaries[2]);
    sign_and_refuse();
    CHECK_VERDICT(&v, SPLIT, FALSE, "the registry does not hold");
    CHECK_VERDICT(&v, QUORUM, FALSE, "the registry does not hold");
    vouchers_release(&v);
}

TEST(verify_refuses_a_client_that_votes)
{
    vouchers_init_honest(&v);
    vouchers_vote_by(&v, 1, &v.client, &v.boundaries[2]);
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, FALSE, "the registry does not hold as a node");
    vouchers_release(&v);
}

TEST(verify_refuses_two_nodes_of_one_party_in_one_segment)
{
    vouchers_init_honest(&v);
    vouchers_vote(&v, 1, 7);
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    vouchers_vote(&v, 1, 8);
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, FALSE, "second one of the same operator");
    vouchers_release(&v);
}

// Sock puppets: a network of one's own, in which everyone agrees.
TEST(verify_shows_no_quorum_of_an_unknown_founder)
{
    vouchers_init(&v);
    v.founder = v.stranger;
    vouchers_vote_all(&v);
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, NOT_SHOWN, "--founder");
    CHECK_VERDICT(&v, SPLIT, NOT_SHOWN, "--founder");
    CHECK_VERDICT(&v, INPUT, NOT_SHOWN, "--founder");
    vouchers_release(&v);
}

// The founder's own registry, but not the one under which the job was asked.
TEST(verify_refuses_another_registry_than_the_jobs)
{
    vouchers_init_honest(&v);
    struct vch_digest asked = v.job.registry;
    v.registry.serial++;
    vouchers_found(&v);
    v.job.registry = asked;
    sign_and_refuse();
    CHECK_VERDICT(&v, SPLIT, FALSE, "another registry");
    CHECK_VERDICT(&v, QUORUM, FALSE, "another registry");
    vouchers_release(&v);
}

TEST(verify_refuses_an_expired_registry)
{
    vouchers_init(&v);
    v.registry.expires_ms = 1500;
    vouchers_vote_all(&v);
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v)); // finished at 1500
    v.voucher.finished_ms = 1501;
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, FALSE, "the registry had expired, at 1500 ms");
    vouchers_release(&v);
    vouchers_init(&v);
    v.registry.expires_ms = 0; // never
    vouchers_vote_all(&v);
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    vouchers_release(&v);
}

TEST(verify_refuses_what_finished_after_its_deadline)
{
    vouchers_init_honest(&v);
    v.voucher.finished_ms = 2000;
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    v.voucher.finished_ms = 2001;
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, FALSE, "after its deadline at 2000 ms");
    vouchers_release(&v);
}

TEST(verify_refuses_a_voucher_from_the_future)
{
    vouchers_init(&v);
    v.job.deadline_ms = 10 * VCH_VERIFY_SKEW_MAX_MS;
    v.registry.expires_ms = 0;
    vouchers_vote_all(&v);
    v.voucher.finished_ms = 2 * VCH_VERIFY_SKEW_MAX_MS;
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    v.policy.at_ms = VCH_VERIFY_SKEW_MAX_MS;
    CHECK_OK(vouchers_verify(&v));
    v.policy.at_ms--;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, CLIENT, FALSE, "yet to come");
    vouchers_release(&v);
}

TEST(verify_refuses_a_segment_without_majority)
{
    vouchers_init(&v);
    vouchers_found(&v);
    vouchers_ask(&v);
    for (int i = 0; i < 3; i++) {
        char text[] = {(char)('a' + i), '\0'};
        struct vch_digest output = vouchers_digest(text);
        vouchers_vote(&v, 1, i);
        vouchers_vote_by(&v, 2, &v.nodes[i + 3], &output);
    }
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, FALSE, "segment 2 has no majority: 1 of 3 votes agree");
    CHECK_EQ(v.report.dissenter_count, 0); // nobody is in a minority
    vouchers_release(&v);
}

// Leaving votes out, down to what the quorum still bears, is what direct votes cannot show; below
// it, it shows.
TEST(verify_refuses_fewer_votes_than_the_quorum_bears)
{
    vouchers_init_honest(&v);
    v.results[0].vote_count = 2;
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, QUORUM, SHOWN, "segment 1: 2 of 2 agree, 2 needed");
    CHECK_VERDICT(&v, QUORUM, SHOWN, "none was left out is the client's word");
    v.results[0].vote_count = 1;
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, FALSE, "segment 1 has no majority: 1 of 1 votes agree");
    vouchers_release(&v);
}

TEST(verify_refuses_a_dissenter_that_was_made_up)
{
    vouchers_init_honest(&v);
    struct vch_vote blamed = {.node = v.nodes[6].public_key,
                              .input = v.boundaries[1],
                              .output = vouchers_digest("what it never said")};
    vch_vote_sign(&blamed, &v.job_id, 1, &v.stranger);
    blamed.node = v.nodes[6].public_key;
    vouchers_cast(&v, 1, &blamed);
    sign_and_refuse();
    CHECK_VERDICT(&v, SPLIT, FALSE, "is not signed by that key");
    CHECK_EQ(v.report.dissenter_count, 0);
    vouchers_release(&v);
}

TEST(verify_refuses_a_missing_segment)
{
    vouchers_init_honest(&v);
    v.voucher.result_count = 1;
    sign_and_refuse();
    CHECK_VERDICT(&v, QUORUM, FALSE, "segment 2 has no majority");
    CHECK_VERDICT(&v, SPLIT, NOT_SHOWN, "segment 2");
    vouchers_release(&v);
}

// Lies of whoever carries it.

TEST(verify_or_decode_refuses_every_flipped_bit)
{
    vouchers_init(&v);
    v.registry.member_count = 3;
    v.job.quorum = 2;
    v.job.segment_count = 1;
    v.job.segments[0].by = VCH_JOB_BY_NODES;
    vouchers_found(&v);
    vouchers_ask(&v);
    vouchers_vote(&v, 0, 0);
    vouchers_vote(&v, 0, 1);
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    for (size_t i = 0; i < 8 * v.size; i++) {
        v.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        if (vch_is_ok(vouchers_verify(&v))) test_fail(__FILE__, __LINE__, "bit %zu is free", i);
        v.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    CHECK_OK(vouchers_verify(&v));
    vouchers_release(&v);
}

TEST(verify_or_decode_refuses_every_truncation_and_addition)
{
    uint8_t longer[4096];

    vouchers_init_honest(&v);
    for (size_t i = 0; i < v.size; i++)
        CHECK(!vch_is_ok(vouchers_verify_bytes(&v, v.bytes, i)));
    CHECK(v.size + 2 < sizeof longer);
    memcpy(longer, v.bytes, v.size);
    for (unsigned tag = 0; tag < 256; tag++) {
        longer[v.size] = (uint8_t)tag;
        longer[v.size + 1] = 1;
        CHECK(!vch_is_ok(vouchers_verify_bytes(&v, longer, v.size + 1)));
        CHECK(!vch_is_ok(vouchers_verify_bytes(&v, longer, v.size + 2)));
    }
    vouchers_release(&v);
}

TEST(verify_has_a_name_and_a_meaning_for_every_claim)
{
    CHECK(strcmp(vch_verify_claim_name(VCH_CLAIM_CLIENT), "client") == 0);
    CHECK(strcmp(vch_verify_claim_name(VCH_CLAIM_ATTESTED), "attested") == 0);
    for (enum vch_claim i = 0; i < VCH_CLAIM_COUNT; i++)
        CHECK(strlen(vch_verify_claim_meaning(i)) > 10);
    CHECK(strcmp(vch_verify_verdict_text(VCH_VERDICT_FALSE), "FALSE") == 0);
    CHECK(strcmp(vch_verify_verdict_text(VCH_VERDICT_NOT_CLAIMED), "not claimed") == 0);
}
