#include "collect/tpm_evidence.h"

#include <string.h>
#include <tss2/tss2_mu.h>

enum { TRIES = 5 }; // a machine that starts up extends PCRs now and then

static TPML_PCR_SELECTION select_pcrs(uint32_t pcrs)
{
    return (TPML_PCR_SELECTION){
        .count = 1,
        .pcrSelections[0] = {
            .hash = TPM2_ALG_SHA256,
            .sizeofSelect = 3,
            .pcrSelect = {(uint8_t)pcrs, (uint8_t)(pcrs >> 8), (uint8_t)(pcrs >> 16)}}};
}

// Takes over the values of one answer, lowest PCR first; returns the PCRs that it had.
static uint32_t take_values(struct vch_digest *values, uint32_t wanted,
                            const TPML_PCR_SELECTION *said, const TPML_DIGEST *digests)
{
    uint32_t taken = 0, next = 0;

    if (said->count != 1 || said->pcrSelections[0].hash != TPM2_ALG_SHA256) return 0;
    for (uint32_t pcr = 0; pcr < VCH_TPM_QUOTE_PCRS && next < digests->count; pcr++) {
        if ((said->pcrSelections[0].pcrSelect[pcr / 8] >> pcr % 8 & 1) == 0) continue;
        const TPM2B_DIGEST *one = &digests->digests[next++];
        if (one->size != VCH_DIGEST_SIZE || (wanted >> pcr & 1) == 0) return 0;
        memcpy(values[pcr].bytes, one->buffer, VCH_DIGEST_SIZE);
        taken |= 1u << pcr;
    }
    return taken;
}

// A TPM gives some of what is asked for at a time.
static vch_status read_values(struct vch_digest *values, struct vch_tpm_session *session,
                              uint32_t pcrs, struct vch_complaint *complaint)
{
    memset(values, 0, VCH_TPM_QUOTE_PCRS * sizeof *values);
    while (pcrs != 0) {
        const TPML_PCR_SELECTION selection = select_pcrs(pcrs);
        TPML_PCR_SELECTION *said = NULL;
        TPML_DIGEST *digests = NULL;
        VCH_TRY(
            vch_tpm_session_check(session,
                                  Esys_PCR_Read(session->esys, ESYS_TR_NONE, ESYS_TR_NONE,
                                                ESYS_TR_NONE, &selection, NULL, &said, &digests),
                                  "TPM2_PCR_Read", complaint));
        uint32_t taken = take_values(values, pcrs, said, digests);
        Esys_Free(said);
        Esys_Free(digests);
        if (taken == 0)
            return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                                "the TPM does not show PCRs %06x of its SHA-256 bank: switch that "
                                "bank on, in firmware's settings",
                                pcrs);
        pcrs &= ~taken;
    }
    return VCH_OK;
}

static vch_status quote(struct vch_tpm_evidence *out, struct vch_tpm_session *session, ESYS_TR key,
                        const struct vch_digest *nonce, uint32_t pcrs,
                        struct vch_complaint *complaint)
{
    const TPML_PCR_SELECTION selection = select_pcrs(pcrs);
    const TPMT_SIG_SCHEME by_key = {.scheme = TPM2_ALG_NULL};
    TPM2B_DATA data = {.size = VCH_DIGEST_SIZE};
    TPM2B_ATTEST *quoted = NULL;
    TPMT_SIGNATURE *signature = NULL;

    memcpy(data.buffer, nonce->bytes, VCH_DIGEST_SIZE);
    out->signature_size = 0;
    TSS2_RC answer = Esys_Quote(session->esys, key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                &data, &by_key, &selection, &quoted, &signature);
    if (answer == TSS2_RC_SUCCESS)
        answer = Tss2_MU_TPMT_SIGNATURE_Marshal(signature, out->signature, sizeof out->signature,
                                                &out->signature_size);
    if (answer == TSS2_RC_SUCCESS && quoted->size > sizeof out->attest)
        answer = TSS2_TCTI_RC_MALFORMED_RESPONSE;
    if (answer == TSS2_RC_SUCCESS) {
        out->attest_size = quoted->size;
        memcpy(out->attest, quoted->attestationData, quoted->size);
    }
    Esys_Free(quoted);
    Esys_Free(signature);
    return vch_tpm_session_check(session, answer, "TPM2_Quote", complaint);
}

// The quote's digest is over the values, lowest PCR first.
static bool is_of(const struct vch_tpm_quote *said, const struct vch_digest *values, uint32_t pcrs)
{
    struct vch_hash hash;

    vch_hash_init(&hash);
    for (uint32_t pcr = 0; pcr < VCH_TPM_QUOTE_PCRS; pcr++)
        if ((pcrs >> pcr & 1) != 0) vch_hash_update(&hash, values[pcr].bytes, VCH_DIGEST_SIZE);
    struct vch_digest digest = vch_hash_final(&hash);
    return said->pcr_digest_size == VCH_DIGEST_SIZE &&
           memcmp(said->pcr_digest, digest.bytes, VCH_DIGEST_SIZE) == 0;
}

vch_status vch_tpm_evidence_quote_by(struct vch_tpm_evidence *out, struct vch_tpm_session *session,
                                     ESYS_TR key, const uint8_t binder[static VCH_BINDER_SIZE],
                                     uint32_t pcrs, struct vch_complaint *complaint)
{
    const struct vch_digest nonce = vch_binder_qualifier(binder);

    for (uint32_t i = 0; i < TRIES; i++) {
        struct vch_tpm_quote said;
        VCH_TRY(quote(out, session, key, &nonce, pcrs, complaint));
        VCH_TRY(read_values(out->pcrs, session, pcrs, complaint));
        if (!vch_is_ok(vch_tpm_quote_decode(&said, out->attest, out->attest_size, NULL)) ||
            said.nonce_size != VCH_DIGEST_SIZE ||
            memcmp(said.nonce, nonce.bytes, VCH_DIGEST_SIZE) != 0)
            return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                                "the TPM answered TPM2_Quote with what is no quote for this nonce");
        if (is_of(&said, out->pcrs, pcrs)) return VCH_OK;
    }
    return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                        "the TPM's PCRs changed between %d quotes and the readings after them: "
                        "wait until the machine has started, or do not quote those that change",
                        TRIES);
}

vch_status vch_tpm_evidence_quote(struct vch_tpm_evidence *out, struct vch_tpm_session *session,
                                  const uint8_t binder[static VCH_BINDER_SIZE], uint32_t pcrs,
                                  struct vch_complaint *complaint)
{
    VCH_TRY(vch_tpm_keys_attest(&out->ak, session, complaint));
    vch_status status =
        vch_tpm_evidence_quote_by(out, session, out->ak.handle, binder, pcrs, complaint);
    vch_tpm_session_flush(session, out->ak.handle);
    return status;
}
