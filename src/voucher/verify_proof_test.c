// Proofs in a voucher: a real model, a proof of each of its segments, and everybody who lies about
// them. The reader trusts the model's owner, and no network unless a test says so.
#include <string.h>

#include "annex/annex_key.h"
#include "annex/annex_prove.h"
#include "annex/answer_prove.h"
#include "circuit/crossing.h"
#include "harness/graphs.h"
#include "harness/test.h"
#include "harness/vouchers.h"
#include "model/segment.h"
#include "voucher/proofs.h"
#include "voucher/rerun.h"

enum { COLUMNS = 9, SEGMENTS = 4 };

static struct vouchers v;
static struct vch_package package;
static struct vch_opening opening;
static struct vch_kernels kernels;
static struct vch_salt salts[64];
static uint8_t annex_seed[VCH_ANNEX_SEED_SIZE];
static uint8_t *annex_bytes;
static size_t annex_size;
static struct vch_tensor crossings[SEGMENTS + 1];
static struct vch_segment_proof proofs[SEGMENTS];

// Cuts at every second operator of a perceptron.
static struct vch_graph *make_graph(void)
{
    struct graphs build;

    graphs_init(&build, &v.arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 6, 0, 0));
    for (int i = 0; i < SEGMENTS; i++)
        x = graphs_relu(&build, graphs_linear(&build, x, 5, VCH_TYPE_I8));
    graphs_output(&build, x);
    return graphs_finish(&build);
}

static void make_package(struct vch_graph *graph)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    CHECK(graph->parameter_count <= sizeof salts / sizeof *salts);
    for (uint32_t i = 0; i < graph->parameter_count; i++)
        for (size_t j = 0; j < sizeof salts[i].bytes; j++)
            salts[i].bytes[j] = (uint8_t)test_below(256);
    CHECK_OK(
        vch_package_encode(&bytes, &size, graph, salts, &v.owner, &v.arena, NULL, &v.complaint));
    CHECK_OK(vch_package_decode(&package, bytes, size, &v.arena, NULL, &v.complaint));
}

// Of all parameters, signed by whoever is said to own them.
static void make_annex(const struct vch_secret_key *owner)
{
    uint32_t count = package.graph->parameter_count;
    uint32_t *held = VCH_ARENA_NEW(&v.arena, uint32_t, count);
    struct vch_annex_order order = {.model = {.graph = package.graph,
                                              .identity = package.identity,
                                              .log_columns = COLUMNS,
                                              .held_count = count,
                                              .held = held},
                                    .level = VCH_CPU_PORTABLE};

    for (uint32_t i = 0; i < count; i++)
        held[i] = i;
    memset(annex_seed, 8, sizeof annex_seed);
    memcpy(order.seed, annex_seed, sizeof order.seed);
    CHECK_OK(vch_annex_prove(&annex_bytes, &annex_size, &order, 0, owner, &v.arena, &v.complaint));
}

static struct vch_digest commit(uint32_t boundary)
{
    const struct vch_crossing crossing = {
        .kind = v.job.commitment_kind, .log_columns = v.job.log_columns, .level = VCH_CPU_PORTABLE};
    struct vch_nonce nonce;
    struct vch_digest made;

    vch_commitment_nonce(&nonce, v.secret, boundary);
    CHECK_OK(
        vch_crossing_commit(&made, &crossing, &crossings[boundary], v.job.batch, &nonce, &v.arena));
    return made;
}

static void read_annex(struct vch_annex *annex)
{
    CHECK_OK(vch_annex_decode(annex, annex_bytes, annex_size, &v.arena, &v.complaint));
}

// What an honest prover gives for these operators on this input; the output goes to *output.
static struct vch_segment_proof prove(uint32_t segment, const struct vch_tensor *input,
                                      struct vch_tensor *output)
{
    const struct vch_job_segment *range = &v.job.segments[segment];
    struct vch_answer_order order = {.graph = package.graph,
                                     .first = range->first,
                                     .last = range->last,
                                     .batch = v.job.batch,
                                     .job = v.job_id,
                                     .inputs = input,
                                     .level = VCH_CPU_PORTABLE,
                                     .kernels = &kernels};
    struct vch_proof_file file;
    struct vch_answer answer;
    struct vch_annex annex;
    struct vch_nonce nonce;

    read_annex(&annex);
    order.annex = &annex;
    memcpy(order.annex_seed, annex_seed, sizeof order.annex_seed);
    vch_commitment_nonce(&nonce, v.secret, segment);
    memcpy(order.input_seed, nonce.bytes, sizeof order.input_seed);
    vch_commitment_nonce(&nonce, v.secret, segment + 1);
    memcpy(order.output_seed, nonce.bytes, sizeof order.output_seed);
    CHECK_OK(vch_answer_prove_begin(&answer, &order, &v.arena, &v.complaint));
    CHECK_OK(vch_answer_prove(&file, &answer, &v.arena, &v.complaint));
    if (output != NULL) *output = answer.witness.outputs[0];
    return (struct vch_segment_proof){.input_root = file.input,
                                      .output_root = file.output,
                                      .annex = annex_bytes,
                                      .annex_size = annex_size,
                                      .proof = file.proof,
                                      .proof_size = file.proof_size};
}

static void setup(void)
{
    vouchers_init(&v);
    v.arena.limit = (size_t)1 << 30;
    v.policy.founder_count = v.policy.owner_count = 0;
    v.complaint.text[0] = '\0';
    kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    make_package(make_graph());
    v.job.model = package.identity;
    v.job.commitment_kind = VCH_COMMITMENT_MATRIX;
    v.job.log_columns = COLUMNS;
    v.job.quorum = 1;
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        uint32_t end = (i + 1) * package.graph->operator_count / SEGMENTS;
        v.job.segments[i] = (struct vch_job_segment){
            i == 0 ? 0 : v.job.segments[i - 1].last, end,
            i == 0 || i == SEGMENTS - 1 ? VCH_JOB_BY_CLIENT : VCH_JOB_BY_NODES};
    }
    make_annex(&v.owner);
    crossings[0] =
        graphs_random_tensor(package.graph, package.graph->inputs[0].value, v.job.batch, &v.arena);
    v.boundaries[0] = v.job.input = commit(0);
    v.package = &package;
}

static void prove_all(void)
{
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        proofs[i] = prove(i, &crossings[i], &crossings[i + 1]);
        v.boundaries[i + 1] = commit(i + 1);
    }
}

// Votes on what was run, and a result for each segment, with its proof where there is one.
static void vote(void)
{
    vouchers_ask(&v);
    v.voucher.result_count = 0;
    for (uint32_t i = 0; i < SEGMENTS; i++)
        v.results[v.voucher.result_count++] =
            (struct vch_segment_result){.segment = i, .votes = v.votes[i], .proof = &proofs[i]};
    for (uint32_t i = 0; i < SEGMENTS; i++)
        if (v.job.segments[i].by == VCH_JOB_BY_NODES) vouchers_vote(&v, i, (int)i);
}

// An honest voucher, up to the client's signature.
static void tell(void)
{
    setup();
    vouchers_found(&v);
    vouchers_ask(&v); // fixes the job's id, which proofs are for
    prove_all();
    vote();
    opening = (struct vch_opening){.job_id = v.job_id,
                                   .batch = v.job.batch,
                                   .input = crossings[0],
                                   .output = crossings[SEGMENTS]};
    memcpy(opening.secret, v.secret, sizeof opening.secret);
}

static vch_status verify(void)
{
    vouchers_sign(&v);
    return vouchers_verify(&v);
}

#define CHECK_LIE(words) \
    do { \
        CHECK_FAILS(verify(), BAD_PROOF); \
        CHECK_VERDICT(&v, PROOF, FALSE, words); \
        vouchers_release(&v); \
    } while (0)

TEST(proofs_of_all_segments_are_enough_for_who_trusts_the_models_owner_alone)
{
    tell();
    CHECK_OK(verify());
    CHECK_VERDICT(&v, PROOF, SHOWN, "4 of 4 segments are proven");
    CHECK_VERDICT(&v, INPUT, SHOWN, "the proof is about the input");
    CHECK_VERDICT(&v, ENDS, SHOWN, "proofs of every segment");
    CHECK_VERDICT(&v, QUORUM, NOT_SHOWN, "--founder");
    v.policy.has_requirements = v.policy.requires[VCH_CLAIM_PROOF] = true;
    CHECK_OK(verify());
    v.policy.requires[VCH_CLAIM_QUORUM] = true;
    CHECK_FAILS(verify(), BAD_PROOF);
    vouchers_release(&v);
}

TEST(proofs_need_no_parameters_of_their_reader)
{
    struct vch_package part;
    uint8_t *bytes = NULL;
    size_t size = 0;

    tell();
    CHECK_OK(vch_package_extract(&bytes, &size, &package, 0, 1, &v.arena, &v.complaint));
    CHECK_OK(vch_package_decode(&part, bytes, size, &v.arena, NULL, &v.complaint));
    CHECK(!vch_segment_is_held(part.graph, 0, part.graph->operator_count));
    v.package = &part;
    CHECK_OK(verify());
    CHECK_VERDICT(&v, PROOF, SHOWN, "");
    v.package = NULL; // but its manifest
    v.policy.owner_count = 1;
    CHECK_FAILS(verify(), BAD_PROOF);
    CHECK_VERDICT(&v, PROOF, NOT_SHOWN, "pass --model");
    CHECK_VERDICT(&v, INPUT, NOT_SHOWN, "");
    vouchers_release(&v);
}

TEST(proofs_with_a_gap_are_not_shown_and_name_it)
{
    tell();
    v.results[2].proof = NULL;
    CHECK_FAILS(verify(), BAD_PROOF);
    CHECK_VERDICT(&v, PROOF, NOT_SHOWN, "3 of 4 segments are proven, but not segment 2");
    CHECK_VERDICT(&v, ENDS, NOT_SHOWN, "");
    v.opening = &opening; // running it again shows the ends; the nodes' segment is still unproven
    CHECK_FAILS(verify(), BAD_PROOF);
    CHECK_VERDICT(&v, PROOF, NOT_SHOWN, "which nodes ran");
    CHECK_VERDICT(&v, ENDS, SHOWN, "run again");
    vouchers_release(&v);
}

TEST(proofs_of_nodes_segments_and_the_clients_run_again_show_the_whole)
{
    tell();
    v.results[0] = v.results[1], v.results[1] = v.results[2]; // nothing of segments 0 and 3
    v.voucher.result_count = 2;
    CHECK_FAILS(verify(), BAD_PROOF);
    CHECK_VERDICT(&v, PROOF, NOT_SHOWN, "not segment 0 (operators 0 to");
    v.opening = &opening;
    CHECK_OK(verify());
    CHECK_VERDICT(&v, PROOF, SHOWN, "the client's own were run again");
    vouchers_release(&v);
}

TEST(proofs_that_change_places_are_lies)
{
    struct vch_segment_proof first;

    tell();
    first = proofs[1];
    proofs[1] = proofs[2], proofs[2] = first;
    CHECK_LIE("about another input");
    tell();
    proofs[1].proof = proofs[2].proof; // the roots are right, and the same size
    CHECK_LIE("segment 1 does not verify");
}

TEST(proofs_of_another_job_are_lies)
{
    tell();
    v.job.nonce.bytes[0] ^= 1;
    vouchers_ask(&v);
    vote(); // honest votes, for the new job
    CHECK_LIE("does not verify");
    tell();
    v.job.batch--; // the same proofs, as if they were about fewer samples
    v.boundaries[0] = v.job.input = commit(0);
    vote();
    CHECK_FAILS(verify(), BAD_PROOF);
    CHECK(vouchers_verdict(&v, VCH_CLAIM_PROOF) == VCH_VERDICT_FALSE);
    vouchers_release(&v);
}

// Each proof is right, but they are not about one run.
TEST(proofs_that_do_not_join_are_lies)
{
    tell();
    struct vch_tensor other = crossings[SEGMENTS - 1], output;
    size_t size = vch_tensor_size(&other) * v.job.batch;
    other.data = vch_arena_alloc(&v.arena, size, 1);
    for (size_t i = 0; i < size; i++)
        ((int8_t *)other.data)[i] = (int8_t)(((int8_t *)crossings[SEGMENTS - 1].data)[i] / 2 + 1);
    proofs[SEGMENTS - 1] = prove(SEGMENTS - 1, &other, &output);
    crossings[SEGMENTS] = output; // the client's output is what that gives
    v.voucher.output = commit(SEGMENTS);
    CHECK_LIE("segment 3 is about another input");
    tell();
    v.voucher.output.bytes[3] ^= 1;
    CHECK_LIE("segment 3 is about another output");
    tell();
    proofs[0].input_root.bytes[3] ^= 1;
    CHECK_LIE("segment 0 is about another input");
}

// The votes say another thing than the proofs: one of them lies, and so does the voucher.
TEST(proofs_of_another_output_than_was_voted_for_are_lies)
{
    tell();
    v.boundaries[2].bytes[0] ^= 1;
    vote();
    CHECK_LIE("about another");
}

TEST(proofs_under_an_annex_of_another_owner_are_lies)
{
    struct vch_annex annex;

    tell();
    make_annex(&v.stranger); // of the same parameters, and made by the rules
    prove_all();
    CHECK_LIE("another owner");
    tell();
    uint8_t *forged = vch_arena_alloc(&v.arena, annex_size, 1);
    memcpy(forged, annex_bytes, annex_size);
    read_annex(&annex);
    for (size_t i = 0; i + sizeof annex.signature <= annex_size; i++)
        if (memcmp(forged + i, &annex.signature, sizeof annex.signature) == 0) forged[i] ^= 1;
    proofs[1].annex = forged;
    CHECK_LIE("its owner did not sign");
    tell();
    proofs[1].annex_size--;
    CHECK_LIE("an annex that is none");
}

// The owner's annex of another model of the same shape: other weights.
TEST(proofs_with_the_weights_of_another_model_are_lies)
{
    static struct vch_package right;

    tell();
    right = package;
    make_package(make_graph());
    make_annex(&v.owner);
    for (uint32_t i = 0; i < SEGMENTS; i++)
        proofs[i] = prove(i, &crossings[i], NULL);
    v.package = &right;
    CHECK_LIE("");
}

TEST(proofs_of_changed_length_or_with_a_flipped_bit_are_lies)
{
    for (int i = 0; i < 12; i++) {
        tell();
        struct vch_segment_proof *proof = &proofs[test_below(SEGMENTS)];
        uint8_t *bytes = vch_arena_alloc(&v.arena, proof->proof_size + 1, 1);
        memcpy(bytes, proof->proof, proof->proof_size);
        proof->proof = bytes;
        if (i == 0)
            proof->proof_size--;
        else if (i == 1)
            proof->proof_size++;
        else
            bytes[test_below((uint32_t)proof->proof_size)] ^= (uint8_t)(1u << test_below(8));
        CHECK_LIE("does not verify");
    }
}

// An annex that was verified is not again; one that differs in a bit is.
TEST(proofs_under_a_known_annex_are_judged_as_under_any_other)
{
    static struct vch_proofs_known known;
    uint32_t values[SEGMENTS + 1];

    tell();
    known = (struct vch_proofs_known){0};
    CHECK_OK(vch_rerun_plan(values, &v.job, package.graph, &v.arena, &v.complaint));
    const struct vch_proofs all = {.job = &v.job,
                                   .job_id = v.job_id,
                                   .package = &package,
                                   .values = values,
                                   .owner = v.owner.public_key,
                                   .known = &known,
                                   .level = VCH_CPU_PORTABLE};
    for (uint32_t i = 0; i < SEGMENTS; i++)
        CHECK_OK(vch_proofs_verify(&all, i, &proofs[i], &v.arena, &v.complaint));
    CHECK_EQ(known.count, 1);
    CHECK_FAILS(vch_proofs_verify(&all, 0, &proofs[1], &v.arena, &v.complaint), BAD_PROOF);
    for (int i = 0; i < 20; i++) {
        uint8_t *bytes = vch_arena_alloc(&v.arena, annex_size, 1);
        memcpy(bytes, annex_bytes, annex_size);
        bytes[test_below((uint32_t)annex_size)] ^= (uint8_t)(1u << test_below(8));
        struct vch_segment_proof forged = proofs[0];
        forged.annex = bytes;
        CHECK(!vch_is_ok(vch_proofs_verify(&all, 0, &forged, &v.arena, &v.complaint)));
    }
    CHECK_EQ(known.count, 1);
    struct vch_package another = package; // of which the annex is not
    struct vch_proofs others = all;
    another.identity.bytes[0] ^= 1;
    others.package = &another;
    CHECK_FAILS(vch_proofs_verify(&others, 0, &proofs[0], &v.arena, &v.complaint), BAD_PROOF);
    vouchers_release(&v);
}

TEST(proofs_rest_on_an_owner_that_the_reader_knows)
{
    tell();
    package.owner = v.stranger.public_key; // the reader holds it from somebody else
    CHECK_FAILS(verify(), BAD_PROOF);
    CHECK_VERDICT(&v, MODEL, NOT_SHOWN, "another owner");
    CHECK_VERDICT(&v, PROOF, NOT_SHOWN, "rest on the owner");
    vouchers_release(&v);
}
