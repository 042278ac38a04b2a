// What the key agent's process holds, and how it answers: no socket, no process, so that tests and
// fuzzers ask it directly.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/agent.h"
#include "agent/request.h"
#include "base/complaint.h"
#include "base/status.h"
#include "sealing/unsealer.h"

// All that is secret; it lies where the caller put it (confine/secret.h).
struct vch_holder_keys {
    struct vch_secret_key identity;
    struct vch_vrf_secret vrf;
    struct vch_unsealer_keys sealing;
};

// How far the release at hand is.
enum vch_holder_release { VCH_HOLDER_NONE, VCH_HOLDER_TAKEN, VCH_HOLDER_BEGUN };

struct vch_holder {
    struct vch_holder_keys *keys; // borrowed
    bool has_identity, has_vrf;
    bool is_serving;              // something was asked for: no key is loaded any more
    struct vch_digest ledger;     // the only one, with a key for draws there
    struct vch_unsealer unsealer; // by those keys
    enum vch_holder_release release;
    struct vch_digest *digests; // of the sealed chunks
};

// Draws the pair that things are sealed to from 32 random bytes. `rules` as vch_unsealer_local.
void vch_holder_init(struct vch_holder *holder, struct vch_holder_keys *keys,
                     const struct vch_unsealer_rules *rules,
                     const uint8_t seed[static VCH_HPKE_SEED_SIZE]);
void vch_holder_release(struct vch_holder *holder); // wipes the keys

// The most bytes that a request of that kind may have, and its answer; 0: there is no such kind.
size_t vch_holder_request_max(uint32_t kind);
#define VCH_HOLDER_ANSWER_MAX VCH_SEALED_CHUNK_SIZE

// Fills `out`, which has `room` bytes, and the size of the answer. LIMIT: it needs more room.
vch_status vch_holder_answer(struct vch_holder *holder, uint32_t kind, const uint8_t *request,
                             size_t request_size, uint8_t *out, size_t room, size_t *size,
                             struct vch_complaint *complaint);
