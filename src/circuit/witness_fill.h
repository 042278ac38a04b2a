// Carrying out one hint after the other.
#pragma once

#include "circuit/hint.h"
#include "model/graph.h"
#include "model/tensor.h"
#include "proof/expression.h"

struct vch_witness_fill {
    const struct vch_graph *graph;
    const struct vch_tensor
        *values; // by value of the graph: `batch` samples, where hints need them
    uint64_t *cells;
    struct vch_expression_source source; // of these cells
    struct vch_arena *arena;

    // The sums of products that were worked out last: a quotient and its remainder share them.
    const struct vch_matrix *matrices;
    uint64_t *sums;
    size_t sum_room;
};

vch_status vch_witness_fill_hint(struct vch_witness_fill *fill, const struct vch_hint *hint);
