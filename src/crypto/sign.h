// Ed25519 (RFC 8032) signatures over labelled digests.
//
// Nothing of ours signs bare bytes: a signature is over SHA-256 of a transcript whose protocol name
// says what is being signed, so that a signature made for one purpose is worthless for any other.
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "crypto/hash.h"

#define VCH_SIGN_SEED_SIZE 32
#define VCH_SIGN_PUBLIC_SIZE 32
#define VCH_SIGN_SIGNATURE_SIZE 64

struct vch_public_key {
    uint8_t bytes[VCH_SIGN_PUBLIC_SIZE];
};

struct vch_signature {
    uint8_t bytes[VCH_SIGN_SIGNATURE_SIZE];
};

// A secret: wipe with vch_wipe when done.
struct vch_secret_key {
    uint8_t seed[VCH_SIGN_SEED_SIZE];
    struct vch_public_key public_key;
};

// The pair that grows from 32 random bytes.
void vch_sign_key(struct vch_secret_key *out, const uint8_t seed[static VCH_SIGN_SEED_SIZE]);

void vch_sign_digest(struct vch_signature *out, const struct vch_secret_key *key,
                     const struct vch_digest *digest);

// VCH_OK or BAD_PROOF. Refuses non-canonical signatures and keys of small order.
vch_status vch_sign_verify(const struct vch_public_key *key, const struct vch_digest *digest,
                           const struct vch_signature *signature);

// The exception, for `tlog` alone: the formats of transparency logs (C2SP signed-note and
// tlog-cosignature) sign their texts as they are, and whoever checks them expects that. Such a
// message is longer than a digest, so that its signature never passes for one of the above, nor
// the other way round; what keeps texts apart from each other is their first lines.
#define VCH_SIGN_MESSAGE_MIN 33u // check: 32 + 1

void vch_sign_bare_message(struct vch_signature *out, const struct vch_secret_key *key,
                           const void *message, size_t size);

// As vch_sign_verify. BAD_PROOF also for messages shorter than VCH_SIGN_MESSAGE_MIN.
vch_status vch_sign_verify_bare_message(const struct vch_public_key *key, const void *message,
                                        size_t size, const struct vch_signature *signature);
