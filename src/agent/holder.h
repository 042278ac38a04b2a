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
#include "sealing/chunks.h"

// All that is secret; it lies where the caller put it (confine/secret.h).
struct vch_holder_keys {
    struct vch_secret_key identity;
    struct vch_vrf_secret vrf;
    struct vch_hpke_secret sealing;
    struct vch_holder_weights_key {
        uint8_t key[VCH_SEALED_KEY_SIZE];
        struct vch_chunks chunks;
    } weights[VCH_AGENT_WEIGHTS_MAX];
};

struct vch_holder {
    struct vch_holder_keys *keys; // borrowed
    bool has_identity, has_vrf;
    struct vch_holder_weights {
        bool is_taken, is_begun;
        struct vch_sealed sealed;
        struct vch_digest *digests; // of the sealed chunks
    } weights[VCH_AGENT_WEIGHTS_MAX];
};

// Draws the pair that things are sealed to from 32 random bytes.
void vch_holder_init(struct vch_holder *holder, struct vch_holder_keys *keys,
                     const uint8_t seed[static VCH_HPKE_SEED_SIZE]);
void vch_holder_release(struct vch_holder *holder); // wipes the keys

// The most bytes that a request of that kind may have, and its answer; 0: there is no such kind.
size_t vch_holder_request_max(uint32_t kind);
#define VCH_HOLDER_ANSWER_MAX VCH_SEALED_CHUNK_SIZE

// Fills `out`, which has `room` bytes, and the size of the answer. LIMIT: it needs more room.
vch_status vch_holder_answer(struct vch_holder *holder, uint32_t kind, const uint8_t *request,
                             size_t request_size, uint8_t *out, size_t room, size_t *size,
                             struct vch_complaint *complaint);
