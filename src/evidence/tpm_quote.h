// TPM2_Quote: a TPMS_ATTEST that an attestation key signed, and the PCRs it speaks of.
#pragma once

#include "crypto/hash.h"
#include "evidence/appraisal.h"
#include "evidence/tpm_signature.h"

#define VCH_TPM_QUOTE_PCRS 24
#define VCH_TPM_QUOTE_BANKS_MAX 8
#define VCH_TPM_QUOTE_SIZE_MAX 1024

struct vch_tpm_quote_clock {
    uint64_t clock_ms; // time powered, over the TPM's life
    uint32_t reset_count, restart_count;
    bool is_safe; // the clock never showed more than this before
};

struct vch_tpm_quote {
    const uint8_t *signer; // the qualified name of the key, borrowed
    const uint8_t *nonce;  // extraData, borrowed
    uint16_t signer_size, nonce_size;
    struct vch_tpm_quote_clock clock;
    uint64_t firmware;
    uint32_t bank_count;
    struct {
        uint16_t algorithm;
        uint32_t pcrs; // bit i: PCR i
    } banks[VCH_TPM_QUOTE_BANKS_MAX];
    const uint8_t *pcr_digest; // borrowed
    uint16_t pcr_digest_size;
};

struct vch_tpm_quote_pcr_rule {
    uint32_t pcr;
    const struct vch_digest *allowed;
    uint32_t count; // none allowed: nothing is
};

struct vch_tpm_quote_evidence {
    const uint8_t *attest; // TPMS_ATTEST, not behind a length
    size_t attest_size;
    struct vch_tpm_signature signature;
    const struct vch_digest *pcrs; // all VCH_TPM_QUOTE_PCRS of them; only the quoted ones count
};

struct vch_tpm_quote_expected {
    const uint8_t *nonce; // all of extraData
    size_t nonce_size;
    uint32_t pcrs; // bit i: PCR i; exactly these of the SHA-256 bank
    const struct vch_tpm_quote_pcr_rule *rules;
    uint32_t rule_count;
    const struct vch_tpm_quote_clock *seen; // what the same key said last; NULL: nothing yet
    bool is_session; // the machine may not have been reset or resumed since `seen`
};

// MALFORMED where it is no TPMS_ATTEST that a TPM made of a quote, exact to its last byte.
vch_status vch_tpm_quote_decode(struct vch_tpm_quote *out, const uint8_t *bytes, size_t size,
                                struct vch_complaint *complaint);

// Checks "tpm.signature", "tpm.nonce", "tpm.bank", "tpm.selection", "tpm.pcr.digest",
// "tpm.pcr.value" (the rules), "tpm.history", "tpm.session". What was said comes out in `out` only
// to be used where this returns VCH_OK. Whether `ak` may speak is for tpm_public.h and azure.h.
vch_status vch_tpm_quote_verify(struct vch_appraisal *appraisal, struct vch_tpm_quote *out,
                                const struct vch_tpm_quote_evidence *evidence,
                                const struct vch_spki *ak,
                                const struct vch_tpm_quote_expected *expected,
                                struct vch_complaint *complaint);
