// What a log's key signs when it refuses a draft that a witness was handed: that the state after
// the first `size` entries, at its clock's time, takes it not (specs/witness.md, section 3).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"

struct vch_digest vch_refusal_digest(const struct vch_digest *ledger, uint64_t size,
                                     const struct vch_digest *root, uint64_t time_ms,
                                     const uint8_t *draft, size_t draft_size);
