// The ends of a voucher: a real model, nodes that run its segments, a reader who runs it again.
#include "harness/vouchers_run.h"

TEST(verify_runs_the_model_again_and_shows_both_ends)
{
    setup();
    tell();
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ENDS, SHOWN, "the model was run again");
    CHECK_VERDICT(&v, INPUT, SHOWN, "the opening shows the input itself");
    CHECK_VERDICT(&v, OUTPUT, SHOWN, "the opening shows the output itself");
    CHECK_VERDICT(&v, MODEL, SHOWN, "the model that you hold");
    vouchers_release(&v);
}

TEST(verify_shows_ends_of_every_division_between_client_and_nodes)
{
    for (unsigned by = 1; by < 16; by++) {
        setup();
        for (unsigned i = 0; i < 4; i++)
            v.job.segments[i].by = by >> i & 1 ? VCH_JOB_BY_NODES : VCH_JOB_BY_CLIENT;
        tell();
        CHECK_OK(vouchers_verify(&v));
        CHECK_VERDICT(&v, ENDS, SHOWN, "the model was run again");
        vouchers_release(&v);
    }
}

// The package alone names the model, the owner's key alone does, and both do.
TEST(verify_anchors_the_model_in_the_readers_package)
{
    setup();
    tell();
    v.policy.owner_count = 0;
    v.opening = NULL;
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, MODEL, SHOWN, "the model that you hold");
    CHECK_VERDICT(&v, ENDS, NOT_SHOWN, "pass --opening");
    v.package = NULL;
    v.opening = &opening;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, MODEL, NOT_SHOWN, "--model");
    CHECK_VERDICT(&v, ENDS, NOT_SHOWN, "pass --model");
    vouchers_release(&v);
}

TEST(verify_refuses_another_model_than_the_readers)
{
    setup();
    tell();
    make_package(make_graph(), &v.owner); // other weights
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, MODEL, FALSE, "that you hold");
    CHECK_VERDICT(&v, ENDS, NOT_SHOWN, "the model that you hold is another");
    vouchers_release(&v);
}

TEST(verify_does_not_show_the_readers_model_under_another_owners_name)
{
    setup();
    tell();
    v.voucher.owner = v.stranger.public_key;
    v.voucher.owner_signature = vouchers_own(&v.stranger, &v.job.model);
    vouchers_sign(&v);
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, MODEL, NOT_SHOWN, "another owner than yours");
    v.policy.owners[0] = v.stranger.public_key;
    CHECK_OK(vouchers_verify(&v));
    vouchers_release(&v);
}

TEST(verify_refuses_a_wrong_opening)
{
    setup();
    tell();
    flip(&opening.input);
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF); // another input
    CHECK_VERDICT(&v, INPUT, FALSE, "opens another commitment");
    CHECK_VERDICT(&v, OUTPUT, SHOWN, "");
    CHECK_VERDICT(&v, ENDS, NOT_SHOWN, "does not open the input");
    vouchers_release(&v);

    setup();
    tell();
    flip(&opening.output);
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF); // another output
    CHECK_VERDICT(&v, INPUT, SHOWN, "");
    CHECK_VERDICT(&v, OUTPUT, FALSE, "opens another commitment");
    vouchers_release(&v);

    setup();
    tell();
    struct vch_opening honest = opening;
    opening.secret[31] ^= 1;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, INPUT, FALSE, "");
    CHECK_VERDICT(&v, OUTPUT, FALSE, "");
    opening = honest;
    opening.job_id.bytes[0] ^= 1;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, INPUT, FALSE, "of another job");
    opening = honest;
    opening.batch = 1;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, INPUT, FALSE, "");
    opening = honest;
    opening.input = honest.output;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, INPUT, FALSE, "");
    vouchers_release(&v);
}

// The commitments are to one sample, the job that everyone signed says two.
TEST(verify_refuses_an_opening_of_another_batch_than_the_jobs)
{
    setup();
    v.job.batch = opening.batch = 1;
    run_job();
    v.job.batch = 2;
    tell();
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, INPUT, FALSE, "opens another commitment");
    CHECK_VERDICT(&v, OUTPUT, FALSE, "opens another commitment");
    vouchers_release(&v);
}

// Only running it again can catch these: every signature is right.

TEST(verify_refuses_a_client_that_gave_nodes_something_else_than_its_first_layers)
{
    setup();
    v.boundaries[1] = vouchers_digest("not what the client's layers give");
    tell();
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, ENDS, FALSE, "before segment 1 is not what the model gives");
    v.opening = NULL;
    CHECK_OK(vouchers_verify(&v)); // and without it, it is not shown
    CHECK_VERDICT(&v, ENDS, NOT_SHOWN, "");
    vouchers_release(&v);
}

TEST(verify_refuses_a_majority_that_lies)
{
    setup();
    v.boundaries[3] = vouchers_digest("what colluding nodes agreed on");
    tell();
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, QUORUM, SHOWN, "");
    CHECK_VERDICT(&v, ENDS, FALSE, "before segment 3 is not what the model gives");
    vouchers_release(&v);
}

TEST(verify_refuses_a_client_that_made_up_its_output)
{
    setup();
    flip(&opening.output);
    v.boundaries[4] = commit(4, &opening.output);
    tell();
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, OUTPUT, SHOWN, ""); // it did sign for that output
    CHECK_VERDICT(&v, ENDS, FALSE, "output is not what the model gives");
    vouchers_release(&v);
}

TEST(verify_refuses_a_boundary_under_another_nonce)
{
    setup();
    v.boundaries[2] = v.boundaries[3]; // the nonce of boundary 3
    tell();
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, ENDS, FALSE, "before segment 2");
    vouchers_release(&v);
}

TEST(verify_refuses_a_plan_that_does_not_fit_the_model)
{
    setup();
    v.job.segments[3].last = 7;
    tell();
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, SPLIT, FALSE, "ends at operator 7, but the model has 8");
    CHECK_VERDICT(&v, QUORUM, FALSE, "");
    v.job.segments[3].last = 9;
    tell();
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, SPLIT, FALSE, "ends at operator 9");
    v.package = NULL;
    v.policy.has_requirements = v.policy.requires[VCH_CLAIM_QUORUM] = true;
    CHECK_OK(vouchers_verify(&v)); // who does not hold the model cannot tell
    vouchers_release(&v);
}

TEST(verify_refuses_a_cut_that_is_none)
{
    struct graphs build;

    setup();
    graphs_init(&build, &v.arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 6, 0, 0));
    uint32_t y = graphs_linear(&build, x, 5, VCH_TYPE_I8);
    uint32_t z = graphs_linear(&build, y, 5, VCH_TYPE_I8);
    graphs_output(&build, graphs_add(&build, y, z, VCH_TYPE_I8)); // y also crosses before ADD
    make_package(graphs_finish(&build), &v.owner);
    v.job.model = package.identity;
    v.job.segment_count = 2;
    v.job.segments[0] = (struct vch_job_segment){0, 2, VCH_JOB_BY_NODES};
    v.job.segments[1] = (struct vch_job_segment){2, 3, VCH_JOB_BY_CLIENT};
    tell();
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, SPLIT, FALSE, "cuts before operator 2, where more than one value crosses");
    vouchers_release(&v);
}

TEST(verify_refuses_a_model_of_more_inputs_than_the_voucher_commits_to)
{
    struct graphs build;

    setup();
    graphs_init(&build, &v.arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 6, 0, 0));
    uint32_t y = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 6, 0, 0));
    x = graphs_add(&build, x, y, VCH_TYPE_I8);
    graphs_output(&build, graphs_linear(&build, x, 5, VCH_TYPE_I8));
    make_package(graphs_finish(&build), &v.owner);
    v.job.model = package.identity;
    v.job.segment_count = 2;
    v.job.segments[0] = (struct vch_job_segment){0, 1, VCH_JOB_BY_CLIENT};
    v.job.segments[1] = (struct vch_job_segment){1, 2, VCH_JOB_BY_NODES};
    tell();
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, SPLIT, FALSE, "the model has 2 inputs");
    vouchers_release(&v);
}

TEST(verify_refuses_an_input_that_the_model_does_not_take)
{
    setup();
    opening.input.shape.dims[0]--; // opened, but too short
    v.boundaries[0] = v.job.input = commit(0, &opening.input);
    tell();
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, INPUT, SHOWN, "");
    CHECK_VERDICT(&v, ENDS, FALSE, "another type or shape than the model takes");
    vouchers_release(&v);
}

TEST(verify_does_not_run_a_model_that_is_held_in_part)
{
    struct vch_package part;
    uint8_t *bytes = NULL;
    size_t size = 0;

    setup();
    tell();
    CHECK_OK(vch_package_extract(&bytes, &size, &package, 0, 4, &v.arena, &v.complaint));
    CHECK_OK(vch_package_decode(&part, bytes, size, &v.arena, NULL, &v.complaint));
    v.package = &part;
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, MODEL, SHOWN, "");
    CHECK_VERDICT(&v, ENDS, NOT_SHOWN, "holds only a part of the model");
    vouchers_release(&v);
}

// Without memory to lay the plan over the model nothing is known of the segments; that must not
// lend weight to votes that nobody signed.
TEST(verify_shows_nothing_by_bad_votes_where_memory_is_short)
{
    struct vch_arena small;
    struct vch_voucher voucher;
    struct vch_verify_input input = {
        .voucher = &voucher, .package = &package, .policy = &v.policy, .kernels = &kernels};

    setup();
    for (unsigned i = 0; i < 4; i++)
        v.job.segments[i].by = VCH_JOB_BY_NODES;
    tell();
    for (int is_signed = 1; is_signed >= 0; is_signed--) {
        if (!is_signed) v.votes[1][0].signature.bytes[0] ^= 1;
        vouchers_sign(&v);
        CHECK_OK(vch_voucher_decode(&voucher, v.bytes, v.size, &v.arena, &v.complaint));
        vch_arena_init(&small, 0);
        CHECK_FAILS(vch_verify_voucher(&v.report, &input, &small, &v.complaint), BAD_PROOF);
        CHECK_VERDICT(&v, SPLIT, NOT_SHOWN, "");
        CHECK_VERDICT(&v, QUORUM, NOT_SHOWN, "");
        CHECK_VERDICT(&v, INPUT, NOT_SHOWN, "");
        CHECK_VERDICT(&v, ENDS, NOT_SHOWN, "");
        vch_arena_release(&small);
    }
    vouchers_release(&v);
}

TEST(verify_says_when_there_is_no_memory_to_run_the_model_again)
{
    setup();
    tell();
    struct vch_arena small;
    struct vch_voucher voucher;
    struct vch_verify_input input = {.voucher = &voucher,
                                     .package = &package,
                                     .opening = &opening,
                                     .policy = &v.policy,
                                     .kernels = &kernels};

    CHECK_OK(vch_voucher_decode(&voucher, v.bytes, v.size, &v.arena, &v.complaint));
    for (size_t limit = 0, was_shown = 0; !was_shown; limit += 256) {
        vch_arena_init(&small, limit);
        vch_status status = vch_verify_voucher(&v.report, &input, &small, &v.complaint);
        was_shown = vouchers_verdict(&v, VCH_CLAIM_ENDS) == VCH_VERDICT_SHOWN;
        for (enum vch_claim i = 0; i < VCH_CLAIM_COUNT; i++)
            CHECK(vouchers_verdict(&v, i) != VCH_VERDICT_FALSE); // not its fault
        if (limit == 0) {
            CHECK_FAILS(status, BAD_PROOF);
            CHECK_VERDICT(&v, SPLIT, NOT_SHOWN, "not enough memory");
            CHECK_VERDICT(&v, ENDS, NOT_SHOWN, "");
        }
        if (was_shown) CHECK_OK(status);
        vch_arena_release(&small);
        CHECK(limit < 1 << 20);
    }
    vouchers_release(&v);
}
