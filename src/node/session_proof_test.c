// Proofs as a node is asked for them, frame by frame.
#include "annex/annex_verify.h"
#include "circuit/circuit.h"
#include "circuit/crossing.h"
#include "harness/session_annex.h"
#include "harness/session_client.h"
#include "proof/proof_verify.h"

static const struct vch_crossing crossing = {
    .kind = VCH_COMMITMENT_MATRIX, .log_columns = SESSION_COLUMNS, .level = VCH_CPU_PORTABLE};
static const int8_t OUTPUT[SESSION_SIDE] = {25, -1, 0, 32};

// A node with an annex, and a job whose commitments open inside proofs.
static struct fixture *set_up_proving(uint32_t openings)
{
    struct fixture *f = set_up();

    session_add_annex(&f->s, openings);
    f->job.commitment_kind = VCH_COMMITMENT_MATRIX;
    f->job.log_columns = SESSION_COLUMNS;
    CHECK_OK(
        vch_crossing_commit(&f->job.input, &crossing, &f->input, 1, &f->input_nonce, &f->frames));
    return f;
}

static struct fixture *greeted_proving(uint32_t openings)
{
    struct fixture *f = set_up_proving(openings);

    hello(f, VCH_FRAME_VERSION);
    CHECK(sent(f)->body_case == VOUCH__FRAME__BODY_WELCOME);
    return f;
}

static Vouch__RunRequest ask_for_proof(struct fixture *f, uint64_t id)
{
    Vouch__RunRequest request = request_of(f, id);

    request.prove = true;
    ask(f, &request);
    return request;
}

// What follows a ProofResult's header: annex and proof.
static uint8_t *take_reply(struct fixture *f, const Vouch__ProofResult *result)
{
    size_t size = result->annex_size + result->proof_size, used = 0;
    uint8_t *out = vch_arena_alloc(&f->frames, size, 1);

    while (used < size) {
        const Vouch__Frame *frame = sent(f);
        CHECK(frame != NULL && frame->body_case == VOUCH__FRAME__BODY_CHUNK);
        CHECK(frame->chunk->data.len > 0 && frame->chunk->data.len <= size - used);
        memcpy(out + used, frame->chunk->data.data, frame->chunk->data.len);
        used += frame->chunk->data.len;
    }
    CHECK(sent(f) == NULL);
    return out;
}

static struct vch_circuit_claim claim_of(struct fixture *f, const struct vch_annex *annex,
                                         const struct vch_digest *job_id)
{
    struct vch_tensor output = f->input;
    struct vch_circuit_claim claim = {.annex = annex->digests[0],
                                      .job = *job_id,
                                      .first = 0,
                                      .last = 2,
                                      .batch = 1,
                                      .annex_root = annex->root};
    int8_t data[SESSION_SIDE];

    memcpy(data, OUTPUT, sizeof data);
    output.data = data;
    vch_annex_verify_model(&claim.model, annex, &f->s.graph);
    CHECK_OK(
        vch_crossing_root(&claim.input_root, &crossing, &f->input, 1, &f->input_nonce, &f->frames));
    CHECK_OK(
        vch_crossing_root(&claim.output_root, &crossing, &output, 1, &f->output_nonce, &f->frames));
    return claim;
}

static vch_status verify(struct fixture *f, const Vouch__ProofResult *result, const uint8_t *bytes,
                         const struct vch_digest *job_id)
{
    struct vch_complaint complaint = {0};
    struct vch_circuit circuit;
    struct vch_annex annex;

    CHECK_OK(vch_annex_decode(&annex, bytes, result->annex_size, &f->frames, &complaint));
    CHECK_OK(vch_annex_verify_owner(&annex));
    const struct vch_circuit_claim claim = claim_of(f, &annex, job_id);
    CHECK_OK(vch_circuit_build(&circuit, &claim, &f->frames, &complaint));
    return vch_proof_verify(&circuit.statement, bytes + result->annex_size, result->proof_size,
                            VCH_CPU_PORTABLE, &f->frames, &complaint);
}

TEST(session_says_what_it_can_prove)
{
    struct fixture *f = set_up_proving(1);

    hello(f, VCH_FRAME_VERSION);
    const Vouch__Welcome *welcome = sent(f)->welcome;
    CHECK_EQ(welcome->n_provables, 1);
    CHECK_EQ(welcome->provables[0]->first, 0);
    CHECK_EQ(welcome->provables[0]->last, 2);
    CHECK_EQ(welcome->provables[0]->columns, SESSION_COLUMNS);
    tear_down(f);
}

TEST(session_proves_a_segment_for_this_job_and_no_other)
{
    struct fixture *f = greeted_proving(1);
    Vouch__RunRequest request = ask_for_proof(f, 1);
    struct vch_digest job_id = vch_job_id(request.job.data, request.job.len);
    struct vch_digest other = vch_job_id(request.job.data, request.job.len - 1);

    chunk(f, 1, INPUT, SESSION_SIDE);
    session_work(&f->s);
    const Vouch__Frame *frame = sent(f);
    CHECK(frame != NULL && frame->body_case == VOUCH__FRAME__BODY_PROOF_RESULT);
    const uint8_t *bytes = take_reply(f, frame->proof_result);
    CHECK_OK(verify(f, frame->proof_result, bytes, &job_id));
    CHECK_FAILS(verify(f, frame->proof_result, bytes, &other), BAD_PROOF);
    CHECK_EQ(f->s.openings_left, 0);
    CHECK(vch_session_is_idle(&f->s.session));
    CHECK_EQ(f->s.host.memory_used, 0);
    tear_down(f);
}

TEST(session_votes_in_a_job_of_matrices_as_in_any_other)
{
    struct fixture *f = greeted_proving(1);

    ask_plainly(f, 1);
    chunk(f, 1, INPUT, SESSION_SIDE);
    session_work(&f->s);
    const Vouch__Frame *frame = sent(f);
    CHECK(frame != NULL && frame->body_case == VOUCH__FRAME__BODY_RUN_RESULT);
    CHECK(memcmp(frame->run_result->input.data, f->job.input.bytes, VCH_DIGEST_SIZE) == 0);
    CHECK_EQ(f->s.openings_left, 1);
    tear_down(f);
}

TEST(session_refuses_proofs_that_it_cannot_make)
{
    struct fixture *f = greeted_proving(0);

    ask_for_proof(f, 1);
    chunk(f, 1, INPUT, SESSION_SIDE);
    session_work(&f->s);
    check_refused(f, 1, VCH_CODE_REFUSED, "no opening");
    ask_for_proof(f, 2);
    chunk(f, 2, (const int8_t[SESSION_SIDE]){1, 2, 3, 4}, SESSION_SIDE);
    session_work(&f->s);
    check_refused(f, 2, VCH_CODE_REFUSED, "not the one that the job commits to");
    f->job.log_columns++;
    ask_for_proof(f, 3);
    check_refused(f, 3, VCH_CODE_UNSUPPORTED, "no annex");
    f->job.commitment_kind = VCH_COMMITMENT_SHA256;
    f->job.log_columns = 0;
    ask_for_proof(f, 4);
    check_refused(f, 4, VCH_CODE_MALFORMED, "open inside none");
    tear_down(f);
}

TEST(session_takes_no_opening_for_what_is_cancelled)
{
    struct fixture *f = greeted_proving(1);

    ask_for_proof(f, 1);
    chunk(f, 1, INPUT, SESSION_SIDE);
    cancel(f, 1);
    session_work(&f->s);
    CHECK(sent(f) == NULL);
    CHECK_EQ(f->s.openings_left, 1);
    tear_down(f);
}

TEST(provers_refuse_annexes_that_nobody_would_believe)
{
    struct fixture *f = set_up_proving(1);
    const struct vch_annex_source source = f->s.provers.provers[0].source;
    struct vch_package *package = &f->s.models.models[0].package;
    struct vch_complaint complaint = {0};

    package->owner = f->s.client_key.public_key;
    CHECK_FAILS(vch_provers_add(&f->s.provers, &f->s.models, &source, &f->frames, &complaint),
                REFUSED);
    package->identity = vch_hash_bytes("another", 7);
    CHECK_FAILS(vch_provers_add(&f->s.provers, &f->s.models, &source, &f->frames, &complaint),
                UNSUPPORTED);
    CHECK_EQ(f->s.provers.count, 1);
    tear_down(f);
}
