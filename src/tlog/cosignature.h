// Cosignatures (C2SP tlog-cosignature, cosignature/v1): a witness's word that at a time this was
// the largest tree of the log that it saw, and that all it saw before is a prefix of it.
//
//     cosignature/v1
//     time <seconds since 1970>
//     <the checkpoint's text>
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "crypto/sign.h"
#include "tlog/note.h"
#include "tlog/vkey.h"

#define VCH_COSIGNATURE_TIME_MAX ((uint64_t)INT64_MAX) // seconds

// Writes the signature line of the witness `name` over a checkpoint's text, and a NUL; returns the
// characters.
size_t vch_cosignature_sign(char out[static VCH_NOTE_LINE_MAX + 1], const char *name,
                            const struct vch_secret_key *key, uint64_t time_s, const char *text,
                            size_t text_size);

// VCH_OK exactly when the key, of type VCH_VKEY_COSIGNATURE, cosigned the text: at least one line
// names it, and every line that names it verifies. `time_s`, which may be NULL, is the latest of
// their times. BAD_PROOF otherwise.
vch_status vch_cosignature_verify(uint64_t *time_s, const struct vch_note *note,
                                  const struct vch_vkey *vkey);
