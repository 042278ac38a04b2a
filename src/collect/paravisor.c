#include "collect/paravisor.h"

#include "collect/tpm_index.h"

enum { INDEX = 0x01400001 }; // of the blob; Azure's own tools read it as the owner

vch_status vch_paravisor_read(struct vch_paravisor *out, struct vch_tpm_session *session,
                              struct vch_complaint *complaint)
{
    VCH_TRY(vch_tpm_index_read(out->blob, sizeof out->blob, &out->size, session, INDEX,
                               VCH_TPM_INDEX_OWNER, complaint));
    if (out->size == 0)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                            "this TPM holds no paravisor's report (index 0x%08x): it is none of "
                            "Azure's confidential machines; --from tpm shows its TPM alone",
                            INDEX);
    VCH_TRY(vch_azure_hcl_decode(&out->hcl, out->blob, out->size, complaint));
    if (out->hcl.kind == VCH_AZURE_SNP) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "this machine is under TDX, where a service of Azure's makes the quote, "
                        "which this program does not ask");
}

vch_status vch_paravisor_quote(struct vch_tpm_evidence *out, struct vch_tpm_session *session,
                               const uint8_t binder[static VCH_BINDER_SIZE], uint32_t pcrs,
                               struct vch_complaint *complaint)
{
    ESYS_TR key = ESYS_TR_NONE;

    VCH_TRY(vch_tpm_keys_paravisor(&key, session, complaint));
    return vch_tpm_evidence_quote_by(out, session, key, binder, pcrs, complaint);
}
