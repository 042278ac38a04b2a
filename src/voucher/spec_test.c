// The test vectors of specs/registry.md and specs/voucher.md.
#include <string.h>

#include "circuit/crossing.h"
#include "crypto/transcript.h"
#include "harness/spec.h"
#include "harness/test.h"
#include "harness/vouchers.h"

static struct vouchers v;
static struct vch_opening opening;
static struct vch_fault fault;
static int8_t input_data[] = {1, 2, -3, 127, -127, 0};
static int32_t output_data[] = {1, -70000};

static struct vch_digest commit(uint32_t boundary, const struct vch_tensor *tensor)
{
    struct vch_nonce nonce;

    vch_commitment_nonce(&nonce, v.secret, boundary);
    return vch_tensor_commit(tensor, v.job.batch, &nonce);
}

static void setup(void)
{
    vouchers_init(&v);
    v.registry.member_count = 4;
    v.job.quorum = 2;
    v.job.segment_count = 2;
    v.job.segments[0] = (struct vch_job_segment){0, 4, VCH_JOB_BY_NODES};
    v.job.segments[1] = (struct vch_job_segment){4, 6, VCH_JOB_BY_CLIENT};
    opening = (struct vch_opening){.batch = v.job.batch,
                                   .input = {VCH_TYPE_I8, {1, {3}}, input_data},
                                   .output = {VCH_TYPE_I32, {0}, output_data}};
    memcpy(opening.secret, v.secret, sizeof opening.secret);
    v.job.input = v.boundaries[0] = commit(0, &opening.input);
    v.boundaries[2] = commit(2, &opening.output);
    vouchers_found(&v);
    vouchers_ask(&v);
    opening.job_id = v.job_id;
}

static void tell(void)
{
    struct vch_digest other = vouchers_digest("another output");

    vouchers_vote(&v, 0, 0);
    vouchers_vote(&v, 0, 1);
    vouchers_vote_by(&v, 0, &v.nodes[2], &other);
    fault = (struct vch_fault){v.nodes[3].public_key, VCH_FAULT_SILENT};
    v.results[0].faults = &fault;
    v.results[0].fault_count = 1;
    vouchers_sign(&v);
}

TEST(registry_is_the_vector_of_its_spec)
{
    setup();
    test_spec_check(v.founder.public_key.bytes, 32, "registry.md", "founder");
    test_spec_check(v.voucher.registry_bytes, v.voucher.registry_size, "registry.md",
                    "signed_registry");
    test_spec_check(v.job.registry.bytes, 32, "registry.md", "registry_digest");
    vouchers_release(&v);
}

TEST(job_is_the_vector_of_its_spec)
{
    setup();
    struct vch_digest input = vch_tensor_digest(&opening.input, opening.batch);
    test_spec_check(input.bytes, 32, "voucher.md", "input_digest");
    test_spec_check(v.job.input.bytes, 32, "voucher.md", "input_commitment");
    test_spec_check(v.boundaries[2].bytes, 32, "voucher.md", "output_commitment");
    test_spec_check(v.voucher.job_bytes, v.voucher.job_size, "voucher.md", "job");
    test_spec_check(v.job_id.bytes, 32, "voucher.md", "job_id");
    vouchers_release(&v);
}

TEST(commitment_of_a_matrix_is_the_vector_of_its_spec)
{
    const struct vch_crossing crossing = {
        .kind = VCH_COMMITMENT_MATRIX, .log_columns = 9, .level = VCH_CPU_PORTABLE};
    struct vch_digest root, made;
    struct vch_nonce nonce;

    setup();
    vch_commitment_nonce(&nonce, v.secret, 0);
    CHECK_OK(vch_crossing_root(&root, &crossing, &opening.input, opening.batch, &nonce, &v.arena));
    test_spec_check(root.bytes, 32, "voucher.md", "input_root");
    CHECK_OK(
        vch_crossing_commit(&made, &crossing, &opening.input, opening.batch, &nonce, &v.arena));
    test_spec_check(made.bytes, 32, "voucher.md", "input_matrix_commitment");
    vouchers_release(&v);
}

TEST(vote_is_the_vector_of_its_spec)
{
    struct vch_transcript transcript;

    setup();
    tell();
    const struct vch_vote *vote = &v.votes[0][0];
    while (memcmp(&vote->node, &v.nodes[0].public_key, sizeof vote->node) != 0)
        vote++;
    vch_transcript_init(&transcript, "vouch/vote/v1");
    vch_transcript_absorb_digest(&transcript, "job", &v.job_id);
    vch_transcript_absorb_u64(&transcript, "segment", 0);
    vch_transcript_absorb(&transcript, "node", vote->node.bytes, sizeof vote->node.bytes);
    vch_transcript_absorb_digest(&transcript, "input", &vote->input);
    vch_transcript_absorb_digest(&transcript, "output", &vote->output);
    struct vch_digest digest = vch_transcript_final(&transcript);
    test_spec_check(digest.bytes, 32, "voucher.md", "vote_digest");
    test_spec_check(vote->signature.bytes, 64, "voucher.md", "vote_signature");
    CHECK_OK(vch_sign_verify(&vote->node, &digest, &vote->signature));
    vouchers_release(&v);
}

TEST(voucher_and_opening_are_the_vectors_of_their_spec)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    setup();
    tell();
    test_spec_check(v.bytes, v.size, "voucher.md", "voucher");
    CHECK_OK(vch_opening_encode(&bytes, &size, &opening, &v.arena, &v.complaint));
    test_spec_check(bytes, size, "voucher.md", "opening");
    v.opening = &opening;
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, INPUT, SHOWN, "the opening shows");
    CHECK_VERDICT(&v, OUTPUT, SHOWN, "the opening shows");
    CHECK_EQ(v.report.dissenter_count, 1);
    vouchers_release(&v);
}
