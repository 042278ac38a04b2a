// The audited party's side: a run of a segment that also gives its accumulators.
#pragma once

#include <stdint.h>

#include "audit/accumulators.h"
#include "base/workers.h"
#include "kernels/kernels.h"

// Fills `bytes`, plan->size of them, 8-byte aligned, from the tensors that enter, and `outputs`,
// whose memory is the caller's, in the order of the plan. It takes two runs of the engine, and
// plain loops for accumulators of int64; inputs are checked as in model/run.h. The parameters of
// the range are held. `arena` is rewound.
vch_status vch_accumulate(uint8_t *bytes, const struct vch_accumulators_plan *plan,
                          const struct vch_tensor *inputs, const struct vch_tensor *outputs,
                          const struct vch_kernels *kernels, struct vch_workers *workers,
                          struct vch_arena *arena, struct vch_complaint *complaint);
