// Hiding commitments: fix a message now without showing it, open it later.
//
//     commitment = SHA-256(transcript "vouch/commitment/v1": kind, nonce, message digest)
//
// With 32 secret random bytes as nonce the commitment tells nothing about the message, even one
// of few possible answers. Nonces of one job derive from one secret, so that showing one nonce
// shows no other.
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "crypto/hash.h"

#define VCH_COMMITMENT_NONCE_SIZE 32

// The kind is part of every commitment. One of kind 2 is over the root of a matrix of cells, which
// opens inside a proof (specs/proof.md): model/tensor.h makes those.
enum vch_commitment_kind {
    VCH_COMMITMENT_SHA256 = 1,
    VCH_COMMITMENT_MATRIX = 2,
};

#define VCH_COMMITMENT_LOG_COLUMNS_MIN 9u // proof/statement.h has the same
#define VCH_COMMITMENT_LOG_COLUMNS_MAX 16u

struct vch_nonce {
    uint8_t bytes[VCH_COMMITMENT_NONCE_SIZE];
};

struct vch_digest vch_commitment_make(enum vch_commitment_kind kind, const struct vch_nonce *nonce,
                                      const struct vch_digest *message);

// VCH_OK exactly when (nonce, message) opens `commitment`, which is of kind 1; BAD_PROOF otherwise.
vch_status vch_commitment_verify(const struct vch_digest *commitment, enum vch_commitment_kind kind,
                                 const struct vch_nonce *nonce, const struct vch_digest *message);

// A digest of the nonce that can be shown beforehand: whoever publishes it can later use no other
// nonce, and it tells nothing about this one, which is 32 secret bytes.
struct vch_digest vch_commitment_pin(const struct vch_nonce *nonce);

// The nonce of position `index` under a job's 32-byte secret.
void vch_commitment_nonce(struct vch_nonce *out, const uint8_t secret[static 32], uint64_t index);
