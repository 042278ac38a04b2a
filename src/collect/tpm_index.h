// What others left in a TPM's non-volatile memory.
#pragma once

#include <stdint.h>

#include "collect/tpm_session.h"

// By whose authority it is read; the passwords of both are empty.
enum vch_tpm_index_reader { VCH_TPM_INDEX_ITSELF, VCH_TPM_INDEX_OWNER };

// All of it; *size is 0 where there is no such index. LIMIT: it does not fit.
vch_status vch_tpm_index_read(uint8_t *out, size_t room, size_t *size,
                              struct vch_tpm_session *session, TPM2_HANDLE index,
                              enum vch_tpm_index_reader reader, struct vch_complaint *complaint);
