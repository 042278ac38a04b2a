// Everything a prover has to know: runs the operators, keeps every value, and fills in the cells of
// a circuit as its hints say. Nothing that verifies includes this.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "circuit/circuit.h"
#include "kernels/kernels.h"
#include "model/tensor.h"

struct vch_witness_order {
    const struct vch_circuit *circuit;     // by vch_circuit_build
    const struct vch_circuit_claim *claim; // likewise; the parameters of its operators are held
    const struct vch_tensor *inputs;       // of vch_circuit_ends, in order: checked here
    const struct vch_kernels *kernels;
    struct vch_workers *workers; // NULL works alone
};

struct vch_witness {
    uint64_t *cells; // all cells of the statement, by number, oracle after oracle
    uint32_t output_count;
    struct vch_tensor outputs[VCH_GRAPH_PORTS_MAX]; // of vch_circuit_ends, in order
};

// Everything is in the arena. MALFORMED for inputs of another shape or out of range, as in
// model/run.h; NO_MEMORY.
vch_status vch_witness_make(struct vch_witness *out, const struct vch_witness_order *order,
                            struct vch_arena *arena, struct vch_complaint *complaint);

// The same for the ranges of an annex, whose parameters are all held, and for a link.
vch_status vch_witness_make_ranges(uint64_t **cells, const struct vch_circuit *circuit,
                                   const struct vch_circuit_model *model, struct vch_arena *arena,
                                   struct vch_complaint *complaint);
vch_status vch_witness_make_link(uint64_t **cells, const struct vch_circuit *circuit,
                                 const struct vch_circuit_model *model, struct vch_arena *arena,
                                 struct vch_complaint *complaint);

// The number of the first cell of an oracle.
static inline uint64_t vch_witness_first(const struct vch_statement *statement, uint32_t oracle)
{
    uint64_t rows = 0;

    for (uint32_t i = 0; i < oracle; i++)
        rows += statement->oracles[i].rows;
    return rows << statement->log_columns;
}
