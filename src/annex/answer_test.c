// From a graph to an annex, a proof, a verdict; and what somebody says who has the owner's key, the
// annex's key, or neither, and lies.
#include <string.h>

#include "annex/annex_prove.h"
#include "annex/annex_verify.h"
#include "annex/answer_prove.h"
#include "annex/answer_verify.h"
#include "base/bytes.h"
#include "harness/graphs.h"
#include "harness/test.h"

enum { BATCH = 2, COLUMNS = 9 };

static struct vch_arena arena;
static struct vch_complaint complaint;
static struct vch_graph *graph;
static struct vch_digest identity;
static struct vch_secret_key owner;
static struct vch_kernels kernels;
static uint8_t seed[32], next_seed[32];
static struct vch_tensor inputs[VCH_GRAPH_PORTS_MAX];

static void fill(uint8_t *out)
{
    for (int i = 0; i < 32; i++)
        out[i] = (uint8_t)test_below(256);
}

static void order_annex(struct vch_annex_order *out, const uint8_t *root_seed)
{
    uint32_t *held = VCH_ARENA_NEW(&arena, uint32_t, graph->parameter_count);

    for (uint32_t i = 0; i < graph->parameter_count; i++)
        held[i] = i;
    *out = (struct vch_annex_order){.model = {.graph = graph,
                                              .identity = identity,
                                              .log_columns = COLUMNS,
                                              .held_count = graph->parameter_count,
                                              .held = held}};
    memcpy(out->seed, root_seed, sizeof out->seed);
    fill(out->proof_seed);
}

static void decode(struct vch_annex *out, const uint8_t *bytes, size_t size)
{
    CHECK_OK(vch_annex_decode(out, bytes, size, &arena, &complaint));
}

static void make_annex(struct vch_annex *out, uint8_t **bytes, size_t *size)
{
    struct vch_annex_order order;

    order_annex(&order, seed);
    CHECK_OK(vch_annex_prove(bytes, size, &order, 0, &owner, &arena, &complaint));
    decode(out, *bytes, *size);
}

static void start(void)
{
    uint8_t owner_seed[VCH_SIGN_SEED_SIZE];

    vch_arena_init(&arena, (size_t)1 << 30);
    complaint.text[0] = '\0';
    kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    graph = graphs_random_mlp(&arena);
    fill(identity.bytes);
    fill(owner_seed);
    fill(seed);
    fill(next_seed);
    vch_sign_key(&owner, owner_seed);
    for (uint32_t i = 0; i < graph->input_count; i++)
        inputs[i] = graphs_random_tensor(graph, graph->inputs[i].value, BATCH, &arena);
}

static void order_answer(struct vch_answer_order *out, const struct vch_annex *annex,
                         const uint8_t *annex_seed)
{
    *out = (struct vch_answer_order){
        .graph = graph,
        .annex = annex,
        .last = graph->operator_count,
        .batch = BATCH,
        .inputs = inputs,
        .kernels = &kernels,
    };
    memcpy(out->annex_seed, annex_seed, sizeof out->annex_seed);
    fill(out->job.bytes);
    fill(out->input_seed);
    fill(out->output_seed);
    fill(out->proof_seed);
}

struct proven {
    struct vch_answer_order order;
    struct vch_answer answer;
    struct vch_proof_file file;
    struct vch_proof_opening opening;
};

static void fill_boundary(struct vch_proof_boundary *out, const uint8_t *boundary_seed,
                          const struct vch_tensor *tensors, uint32_t count)
{
    memcpy(out->seed, boundary_seed, sizeof out->seed);
    out->count = count;
    for (uint32_t i = 0; i < count; i++) {
        out->values[i].data = tensors[i].data;
        out->values[i].size = BATCH * vch_tensor_size(&tensors[i]);
    }
}

static void prove(struct proven *out, const struct vch_annex *annex, const uint8_t *annex_seed)
{
    order_answer(&out->order, annex, annex_seed);
    CHECK_OK(vch_answer_prove_begin(&out->answer, &out->order, &arena, &complaint));
    CHECK_OK(vch_answer_prove(&out->file, &out->answer, &arena, &complaint));
    out->opening = (struct vch_proof_opening){
        .model = out->file.model, .last = out->file.last, .batch = BATCH};
    fill_boundary(&out->opening.input, out->order.input_seed, inputs, graph->input_count);
    fill_boundary(&out->opening.output, out->order.output_seed, out->answer.witness.outputs,
                  graph->output_count);
}

static struct vch_answer_input reading(const struct vch_annex *annex, const struct proven *proven)
{
    return (struct vch_answer_input){
        .graph = graph,
        .identity = identity,
        .annex = annex,
        .proof = &proven->file,
        .owner_count = 1,
        .owners = &owner.public_key,
        .verify_owner = vch_annex_verify_owner,
    };
}

static enum vch_answer_verdict verdict(const struct vch_answer_input *input,
                                       enum vch_answer_claim claim, bool is_accepted)
{
    static struct vch_answer_report report;

    vch_status status = vch_answer_verify(&report, input, &arena, &complaint);
    CHECK_EQ(status.code, is_accepted ? VCH_CODE_NONE : VCH_CODE_BAD_PROOF);
    CHECK(report.findings[claim].reason[0] != '\0');
    return report.findings[claim].verdict;
}

TEST(answer_is_proven_and_shown)
{
    struct vch_annex annex;
    struct proven proven;
    uint8_t *bytes = NULL;
    size_t size = 0;

    start();
    make_annex(&annex, &bytes, &size);
    prove(&proven, &annex, seed);
    struct vch_answer_input input = reading(&annex, &proven);
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, true), VCH_ANSWER_SHOWN);
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_INPUT, true), VCH_ANSWER_NOT_SHOWN);
    input.opening = &proven.opening;
    input.job = &proven.order.job;
    for (enum vch_answer_claim claim = 0; claim < VCH_ANSWER_CLAIM_COUNT; claim++)
        CHECK_EQ(verdict(&input, claim, true), VCH_ANSWER_SHOWN);
    vch_arena_release(&arena);
}

TEST(answer_needs_the_owners_word)
{
    struct vch_annex annex;
    struct proven proven;
    struct vch_public_key other = {{1}};
    uint8_t *bytes = NULL;
    size_t size = 0;

    start();
    make_annex(&annex, &bytes, &size);
    prove(&proven, &annex, seed);
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
    vch_arena_release(&arena);
}

// Each of these is one number of the statement.
TEST(answer_is_that_of_its_statement_alone)
{
    struct vch_annex annex;
    struct proven honest, lying;
    uint8_t *bytes = NULL;
    size_t size = 0;

    start();
    make_annex(&annex, &bytes, &size);
    prove(&honest, &annex, seed);
    struct vch_answer_input input = reading(&annex, &lying);
    lying = honest;
    lying.file.job.bytes[31] ^= 1;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, false), VCH_ANSWER_FALSE);
    lying = honest;
    lying.file.batch = BATCH - 1;
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
    lying.file.last = graph->operator_count + 1;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, false), VCH_ANSWER_FALSE);
    lying = honest;
    lying.file.proof_size--;
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, false), VCH_ANSWER_FALSE);
    vch_arena_release(&arena);
}

TEST(answer_opens_to_its_own_numbers_alone)
{
    struct vch_annex annex;
    struct proven proven;
    uint8_t *bytes = NULL, *changed = NULL;
    size_t size = 0;

    start();
    make_annex(&annex, &bytes, &size);
    prove(&proven, &annex, seed);
    struct vch_answer_input input = reading(&annex, &proven);
    input.opening = &proven.opening;
    const size_t room = proven.opening.output.values[0].size;
    changed = vch_arena_alloc(&arena, room, 1);
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
    vch_arena_release(&arena);
}

TEST(answer_of_a_later_epoch_is_shown_by_the_chain_of_links)
{
    struct vch_annex annex, later;
    struct vch_annex_link link, again;
    struct vch_annex_order order;
    struct proven before, after;
    uint8_t *bytes = NULL;
    size_t size = 0;

    start();
    make_annex(&annex, &bytes, &size);
    prove(&before, &annex, seed);
    order_annex(&order, next_seed);
    CHECK_FAILS(vch_annex_prove_link(&link, &annex, next_seed, &order, &arena, NULL), REFUSED);
    CHECK_OK(vch_annex_prove_link(&link, &annex, seed, &order, &arena, &complaint));
    fill(order.proof_seed); // which is not the link's
    CHECK_OK(vch_annex_prove_link(&again, &annex, seed, &order, &arena, &complaint));
    CHECK(link.proof_size == again.proof_size &&
          memcmp(link.proof, again.proof, link.proof_size) == 0);
    CHECK_OK(vch_annex_extend(&bytes, &size, bytes, size, &link, &arena, &complaint));
    decode(&later, bytes, size);
    prove(&after, &later, next_seed);
    struct vch_answer_input input = reading(&later, &after);
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_WEIGHTS, true), VCH_ANSWER_SHOWN);
    input = reading(&later, &before);
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_RUN, true), VCH_ANSWER_SHOWN);
    input = reading(&annex, &after); // a reader who has the old annex only
    CHECK_EQ(verdict(&input, VCH_ANSWER_CLAIM_WEIGHTS, false), VCH_ANSWER_FALSE);
    // With another's key nothing is proven.
    order_answer(&after.order, &later, seed);
    CHECK_FAILS(vch_answer_prove_begin(&after.answer, &after.order, &arena, NULL), REFUSED);
    vch_arena_release(&arena);
}

// A holder of the annex's key puts other weights behind a link; the owner's word is on the base.
TEST(annex_links_hold_the_same_numbers)
{
    struct vch_annex annex, other, lying;
    struct vch_annex_link link;
    struct vch_annex_order order;
    uint8_t *bytes = NULL, *other_bytes = NULL;
    size_t size = 0, other_size = 0;

    start();
    make_annex(&annex, &bytes, &size);
    order_annex(&order, next_seed);
    CHECK_OK(vch_annex_prove_link(&link, &annex, seed, &order, &arena, &complaint));
    // The same parameters but for one number.
    struct vch_parameter *parameter = &graph->parameters[graph->operators[0].parameters[0]];
    int8_t *weights = (int8_t *)(uintptr_t)parameter->data;
    CHECK_EQ(parameter->type, VCH_TYPE_I8);
    const int8_t before = weights[0];
    weights[0] = (int8_t)(before == 5 ? 6 : 5);
    make_annex(&other, &other_bytes, &other_size);
    link.root = other.root;
    CHECK_OK(vch_annex_extend(&bytes, &size, bytes, size, &link, &arena, &complaint));
    decode(&lying, bytes, size);
    CHECK_OK(vch_annex_verify(&lying, 0, graph, &identity, VCH_CPU_PORTABLE, &arena, NULL));
    CHECK_FAILS(vch_annex_verify(&lying, 1, graph, &identity, VCH_CPU_PORTABLE, &arena, NULL),
                BAD_PROOF);
    CHECK_FAILS(vch_annex_prove_link(&link, &annex, seed, &order, &arena, NULL), REFUSED);
    weights[0] = before;
    vch_arena_release(&arena);
}

TEST(annex_holds_what_is_in_range_only)
{
    struct vch_annex_order order;
    uint8_t *bytes = NULL;
    size_t size = 0;

    start();
    struct vch_parameter *parameter = &graph->parameters[graph->operators[0].parameters[0]];
    int8_t *weights = (int8_t *)(uintptr_t)parameter->data;
    const int8_t before = weights[0];
    weights[0] = INT8_MIN;
    order_annex(&order, seed);
    CHECK_FAILS(vch_annex_prove(&bytes, &size, &order, 0, &owner, &arena, NULL), BAD_PROOF);
    weights[0] = before;
    vch_arena_release(&arena);
}

// The owner signs what they like: a layout that the model does not have is refused all the same.
TEST(annex_has_the_models_layout)
{
    struct vch_annex annex, lying;
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct vch_digest other = {{1}};

    start();
    make_annex(&annex, &bytes, &size);
    CHECK_OK(vch_annex_verify(&annex, 0, graph, &identity, VCH_CPU_PORTABLE, &arena, NULL));
    CHECK_FAILS(vch_annex_verify(&annex, 0, graph, &other, VCH_CPU_PORTABLE, &arena, NULL),
                BAD_PROOF);
    CHECK_FAILS(vch_annex_verify(&annex, 1, graph, &identity, VCH_CPU_PORTABLE, &arena, NULL),
                USAGE);
    lying = annex;
    lying.rows++;
    CHECK_OK(vch_annex_encode(&bytes, &size, &lying, &owner, &arena, NULL));
    decode(&lying, bytes, size);
    CHECK_OK(vch_annex_verify_owner(&lying));
    CHECK_FAILS(vch_annex_verify(&lying, 0, graph, &identity, VCH_CPU_PORTABLE, &arena, NULL),
                BAD_PROOF);
    lying = annex;
    lying.parameter_count--;
    CHECK_OK(vch_annex_encode(&bytes, &size, &lying, &owner, &arena, NULL));
    decode(&lying, bytes, size);
    CHECK_FAILS(vch_annex_verify(&lying, 0, graph, &identity, VCH_CPU_PORTABLE, &arena, NULL),
                BAD_PROOF);
    uint32_t beyond[] = {graph->parameter_count};
    lying = annex;
    lying.parameters = beyond;
    lying.parameter_count = 1;
    CHECK_FAILS(vch_annex_verify(&lying, 0, graph, &identity, VCH_CPU_PORTABLE, &arena, NULL),
                BAD_PROOF);
    vch_arena_release(&arena);
}
