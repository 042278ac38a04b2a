// The segments that a client runs itself: programs prepared when they are first needed and kept for
// the next inference.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "kernels/kernels.h"
#include "model/program.h"

#define VCH_OWN_PARTS_MAX 8u

struct vch_own {
    const struct vch_graph *graph;
    const struct vch_kernels *kernels;
    struct vch_workers *workers; // NULL: alone
    uint32_t count;
    struct vch_program parts[VCH_OWN_PARTS_MAX];
    struct vch_arena arena; // the programs'
};

void vch_own_init(struct vch_own *own, const struct vch_graph *graph,
                  const struct vch_kernels *kernels, struct vch_workers *workers);
void vch_own_release(struct vch_own *own);

// Operators [first, last), whose parameters are held, on `batch` samples; as vch_run_execute.
// `scratch` is rewound.
vch_status vch_own_run(struct vch_own *own, uint32_t first, uint32_t last, uint32_t batch,
                       uint32_t input_value, const struct vch_tensor *input,
                       const uint32_t *output_values, const struct vch_tensor *outputs,
                       uint32_t output_count, struct vch_arena *scratch,
                       struct vch_complaint *complaint);
