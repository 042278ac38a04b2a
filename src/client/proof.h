// Asks the nodes of each segment's majority for its proof, one after the other, until one shows it;
// all segments at once, since they are on different nodes.
//
// Only they are asked: they know the tensor already. A proof is believed when it verifies, and else
// its node is named and the next one asked.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "client/ask.h"
#include "voucher/proofs.h"

struct vch_proof_ask {
    const struct vch_ask *asked;       // the segment's round, won
    const struct vch_proofs *verifier; // and what it must be a proof of
    struct vch_digest input_root, output_root;
    // What came of it.
    struct vch_segment_proof proof;
    struct vch_public_key prover;
    uint32_t fault_count;
    struct vch_fault *faults; // of nodes that left no proof, or none that shows anything
    uint64_t elapsed_us, compute_us;
};

// VCH_OK only with proofs of all that verify, whose bytes are in the arena. UNAVAILABLE or TIMEOUT
// with a complaint that says who did what; faults are filled in either case, and nobody is being
// asked any more. `deadline_us` is monotonic.
vch_status vch_proof_ask_all(struct vch_proof_ask *asks, uint32_t count, uint64_t deadline_us,
                             struct vch_arena *arena, struct vch_complaint *complaint);
