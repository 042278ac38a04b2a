// What the steps of vch_dcap_verify share. Each enters its checks, whatever came before: one that
// lacks what it would look at fails.
#pragma once

#include "evidence/dcap.h"

struct vch_dcap_parts {
    struct vch_appraisal *appraisal;
    struct vch_dcap_claims *claims;
    const struct vch_dcap_question *question;
    const struct vch_dcap_rules *rules;      // of the quote's TEE
    struct vch_certificate_list pck, signer; // chains, leaf first
    struct vch_crl_list crls, own;
    struct vch_spki signer_key;
    bool has_signer_key;
    const struct vch_dcap_collateral_tcb_info *tcb_info; // NULL: not readable
    const struct vch_dcap_collateral_identity *identity;
};

// The signatures: root to PCK, PCK to quoting enclave, its key to the quote.
void vch_dcap_parts_check_quote(struct vch_dcap_parts *parts);
// Root to Intel's signer, and that to both documents; their dates and whether they are the right
// ones.
void vch_dcap_parts_check_collateral(struct vch_dcap_parts *parts);
// Quoting enclave, platform, module: who and how current.
void vch_dcap_parts_check_levels(struct vch_dcap_parts *parts);
// What runs.
void vch_dcap_parts_check_policy(struct vch_dcap_parts *parts);
