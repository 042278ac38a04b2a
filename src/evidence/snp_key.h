// What the certificate of a report's key says, in AMD's extensions: publication 57230, section 3.
#pragma once

#include "evidence/snp.h"

struct vch_snp_key {
    bool is_vlek;
    enum vch_snp_report_product product;
    struct vch_snp_report_tcb tcb;
    struct vch_certificate_bytes hardware_id; // of a VCEK: 64 bytes, on Turin 8
    char csp_id[VCH_SNP_CSP_ID_MAX];          // of a VLEK
    struct vch_spki spki;
};

// MALFORMED, with a complaint, where an extension is missing, double or not what it has to be.
vch_status vch_snp_key_read(struct vch_snp_key *out, const struct x509_st *certificate,
                            struct vch_complaint *complaint);
