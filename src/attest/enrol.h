// Enrolment of a TPM's attestation key: who verifies learns, once, that the key lies in a TPM whose
// maker they trust, and writes its name into rules. Four messages, each small enough for a mail
// (specs/attest.md, section 9):
//
//     request    of the machine: its attestation key, the certificate of its endorsement key
//     challenge  of the verifier: a secret sealed to that endorsement key for that attestation key
//     answer     of the machine: what only that TPM could make of it
//     pending    the verifier's own, until the answer comes
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certificate/certificate.h"
#include "certificate/crl.h"
#include "evidence/appraisal.h"
#include "evidence/tpm_credential.h"

#define VCH_ENROL_SIZE_MAX 8192
#define VCH_ENROL_EK_MAX 4096

struct vch_enrol_request {
    const uint8_t *ak; // TPMT_PUBLIC; borrowed, like the certificate in DER
    const uint8_t *ek;
    size_t ak_size, ek_size;
};

struct vch_enrol_challenge {
    uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE]; // of the attestation key
    struct vch_tpm_credential credential;
};

struct vch_enrol_answer {
    uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE];
    struct vch_digest proof; // transcript of name and secret: a secret that is said is none
};

struct vch_enrol_pending {
    struct vch_enrol_answer expected; // to be kept secret
    struct vch_digest ek;             // SHA-256 of the endorsement key's SubjectPublicKeyInfo
    int64_t until_s;                  // the last second
};

// USAGE: what decode would refuse. LIMIT: too little room.
vch_status vch_enrol_encode_request(uint8_t *out, size_t room, size_t *size,
                                    const struct vch_enrol_request *request);
vch_status vch_enrol_encode_challenge(uint8_t *out, size_t room, size_t *size,
                                      const struct vch_enrol_challenge *challenge);
vch_status vch_enrol_encode_answer(uint8_t *out, size_t room, size_t *size,
                                   const struct vch_enrol_answer *answer);
vch_status vch_enrol_encode_pending(uint8_t *out, size_t room, size_t *size,
                                    const struct vch_enrol_pending *pending);

// The one encoding: TRUNCATED, MALFORMED, UNSUPPORTED (another version) or LIMIT.
vch_status vch_enrol_decode_request(struct vch_enrol_request *out, const void *bytes, size_t size,
                                    struct vch_complaint *complaint);
vch_status vch_enrol_decode_challenge(struct vch_enrol_challenge *out, const void *bytes,
                                      size_t size, struct vch_complaint *complaint);
vch_status vch_enrol_decode_answer(struct vch_enrol_answer *out, const void *bytes, size_t size,
                                   struct vch_complaint *complaint);
vch_status vch_enrol_decode_pending(struct vch_enrol_pending *out, const void *bytes, size_t size,
                                    struct vch_complaint *complaint);

// Whom to believe of makers, and when.
struct vch_enrol_trust {
    const struct vch_certificate_bytes *makers; // roots, DER
    uint32_t maker_count;
    const struct vch_certificate_bytes *issuers; // between endorsement certificate and root, in
    uint32_t issuer_count;                       // that order: DER or PEM
    const struct vch_crl_list *crls;             // of makers and issuers; NULL: none
    int64_t time_s;
    uint32_t valid_s; // how long the answer may take
};

struct vch_enrol_random { // fresh, secret; wiped by who drew it
    uint8_t secret[VCH_TPM_CREDENTIAL_SECRET_MAX];
    struct vch_tpm_credential_random credential;
};

// Enters the checks of tpm_ek.h and tpm_public.h. REFUSED where one failed; MALFORMED, UNSUPPORTED:
// no such key or certificate. Wipe `pending` when it is kept.
vch_status vch_enrol_challenge(struct vch_enrol_challenge *challenge,
                               struct vch_enrol_pending *pending, struct vch_appraisal *appraisal,
                               const struct vch_enrol_request *request,
                               const struct vch_enrol_trust *trust,
                               const struct vch_enrol_random *random,
                               struct vch_complaint *complaint);

// What the machine makes of the secret that its TPM gave out.
struct vch_enrol_answer vch_enrol_answer(const struct vch_enrol_challenge *challenge,
                                         const uint8_t *secret, size_t secret_size);

// VCH_OK: the key of that name lies in the TPM of that endorsement key. REFUSED: too late, another
// key's, or not what only that TPM can say.
vch_status vch_enrol_accept(const struct vch_enrol_pending *pending,
                            const struct vch_enrol_answer *answer, int64_t time_s,
                            struct vch_complaint *complaint);
