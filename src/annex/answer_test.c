// From a model.graph to an annex, a proof, a verdict; and what somebody says who has the
// model.owner's key, the annex's key, or neither, and lies.
#include <string.h>

#include "annex/annex_verify.h"
#include "annex/answer_verify.h"
#include "harness/answers.h"

static struct answers model;

static struct vch_answer_input reading(const struct vch_annex *annex,
                                       const struct answers_proof *proven)
{
    return (struct vch_answer_input){
        .graph = model.graph,
        .identity = model.identity,
        .annex = annex,
        .proof = &proven->file,
        .owner_count = 1,
        .owners = &model.owner.public_key,
        .verify_owner = vch_annex_verify_owner,
    };
}

static enum vch_answer_verdict verdict(const struct vch_answer_input *input,
                                       enum vch_answer_claim claim, bool is_accepted)
{
    static struct vch_answer_report report;

    vch_status status = vch_answer_verify(&report, input, &model.arena, &model.complaint);
    CHECK_EQ(status.code, is_accepted ? VCH_CODE_NONE : VCH_CODE_BAD_PROOF);
    CHECK(report.findings[claim].reason[0] != '\0');
    return report.findings[claim].verdict;
}

TEST(answer_is_proven_and_shown)
{
    struct vch_annex annex;
    struct answers_proof proven;

    answers_start(&model);
    annex = model.annex;
    answers_prove(&proven, &model, &annex, model.seed);
    struct vch_answer_input input = reading(&annex, &proven);
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, true), VCH_ANSWER_SHOWN);
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_INPUT, true), VCH_ANSWER_NOT_SHOWN);
    input.opening = &proven.opening;
    input.job = &proven.order.job;
    for (enum vch_answer_claim claim = 0; claim < VCH_ANSWER_CLAIM_COUNT; claim++)
        CHECK_EQ(verdict(&input, claim, true), VCH_ANSWER_SHOWN);
    vch_arena_release(&model.arena);
}

static void keep_weights(struct vch_oracle *out, struct vch_encoder *encoder, const uint8_t *seed)
{
    struct vch_annex_order order;

    answers_order_annex(&order, &model, seed);
    uint64_t *cells =
        VCH_ARENA_NEW(&model.arena, uint64_t, (size_t)model.annex.rows << order.model.log_columns);
    CHECK(cells != NULL);
    vch_circuit_fill_annex(cells, &order.model);
    CHECK_OK(vch_encoder_init(encoder, &model.arena, order.level, order.model.log_columns));
    CHECK_OK(
        vch_annex_prove_oracle(out, cells, model.annex.rows, seed, encoder, &model.arena, NULL));
}

// Whoever keeps the weights' commitment makes the same proof; one that is another root's is seen.
TEST(answer_may_be_proven_with_a_commitment_that_was_kept)
{
    struct vch_annex annex;
    struct answers_proof proven;
    struct vch_oracle weights;
    struct vch_encoder encoder;
    struct vch_answer answer;
    struct vch_proof_file file;

    answers_start(&model);
    annex = model.annex;
    answers_prove(&proven, &model, &annex, model.seed);
    keep_weights(&weights, &encoder, model.seed);
    proven.order.weights = &weights;
    CHECK_OK(vch_answer_prove_begin(&answer, &proven.order, &model.arena, &model.complaint));
    CHECK_OK(vch_answer_prove(&file, &answer, &model.arena, &model.complaint));
    CHECK(file.proof_size == proven.file.proof_size &&
          memcmp(file.proof, proven.file.proof, file.proof_size) == 0);
    keep_weights(&weights, &encoder, model.next_seed);
    CHECK_FAILS(vch_answer_prove_begin(&answer, &proven.order, &model.arena, NULL), REFUSED);
    vch_arena_release(&model.arena);
}

TEST(answer_needs_the_owners_word)
{
    struct vch_annex annex;
    struct answers_proof proven;
    struct vch_public_key other = {{1}};

    answers_start(&model);
    annex = model.annex;
    answers_prove(&proven, &model, &annex, model.seed);
    struct vch_answer_input input = reading(&annex, &proven);
    input.owners = &other;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_WEIGHTS, false), VCH_ANSWER_NOT_SHOWN);
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, false), VCH_ANSWER_SHOWN);
    input = reading(&annex, &proven);
    input.verify_owner = NULL; // a reader without Ed25519
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_WEIGHTS, false), VCH_ANSWER_NOT_SHOWN);
    input = reading(&annex, &proven);
    annex.signature.bytes[0] ^= 1;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_WEIGHTS, false), VCH_ANSWER_FALSE);
    vch_arena_release(&model.arena);
}

// Each of these is one number of the statement.
TEST(answer_is_that_of_its_statement_alone)
{
    struct vch_annex annex;
    struct answers_proof honest, lying;

    answers_start(&model);
    annex = model.annex;
    answers_prove(&honest, &model, &annex, model.seed);
    struct vch_answer_input input = reading(&annex, &lying);
    lying = honest;
    lying.file.job.bytes[31] ^= 1;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, false), VCH_ANSWER_FALSE);
    lying = honest;
    lying.file.batch = ANSWERS_BATCH - 1;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, false), VCH_ANSWER_FALSE);
    lying = honest;
    lying.file.input.bytes[0] ^= 1;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, false), VCH_ANSWER_FALSE);
    lying = honest;
    lying.file.input = honest.file.output;
    lying.file.output = honest.file.input;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, false), VCH_ANSWER_FALSE);
    lying = honest;
    lying.file.annex.bytes[0] ^= 1;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_WEIGHTS, false), VCH_ANSWER_FALSE);
    lying = honest;
    lying.file.model.bytes[0] ^= 1;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_MODEL, false), VCH_ANSWER_FALSE);
    lying = honest;
    lying.file.last = model.graph->operator_count + 1;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, false), VCH_ANSWER_FALSE);
    lying = honest;
    lying.file.proof_size--;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, false), VCH_ANSWER_FALSE);
    vch_arena_release(&model.arena);
}

TEST(answer_opens_to_its_own_numbers_alone)
{
    struct vch_annex annex;
    struct answers_proof proven;
    uint8_t *changed = NULL;

    answers_start(&model);
    annex = model.annex;
    answers_prove(&proven, &model, &annex, model.seed);
    struct vch_answer_input input = reading(&annex, &proven);
    input.opening = &proven.opening;
    const size_t room = proven.opening.output.values[0].size;
    changed = vch_arena_alloc(&model.arena, room, 1);
    memcpy(changed, proven.opening.output.values[0].data, room);
    changed[test_below((uint32_t)room)] ^= 1;
    proven.opening.output.values[0].data = changed;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_OUTPUT, false), VCH_ANSWER_FALSE);
    proven.opening.output.values[0].size--; // and of another size
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_OUTPUT, false), VCH_ANSWER_FALSE);
    proven.opening.input.seed[0] ^= 1;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_INPUT, false), VCH_ANSWER_FALSE);
    proven.opening.batch = 1;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_INPUT, false), VCH_ANSWER_FALSE);
    vch_arena_release(&model.arena);
}

TEST(answer_of_a_later_epoch_is_shown_by_the_chain_of_links)
{
    struct vch_annex annex, later;
    struct vch_annex_link link, again;
    struct vch_annex_order order;
    struct answers_proof before, after;
    uint8_t *bytes = NULL;
    size_t size = 0;

    answers_start(&model);
    annex = model.annex;
    answers_prove(&before, &model, &annex, model.seed);
    answers_order_annex(&order, &model, model.next_seed);
    CHECK_FAILS(vch_annex_prove_link(&link, &annex, model.next_seed, &order, &model.arena, NULL),
                REFUSED);
    CHECK_OK(
        vch_annex_prove_link(&link, &annex, model.seed, &order, &model.arena, &model.complaint));
    CHECK_OK(
        vch_annex_prove_link(&again, &annex, model.seed, &order, &model.arena, &model.complaint));
    CHECK(link.proof_size == again.proof_size &&
          memcmp(link.proof, again.proof, link.proof_size) == 0);
    CHECK_OK(vch_annex_extend(&bytes, &size, model.annex_bytes, model.annex_size, &link,
                              &model.arena, &model.complaint));
    CHECK_OK(vch_annex_decode(&later, bytes, size, &model.arena, NULL));
    answers_prove(&after, &model, &later, model.next_seed);
    struct vch_answer_input input = reading(&later, &after);
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_WEIGHTS, true), VCH_ANSWER_SHOWN);
    input = reading(&later, &before);
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, true), VCH_ANSWER_SHOWN);
    input = reading(&annex, &after); // a reader who has the old annex only
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_WEIGHTS, false), VCH_ANSWER_FALSE);
    // With another's key nothing is proven.
    answers_order(&after.order, &model, &later, model.seed);
    CHECK_FAILS(vch_answer_prove_begin(&after.answer, &after.order, &model.arena, NULL), REFUSED);
    vch_arena_release(&model.arena);
}

// A holder of the annex's key puts other weights behind a link; the model.owner's word is on the
// base.
// Making an annex of one root again, after an interruption, opens no other columns of it.
TEST(annex_of_one_seed_is_one_proof)
{
    struct vch_annex_order order;
    struct vch_annex again;
    uint8_t *bytes = NULL;
    size_t size = 0;

    answers_start(&model);
    answers_order_annex(&order, &model, model.seed);
    CHECK_OK(vch_annex_prove(&bytes, &size, &order, 7, &model.owner, &model.arena, NULL));
    CHECK_OK(vch_annex_decode(&again, bytes, size, &model.arena, NULL));
    CHECK(again.ranges_size == model.annex.ranges_size &&
          memcmp(again.ranges, model.annex.ranges, again.ranges_size) == 0);
    vch_arena_release(&model.arena);
}

TEST(annex_links_hold_the_same_numbers)
{
    struct vch_annex annex, other, lying;
    struct vch_annex_link link;
    struct vch_annex_order order;
    uint8_t *bytes = NULL, *other_bytes = NULL;
    size_t size = 0, other_size = 0;

    answers_start(&model);
    annex = model.annex;
    answers_order_annex(&order, &model, model.next_seed);
    CHECK_OK(
        vch_annex_prove_link(&link, &annex, model.seed, &order, &model.arena, &model.complaint));
    // The same parameters but for one number.
    struct vch_parameter *parameter =
        &model.graph->parameters[model.graph->operators[0].parameters[0]];
    int8_t *weights = (int8_t *)(uintptr_t)parameter->data;
    CHECK_EQ(parameter->type, VCH_TYPE_I8);
    const int8_t before = weights[0];
    weights[0] = (int8_t)(before == 5 ? 6 : 5);
    answers_make_annex(&other, &other_bytes, &other_size, &model);
    link.root = other.root;
    CHECK_OK(vch_annex_extend(&bytes, &size, model.annex_bytes, model.annex_size, &link,
                              &model.arena, &model.complaint));
    CHECK_OK(vch_annex_decode(&lying, bytes, size, &model.arena, NULL));
    CHECK_OK(vch_annex_verify(&lying, 0, model.graph, &model.identity, VCH_CPU_PORTABLE,
                              &model.arena, NULL));
    CHECK_FAILS(vch_annex_verify(&lying, 1, model.graph, &model.identity, VCH_CPU_PORTABLE,
                                 &model.arena, NULL),
                BAD_PROOF);
    CHECK_FAILS(vch_annex_prove_link(&link, &annex, model.seed, &order, &model.arena, NULL),
                REFUSED);
    weights[0] = before;
    vch_arena_release(&model.arena);
}

TEST(annex_holds_what_is_in_range_only)
{
    struct vch_annex_order order;
    uint8_t *bytes = NULL;
    size_t size = 0;

    answers_start(&model);
    struct vch_parameter *parameter =
        &model.graph->parameters[model.graph->operators[0].parameters[0]];
    int8_t *weights = (int8_t *)(uintptr_t)parameter->data;
    const int8_t before = weights[0];
    weights[0] = INT8_MIN;
    answers_order_annex(&order, &model, model.seed);
    CHECK_FAILS(vch_annex_prove(&bytes, &size, &order, 0, &model.owner, &model.arena, NULL),
                BAD_PROOF);
    weights[0] = before;
    vch_arena_release(&model.arena);
}

// The model.owner signs what they like: a layout that the model does not have is refused all the
// same.
TEST(annex_has_the_models_layout)
{
    struct vch_annex annex, lying;
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct vch_digest other = {{1}};

    answers_start(&model);
    annex = model.annex;
    CHECK_OK(vch_annex_verify(&annex, 0, model.graph, &model.identity, VCH_CPU_PORTABLE,
                              &model.arena, NULL));
    CHECK_FAILS(
        vch_annex_verify(&annex, 0, model.graph, &other, VCH_CPU_PORTABLE, &model.arena, NULL),
        BAD_PROOF);
    CHECK_FAILS(vch_annex_verify(&annex, 1, model.graph, &model.identity, VCH_CPU_PORTABLE,
                                 &model.arena, NULL),
                USAGE);
    lying = annex;
    lying.rows++;
    CHECK_OK(vch_annex_encode(&bytes, &size, &lying, &model.owner, &model.arena, NULL));
    CHECK_OK(vch_annex_decode(&lying, bytes, size, &model.arena, NULL));
    CHECK_OK(vch_annex_verify_owner(&lying));
    CHECK_FAILS(vch_annex_verify(&lying, 0, model.graph, &model.identity, VCH_CPU_PORTABLE,
                                 &model.arena, NULL),
                BAD_PROOF);
    lying = annex;
    lying.parameter_count--;
    CHECK_OK(vch_annex_encode(&bytes, &size, &lying, &model.owner, &model.arena, NULL));
    CHECK_OK(vch_annex_decode(&lying, bytes, size, &model.arena, NULL));
    CHECK_FAILS(vch_annex_verify(&lying, 0, model.graph, &model.identity, VCH_CPU_PORTABLE,
                                 &model.arena, NULL),
                BAD_PROOF);
    uint32_t beyond[] = {model.graph->parameter_count};
    lying = annex;
    lying.parameters = beyond;
    lying.parameter_count = 1;
    CHECK_FAILS(vch_annex_verify(&lying, 0, model.graph, &model.identity, VCH_CPU_PORTABLE,
                                 &model.arena, NULL),
                BAD_PROOF);
    vch_arena_release(&model.arena);
}
