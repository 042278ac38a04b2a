// Verifies SEV-SNP evidence: a report, the certificate of the key that signed it, and what issued
// that; against AMD's roots, a policy and a time, all handed in.
#pragma once

#include "certificate/chain.h"
#include "evidence/appraisal.h"
#include "evidence/snp_report.h"

#define VCH_SNP_CSP_ID_MAX 64

// What is shown. Only the report and the certificates matter to who is believed; revocation lists
// come from wherever they are kept.
struct vch_snp_evidence {
    struct vch_certificate_bytes report;
    struct vch_certificate_bytes key;     // the VCEK's or VLEK's certificate, DER or PEM: one
    struct vch_certificate_bytes issuers; // ASK or ASVK, then perhaps the ARK
    const struct vch_certificate_bytes *crls;
    size_t crl_count;
    struct vch_crl_own own; // lists of the verifier's own, whatever was shown
};

// Whom to believe: the root of each product in DER; no bytes: nobody.
struct vch_snp_anchors {
    struct vch_certificate_bytes roots[VCH_SNP_REPORT_PRODUCTS];
};

// Values of one width, one after another.
struct vch_snp_values {
    const uint8_t *bytes;
    size_t count;
};

// Microcode's versions count up for each model by itself, so a floor is for one model.
struct vch_snp_floor {
    uint8_t cpu_family, cpu_model;
    struct vch_snp_report_tcb tcb;
};

// Bits of a guest's policy.
#define VCH_SNP_POLICY_SMT (1ull << 16)
#define VCH_SNP_POLICY_MIGRATE_MA (1ull << 18)
#define VCH_SNP_POLICY_DEBUG (1ull << 19)
#define VCH_SNP_POLICY_SINGLE_SOCKET (1ull << 20)
#define VCH_SNP_POLICY_CXL (1ull << 21)
#define VCH_SNP_POLICY_AES_256_XTS (1ull << 22)
#define VCH_SNP_POLICY_RAPL_DISABLED (1ull << 23)
#define VCH_SNP_POLICY_CIPHERTEXT_HIDING (1ull << 24)
#define VCH_SNP_POLICY_PAGE_SWAP_DISABLED (1ull << 25)

// Bits of what the platform says of itself.
#define VCH_SNP_PLATFORM_SMT (1ull << 0)
#define VCH_SNP_PLATFORM_TSME (1ull << 1)
#define VCH_SNP_PLATFORM_ECC (1ull << 2)
#define VCH_SNP_PLATFORM_RAPL_DISABLED (1ull << 3)
#define VCH_SNP_PLATFORM_CIPHERTEXT_HIDING (1ull << 4)
#define VCH_SNP_PLATFORM_ALIAS_CHECK (1ull << 5)
#define VCH_SNP_PLATFORM_TIO (1ull << 7)

// What is allowed. All zeroes allow nothing. What no policy can allow has no field here: a guest
// that can be debugged, a platform that did not look for aliased memory.
struct vch_snp_policy {
    bool takes_version_2; // which shows no processor and no alias check: for looking, not for trust
    unsigned products;    // 1 << enum vch_snp_report_product
    unsigned signers;     // 1 << enum vch_snp_report_signer
    const char *const *csp_ids; // providers whose VLEK is taken
    size_t csp_id_count;
    unsigned vmpls;                           // 1 << level
    struct vch_snp_values measurements;       // VCH_SNP_REPORT_MEASUREMENT_SIZE bytes each
    struct vch_snp_values host_data;          // 32 each; for none of it list zeroes
    struct vch_snp_values id_key_digests;     // 48 each; a guest without an ID block needs none
    struct vch_snp_values author_key_digests; // 48 each; likewise
    uint32_t guest_svn_min;
    uint64_t guest_allowed;  // of SMT, MIGRATE_MA, CXL: what a guest may permit its host
    uint64_t guest_required; // bits that have to be set
    uint8_t abi_min_major, abi_min_minor; // of the firmware, committed
    uint64_t platform_required, platform_forbidden;
    bool ignores_unknown_platform;      // bits without a meaning yet
    const struct vch_snp_floor *floors; // a model without one is refused
    size_t floor_count;
    bool takes_provisional; // firmware newer than what was committed, which can be taken back
    uint64_t launch_mitigations, current_mitigations; // bits that have to be set
    enum vch_chain_crls crl_rule;
};

// AMD's roots.
struct vch_snp_anchors vch_snp_amd(void);

// Enters every check, named "snp....". `report_data` is what the guest had to bind:
// VCH_SNP_REPORT_DATA_SIZE bytes. `report` receives what was decoded and borrows from the evidence;
// believe it only after VCH_OK. What cannot be read is TRUNCATED, MALFORMED, LIMIT or UNSUPPORTED,
// with a complaint; else the appraisal's status.
vch_status vch_snp_verify(struct vch_appraisal *appraisal, struct vch_snp_report *report,
                          const struct vch_snp_evidence *evidence,
                          const struct vch_snp_anchors *anchors,
                          const struct vch_snp_policy *policy, int64_t time_s,
                          const uint8_t report_data[VCH_SNP_REPORT_DATA_SIZE],
                          struct vch_complaint *complaint);
