// Keys of a TPM that derive from its seeds, so that they are the same after every start and need no
// place: the attestation key, made to our template in the endorsement hierarchy, and the
// endorsement key, to the maker's.
#pragma once

#include "collect/tpm_session.h"
#include "evidence/tpm_public.h"

#define VCH_TPM_KEYS_CERTIFICATE_MAX 4096

// P-256, restricted: it signs nothing but what the TPM says. `bytes` are its TPMT_PUBLIC.
struct vch_tpm_keys_attestation {
    ESYS_TR handle; // to be flushed
    uint8_t bytes[VCH_TPM_PUBLIC_SIZE_MAX];
    size_t size;
};

vch_status vch_tpm_keys_attest(struct vch_tpm_keys_attestation *out,
                               struct vch_tpm_session *session, struct vch_complaint *complaint);

// The key that a paravisor made and keeps at handle 0x81000003, which its hardware report names
// (evidence/azure.h). Nobody has to flush it. UNAVAILABLE: there is none.
vch_status vch_tpm_keys_paravisor(ESYS_TR *out, struct vch_tpm_session *session,
                                  struct vch_complaint *complaint);

enum vch_tpm_keys_kind { VCH_TPM_KEYS_NONE, VCH_TPM_KEYS_P256, VCH_TPM_KEYS_RSA2048 };

// The endorsement certificate that the maker left in the TPM, in DER; the key's kind NONE and no
// bytes where there is none for a kind that evidence/tpm_ek.h takes.
struct vch_tpm_keys_certificate {
    enum vch_tpm_keys_kind kind;
    uint8_t bytes[VCH_TPM_KEYS_CERTIFICATE_MAX];
    size_t size;
};

vch_status vch_tpm_keys_certify(struct vch_tpm_keys_certificate *out,
                                struct vch_tpm_session *session, struct vch_complaint *complaint);

// TCG EK Credential Profile, templates L-1 (RSA) and L-2 (P-256). To be flushed.
vch_status vch_tpm_keys_endorse(ESYS_TR *out, struct vch_tpm_session *session,
                                enum vch_tpm_keys_kind kind, struct vch_complaint *complaint);
