// From a graph to a proof and back: honest runs verify, lies do not.
#include "harness/circuits_prove.h"

#include "field/field.h"

static struct vch_arena arena;

static void init(void)
{
    vch_arena_init(&arena, (size_t)2 << 30);
}

// All operators that are sums or moves, in one network.
static const struct vch_graph *network(void)
{
    struct graphs build;

    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 2, 6, 5));
    uint32_t y = graphs_convolution(&build, x, 4, 3, 1, 1, VCH_TYPE_I16);
    y = graphs_convolution(&build, graphs_relu(&build, y), 2, 3, 1, 2, VCH_TYPE_I8);
    x = graphs_add(&build, x, graphs_table(&build, y, VCH_TYPE_I16), VCH_TYPE_I16);
    x = graphs_average_pool(&build, graphs_pad(&build, x), 3, 2);
    x = graphs_flatten(&build, graphs_transpose(&build, x));
    const uint32_t count = build.graph->values[x].shape.dims[0];
    const uint32_t row = graphs_reshape(&build, x, graphs_shape(2, 1, count, 0));
    x = graphs_matmul(&build, graphs_reshape(&build, x, graphs_shape(2, count, 1, 0)), row,
                      VCH_TYPE_I32);
    graphs_output(&build, graphs_rescale(&build, graphs_slice(&build, x), VCH_TYPE_I8));
    graphs_output(&build, graphs_linear(&build, graphs_multiply(&build, row, row, VCH_TYPE_I8), 3,
                                        VCH_TYPE_I32));
    return graphs_finish(&build);
}

TEST(what_ran_is_proven_and_verifies)
{
    for (int i = 0; i < 4; i++) {
        struct circuits c;
        struct circuits_proof p;
        init();
        circuits_make(&c, i < 2 ? network() : graphs_random_mlp(&arena), 1 + test_below(3), &arena);
        circuits_commit(&p, &c);
        circuits_must(&c, circuits_prove(&p));
        circuits_must(&c, circuits_verify(&p, &c.circuit.statement));
        vch_arena_release(&arena);
    }
}

// Whoever verifies builds the statement from public facts alone.
static vch_status verify_anew(const struct circuits_proof *p, struct vch_circuit_claim claim)
{
    struct vch_circuit circuit;

    CHECK_OK(vch_circuit_build(&circuit, &claim, &arena, NULL));
    return circuits_verify(p, &circuit.statement);
}

TEST(a_proof_is_of_one_model_range_batch_job_and_roots)
{
    struct circuits c;
    struct circuits_proof p;

    init();
    circuits_make(&c, network(), 1, &arena);
    circuits_commit(&p, &c);
    circuits_must(&c, circuits_prove(&p));
    c.claim.annex_root = p.oracles[VCH_CIRCUIT_ANNEX].root;
    c.claim.input_root = p.oracles[VCH_CIRCUIT_INPUT].root;
    c.claim.output_root = p.oracles[VCH_CIRCUIT_OUTPUT].root;
    circuits_must(&c, verify_anew(&p, c.claim));
    uint8_t *const bytes[] = {
        c.claim.model.identity.bytes, c.claim.annex.bytes,      c.claim.job.bytes,
        c.claim.annex_root.bytes,     c.claim.input_root.bytes, c.claim.output_root.bytes,
    };
    FOR_EACH(byte, bytes)
    {
        uint8_t *at = *byte + test_below(32);
        *at ^= 1;
        CHECK_FAILS(verify_anew(&p, c.claim), BAD_PROOF);
        *at ^= 1;
    }
    vch_arena_release(&arena);
}

// The lie's cell, by how many; then everything else made to fit.
static bool is_believed(struct circuits *c, uint32_t number, int64_t by)
{
    struct circuits_proof p;
    uint64_t *cell = &c->witness.cells[number];
    const uint64_t before = *cell;

    *cell = vch_fp_add(before, vch_fp_from_i64(by));
    circuits_cover_up(c);
    circuits_commit(&p, c);
    CHECK_FAILS(circuits_prove(&p), BAD_PROOF);
    circuits_force(&p);
    const vch_status status = circuits_verify(&p, &c->circuit.statement);
    CHECK(vch_is_ok(status) || status.code == VCH_CODE_BAD_PROOF);
    *cell = before;
    return vch_is_ok(status);
}

TEST(lies_are_not_believed)
{
    struct circuits c;

    init();
    circuits_make(&c, network(), 1, &arena);
    for (uint32_t i = 0; i < c.circuit.hint_count; i++) {
        const struct vch_hint *hint = &c.circuit.hints[i];
        if (hint->kind != VCH_HINT_VALUE) continue;
        const struct vch_arena_mark mark = vch_arena_mark(&arena);
        CHECK(!is_believed(&c, hint->cells + test_below(hint->grid.rows), test_below(2) ? 1 : -1));
        vch_arena_rewind(&arena, mark);
    }
    const struct vch_statement *s = &c.circuit.statement;
    for (uint32_t oracle = VCH_CIRCUIT_INPUT; oracle < VCH_CIRCUIT_WITNESS; oracle++)
        CHECK(!is_believed(&c, (uint32_t)vch_witness_first(s, oracle), 300));
    vch_arena_release(&arena);
}

// M = 20000, s = 50: for the input 12345 the quotient 16384 has a remainder modulo p.
TEST(a_quotient_that_wraps_around_the_field_is_not_believed)
{
    static const int32_t multiplier = 20000;
    static const uint32_t shift = 50;
    struct graphs build;
    struct circuits c;

    init();
    graphs_init(&build, &arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I16, graphs_shape(1, 1, 0, 0));
    const uint32_t y = graphs_rescale(&build, x, VCH_TYPE_I16);
    graphs_writer(&build, y)->scaling = (struct vch_scaling){1, &multiplier, &shift, -32767, 32767};
    graphs_output(&build, y);
    const struct vch_graph *graph = graphs_finish(&build);
    circuits_must(&c, circuits_build(&c, graph, 0, 1, 1, &arena));
    circuits_random_inputs(&c);
    *(int16_t *)c.inputs[0].data = 12345;
    circuits_witness(&c);
    CHECK(c.witness.cells != NULL);
    c.witness.cells[vch_witness_first(&c.circuit.statement, VCH_CIRCUIT_OUTPUT)] = 16384;
    CHECK(!is_believed(&c, circuits_value(&c, y), 16384));
    vch_arena_release(&arena);
}
