// The integer model once more, as slowly and plainly as specs/arithmetic.md says it: the oracle
// that the engine is held against. Shares no code with it.
#pragma once

#include "base/arena.h"
#include "model/graph.h"
#include "model/tensor.h"

// Every value of the graph, batch after batch, as int64; by value index.
int64_t **oracle_run(const struct vch_graph *graph, const struct vch_tensor *inputs, uint32_t batch,
                     struct vch_arena *arena);
// Element `index` of a tensor's data.
int64_t oracle_element(const void *data, enum vch_type type, size_t index);
// clamp(floor((acc * multiplier + 2^(shift-1)) / 2^shift), lo, hi) in 128 bits.
int64_t oracle_requantise(int64_t acc, int64_t multiplier, uint32_t shift, int64_t lo, int64_t hi);
