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
#include "sealing/counters.h"
#include "sealing/grant.h"
#include "sealing/hpke.h"
#include "sealing/sealed.h"

// One release at a time, in this order; not from two threads at once.
struct vch_unsealer {
    // As vch_sealed_check and vch_grant_open, by its own rules; the key stays there until `end`.
    // `manifest` is an encoded one.
    vch_status (*take)(void *context, const void *grant, size_t size,
                       const uint8_t binder[static VCH_BINDER_SIZE],
                       const uint8_t manifest[static VCH_SEALED_MANIFEST_SIZE],
                       struct vch_complaint *complaint);
    // As vch_chunks_init_opener, vch_chunks_open and vch_chunks_end. The first one comes back when
    // the counter is durable, the last one forgets the key, whatever came before. `digests` live
    // until then.
    vch_status (*begin)(void *context, const struct vch_digest *digests, size_t count,
                        struct vch_complaint *complaint);
    vch_status (*open)(void *context, uint8_t *out, size_t out_size, const uint8_t *sealed,
                       size_t size, struct vch_complaint *complaint);
    vch_status (*end)(void *context, struct vch_complaint *complaint);
    void *context; // borrowed
};

// What it knows by itself, and takes from nobody who asks.
struct vch_unsealer_rules {
    struct vch_public_key owner;         // whose weights it opens
    const struct vch_counters *counters; // of what was opened before; `raise` changes them
    uint64_t (*now_s)(void *context);    // since 1970
    // Durable when it returns; where it fails nothing is opened.
    vch_status (*raise)(void *context, const struct vch_counters_one *seen,
                        struct vch_complaint *complaint);
    void *context;
};

// All that is secret of one in this process: it lies where the caller puts it.
struct vch_unsealer_keys {
    struct vch_hpke_secret secret;
    uint8_t key[VCH_SEALED_KEY_SIZE];
    struct vch_chunks chunks;
    struct vch_sealed sealed;               // that the key is of
    const struct vch_unsealer_rules *rules; // borrowed; NULL: it opens nothing
};

// Draws the pair that things are sealed to from 32 random bytes.
struct vch_unsealer vch_unsealer_local(struct vch_unsealer_keys *keys,
                                       const struct vch_unsealer_rules *rules,
                                       const uint8_t seed[static VCH_HPKE_SEED_SIZE]);
