// Who opens what is sealed for an attested end: whoever has the secret sealing key, be it this
// process or another that never gives it, nor a data key, away.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attest/binder.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "sealing/chunks.h"
#include "sealing/hpke.h"
#include "sealing/sealed.h"

// One release at a time, in this order; not from two threads at once.
struct vch_unsealer {
    // As vch_grant_open; the key stays there until `end`. `manifest` is an encoded one.
    vch_status (*take)(void *context, const void *grant, size_t size,
                       const uint8_t binder[static VCH_BINDER_SIZE],
                       const uint8_t manifest[static VCH_SEALED_MANIFEST_SIZE], uint64_t time_s,
                       struct vch_complaint *complaint);
    // As vch_chunks_init_opener, vch_chunks_open and vch_chunks_end. The last one forgets the key,
    // whatever came before. `digests` live until then.
    vch_status (*begin)(void *context, const struct vch_digest *digests, size_t count,
                        struct vch_complaint *complaint);
    vch_status (*open)(void *context, uint8_t *out, size_t out_size, const uint8_t *sealed,
                       size_t size, struct vch_complaint *complaint);
    vch_status (*end)(void *context, struct vch_complaint *complaint);
    void *context; // borrowed
};

// All that is secret of one in this process: it lies where the caller puts it.
struct vch_unsealer_keys {
    struct vch_hpke_secret secret;
    uint8_t key[VCH_SEALED_KEY_SIZE];
    struct vch_chunks chunks;
    struct vch_sealed sealed; // that the key is of
};

// Draws the pair that things are sealed to from 32 random bytes.
struct vch_unsealer vch_unsealer_local(struct vch_unsealer_keys *keys,
                                       const uint8_t seed[static VCH_HPKE_SEED_SIZE]);
