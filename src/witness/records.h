// What a witness writes down, as text that a person can read (specs/witness.md, section 4). The
// last line is the SHA-256 of the lines before it, so that a file that was damaged is not believed.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "witness/core.h"

#define VCH_RECORDS_SIZE_MAX 4096u

// Each writes the text and a NUL, and returns the characters.
size_t vch_records_encode_log(char out[static VCH_RECORDS_SIZE_MAX],
                              const struct vch_core_log *log);
// The same as it will be once the change is applied.
size_t vch_records_encode_change(char out[static VCH_RECORDS_SIZE_MAX],
                                 const struct vch_core_log *log,
                                 const struct vch_core_change *change);
size_t vch_records_encode_promise(char out[static VCH_RECORDS_SIZE_MAX],
                                  const struct vch_core_promise *promise);
// The refusal that a change holds, as it is served.
size_t vch_records_encode_refusal(char out[static VCH_RECORDS_SIZE_MAX],
                                  const struct vch_core_log *log,
                                  const struct vch_core_change *change,
                                  const struct vch_core_refusal *refusal);

// Size, root, count and time of a log whose origin this has to be. MALFORMED with a complaint.
vch_status vch_records_decode_log(struct vch_core_log *log, const char *text, size_t size,
                                  struct vch_complaint *complaint);
vch_status vch_records_decode_promise(struct vch_core_promise *out, const char *text, size_t size,
                                      struct vch_complaint *complaint);
