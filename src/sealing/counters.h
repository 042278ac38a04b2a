// Which releases of which models somebody has seen, so that none of them goes back to an older one
// (specs/sealing.md, section 5): what a node keeps on disk of those it has opened.
//
// Whoever can set that disk back sets this back, too: an owner's log remembers as well
// (sealing/release.h).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "sealing/sealed.h"

#define VCH_COUNTERS_MAX 1024u
#define VCH_COUNTERS_SIZE_MAX 73792u // check: 16 + 8 + 8 + 1024 * 72 + 32

struct vch_counters_one {
    struct vch_public_key owner;
    struct vch_digest model;
    uint64_t counter; // the highest one
};

struct vch_counters {
    uint32_t count;
    struct vch_counters_one all[VCH_COUNTERS_MAX]; // ascending by owner, then model
};

// 0: none was seen.
uint64_t vch_counters_find(const struct vch_counters *counters, const struct vch_public_key *owner,
                           const struct vch_digest *model);

// Remembers this release, if it is newer. LIMIT: too many models.
vch_status vch_counters_raise(struct vch_counters *counters, const struct vch_sealed *sealed,
                              struct vch_complaint *complaint);

// Returns the size.
size_t vch_counters_encode(uint8_t out[static VCH_COUNTERS_SIZE_MAX],
                           const struct vch_counters *counters);

// The one encoding. TRUNCATED, MALFORMED or BAD_PROOF (a byte is not what was written): then nobody
// knows what was seen, and nothing older may be opened.
vch_status vch_counters_decode(struct vch_counters *out, const void *bytes, size_t size,
                               struct vch_complaint *complaint);
