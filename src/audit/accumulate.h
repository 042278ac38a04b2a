// The audited party's side: a run of a segment that also gives its accumulators.
#pragma once

#include <stdint.h>

#include "audit/accumulators.h"
#include "base/workers.h"
#include "kernels/kernels.h"
#include "model/program.h"

// What a segment needs to be run so many times, for batches of any size: programs of the segment
// and of its linear operators alone. Made by vch_accumulate_prepare, then constant.
struct vch_accumulate {
    const struct vch_kernels *kernels;
    const struct vch_graph *graph;
    uint32_t first, last;
    struct vch_program program;
    struct vch_graph bare_graph; // operators with accumulators of int32, which it gives as they are
    struct vch_program bare;
    uint32_t *read, read_count; // values that linear operators read, without what enters
};

// The parameters of the range are held. Memory is in the arena for as long as it is used.
vch_status vch_accumulate_prepare(struct vch_accumulate *out,
                                  const struct vch_accumulators_plan *plan,
                                  const struct vch_kernels *kernels, struct vch_arena *arena);

// Fills `bytes`, plan->size of them, 8-byte aligned, from the tensors that enter, and `outputs`,
// whose memory is the caller's, in the order of the plan, which is of the segment that was
// prepared. It takes two runs of the engine, and plain loops for accumulators of int64; inputs are
// checked as in model/run.h. `arena` is for what it takes, and rewound.
vch_status vch_accumulate(uint8_t *bytes, const struct vch_accumulate *how,
                          const struct vch_accumulators_plan *plan, const struct vch_tensor *inputs,
                          const struct vch_tensor *outputs, struct vch_workers *workers,
                          struct vch_arena *arena, struct vch_complaint *complaint);
