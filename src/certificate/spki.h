// Public keys as SubjectPublicKeyInfo, and raw signatures by them over bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

// RSA of 4096 bits needs 550.
#define VCH_SPKI_SIZE_MAX 600

enum vch_spki_kind {
    VCH_SPKI_P256, // ECDSA with SHA-256
    VCH_SPKI_P384, // ECDSA with SHA-384
    VCH_SPKI_RSA,  // 2048 to 4096 bits
};

struct vch_spki {
    enum vch_spki_kind kind;
    uint8_t bytes[VCH_SPKI_SIZE_MAX]; // DER
    size_t size;
};

// From DER, exactly. Curves are named, points uncompressed and on the curve, RSA's exponent odd,
// at least 3 and at most 32 bits. MALFORMED, or UNSUPPORTED for other keys.
vch_status vch_spki_decode(struct vch_spki *out, const uint8_t *bytes, size_t size);

// From big-endian coordinates of 32 (P-256) or 48 (P-384) bytes each, x then y.
vch_status vch_spki_of_point(struct vch_spki *out, enum vch_spki_kind kind, const uint8_t *x_y);
// From a big-endian modulus without leading zeroes.
vch_status vch_spki_of_rsa(struct vch_spki *out, const uint8_t *modulus, size_t modulus_size,
                           uint32_t exponent);

// The two numbers of an ECDSA signature, `size` bytes each, at most 72: of P-256 at least 32, of
// P-384 at least 48. Numbers that are zero or not below the group's order are refused, in however
// many bytes they come.
struct vch_spki_ecdsa {
    const uint8_t *r, *s;
    size_t size;
    bool is_little_endian; // AMD; everybody else is big-endian
};

// VCH_OK: the key signed the message; the hash is that of the curve. Else BAD_PROOF.
vch_status vch_spki_verify_ecdsa(const struct vch_spki *key, const struct vch_spki_ecdsa *signature,
                                 const uint8_t *message, size_t size);
// The same with DER's SEQUENCE of two INTEGERs, which has to be the canonical one.
vch_status vch_spki_verify_ecdsa_der(const struct vch_spki *key, const uint8_t *signature,
                                     size_t signature_size, const uint8_t *message, size_t size);
// RSASSA-PSS with SHA-384, MGF1 with SHA-384, and a salt of 48 bytes exactly.
vch_status vch_spki_verify_pss(const struct vch_spki *key, const uint8_t *signature,
                               size_t signature_size, const uint8_t *message, size_t size);
// RSASSA-PKCS1-v1_5 with SHA-256.
vch_status vch_spki_verify_pkcs1(const struct vch_spki *key, const uint8_t *signature,
                                 size_t signature_size, const uint8_t *message, size_t size);
