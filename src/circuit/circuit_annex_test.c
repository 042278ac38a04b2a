// Statements about the annex itself.
#include "harness/circuits.h"

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
