// SEV-SNP attestation reports as bytes: AMD's publication 56860, table "ATTESTATION_REPORT".
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"

#define VCH_SNP_REPORT_SIZE 1184
#define VCH_SNP_REPORT_SIGNED 672 // its first bytes, which the signature is over
#define VCH_SNP_REPORT_NUMBER 72  // bytes of each number of the signature
#define VCH_SNP_REPORT_DATA_SIZE 64
#define VCH_SNP_REPORT_MEASUREMENT_SIZE 48
#define VCH_SNP_REPORT_CHIP_ID_SIZE 64

// Lines of processors, each with a root of its own.
enum vch_snp_report_product {
    VCH_SNP_REPORT_UNKNOWN,
    VCH_SNP_REPORT_MILAN,
    VCH_SNP_REPORT_GENOA, // also Bergamo and Siena
    VCH_SNP_REPORT_TURIN,
    VCH_SNP_REPORT_PRODUCTS,
};

// Security versions of the parts of the firmware. The order of their bytes depends on the product.
struct vch_snp_report_tcb {
    uint8_t fmc, bl, tee, snp, ucode; // fmc: Turin alone, else 0
};

enum vch_snp_report_signer {
    VCH_SNP_REPORT_VCEK = 0, // the chip's own key
    VCH_SNP_REPORT_VLEK = 1, // a key that AMD loaned to a provider
};

struct vch_snp_report {
    uint32_t version, guest_svn;
    uint64_t policy, platform;
    uint32_t vmpl;
    bool has_author_key, is_chip_key_masked;
    uint8_t signer; // enum vch_snp_report_signer, or another value of three bits
    const uint8_t *family_id, *image_id; // 16 bytes each; these borrow from what was decoded
    const uint8_t *data;                 // VCH_SNP_REPORT_DATA_SIZE: what the guest chose
    const uint8_t *measurement;          // VCH_SNP_REPORT_MEASUREMENT_SIZE
    const uint8_t *host_data;            // 32
    const uint8_t *id_key_digest, *author_key_digest; // 48 each
    const uint8_t *chip_id;                           // VCH_SNP_REPORT_CHIP_ID_SIZE
    enum vch_snp_report_product product;              // by CPUID; version 2 does not say: UNKNOWN
    uint8_t cpu_family, cpu_model, cpu_stepping;
    uint64_t raw_current, raw_reported, raw_committed, raw_launch; // versions, bytes as they stand
    uint8_t current_build[3], committed_build[3];                  // build, minor, major
    uint64_t launch_mitigations, current_mitigations;              // version 5, else 0
    const uint8_t *r, *s; // VCH_SNP_REPORT_NUMBER bytes each, little-endian
};

// Exactly VCH_SNP_REPORT_SIZE bytes of version 3 or 5, or 2 where that is asked for; what is
// reserved has to be zero. Borrows from `bytes`. TRUNCATED, MALFORMED or UNSUPPORTED.
vch_status vch_snp_report_decode(struct vch_snp_report *out, const uint8_t *bytes, size_t size,
                                 bool takes_version_2, struct vch_complaint *complaint);

// False: the product is unknown, or its reserved bytes are not zero.
bool vch_snp_report_tcb_of(struct vch_snp_report_tcb *out, enum vch_snp_report_product product,
                           uint64_t raw);
// Every part of `tcb` is at least that of `floor`.
bool vch_snp_report_reaches(const struct vch_snp_report_tcb *tcb,
                            const struct vch_snp_report_tcb *floor);
const char *vch_snp_report_product_name(enum vch_snp_report_product product);
