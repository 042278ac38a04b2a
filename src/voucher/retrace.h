// What the nodes of a voucher's job should have said: each of their segments run again from the
// opened input, down to the leaves of its trace (model/trace.h), under the nonces that the job
// pins. Whoever disputes a verdict stands by these (specs/agreement.md, section 8).
//
// Nothing is said here of what the nodes did say: that is in their ledger, not in the voucher.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "kernels/kernels.h"
#include "model/package.h"
#include "model/trace.h"
#include "voucher/opening.h"
#include "voucher/voucher.h"

// A segment by nodes.
struct vch_retrace_segment {
    uint32_t index; // in Job.segments
    struct vch_trace_segment traced;
    struct vch_tensor input;
    struct vch_digest entered, output; // commitments to what crosses at its two ends
    uint32_t leaf_count;
    struct vch_digest *leaves, trace; // and the root over them
};

struct vch_retrace {
    uint32_t count;
    struct vch_retrace_segment *segments; // ascending
};

struct vch_retrace_input {
    const struct vch_voucher *voucher;
    const struct vch_opening *opening;
    const struct vch_package *package;
    const struct vch_kernels *kernels;
    struct vch_workers *workers; // NULL: alone
};

// All of it in the arena. REFUSED with a complaint where the three do not belong together: another
// model, another job's opening, an input or a secret that is not the one the job commits to;
// BAD_PROOF where the job does not fit the model; UNSUPPORTED where the file holds only a part of
// the model, or the job's commitments are of kind 2, which nobody can dispute.
vch_status vch_retrace_run(struct vch_retrace *out, const struct vch_retrace_input *input,
                           struct vch_arena *arena, struct vch_complaint *complaint);
