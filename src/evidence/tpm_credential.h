// TPM2_MakeCredential, by a verifier: a secret that only the TPM with this endorsement key reads,
// and only where it holds the key of this name. Whoever says the secret back is that TPM.
//
// The endorsement key is one of TCG's default templates (EK Credential Profile, L-1 and L-2): name
// and KDF by SHA-256, protected by AES-128-CFB.
#pragma once

#include "evidence/tpm_public.h"

#define VCH_TPM_CREDENTIAL_SECRET_MAX 32
#define VCH_TPM_CREDENTIAL_BLOB_MAX (4 + VCH_DIGEST_SIZE + 2 + VCH_TPM_CREDENTIAL_SECRET_MAX)
#define VCH_TPM_CREDENTIAL_SEED_MAX (2 + 2 + 2 + 256)

struct vch_tpm_credential_random { // fresh for each credential, and secret; wiped by who drew it
    uint8_t seed[32];
    uint8_t padding[32];   // of RSA-OAEP
    uint8_t ephemeral[40]; // the scalar of ECDH, reduced modulo the order
};

struct vch_tpm_credential {
    uint8_t blob[VCH_TPM_CREDENTIAL_BLOB_MAX]; // TPM2B_ID_OBJECT
    uint8_t seed[VCH_TPM_CREDENTIAL_SEED_MAX]; // TPM2B_ENCRYPTED_SECRET
    uint16_t blob_size, seed_size;             // with their own lengths
};

// `ek`: RSA of 2048 bits or ECC P-256, from a certificate that was verified; else UNSUPPORTED. The
// secret is of 1 to VCH_TPM_CREDENTIAL_SECRET_MAX bytes.
vch_status vch_tpm_credential_make(struct vch_tpm_credential *out, const struct vch_spki *ek,
                                   const uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE],
                                   const uint8_t *secret, size_t secret_size,
                                   const struct vch_tpm_credential_random *random,
                                   struct vch_complaint *complaint);
