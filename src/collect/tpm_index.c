#include "collect/tpm_index.h"

#include <string.h>

enum { CHUNK = 512 }; // every TPM reads as much at once

static TSS2_RC read_size(size_t *out, struct vch_tpm_session *session, ESYS_TR index)
{
    TPM2B_NV_PUBLIC *facts = NULL;
    TSS2_RC answer = Esys_NV_ReadPublic(session->esys, index, ESYS_TR_NONE, ESYS_TR_NONE,
                                        ESYS_TR_NONE, &facts, NULL);

    if (answer == TSS2_RC_SUCCESS) *out = facts->nvPublic.dataSize;
    Esys_Free(facts);
    return answer;
}

static TSS2_RC read_part(uint8_t *out, size_t at, size_t wanted, size_t *got,
                         struct vch_tpm_session *session, ESYS_TR index, ESYS_TR reader)
{
    TPM2B_MAX_NV_BUFFER *part = NULL;
    TSS2_RC answer = Esys_NV_Read(session->esys, reader, index, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                  ESYS_TR_NONE, (uint16_t)wanted, (uint16_t)at, &part);

    if (answer == TSS2_RC_SUCCESS && (part->size == 0 || part->size > wanted))
        answer = TSS2_TCTI_RC_MALFORMED_RESPONSE;
    if (answer == TSS2_RC_SUCCESS) {
        *got = part->size;
        memcpy(out + at, part->buffer, part->size);
    }
    Esys_Free(part);
    return answer;
}

static vch_status read_all(uint8_t *out, size_t room, size_t *size, struct vch_tpm_session *session,
                           ESYS_TR index, ESYS_TR reader, struct vch_complaint *complaint)
{
    size_t whole = 0, got = 0;

    VCH_TRY(vch_tpm_session_check(session, read_size(&whole, session, index), "TPM2_NV_ReadPublic",
                                  complaint));
    if (whole > room)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected at most %zu bytes in the TPM's memory, found %zu", room,
                            whole);
    for (; *size < whole; *size += got) {
        size_t rest = whole - *size;
        VCH_TRY(vch_tpm_session_check(
            session,
            read_part(out, *size, rest < CHUNK ? rest : CHUNK, &got, session, index, reader),
            "TPM2_NV_Read", complaint));
    }
    return VCH_OK;
}

vch_status vch_tpm_index_read(uint8_t *out, size_t room, size_t *size,
                              struct vch_tpm_session *session, TPM2_HANDLE index,
                              enum vch_tpm_index_reader reader, struct vch_complaint *complaint)
{
    ESYS_TR found = ESYS_TR_NONE;
    TSS2_RC answer = Esys_TR_FromTPMPublic(session->esys, index, ESYS_TR_NONE, ESYS_TR_NONE,
                                           ESYS_TR_NONE, &found);

    *size = 0;
    if ((answer & ~TPM2_RC_N_MASK) == TPM2_RC_HANDLE) return VCH_OK; // there is none
    VCH_TRY(
        vch_tpm_session_check(session, answer, "finding an index of the TPM's memory", complaint));
    vch_status status =
        read_all(out, room, size, session, found,
                 reader == VCH_TPM_INDEX_OWNER ? ESYS_TR_RH_OWNER : found, complaint);
    (void)Esys_TR_Close(session->esys, &found);
    return status;
}
