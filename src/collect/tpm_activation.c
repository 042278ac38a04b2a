#include "collect/tpm_activation.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#include "base/bytes.h"

// Both are bytes behind their length, and nothing after them.
static vch_status decode(TPM2B_ID_OBJECT *blob, TPM2B_ENCRYPTED_SECRET *seed,
                         const struct vch_tpm_credential *credential,
                         struct vch_complaint *complaint)
{
    size_t blob_end = 0, seed_end = 0;

    TSS2_RC blob_read =
        Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(credential->blob, credential->blob_size, &blob_end, blob);
    TSS2_RC seed_read = Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(
        credential->seed, credential->seed_size, &seed_end, seed);
    if (blob_read == TSS2_RC_SUCCESS && seed_read == TSS2_RC_SUCCESS &&
        blob_end == credential->blob_size && seed_end == credential->seed_size)
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "expected a TPM2B_ID_OBJECT and a TPM2B_ENCRYPTED_SECRET, found other "
                        "bytes");
}

// The endorsement key's policy is that whoever knows the hierarchy's password, which is empty, may.
static TSS2_RC satisfy_policy(ESYS_TR *out, struct vch_tpm_session *session)
{
    const TPMT_SYM_DEF plain = {.algorithm = TPM2_ALG_NULL};

    TSS2_RC answer =
        Esys_StartAuthSession(session->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                              ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &plain, TPM2_ALG_SHA256, out);
    if (answer != TSS2_RC_SUCCESS) return answer;
    return Esys_PolicySecret(session->esys, ESYS_TR_RH_ENDORSEMENT, *out, ESYS_TR_PASSWORD,
                             ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);
}

static TSS2_RC activate(TPM2B_DIGEST **out, struct vch_tpm_session *session, ESYS_TR ak, ESYS_TR ek,
                        const TPM2B_ID_OBJECT *blob, const TPM2B_ENCRYPTED_SECRET *seed)
{
    ESYS_TR policy = ESYS_TR_NONE;

    TSS2_RC answer = satisfy_policy(&policy, session);
    if (answer == TSS2_RC_SUCCESS)
        answer = Esys_ActivateCredential(session->esys, ak, ek, ESYS_TR_PASSWORD, policy,
                                         ESYS_TR_NONE, blob, seed, out);
    vch_tpm_session_flush(session, policy);
    return answer;
}

static vch_status activate_with(uint8_t *secret, size_t *secret_size,
                                struct vch_tpm_session *session, ESYS_TR ak, ESYS_TR ek,
                                const struct vch_tpm_credential *credential,
                                struct vch_complaint *complaint)
{
    TPM2B_ID_OBJECT blob;
    TPM2B_ENCRYPTED_SECRET seed;
    TPM2B_DIGEST *said = NULL;

    VCH_TRY(decode(&blob, &seed, credential, complaint));
    VCH_TRY(vch_tpm_session_check(session, activate(&said, session, ak, ek, &blob, &seed),
                                  "TPM2_ActivateCredential", complaint));
    bool fits = said != NULL && said->size > 0 && said->size <= VCH_TPM_CREDENTIAL_SECRET_MAX;
    if (fits) {
        *secret_size = said->size;
        memcpy(secret, said->buffer, said->size);
    }
    if (said != NULL) vch_wipe(said, sizeof *said);
    Esys_Free(said);
    if (fits) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "expected a secret of 1 to %d bytes in the challenge",
                        VCH_TPM_CREDENTIAL_SECRET_MAX);
}

vch_status vch_tpm_activation_run(uint8_t secret[static VCH_TPM_CREDENTIAL_SECRET_MAX],
                                  size_t *secret_size, struct vch_tpm_session *session,
                                  const struct vch_tpm_credential *credential,
                                  struct vch_complaint *complaint)
{
    struct vch_tpm_keys_certificate certificate;
    struct vch_tpm_keys_attestation ak;
    ESYS_TR ek = ESYS_TR_NONE;

    VCH_TRY(vch_tpm_keys_certify(&certificate, session, complaint));
    if (certificate.kind == VCH_TPM_KEYS_NONE)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                            "the TPM holds no endorsement certificate of an RSA-2048 or P-256 key: "
                            "nobody can know whose it is");
    VCH_TRY(vch_tpm_keys_attest(&ak, session, complaint));
    vch_status status = vch_tpm_keys_endorse(&ek, session, certificate.kind, complaint);
    if (vch_is_ok(status))
        status = activate_with(secret, secret_size, session, ak.handle, ek, credential, complaint);
    vch_tpm_session_flush(session, ek);
    vch_tpm_session_flush(session, ak.handle);
    return status;
}
