// Do the proofs of a job's segments show what they are there for? Each is of one segment; the
// commitments to the roots at its ends join it to the votes, to its neighbours, and to the job's
// input and output.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/cpu.h"
#include "base/status.h"
#include "model/package.h"
#include "voucher/recount.h"
#include "voucher/voucher.h"

#define VCH_PROOFS_KNOWN_MAX 64u

// Annexes that have been verified, each by all its bytes and the model that it was verified for:
// the next proof under one of them need not verify it again. When it is full, the oldest goes.
struct vch_proofs_known {
    uint32_t count;
    struct vch_digest annexes[VCH_PROOFS_KNOWN_MAX];
};

// What every proof of one job must be about: nothing of it comes from a proof.
struct vch_proofs {
    const struct vch_job *job;
    struct vch_digest job_id;
    const struct vch_package *package; // the job's model; no parameter needs to be held
    const uint32_t *values;            // that cross the job's boundaries, from vch_rerun_plan
    struct vch_public_key owner;       // who must have signed the annexes
    struct vch_proofs_known *known;    // NULL: nothing is remembered
    enum vch_cpu_level level;
};

// Takes what the voucher's proofs say of the boundaries into the recount. BAD_PROOF where it is not
// what others say of them.
vch_status vch_proofs_join(const struct vch_proofs *proofs, struct vch_recount *recount,
                           const struct vch_voucher *voucher, struct vch_complaint *complaint);

// VCH_OK exactly when the proof shows that this segment, run on what is behind its input root,
// gives what is behind its output root. BAD_PROOF when it does not; any other code: that could not
// be found out. `scratch` is rewound.
vch_status vch_proofs_verify(const struct vch_proofs *proofs, uint32_t segment,
                             const struct vch_segment_proof *proof, struct vch_arena *scratch,
                             struct vch_complaint *complaint);
