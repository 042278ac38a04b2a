// Proofs of what a client runs itself, for those who hold an annex of it.
#pragma once

#include <stdint.h>

#include "annex/annex.h"
#include "annex/annex_source.h"
#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "kernels/kernels.h"
#include "voucher/proofs.h"

// A secret: wipe with vch_wipe when done.
struct vch_own_proof {
    const struct vch_annex *annex;
    const struct vch_annex_source *source; // of that annex
    const struct vch_proofs *verifier;     // what it must be a proof of
    uint32_t segment;
    const struct vch_tensor *input, *output;
    struct vch_nonce input_nonce, output_nonce;
    const struct vch_kernels *kernels;
    struct vch_workers *workers; // NULL: alone
};

// The proof, in the arena. REFUSED when the annex has no opening left; UNSUPPORTED when it is not
// of these operators.
vch_status vch_own_prove(struct vch_segment_proof *out, const struct vch_own_proof *own,
                         struct vch_arena *arena, struct vch_complaint *complaint);
