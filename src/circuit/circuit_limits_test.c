// What has no circuit, or none of this size, is refused with a reason, in little memory.
#include "harness/circuits.h"

static struct vch_arena arena;

static void init(size_t limit)
{
    vch_arena_init(&arena, limit);
}

static const struct vch_graph *network(void)
{
    struct graphs build;

    graphs_init(&build, &arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(3, 2, 6, 6));
    x = graphs_convolution(&build, x, 4, 3, 1, 2, VCH_TYPE_I8);
    x = graphs_average_pool(&build, graphs_table(&build, x, VCH_TYPE_I16), 2, 2);
    graphs_output(&build, graphs_linear(&build, graphs_flatten(&build, x), 3, VCH_TYPE_I32));
    return graphs_finish(&build);
}

TEST(a_statement_larger_than_proofs_go_is_refused)
{
    struct graphs build;
    struct circuits c;

    init((size_t)1 << 26); // views need no lists
    graphs_init(&build, &arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 1u << 23, 0, 0));
    graphs_output(&build, graphs_rescale(&build, x, VCH_TYPE_I8));
    const struct vch_graph *graph = graphs_finish(&build);
    CHECK_FAILS(circuits_build(&c, graph, 0, 1, 1, &arena), LIMIT);
    CHECK(strstr(c.complaint.text, "places") != NULL);
    CHECK_FAILS(circuits_build(&c, graph, 0, 1, 64, &arena), LIMIT);
    CHECK(strstr(c.complaint.text, "cells") != NULL);
    vch_arena_release(&arena);
}

TEST(claims_that_make_no_sense_are_refused)
{
    struct circuits c;
    struct vch_circuit circuit;

    init((size_t)1 << 28);
    const struct vch_graph *graph = network();
    CHECK_FAILS(circuits_build(&c, graph, 0, graph->operator_count + 1, 1, &arena), USAGE);
    CHECK_FAILS(circuits_build(&c, graph, 2, 2, 1, &arena), USAGE);
    CHECK_FAILS(circuits_build(&c, graph, 0, graph->operator_count, 0, &arena), USAGE);
    CHECK_FAILS(circuits_build(&c, graph, 0, graph->operator_count, VCH_BATCH_MAX + 1, &arena),
                USAGE);
    CHECK_OK(circuits_build(&c, graph, 0, graph->operator_count, 1, &arena));
    c.claim.model.log_columns = VCH_STATEMENT_LOG_COLUMNS_MIN - 1;
    CHECK_FAILS(vch_circuit_build(&circuit, &c.claim, &arena, NULL), USAGE);
    c.claim.model.log_columns = VCH_STATEMENT_LOG_COLUMNS_MAX + 1;
    CHECK_FAILS(vch_circuit_build(&circuit, &c.claim, &arena, NULL), USAGE);
    c.claim.model.log_columns = VCH_STATEMENT_LOG_COLUMNS_MAX;

    const uint32_t twice[] = {0, 0}, beyond[] = {0, graph->parameter_count};
    const uint32_t *const wrong[] = {twice, beyond};
    for (size_t i = 0; i < 2; i++) {
        c.claim.model.held = wrong[i];
        c.claim.model.held_count = 2;
        CHECK_FAILS(vch_circuit_build(&circuit, &c.claim, &arena, NULL), USAGE);
        CHECK_FAILS(
            vch_circuit_build_ranges(&circuit, &c.claim.model, &c.claim.annex_root, &arena, NULL),
            USAGE);
    }
    vch_arena_release(&arena);
}

TEST(an_annex_that_lacks_a_parameter_is_named)
{
    struct circuits c;
    struct vch_circuit circuit;

    init((size_t)1 << 28);
    const struct vch_graph *graph = network();
    CHECK_OK(circuits_build(&c, graph, 0, graph->operator_count, 1, &arena));
    c.claim.model.held_count--; // the last one is of the last operator
    CHECK_FAILS(vch_circuit_build(&circuit, &c.claim, &arena, &c.complaint), USAGE);
    CHECK(strstr(c.complaint.text, "does not hold parameter") != NULL);
    c.claim.last = 1; // which the first operator does not need
    CHECK_OK(vch_circuit_build(&circuit, &c.claim, &arena, NULL));
    vch_arena_release(&arena);
}

// The least arena that is enough is found step by step: below it, no memory and nothing else.
TEST(a_small_arena_is_no_memory)
{
    struct circuits c;
    struct vch_circuit circuit;
    struct vch_arena small;
    uint32_t refused = 0;
    enum vch_code code = VCH_CODE_NO_MEMORY;

    init((size_t)1 << 28);
    const struct vch_graph *graph = network();
    CHECK_OK(circuits_build(&c, graph, 0, graph->operator_count, 3, &arena));
    for (size_t limit = 0; code != VCH_CODE_NONE; limit += 1 + limit / 16, refused++) {
        vch_arena_init(&small, limit);
        code = vch_circuit_build(&circuit, &c.claim, &small, NULL).code;
        CHECK(code == VCH_CODE_NONE || code == VCH_CODE_NO_MEMORY);
        vch_arena_release(&small);
    }
    CHECK(refused > 20);
    vch_arena_release(&arena);
}

// An int64 from trees is at most their bias bound; one from nowhere has no bound.
TEST(an_int64_without_a_bound_is_refused)
{
    struct graphs build;
    struct circuits c;

    init((size_t)1 << 28);
    graphs_init(&build, &arena);
    const uint32_t x = graphs_input(&build, VCH_TYPE_I64, graphs_shape(1, 4, 0, 0));
    graphs_output(&build, graphs_slice(&build, x));
    build.graph->outputs[0].kind = VCH_PORT_INTEGER;
    build.graph->outputs[0].scale_bits = 0;
    CHECK_FAILS(circuits_build(&c, graphs_finish(&build), 0, 1, 1, &arena), UNSUPPORTED);
    CHECK(strstr(c.complaint.text, "int64 without a bound") != NULL);
    vch_arena_release(&arena);
}

TEST(a_parameter_out_of_range_cannot_be_proven)
{
    struct circuits c;
    uint64_t *cells;

    init((size_t)1 << 28);
    const struct vch_graph *graph = network();
    CHECK_OK(circuits_build(&c, graph, 0, graph->operator_count, 1, &arena));
    CHECK_OK(vch_circuit_build_ranges(&c.circuit, &c.claim.model, &c.claim.annex_root, &arena,
                                      &c.complaint));
    CHECK_OK(vch_witness_make_ranges(&cells, &c.circuit, &c.claim.model, &arena, &c.complaint));
    *(int8_t *)(uintptr_t)graph->parameters[0].data = -128;
    CHECK_FAILS(vch_witness_make_ranges(&cells, &c.circuit, &c.claim.model, &arena, &c.complaint),
                BAD_PROOF);
    CHECK(strstr(c.complaint.text, "(-128, 0)") != NULL);
    vch_arena_release(&arena);
}

// The columns suggested give a proof that no other columns make much smaller.
TEST(the_columns_suggested_give_small_proofs)
{
    for (int i = 0; i < 10; i++) {
        struct circuits c;
        struct vch_circuit circuit;
        uint32_t columns = 0;
        size_t least = SIZE_MAX, suggested = 0;
        init((size_t)1 << 30);
        const struct vch_graph *graph = graphs_random(&arena);
        CHECK_OK(vch_circuit_suggest(&columns, graph, 1, &arena, NULL));
        CHECK_OK(circuits_build(&c, graph, 0, graph->operator_count, 1, &arena));
        for (uint32_t k = VCH_CIRCUIT_SUGGEST_MIN; k <= VCH_STATEMENT_LOG_COLUMNS_MAX; k++) {
            c.claim.model.log_columns = k;
            CHECK_OK(vch_circuit_build(&circuit, &c.claim, &arena, NULL));
            const size_t size = vch_statement_proof_size(&circuit.statement);
            if (size < least) least = size;
            if (k == columns) suggested = size;
        }
        CHECK(suggested > 0 && suggested <= least + least / 8);
        vch_arena_release(&arena);
    }
}
