// Weights that lie sealed beside a node until a release of their key opens them (specs/sealing.md).
//
// A release that is good starts a thread, which reads the chunks twice: once for their digests and
// the root that the owner signed, once to open them, each checked against its digest. What comes of
// it is in memory alone: a memfd that nobody can write to any more, which others may be handed. The
// data key is wiped as soon as the last chunk is open.
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
#include "sealing/grant.h"
#include "sealing/sealed.h"

#define VCH_WEIGHTS_FILES_MAX VCH_MODELS_MAX

struct vch_weights;

// Opens a release for whoever has the secret sealing key: as vch_grant_open, whose other arguments
// these are. `binder` is the block of the stream on which it came.
typedef vch_status vch_weights_opener(void *context, uint8_t key[static VCH_SEALED_KEY_SIZE],
                                      const void *grant, size_t size,
                                      const uint8_t binder[static VCH_BINDER_SIZE],
                                      const struct vch_sealed *sealed, uint64_t time_s,
                                      struct vch_complaint *complaint);

struct vch_weights_setup {
    const char *const *paths; // M.sealed; borrowed
    uint32_t path_count;
    struct vch_public_key owner;  // whose weights this node serves
    const char *counters;         // file, may be absent: what was opened before; borrowed
    vch_weights_opener *open;
    void *open_context;
    const struct vch_kernels *kernels;
    struct vch_workers *workers; // its own, or NULL: one thread checks what was opened
};

// What a release opened: a model with programs, ready to be served, and where its bytes are.
struct vch_weights_opened {
    struct vch_model model; // borrows from the weights
    const uint8_t *bytes;
    size_t size;
    int memory; // the memfd
};

// Opens the files and reads their manifests. REFUSED: of another owner, or older than what was
// opened before.
vch_status vch_weights_new(struct vch_weights **out, const struct vch_weights_setup *setup,
                           struct vch_complaint *complaint);
// Waits for what is being opened, at most for one chunk.
void vch_weights_free(struct vch_weights *weights);

// A release, and the block of the stream that it came on. OK: what it is for is open, or is being
// opened, at `place`. BUSY: other weights are being opened. Anything else as vch_grant_open.
vch_status vch_weights_take(struct vch_weights *weights, uint32_t *place, const void *manifest,
                            size_t manifest_size, const void *grant, size_t grant_size,
                            const uint8_t binder[static VCH_BINDER_SIZE], uint64_t time_s,
                            struct vch_complaint *complaint);
// OK: they are served. BUSY: they are being opened. Else why that came to nothing.
vch_status vch_weights_ask(struct vch_weights *weights, uint32_t place,
                           struct vch_complaint *complaint);

// Becomes readable when something may be collected.
int vch_weights_descriptor(const struct vch_weights *weights);
// True: `out` was opened, and is served from now on: the counter is on disk. Call it from the
// thread that takes.
bool vch_weights_collect(struct vch_weights *weights, struct vch_weights_opened *out);
// Of these, how many are open.
uint32_t vch_weights_open_count(const struct vch_weights *weights);
