// RA-TLS certificates: self-signed, with a DCAP quote inside that vouches for their key (TCG's
// DICE tagged evidence, CBOR tag 60000; specs/evidence.md, section 9). Other people's: vouch makes
// none.
//
// They bind evidence to a key, not to a connection: whoever gets at one such key out of one enclave
// can be all of them, and there is no nonce. So they show who made a key, and are refused where
// something private is at stake.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "certificate/certificate.h"
#include "crypto/hash.h"
#include "evidence/dcap.h"

#define VCH_RATLS_CLAIMS_MAX 16 // in one certificate

struct vch_ratls {
    struct vch_certificate_list certificate; // one
    struct vch_certificate_bytes quote;      // borrowed from it, like the claims
    struct vch_certificate_bytes claims;     // CBOR
    struct vch_digest key;                   // of its SubjectPublicKeyInfo
    struct vch_digest claimed;               // what the claims say that is
    int64_t start_s, end_s;                  // its dates
    bool is_signed_by_itself;
};

// One certificate, DER or PEM. Whatever comes of it, release what was decoded into. MALFORMED,
// TRUNCATED, LIMIT, or UNSUPPORTED for another hash than SHA-256 or another kind of evidence.
vch_status vch_ratls_decode(struct vch_ratls *out, const struct vch_certificate_bytes *certificate,
                            struct vch_complaint *complaint);
void vch_ratls_release(struct vch_ratls *certificate);

// Enters all that vch_dcap_verify does for the quote, whose report data have to be those of the
// claims: the question's count for nothing. Then "ratls.signature", "ratls.dates", "ratls.key" and
// "ratls.binding", which fails where the evidence is to be trusted with something private, and
// warns else. Returns what vch_dcap_verify does. That the other end holds the key is for TLS to
// show.
vch_status vch_ratls_verify(struct vch_appraisal *appraisal, struct vch_dcap_claims *claims,
                            const struct vch_ratls *certificate,
                            const struct vch_dcap_collateral *collateral,
                            const struct vch_dcap_question *question, bool is_for_private_data,
                            struct vch_arena *arena, struct vch_complaint *complaint);
