// An identity as TLS shows it: a self-signed certificate around an Ed25519 key, always the same
// bytes for the same key; and what TLS 1.3 has an identity sign, which is that certificate's body
// and the end of its handshakes, and nothing else.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "crypto/sign.h"

#define VCH_IDENTITY_BODY_SIZE 134        // a TBSCertificate
#define VCH_IDENTITY_CERTIFICATE_SIZE 211 // check: 3 + 134 + 7 + 3 + 64
#define VCH_IDENTITY_MESSAGE_MAX 146      // check: 64 + 33 + 1 + 48

// What is signed of the certificate. It is good for all time, names "vouch" and says nothing else.
void vch_identity_body(uint8_t out[static VCH_IDENTITY_BODY_SIZE],
                       const struct vch_public_key *key);

// The certificate (DER), `signature` being over its body.
void vch_identity_certificate(uint8_t out[static VCH_IDENTITY_CERTIFICATE_SIZE],
                              const struct vch_public_key *key,
                              const struct vch_signature *signature);

// VCH_OK when `message` is the body of this key's certificate, or what either end of a TLS 1.3
// handshake signs (RFC 8446, section 4.4.3). REFUSED: anything else.
vch_status vch_identity_check_message(const void *message, size_t size,
                                      const struct vch_public_key *key);
