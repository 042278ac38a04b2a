// A program: operators of a graph made ready to be run many times. Weights are packed once for the
// processor's level, images lie channel-last where that pays, and memory is planned once, so that a
// run allocates nothing and plans nothing.
//
// A batch is divided into chunks of samples, by the model alone; many chunks go to the threads one
// by one, few are run one after another with each operator divided. What a program computes is
// what run.h says, whatever its chunks: no level, thread count or range can change a byte.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "crypto/hash.h"
#include "kernels/kernels.h"
#include "model/forms.h"
#include "model/graph.h"
#include "model/layout.h"

struct vch_program { // made by vch_program_prepare, then constant; threads may share it
    const struct vch_graph *graph;
    uint32_t first, last; // operators
    const struct vch_kernels *kernels;
    uint32_t samples; // of a chunk
    size_t size;      // bytes of the program itself
    struct vch_forms forms;
    const void **prepared; // per operator of forms.graph
    struct vch_layout layout;
    size_t turned_size; // the largest channel-last value of a chunk, in bytes
};

struct vch_program_run {
    const struct vch_program *program;
    uint32_t first, last;        // operators, inside the program's
    uint32_t batch;              // samples, 1..VCH_BATCH_MAX
    struct vch_workers *workers; // NULL runs alone
    struct vch_digest *trace;    // NULL, or last - first digests: the batch is one chunk then
    bool (*is_cancelled)(const void *context); // NULL; looked at between operators, by any thread
    const void *context;
};

// Prepares operators [first, last) of a checked graph whose parameters of these operators are held.
// `samples` is the size of a chunk, or 0 for the program's own choice. Memory comes from the arena,
// for as long as the program is used. NO_MEMORY, or LIMIT when a size does not fit an address.
vch_status vch_program_prepare(struct vch_program *out, const struct vch_graph *graph,
                               uint32_t first, uint32_t last, uint32_t samples,
                               const struct vch_kernels *kernels, struct vch_arena *arena);

// The same without the parameters' bytes: nothing can be run, but every size is right. What was
// planned stays in the arena.
vch_status vch_program_plan(struct vch_program *out, const struct vch_graph *graph, uint32_t first,
                            uint32_t last, uint32_t samples, const struct vch_kernels *kernels,
                            struct vch_arena *arena);

// Bytes of memory that a run of so many samples takes beside inputs and outputs.
vch_status vch_program_memory(size_t *out, const struct vch_program *program, uint32_t batch,
                              bool is_traced);

// As vch_run_execute; `memory` is vch_program_memory bytes, 64-byte aligned, and holds anything.
// TIMEOUT when it was cancelled.
vch_status vch_program_execute(const struct vch_program_run *run, const uint32_t *input_values,
                               const struct vch_tensor *inputs, uint32_t input_count,
                               const uint32_t *output_values, const struct vch_tensor *outputs,
                               uint32_t output_count, void *memory,
                               struct vch_complaint *complaint);
