// Attestation documents of AWS's Nitro enclaves: COSE_Sign1 (RFC 9052) by a key of three hours, its
// certificates inside (specs/evidence.md, section 10). For looking at: no node shows one, since
// they say nothing against whoever runs the hypervisor.
#pragma once

#include "certificate/certificate.h"
#include "evidence/appraisal.h"

#define VCH_NITRO_SIZE_MAX (16u << 10)
#define VCH_NITRO_PCRS 32u
#define VCH_NITRO_PCR_SIZE 48u  // SHA-384
#define VCH_NITRO_BUNDLE_MAX 7u // certificates besides the key's
#define VCH_NITRO_USER_DATA_SIZE 64u
#define VCH_NITRO_SIGNATURE_SIZE 96u // of P-384: r and s, big-endian

// Pointers are into the document.
struct vch_nitro_document {
    struct vch_certificate_bytes protected, payload;
    const uint8_t *signature;            // VCH_NITRO_SIGNATURE_SIZE
    struct vch_certificate_bytes module; // a text
    uint64_t timestamp_ms;               // since 1970
    const uint8_t *pcrs[VCH_NITRO_PCRS]; // VCH_NITRO_PCR_SIZE each; NULL: it has none such
    struct vch_certificate_bytes certificate;
    struct vch_certificate_bytes bundle[VCH_NITRO_BUNDLE_MAX]; // from the root down
    uint32_t bundle_count;
    struct vch_certificate_bytes user_data, nonce, public_key; // no bytes: none
};

// Values that a PCR may have, VCH_NITRO_PCR_SIZE bytes each.
struct vch_nitro_rule {
    uint32_t pcr;
    const uint8_t *values;
    size_t count;
};

// What is allowed. All zeroes allow nothing.
struct vch_nitro_policy {
    const struct vch_nitro_rule *rules; // each has to hold; none: no enclave is allowed
    size_t rule_count;
    uint32_t age_max_s; // of a document
};

struct vch_nitro_question {
    struct vch_certificate_bytes root;           // DER; roots.h has AWS's
    int64_t time_s;                              // since 1970
    uint8_t user_data[VCH_NITRO_USER_DATA_SIZE]; // what it had to be made for
};

// One document, whole. TRUNCATED, MALFORMED, LIMIT or UNSUPPORTED.
vch_status vch_nitro_decode(struct vch_nitro_document *out, const uint8_t *bytes, size_t size,
                            struct vch_complaint *complaint);

// Enters every check, named "nitro....". `out` borrows from the bytes; believe it only after
// VCH_OK. What cannot be read is as of vch_nitro_decode, with a complaint; else the appraisal's
// status.
vch_status vch_nitro_verify(struct vch_appraisal *appraisal, struct vch_nitro_document *out,
                            const uint8_t *bytes, size_t size,
                            const struct vch_nitro_question *question,
                            const struct vch_nitro_policy *policy, struct vch_complaint *complaint);
