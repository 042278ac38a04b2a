// What crosses from one segment of a job to the next, committed to as the job says.
//
// Commitments of kind 1 are to the tensor's digest. Those of kind 2 are over the root of the tensor
// as a matrix of cells, with the nonce as the seed of its blinds and salts: everybody who holds
// tensor and nonce computes the same, and a proof speaks of that root.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cpu.h"
#include "base/status.h"
#include "base/workers.h"
#include "crypto/commitment.h"
#include "model/tensor.h"

#define VCH_CROSSING_COUNT_MAX (1u << 24) // elements of all samples, with commitments of kind 2

struct vch_crossing {
    enum vch_commitment_kind kind;
    uint32_t log_columns; // of kind 2
    enum vch_cpu_level level;
    struct vch_workers *workers; // NULL: alone
};

// LIMIT where the tensor is larger than matrices go, or an int64 in it above (p - 1) / 2 in
// magnitude, NO_MEMORY. `scratch` is rewound.
vch_status vch_crossing_commit(struct vch_digest *out, const struct vch_crossing *crossing,
                               const struct vch_tensor *tensor, uint32_t batch,
                               const struct vch_nonce *nonce, struct vch_arena *scratch);
// VCH_OK exactly when (nonce, tensor) opens `commitment`; BAD_PROOF when it does not; other codes
// as above, when that could not be found out.
vch_status vch_crossing_verify(const struct vch_digest *commitment,
                               const struct vch_crossing *crossing, const struct vch_tensor *tensor,
                               uint32_t batch, const struct vch_nonce *nonce,
                               struct vch_arena *scratch);

// The root that a commitment of kind 2 is over.
vch_status vch_crossing_root(struct vch_digest *out, const struct vch_crossing *crossing,
                             const struct vch_tensor *tensor, uint32_t batch,
                             const struct vch_nonce *nonce, struct vch_arena *scratch);

// Bytes of scratch that committing to `count` elements takes at most; 0 for kind 1.
size_t vch_crossing_memory(const struct vch_crossing *crossing, uint64_t count);
