// Sealed weights opened into memory: from a file, with its data key, to a model ready to be served.
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "kernels/kernels.h"
#include "node/models.h"
#include "sealing/sealed.h"
#include "sealing/unsealer.h"

struct vch_unsealing {
    const char *path; // for complaints
    int file;         // M.sealed; anybody may have changed it since its manifest was read
    const struct vch_sealed *sealed;
    const struct vch_unsealer
        *unsealer;                   // has taken the release; forgets the key before this returns
    const struct vch_models *models; // that are served already; not touched meanwhile
    const struct vch_kernels *kernels;
    struct vch_workers *workers;  // NULL: alone
    const atomic_bool *is_ending; // looked at between chunks
};

struct vch_unsealing_result {
    struct vch_model model; // in the arena; parameters are in `bytes`
    int memory;             // a memfd of `size` bytes, which nobody can change any more
    const uint8_t *bytes;   // a map of it
    size_t size;
    struct vch_arena arena;
};

// IO, BAD_PROOF (these are not the chunks that the owner signed, or the model inside is not the one
// that the manifest names), as vch_package_decode, NO_MEMORY; UNAVAILABLE: it was told to end.
vch_status vch_unsealing_run(struct vch_unsealing_result *out, const struct vch_unsealing *what,
                             struct vch_complaint *complaint);

// Gives the memory back; all zeros but for `memory`, -1, is fine.
void vch_unsealing_release(struct vch_unsealing_result *result);
