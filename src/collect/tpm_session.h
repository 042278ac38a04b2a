// A TPM to talk to: commands by TSS2's ESAPI, over our own way to it (tcti.h).
//
// TSS2 logs what fails to standard error, unless TSS2_LOG in the environment says otherwise: set it
// to VCH_TPM_SESSION_LOG first, for what fails comes out as a complaint.
#pragma once

#include <tss2/tss2_esys.h>

#include "base/complaint.h"
#include "collect/tcti.h"

#define VCH_TPM_SESSION_LOG "all+NONE"

struct vch_tpm_session {
    struct vch_tcti tcti; // TSS2 points here: not to be moved
    ESYS_CONTEXT *esys;
};

// Over an open descriptor, which stays the caller's. Close it, whatever came of it.
vch_status vch_tpm_session_open(struct vch_tpm_session *out, int file, uint64_t deadline_us,
                                struct vch_complaint *complaint);
void vch_tpm_session_close(struct vch_tpm_session *session);

// What TSS2 answered to `what` ("TPM2_Quote"): VCH_OK, TIMEOUT past the deadline, else UNAVAILABLE
// with what to do where that is known.
vch_status vch_tpm_session_check(const struct vch_tpm_session *session, TSS2_RC answer,
                                 const char *what, struct vch_complaint *complaint);

// Takes the object out of the TPM's few slots; ESYS_TR_NONE is fine.
void vch_tpm_session_flush(struct vch_tpm_session *session, ESYS_TR object);
