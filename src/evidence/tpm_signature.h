// What a TPM's key signed: TPMT_SIGNATURE, and the plain forms that tools and clouds make of it.
#pragma once

#include "base/complaint.h"
#include "certificate/spki.h"

enum vch_tpm_signature_form {
    VCH_TPM_SIGNATURE_TPMT,  // as the TPM gave it
    VCH_TPM_SIGNATURE_PLAIN, // RSA: as long as the modulus; ECDSA: DER
};

struct vch_tpm_signature {
    enum vch_tpm_signature_form form;
    const uint8_t *bytes;
    size_t size;
};

// VCH_OK only where `key`, RSA or P-256, signed SHA-256 of the message, by RSASSA-PKCS1-v1_5 or
// ECDSA. BAD_PROOF: it did not; MALFORMED, UNSUPPORTED: it is no such signature.
vch_status vch_tpm_signature_verify(const struct vch_tpm_signature *signature,
                                    const struct vch_spki *key, const uint8_t *message, size_t size,
                                    struct vch_complaint *complaint);
