// What a job's nodes should have said, found by whoever holds input and model: it is what honest
// nodes commit to and a referee finds, and nobody gets there with another input, secret or model.
#include "voucher/retrace.h"

#include "crypto/merkle.h"
#include "harness/vouchers_run.h"

static vch_status retrace(struct vch_retrace *out)
{
    const struct vch_retrace_input input = {
        .voucher = &v.voucher, .opening = &opening, .package = &package, .kernels = &kernels};

    return vch_retrace_run(out, &input, &v.arena, &v.complaint);
}

static void begin(void)
{
    setup();
    tell();
    v.voucher.job = v.job; // as decoded
    v.voucher.job_id = v.job_id;
}

static void check_refused(enum vch_code code, const char *text)
{
    struct vch_retrace truth;

    v.complaint = (struct vch_complaint){{0}};
    CHECK(retrace(&truth).code == code);
    if (strstr(v.complaint.text, text) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", v.complaint.text, text);
}

TEST(retrace_finds_what_honest_nodes_commit_to)
{
    for (unsigned by = 1; by < 16; by++) {
        struct vch_retrace truth;
        uint32_t count = 0;
        setup();
        for (unsigned i = 0; i < 4; i++)
            v.job.segments[i].by = by >> i & 1 ? VCH_JOB_BY_NODES : VCH_JOB_BY_CLIENT;
        tell();
        v.voucher.job = v.job;
        v.voucher.job_id = v.job_id;
        CHECK_OK(retrace(&truth));
        for (uint32_t i = 0; i < 4; i++) {
            if (v.job.segments[i].by != VCH_JOB_BY_NODES) continue;
            const struct vch_retrace_segment *segment = &truth.segments[count++];
            CHECK_EQ(segment->index, i);
            CHECK(vch_hash_is_equal(&segment->entered, &v.boundaries[i]));
            CHECK(vch_hash_is_equal(&segment->output, &v.boundaries[i + 1]));
        }
        CHECK_EQ(truth.count, count);
        vouchers_release(&v);
    }
}

// Each leaf is what a referee computes that runs this operator alone, on what the one before gave.
TEST(retrace_has_the_leaves_that_referees_find)
{
    struct vch_retrace truth;

    begin();
    CHECK_OK(retrace(&truth));
    for (uint32_t i = 0; i < truth.count; i++) {
        const struct vch_retrace_segment *segment = &truth.segments[i];
        struct vch_trace_operand operand = {segment->input, segment->entered};
        CHECK_EQ(segment->leaf_count,
                 v.job.segments[segment->index].last - v.job.segments[segment->index].first);
        for (uint32_t j = 0; j < segment->leaf_count; j++) {
            const struct vch_trace_replay replay = {.segment = &segment->traced,
                                                    .operator_ = segment->traced.first + j,
                                                    .batch = v.job.batch,
                                                    .kernels = &kernels,
                                                    .operands = &operand};
            struct vch_digest commitment;
            struct vch_tensor given;
            CHECK_OK(vch_trace_replay(&commitment, &replay, &v.arena, &v.complaint));
            CHECK_OK(vch_trace_execute(&given, &replay, &v.arena, &v.complaint));
            const struct vch_digest leaf =
                vch_merkle_leaf(commitment.bytes, sizeof commitment.bytes);
            CHECK(vch_hash_is_equal(&segment->leaves[j], &leaf));
            operand = (struct vch_trace_operand){given, commitment};
        }
        const struct vch_digest root = vch_merkle_root(segment->leaves, segment->leaf_count);
        CHECK(vch_hash_is_equal(&segment->trace, &root));
    }
    vouchers_release(&v);
}

TEST(retrace_refuses_an_opening_that_was_altered)
{
    begin();
    const struct vch_opening honest = opening;
    int8_t *first = opening.input.data;
    const int8_t was = *first;
    flip(&opening.input);
    check_refused(VCH_CODE_REFUSED, "the opening was altered");
    *first = was;
    for (uint32_t i = 0; i < sizeof opening.secret; i++) {
        opening.secret[i] ^= 1;
        check_refused(VCH_CODE_REFUSED, "secret is not the one");
        opening.secret[i] ^= 1;
    }
    opening.job_id.bytes[31] ^= 1;
    check_refused(VCH_CODE_REFUSED, "of another job");
    opening = honest;
    opening.batch--;
    check_refused(VCH_CODE_REFUSED, "another type, shape or batch");
    opening = honest;
    opening.input = honest.output;
    check_refused(VCH_CODE_REFUSED, "another type, shape or batch");
    vouchers_release(&v);
}

TEST(retrace_refuses_another_model)
{
    begin();
    make_package(make_graph(), &v.owner); // other weights
    check_refused(VCH_CODE_REFUSED, "another model");
    vouchers_release(&v);
}

// A job that pins other nonces than its secret gives could never be told right by a referee.
TEST(retrace_refuses_a_job_that_pins_other_nonces)
{
    begin();
    v.voucher.job.nonces[2].bytes[0] ^= 1;
    check_refused(VCH_CODE_REFUSED, "secret is not the one");
    vouchers_release(&v);
}

TEST(retrace_refuses_commitments_that_no_referee_opens)
{
    begin();
    v.voucher.job.commitment_kind = VCH_COMMITMENT_MATRIX;
    v.voucher.job.log_columns = 9;
    check_refused(VCH_CODE_UNSUPPORTED, "kind 2");
    vouchers_release(&v);
}
