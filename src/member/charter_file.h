// A charter as a file: the draft of entry 0, which its founder signed.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/sign.h"
#include "entry/charter.h"

#define VCH_CHARTER_FILE_MAX 65535u

// The charter, if the founder signed it. `founder` may be NULL: then whoever it names, which is for
// showing a charter and for nothing else. MALFORMED, BAD_PROOF, REFUSED (another founder).
vch_status vch_charter_file_decode(struct vch_charter *out, const uint8_t *bytes, size_t size,
                                   const struct vch_public_key *founder,
                                   struct vch_complaint *complaint);

// The draft, signed, in the arena; fills in the charter's id. `founder` is the charter's.
vch_status vch_charter_file_encode(uint8_t **out, size_t *size, struct vch_charter *charter,
                                   const struct vch_secret_key *founder, struct vch_arena *arena,
                                   struct vch_complaint *complaint);
