// A quote of a TPM, with what it takes to check it: the raw pieces of evidence of kind tpm2.
#pragma once

#include "attest/binder.h"
#include "collect/tpm_keys.h"
#include "evidence/tpm_quote.h"

#define VCH_TPM_EVIDENCE_SIGNATURE_MAX 1024

struct vch_tpm_evidence {
    uint8_t attest[VCH_TPM_QUOTE_SIZE_MAX];            // TPMS_ATTEST
    uint8_t signature[VCH_TPM_EVIDENCE_SIGNATURE_MAX]; // TPMT_SIGNATURE
    struct vch_digest pcrs[VCH_TPM_QUOTE_PCRS]; // of the SHA-256 bank; those not quoted are zeroes
    struct vch_tpm_keys_attestation ak;         // ours, where it signed
    size_t attest_size, signature_size;
};

// Quotes those PCRs for the block. What comes out was compared with what was asked: nonce and
// values are the quote's. UNAVAILABLE: PCRs change faster than they can be quoted, or there is no
// SHA-256 bank.
vch_status vch_tpm_evidence_quote(struct vch_tpm_evidence *out, struct vch_tpm_session *session,
                                  const uint8_t binder[static VCH_BINDER_SIZE], uint32_t pcrs,
                                  struct vch_complaint *complaint);
// The same by a key that is there already.
vch_status vch_tpm_evidence_quote_by(struct vch_tpm_evidence *out, struct vch_tpm_session *session,
                                     ESYS_TR key, const uint8_t binder[static VCH_BINDER_SIZE],
                                     uint32_t pcrs, struct vch_complaint *complaint);
