// Azure's confidential machines: what their paravisor left in the vTPM that it keeps for them.
#pragma once

#include "collect/tpm_evidence.h"
#include "evidence/azure.h"

#define VCH_PARAVISOR_BLOB_MAX (24u << 10)

struct vch_paravisor {
    uint8_t blob[VCH_PARAVISOR_BLOB_MAX];
    size_t size;
    struct vch_azure_hcl hcl; // within the blob
};

// The hardware's report, and what it vouches for. UNAVAILABLE: this is no such machine.
// UNSUPPORTED: one under TDX, whose quote a service of Azure's makes.
vch_status vch_paravisor_read(struct vch_paravisor *out, struct vch_tpm_session *session,
                              struct vch_complaint *complaint);

// A quote by the key that the report vouches for.
vch_status vch_paravisor_quote(struct vch_tpm_evidence *out, struct vch_tpm_session *session,
                               const uint8_t binder[static VCH_BINDER_SIZE], uint32_t pcrs,
                               struct vch_complaint *complaint);
