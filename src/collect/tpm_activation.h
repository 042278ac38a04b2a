// TPM2_ActivateCredential: what shows that the attestation key lies in the TPM whose endorsement
// key a secret was sealed to (evidence/tpm_credential.h makes such secrets).
#pragma once

#include "collect/tpm_keys.h"
#include "evidence/tpm_credential.h"

// The secret comes out where the credential was made for this TPM's endorsement key, of the kind
// that its certificate is of, and for our attestation key's name. Wipe it. UNAVAILABLE: the TPM
// refuses.
vch_status vch_tpm_activation_run(uint8_t secret[static VCH_TPM_CREDENTIAL_SECRET_MAX],
                                  size_t *secret_size, struct vch_tpm_session *session,
                                  const struct vch_tpm_credential *credential,
                                  struct vch_complaint *complaint);
