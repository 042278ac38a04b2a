// Hybrid public key encryption (RFC 9180), base mode, in one suite: DHKEM(X25519, HKDF-SHA256),
// HKDF-SHA256, ChaCha20-Poly1305.
//
// Who knows a public key sends bytes that the secret key alone opens. Nothing says who sent them.
// A message opens under the same `info` (what the exchange is about) and `aad` (what goes with this
// message) alone. Messages of one context open in the order in which they were sealed.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define VCH_HPKE_KEY_SIZE 32 // of a secret key, a public key, an encapsulated key
#define VCH_HPKE_SEED_SIZE 32
#define VCH_HPKE_TAG_SIZE 16          // sealed bytes are so many more
#define VCH_HPKE_EXPORT_SIZE_MAX 8160 // check: 255 * 32

struct vch_hpke_public {
    uint8_t bytes[VCH_HPKE_KEY_SIZE];
};

// A secret: wipe with vch_wipe when done.
struct vch_hpke_secret {
    uint8_t bytes[VCH_HPKE_KEY_SIZE];
    struct vch_hpke_public public_key;
};

// What both sides come to hold. A secret: wipe with vch_wipe when done.
struct vch_hpke {
    uint8_t key[32];
    uint8_t base_nonce[12];
    uint8_t exporter_secret[32];
    uint64_t sequence; // of the next message
};

// The pair that grows from 32 random bytes (DeriveKeyPair).
void vch_hpke_key(struct vch_hpke_secret *out, const uint8_t seed[static VCH_HPKE_SEED_SIZE]);

// The sender's side. `seed` is 32 random bytes that serve this once. REFUSED: with that public key
// anybody would know the secret (its product is zero).
vch_status vch_hpke_init_sender(struct vch_hpke *out,
                                uint8_t encapsulated[static VCH_HPKE_KEY_SIZE],
                                const struct vch_hpke_public *recipient, const void *info,
                                size_t info_size, const uint8_t seed[static VCH_HPKE_SEED_SIZE]);

// The recipient's side. REFUSED as above, for what the sender sent.
vch_status vch_hpke_init_recipient(struct vch_hpke *out,
                                   const uint8_t encapsulated[static VCH_HPKE_KEY_SIZE],
                                   const struct vch_hpke_secret *key, const void *info,
                                   size_t info_size);

// `out` has size + VCH_HPKE_TAG_SIZE bytes; it may be where `bytes` are. LIMIT after 2**64 - 1
// messages.
vch_status vch_hpke_seal(struct vch_hpke *hpke, uint8_t *out, const uint8_t *bytes, size_t size,
                         const void *aad, size_t aad_size);

// `size` is that of the sealed bytes, tag and all. REFUSED, with zeroes written and the same
// message still awaited: another context, another place in the order, another aad, another byte.
vch_status vch_hpke_open(struct vch_hpke *hpke, uint8_t *out, const uint8_t *sealed, size_t size,
                         const void *aad, size_t aad_size);

// A secret of the context for a purpose of the caller's, the same on both sides. USAGE: more than
// VCH_HPKE_EXPORT_SIZE_MAX bytes.
vch_status vch_hpke_export(const struct vch_hpke *hpke, uint8_t *out, size_t size,
                           const void *purpose, size_t purpose_size);
