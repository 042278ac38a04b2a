#include "collect/tpm_session.h"

#include <tss2/tss2_rc.h>

vch_status vch_tpm_session_open(struct vch_tpm_session *out, int file, uint64_t deadline_us,
                                struct vch_complaint *complaint)
{
    vch_tcti_init(&out->tcti, file, deadline_us);
    out->esys = NULL;
    return vch_tpm_session_check(out,
                                 Esys_Initialize(&out->esys, (TSS2_TCTI_CONTEXT *)&out->tcti, NULL),
                                 "start", complaint);
}

void vch_tpm_session_close(struct vch_tpm_session *session)
{
    Esys_Finalize(&session->esys);
}

void vch_tpm_session_flush(struct vch_tpm_session *session, ESYS_TR object)
{
    if (object != ESYS_TR_NONE && !session->tcti.is_late && !session->tcti.is_lost)
        (void)Esys_FlushContext(session->esys, object);
}

// What to do about an answer, where there is something. Codes of format one also say which
// parameter, handle or session they are about.
static const char *advice(TSS2_RC answer)
{
    static const struct {
        TSS2_RC code;
        const char *text;
    } ADVICE[] = {
        {TPM2_RC_OBJECT_MEMORY, "its slots for objects are full: use the kernel's resource manager "
                                "(device:/dev/tpmrm0), or end what fills them"},
        {TPM2_RC_SESSION_MEMORY, "its slots for sessions are full: use the kernel's resource "
                                 "manager (device:/dev/tpmrm0), or end what fills them"},
        {TPM2_RC_OBJECT_HANDLES, "its slots for objects are full: end what fills them"},
        {TPM2_RC_LOCKOUT,
         "it is locked out after wrong passwords: wait, or have its owner reset it"},
        {TPM2_RC_INITIALIZE, "it was not started: firmware or the kernel has to (TPM2_Startup)"},
        {TPM2_RC_FAILURE, "it failed its own tests: reset the machine"},
        {TPM2_RC_AUTH_FAIL, "its endorsement hierarchy has a password, and vouch knows none"},
        {TPM2_RC_BAD_AUTH, "its endorsement hierarchy has a password, and vouch knows none"},
        {TPM2_RC_HIERARCHY, "its endorsement hierarchy is switched off, in firmware's settings"},
        {TPM2_RC_INTEGRITY, "the challenge is for another TPM, or was altered"},
    };
    const TSS2_RC format_one = TPM2_RC_FMT1 | 0x3f;

    for (size_t i = 0; i < sizeof ADVICE / sizeof *ADVICE; i++)
        if (answer == ADVICE[i].code ||
            ((answer & TPM2_RC_FMT1) != 0 && (answer & format_one) == ADVICE[i].code))
            return ADVICE[i].text;
    return NULL;
}

vch_status vch_tpm_session_check(const struct vch_tpm_session *session, TSS2_RC answer,
                                 const char *what, struct vch_complaint *complaint)
{
    if (answer == TSS2_RC_SUCCESS) return VCH_OK;
    if (session->tcti.is_late)
        return vch_complain(complaint, VCH_CODE_TIMEOUT,
                            "the TPM did not answer in time to: %s; try again, or see whether the "
                            "machine's log (dmesg) complains about it",
                            what);
    if (session->tcti.is_lost)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                            "the TPM went away, or what is there is none, at: %s", what);
    const char *todo = advice(answer);
    return vch_complain(complaint, VCH_CODE_UNAVAILABLE, "the TPM refused: %s: %s (0x%x)%s%s", what,
                        Tss2_RC_Decode(answer), answer, todo != NULL ? ": " : "",
                        todo != NULL ? todo : "");
}
