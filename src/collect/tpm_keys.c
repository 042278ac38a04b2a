#include "collect/tpm_keys.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#include "collect/tpm_index.h"

// Part of what the key derives from: another text, another key.
static const char UNIQUE[] = "vouch attestation key 1";

// Of both endorsement templates: TPM2_PolicySecret of the endorsement hierarchy, nothing else.
static const uint8_t ENDORSEMENT_POLICY[32] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};

enum { FIXED = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN };

static TSS2_RC make(ESYS_TR *handle, TPM2B_PUBLIC **made, struct vch_tpm_session *session,
                    const TPM2B_PUBLIC *template)
{
    const TPM2B_SENSITIVE_CREATE no_secret = {.size = 0};
    const TPM2B_DATA no_data = {.size = 0};
    const TPML_PCR_SELECTION no_pcrs = {.count = 0};

    return Esys_CreatePrimary(session->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                              ESYS_TR_NONE, &no_secret, template, &no_data, &no_pcrs, handle, made,
                              NULL, NULL, NULL);
}

static TPM2B_PUBLIC attestation_template(void)
{
    TPM2B_PUBLIC out = {
        .publicArea = {
            .type = TPM2_ALG_ECC,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = FIXED | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
                                TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT,
            .parameters.eccDetail = {.symmetric.algorithm = TPM2_ALG_NULL,
                                     .scheme = {.scheme = TPM2_ALG_ECDSA,
                                                .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                                     .curveID = TPM2_ECC_NIST_P256,
                                     .kdf.scheme = TPM2_ALG_NULL},
            .unique.ecc.x.size = sizeof UNIQUE - 1,
        }};

    memcpy(out.publicArea.unique.ecc.x.buffer, UNIQUE, sizeof UNIQUE - 1);
    return out;
}

vch_status vch_tpm_keys_attest(struct vch_tpm_keys_attestation *out,
                               struct vch_tpm_session *session, struct vch_complaint *complaint)
{
    const TPM2B_PUBLIC template = attestation_template();
    TPM2B_PUBLIC *made = NULL;

    *out = (struct vch_tpm_keys_attestation){.handle = ESYS_TR_NONE};
    TSS2_RC answer = make(&out->handle, &made, session, &template);
    if (answer == TSS2_RC_SUCCESS)
        answer = Tss2_MU_TPMT_PUBLIC_Marshal(&made->publicArea, out->bytes, sizeof out->bytes,
                                             &out->size);
    Esys_Free(made);
    return vch_tpm_session_check(session, answer, "TPM2_CreatePrimary of the attestation key",
                                 complaint);
}

vch_status vch_tpm_keys_paravisor(ESYS_TR *out, struct vch_tpm_session *session,
                                  struct vch_complaint *complaint)
{
    const TPM2_HANDLE place = 0x81000003;

    *out = ESYS_TR_NONE;
    return vch_tpm_session_check(
        session,
        Esys_TR_FromTPMPublic(session->esys, place, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, out),
        "finding the paravisor's attestation key", complaint);
}

static TPM2B_PUBLIC endorsement_template(enum vch_tpm_keys_kind kind)
{
    const TPMT_SYM_DEF_OBJECT aes = {
        .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB};
    TPM2B_PUBLIC out = {.publicArea = {.nameAlg = TPM2_ALG_SHA256,
                                       .objectAttributes = FIXED | TPMA_OBJECT_ADMINWITHPOLICY |
                                                           TPMA_OBJECT_RESTRICTED |
                                                           TPMA_OBJECT_DECRYPT,
                                       .authPolicy.size = sizeof ENDORSEMENT_POLICY}};
    TPMT_PUBLIC *key = &out.publicArea;

    memcpy(key->authPolicy.buffer, ENDORSEMENT_POLICY, sizeof ENDORSEMENT_POLICY);
    if (kind == VCH_TPM_KEYS_P256) {
        key->type = TPM2_ALG_ECC;
        key->parameters.eccDetail = (TPMS_ECC_PARMS){.symmetric = aes,
                                                     .scheme.scheme = TPM2_ALG_NULL,
                                                     .curveID = TPM2_ECC_NIST_P256,
                                                     .kdf.scheme = TPM2_ALG_NULL};
        key->unique.ecc.x.size = key->unique.ecc.y.size = 32;
    } else {
        key->type = TPM2_ALG_RSA;
        key->parameters.rsaDetail = (TPMS_RSA_PARMS){
            .symmetric = aes, .scheme.scheme = TPM2_ALG_NULL, .keyBits = 2048, .exponent = 0};
        key->unique.rsa.size = 256;
    }
    return out;
}

vch_status vch_tpm_keys_endorse(ESYS_TR *out, struct vch_tpm_session *session,
                                enum vch_tpm_keys_kind kind, struct vch_complaint *complaint)
{
    const TPM2B_PUBLIC template = endorsement_template(kind);

    *out = ESYS_TR_NONE;
    return vch_tpm_session_check(session, make(out, NULL, session, &template),
                                 "TPM2_CreatePrimary of the endorsement key", complaint);
}

// Makers pad what they wrote; DER says how long it is.
static size_t der_size(const uint8_t *bytes, size_t size)
{
    if (size < 4 || bytes[0] != 0x30 || bytes[1] != 0x82) return size;
    size_t whole = 4 + ((size_t)bytes[2] << 8 | bytes[3]);
    return whole < size ? whole : size;
}

vch_status vch_tpm_keys_certify(struct vch_tpm_keys_certificate *out,
                                struct vch_tpm_session *session, struct vch_complaint *complaint)
{
    static const struct {
        TPM2_HANDLE index; // TCG EK Credential Profile, 2.2.1.4
        enum vch_tpm_keys_kind kind;
    } PLACES[] = {{0x01c0000a, VCH_TPM_KEYS_P256}, {0x01c00002, VCH_TPM_KEYS_RSA2048}};

    for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
        *out = (struct vch_tpm_keys_certificate){.kind = VCH_TPM_KEYS_NONE};
        VCH_TRY(vch_tpm_index_read(out->bytes, sizeof out->bytes, &out->size, session,
                                   PLACES[i].index, VCH_TPM_INDEX_ITSELF, complaint));
        out->size = der_size(out->bytes, out->size);
        out->kind = out->size > 0 ? PLACES[i].kind : VCH_TPM_KEYS_NONE;
        if (out->size > 0) return VCH_OK;
    }
    return VCH_OK;
}
