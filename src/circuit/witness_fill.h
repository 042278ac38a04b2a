// Carrying out one hint after the other.
#pragma once

#include "circuit/hint.h"
#include "circuit/witness_count.h"
#include "kernels/kernels.h"
#include "model/graph.h"
#include "model/tensor.h"
#include "proof/expression.h"

struct vch_witness_fill {
    const struct vch_graph *graph;
    const struct vch_tensor
        *values; // by value of the graph: `batch` samples, where hints need them
    uint64_t *cells;
    struct vch_expression_source source; // of these cells
    const struct vch_kernels *kernels;
    struct vch_arena *arena;
    struct vch_witness_ranges ranges;

    uint64_t *read; // an expression's values; room for those of every hint
    // The sums of products that were worked out last: a quotient and its remainder share them.
    const struct vch_matrix *matrices;
    uint64_t *sums;
};

// Room for carrying out these hints, of the circuit of a sealed statement.
vch_status vch_witness_fill_init(struct vch_witness_fill *fill,
                                 const struct vch_statement *statement,
                                 const struct vch_hint *hints, uint32_t hint_count);

vch_status vch_witness_fill_hint(struct vch_witness_fill *fill, const struct vch_hint *hint);
