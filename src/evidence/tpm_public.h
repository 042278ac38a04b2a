// TPMT_PUBLIC: what a TPM says of one of its keys. Its name is a hash of all of it, so whoever
// knows the name knows what the key may be used for.
#pragma once

#include "base/complaint.h"
#include "certificate/spki.h"
#include "crypto/hash.h"
#include "evidence/appraisal.h"

#define VCH_TPM_PUBLIC_SIZE_MAX 1024
#define VCH_TPM_PUBLIC_NAME_SIZE (2 + VCH_DIGEST_SIZE) // TPM_ALG_SHA256, then the hash

// TPMA_OBJECT
#define VCH_TPM_PUBLIC_FIXED_TPM 0x00000002u
#define VCH_TPM_PUBLIC_FIXED_PARENT 0x00000010u
#define VCH_TPM_PUBLIC_SENSITIVE_DATA_ORIGIN 0x00000020u
#define VCH_TPM_PUBLIC_RESTRICTED 0x00010000u
#define VCH_TPM_PUBLIC_DECRYPT 0x00020000u
#define VCH_TPM_PUBLIC_SIGN 0x00040000u

struct vch_tpm_public {
    struct vch_spki key;
    uint32_t attributes;
    uint16_t scheme; // TPM_ALG_ID; TPM_ALG_NULL (0x0010): chosen by whoever uses the key
    uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE];
};

// TPMT_PUBLIC, or TPM2B_PUBLIC (the same behind its length), whole. Keys whose name is not by
// SHA-256 are UNSUPPORTED.
vch_status vch_tpm_public_decode(struct vch_tpm_public *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint);

// Checks "tpm.ak.fixed", "tpm.ak.origin", "tpm.ak.restricted", "tpm.ak.signing": a key that this
// TPM made, that never leaves it, and that signs nothing but what the TPM itself says.
vch_status vch_tpm_public_appraise(struct vch_appraisal *appraisal,
                                   const struct vch_tpm_public *ak);

// Check "tpm.ak.enrolled": the key that was enrolled under this name, by credential activation.
vch_status vch_tpm_public_match(struct vch_appraisal *appraisal, const struct vch_tpm_public *ak,
                                const uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE]);
