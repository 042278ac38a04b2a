// A segment: operators [first, last) of a graph, cut where exactly one value crosses.
//
// Cut position p lies before operator p. It is legal when, of all values written before p (inputs
// of the graph included), exactly one is still needed at or after p, counting the graph's outputs
// as needed at the end. CONSTANT operators are emitted right before their use and may not be
// separated from it. Position 0 is legal for a graph with one input, position operator_count for
// one with one output.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "model/graph.h"

struct vch_cut {
    uint32_t position; // before this operator
    uint32_t value;    // what crosses
};

// All legal cuts in ascending order, including 0 and operator_count where legal. `cuts` has
// operator_count + 1 room.
vch_status vch_segment_cuts(struct vch_cut *cuts, uint32_t *count, const struct vch_graph *graph,
                            struct vch_arena *scratch);

// VCH_OK when the position is legal, with its crossing value; UNSUPPORTED otherwise.
vch_status vch_segment_cut_at(struct vch_cut *out, const struct vch_graph *graph, uint32_t position,
                              struct vch_arena *scratch);

// Operators in [first, last) that hold weights: "layers" when shares are counted.
uint32_t vch_segment_layer_count(const struct vch_graph *graph, uint32_t first, uint32_t last);
// Bytes of parameters that the range needs.
uint64_t vch_segment_parameter_size(const struct vch_graph *graph, uint32_t first, uint32_t last);
// Are the bytes of all of them held?
bool vch_segment_is_held(const struct vch_graph *graph, uint32_t first, uint32_t last);
