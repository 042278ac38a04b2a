// Endorsement keys: what a TPM's maker certified to be in one of its TPMs.
#pragma once

#include "base/complaint.h"
#include "certificate/chain.h"
#include "evidence/appraisal.h"

// Checks "tpm.ek.chain" (the list, endorsement certificate first, leads to the root of `rules`, a
// maker's; its leaf decrypts), "tpm.ek.use" (it is for endorsement keys, TCG EK Credential
// Profile 3.2.16), "tpm.ek.key" (of a kind that tpm_credential.h makes credentials for). The key
// comes out in `ek`, to be used where this returns VCH_OK.
vch_status vch_tpm_ek_verify(struct vch_appraisal *appraisal, struct vch_spki *ek,
                             const struct vch_certificate_list *list,
                             const struct vch_chain_rules *rules);
