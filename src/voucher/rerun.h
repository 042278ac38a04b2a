// Running a voucher's model again, segment by segment, to compare every commitment it speaks of.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "kernels/kernels.h"
#include "model/graph.h"
#include "voucher/opening.h"
#include "voucher/recount.h"
#include "voucher/voucher.h"

// Which value of the graph crosses each of the job's boundaries. BAD_PROOF with a complaint when
// the job's segments do not fit this model: its end, its legal cuts, its ports.
vch_status vch_rerun_plan(uint32_t *values, const struct vch_job *job,
                          const struct vch_graph *graph, struct vch_arena *scratch,
                          struct vch_complaint *complaint);

struct vch_rerun {
    const struct vch_voucher *voucher;
    const struct vch_recount *recount;
    const struct vch_opening *opening; // opens the voucher's input
    const struct vch_graph *graph;     // the job's model, all parameters held
    const uint32_t *values;            // from vch_rerun_plan
    const struct vch_kernels *kernels;
    struct vch_workers *workers;
};

// VCH_OK when every commitment that the voucher holds is the commitment to what the model gives
// there. BAD_PROOF when one is not. Any other code: it could not be run (NO_MEMORY, LIMIT).
vch_status vch_rerun_compare(const struct vch_rerun *rerun, struct vch_arena *scratch,
                             struct vch_complaint *complaint);
