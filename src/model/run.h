// Runs operators of a graph: the reference for everything else.
//
// The result is a pure function of graph, parameters and input: no thread count, processor level,
// batch split or segment boundary can change a byte.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "crypto/hash.h"
#include "kernels/kernels.h"
#include "model/graph.h"

struct vch_run {
    const struct vch_graph *graph; // checked; parameters of [first, last) held and checked
    uint32_t first, last;          // operators to run
    uint32_t batch;                // samples, 1..VCH_BATCH_MAX
    const struct vch_kernels *kernels;
    struct vch_workers *workers; // NULL runs alone
    struct vch_digest *trace;    // NULL, or last - first digests: vch_tensor_digest per output
};

// Heap bytes that vch_run_execute will take from its arena for the level of `kernels`, planned from
// shapes alone.
vch_status vch_run_memory(size_t *out, const struct vch_run *run, struct vch_arena *scratch);

// Values that cross into the range (`input_values`) have their data in `inputs`, in the same order;
// results for `output_values` are written to the memory in `outputs` (data preallocated, batch
// times vch_tensor_size). Types and shapes are checked against the graph, and inputs against their
// range: MALFORMED with a complaint.
vch_status vch_run_execute(const struct vch_run *run, const uint32_t *input_values,
                           const struct vch_tensor *inputs, uint32_t input_count,
                           const uint32_t *output_values, const struct vch_tensor *outputs,
                           uint32_t output_count, struct vch_arena *arena,
                           struct vch_complaint *complaint);

// The whole graph: inputs and outputs in the order of its ports.
vch_status vch_run_graph(const struct vch_run *run, const struct vch_tensor *inputs,
                         const struct vch_tensor *outputs, struct vch_arena *arena,
                         struct vch_complaint *complaint);
