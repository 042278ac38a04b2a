// Whether a DCAP quote shows an enclave or a trust domain that a policy takes, at a given time.
//
// Judged is everything between Intel's pinned root and the report data: certificates and their
// revocation, who the quoting enclave is, how current platform, module and quoting enclave are,
// and what runs. specs/evidence.md says each rule; every one is a check in the appraisal, and a
// policy that says nothing allows nothing.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "certificate/crl.h"
#include "evidence/appraisal.h"
#include "evidence/dcap_collateral.h"
#include "evidence/dcap_pck.h"
#include "evidence/dcap_quote.h"

#define VCH_DCAP_ARENA_SIZE (4u << 20) // what a verification takes at most

// Sets of bits: 1 << status, 1 << version, 1 << type.
#define VCH_DCAP_BIT(value) (1u << (value))

// What is asked of a platform, of either kind. Revoked is never acceptable, listed or not.
struct vch_dcap_rules {
    unsigned versions;            // of quotes: VCH_DCAP_BIT(4) | ...
    unsigned statuses;            // of platform, module and quoting enclave together
    unsigned module_statuses;     // of the TDX module alone
    unsigned quoting_statuses;    // of the quoting enclave alone
    unsigned types;               // enum vch_dcap_pck_type
    uint32_t min_evaluation;      // floor of tcbEvaluationDataNumber; 0 allows nothing
    int64_t collateral_age_max_s; // since it was issued
    const char *const *denied_advisories;
    uint32_t denied_advisory_count;
};

// A trust domain that is allowed, in full. Pointers to VCH_DCAP_QUOTE_HASH_SIZE bytes.
struct vch_dcap_domain {
    const uint8_t *measurement;
    const uint8_t *registers[4];
    const uint8_t *config_id, *owner, *owner_config;
};

struct vch_dcap_tdx_policy {
    struct vch_dcap_rules rules;
    const struct vch_dcap_domain *domains;
    uint32_t domain_count;
    bool is_any_module;            // any that Intel's TCB Info knows, with an allowed status
    const uint8_t *const *modules; // else one of these measurements
    uint32_t module_count;
    const uint8_t *const *services; // measurements of service TDs; 48 zeros: there is none
    uint32_t service_count;
    uint64_t attributes_needed, attributes_allowed; // debugging is refused whatever they say
    uint64_t features_allowed;                      // XFAM
};

// An enclave that is allowed: by its measurement, or by its signer.
struct vch_dcap_enclave {
    const uint8_t *measurement; // 32; NULL: signer, product and min_svn count
    const uint8_t *signer;      // 32
    uint16_t product, min_svn;
};

struct vch_dcap_sgx_policy {
    struct vch_dcap_rules rules;
    const struct vch_dcap_enclave *enclaves;
    uint32_t enclave_count;
    bool may_provision; // the attribute PROVISION_KEY; debugging is refused always
};

struct vch_dcap_policy {
    struct vch_dcap_tdx_policy tdx;
    struct vch_dcap_sgx_policy sgx;
};

// Comes from anywhere: every piece is signed by Intel.
struct vch_dcap_collateral {
    struct vch_certificate_bytes tcb_info, identity; // JSON
    struct vch_certificate_bytes signer;             // of both: a chain, PEM or DER
    struct vch_certificate_bytes root_crl, pck_crl;  // DER or PEM
};

// What the verifier brings.
struct vch_dcap_question {
    struct vch_certificate_bytes root; // DER: roots.h has Intel's; tests have others
    int64_t time_s;                    // since 1970
    const uint8_t *report_data;        // 64: what the evidence must be bound to; never all zero
    const struct vch_dcap_policy *policy;
    struct vch_crl_own
        own; // revocation lists of the verifier's own, beside those of the collateral
};

// What a quote says, once it is verified. Before that, what it claims.
struct vch_dcap_claims {
    struct vch_dcap_quote quote; // borrows the quote's bytes
    struct vch_dcap_pck pck;     // identifies the platform, for registries of hardware
    bool is_pck_known;
    bool is_status_known;
    enum vch_dcap_collateral_status status; // the worst of platform, module and quoting enclave
    enum vch_dcap_collateral_status platform, module, quoting;
    uint32_t evaluation; // the lower of the two numbers
    int64_t until_s;     // when the first is due of collateral, lists and certificates
};

// VCH_OK: every check passed or warns. REFUSED: one did not, and the appraisal says which and what
// to do. MALFORMED, TRUNCATED, UNSUPPORTED or LIMIT, with a complaint: bytes that are no quote or
// no collateral; what could be judged without them was. The appraisal is initialised here; the
// arena should have VCH_DCAP_ARENA_SIZE and outlive the claims.
vch_status vch_dcap_verify(struct vch_appraisal *appraisal, struct vch_dcap_claims *claims,
                           const struct vch_certificate_bytes *quote,
                           const struct vch_dcap_collateral *collateral,
                           const struct vch_dcap_question *question, struct vch_arena *arena,
                           struct vch_complaint *complaint);
