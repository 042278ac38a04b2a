// Statements about the annex itself.
#include "harness/circuits_prove.h"

enum { ROUNDS = 30 };

static struct vch_arena arena;

TEST(annexes_have_circuits_for_their_ranges_and_links)
{
    const struct vch_digest root = {{0}};
    struct vch_complaint complaint = {.text = ""};
    struct circuits c;
    uint64_t *cells;

    for (int i = 0; i < ROUNDS; i++) {
        vch_arena_init(&arena, (size_t)1 << 30);
        const struct vch_graph *graph = graphs_random_mlp(&arena);
        CHECK_OK(circuits_build(&c, graph, 0, graph->operator_count, 1, &arena));
        CHECK_OK(vch_circuit_build_ranges(&c.circuit, &c.claim.model, &root, &arena, &complaint));
        CHECK_OK(vch_witness_make_ranges(&cells, &c.circuit, &c.claim.model, &arena, &complaint));
        CHECK_OK(vch_statement_check_witness(&c.circuit.statement, cells, &arena, &complaint));
        const uint32_t count = (uint32_t)vch_circuit_annex_cells(&c.claim.model);
        cells[test_below(count)] = (uint64_t)1 << 61; // beyond every type and bound
        CHECK_FAILS(vch_statement_check_witness(&c.circuit.statement, cells, &arena, NULL),
                    BAD_PROOF);

        CHECK_OK(
            vch_circuit_build_link(&c.circuit, &c.claim.model, &root, &root, &arena, &complaint));
        CHECK_OK(vch_witness_make_link(&cells, &c.circuit, &c.claim.model, &arena, &complaint));
        CHECK_OK(vch_statement_check_witness(&c.circuit.statement, cells, &arena, &complaint));
        cells[test_below(count)]++;
        CHECK_FAILS(vch_statement_check_witness(&c.circuit.statement, cells, &arena, NULL),
                    BAD_PROOF);
        vch_arena_release(&arena);
    }
}

// A proof of these cells, forced whatever they say: does a verifier believe it?
static vch_status believe(struct circuits *c, uint64_t *cells)
{
    const struct vch_arena_mark mark = vch_arena_mark(&arena);
    struct vch_statement *s = &c->circuit.statement;
    struct vch_oracle oracles[VCH_CIRCUIT_WITNESS];
    struct vch_encoder encoder;
    struct vch_proof_input input = {.cells = cells, .encoder = &encoder, .seed = {7}};
    struct vch_prover *prover = VCH_ARENA_NEW(&arena, struct vch_prover, 1);
    const size_t size = vch_statement_proof_size(s);
    uint8_t *proof = VCH_ARENA_NEW(&arena, uint8_t, size);

    CHECK(prover != NULL && proof != NULL);
    CHECK_OK(vch_encoder_init(&encoder, &arena, vch_cpu_level(NULL), s->log_columns));
    for (uint32_t i = 0; i + 1 < s->oracle_count; i++) {
        const struct vch_oracle_matrix matrix = {.cells = cells + vch_witness_first(s, i),
                                                 .row_count = s->oracles[i].rows,
                                                 .seed = circuits_seeds[i]};
        CHECK_OK(vch_oracle_prove(&oracles[i], &matrix, &encoder, true, &arena, NULL));
        s->oracles[i].root = oracles[i].root;
        input.oracles[i] = &oracles[i];
    }
    *prover = (struct vch_prover){
        .statement = s, .input = &input, .arena = &arena, .tamper = circuits_no_tampering};
    CHECK_OK(vch_prover_run(prover, proof));
    const vch_status status = vch_proof_verify(s, proof, size, vch_cpu_level(NULL), &arena, NULL);
    vch_arena_rewind(&arena, mark);
    return status;
}

// A weight, a bias and a copy of one that are not what they should be.
TEST(no_verifier_believes_an_annex_of_other_numbers)
{
    static const int64_t weights[] = {-128, 128, 255, -255, (int64_t)1 << 31, INT64_MAX};
    const struct vch_digest root = {{0}};
    struct graphs build;
    struct circuits c;
    uint64_t *cells;

    vch_arena_init(&arena, (size_t)1 << 30);
    graphs_init(&build, &arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 5, 0, 0));
    graphs_output(&build, graphs_linear(&build, x, 3, VCH_TYPE_I8));
    const struct vch_graph *graph = graphs_finish(&build);
    CHECK_OK(circuits_build(&c, graph, 0, 1, 1, &arena));
    CHECK_OK(vch_circuit_build_ranges(&c.circuit, &c.claim.model, &root, &arena, &c.complaint));
    CHECK_OK(vch_witness_make_ranges(&cells, &c.circuit, &c.claim.model, &arena, &c.complaint));
    CHECK_OK(believe(&c, cells));
    FOR_EACH(weight, weights)
    {
        const uint64_t before = cells[4];
        cells[4] = vch_fp_from_i64(*weight);
        CHECK_FAILS(believe(&c, cells), BAD_PROOF);
        cells[4] = before;
    }
    const uint64_t bias = cells[15], bound = graph->operators[0].bias_bound;
    const bool has_bias = graph->operators[0].parameter_count > 1;
    for (int sign = 0; sign < 2 && has_bias; sign++) {
        cells[15] = sign != 0 ? vch_fp_neg(bound + 1) : bound + 1;
        CHECK_FAILS(believe(&c, cells), BAD_PROOF);
    }
    cells[15] = bias;
    CHECK_OK(believe(&c, cells));

    CHECK_OK(
        vch_circuit_build_link(&c.circuit, &c.claim.model, &root, &root, &arena, &c.complaint));
    CHECK_OK(vch_witness_make_link(&cells, &c.circuit, &c.claim.model, &arena, &c.complaint));
    CHECK_OK(believe(&c, cells));
    uint64_t *last = &cells[has_bias ? 17 : 14]; // that means something
    *last = vch_fp_add(*last, 1);
    CHECK_FAILS(believe(&c, cells), BAD_PROOF);
    vch_arena_release(&arena);
}
