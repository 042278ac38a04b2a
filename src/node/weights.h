// Weights that lie sealed beside a node until a release of their key opens them (specs/sealing.md,
// section 6).
//
// A release that is good starts a thread, which opens the file into memory (node/unsealing.h).
// Nothing is served before. Who unseals sees to it that no older release is opened afterwards.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attest/binder.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "kernels/kernels.h"
#include "node/models.h"
#include "sealing/counters.h"
#include "sealing/unsealer.h"

#define VCH_WEIGHTS_FILES_MAX VCH_MODELS_MAX

struct vch_weights;

struct vch_weights_setup {
    const char *const *paths; // M.sealed; borrowed
    uint32_t path_count;
    struct vch_public_key owner; // whose weights this node serves
    // What was opened before this node began: what is older is refused at once; borrowed. NULL:
    // nothing.
    const struct vch_counters *opened;
    struct vch_unsealer unsealer;
    struct vch_models *models; // that are served; what is opened joins them
    const struct vch_kernels *kernels;
    struct vch_workers *workers; // NULL: one thread checks what was opened
};

// A release, and the block of the stream that it came on.
struct vch_weights_release {
    const void *manifest, *grant;
    size_t manifest_size, grant_size;
    const uint8_t *binder; // VCH_BINDER_SIZE
};

// What joined the models: a memfd, which nobody can change, that holds the package.
struct vch_weights_opened {
    const struct vch_model *model;
    int memory;
    size_t size;
};

// Opens the files and reads their manifests. REFUSED: of another owner, or older than what was
// opened before.
vch_status vch_weights_new(struct vch_weights **out, const struct vch_weights_setup *setup,
                           struct vch_complaint *complaint);
// Waits for what is being opened: for one chunk, or, when all are, until the model in them is
// checked. Not while what was opened is in use.
void vch_weights_free(struct vch_weights *weights);

// OK: what it is for is open, or is being opened, at `place`. BUSY: other weights are being opened.
// Anything else as vch_grant_open says, or REFUSED.
vch_status vch_weights_take(struct vch_weights *weights, uint32_t *place,
                            const struct vch_weights_release *release,
                            struct vch_complaint *complaint);
// OK: they are served. BUSY: they are being opened. Else why that came to nothing.
vch_status vch_weights_ask(const struct vch_weights *weights, uint32_t place,
                           struct vch_complaint *complaint);

// Becomes readable when something may be collected.
int vch_weights_descriptor(const struct vch_weights *weights);
// What the thread has come to: true where weights joined the models. From the thread that takes.
bool vch_weights_collect(struct vch_weights *weights, struct vch_weights_opened *out);
