// Which releases of which models somebody has seen, so that none of them goes back to an older one;
// and the file in which a node keeps those that it has opened (specs/sealing.md, section 6).
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
// Of the file: records are added at its end and never changed. They are of a size that no sector of
// a disk cuts in two, so that one is there or is not.
#define VCH_COUNTERS_RECORD_SIZE 128u
#define VCH_COUNTERS_RECORDS_MAX 4096u
#define VCH_COUNTERS_SIZE_MAX 131072u // check: 1024 * 128
#define VCH_COUNTERS_FILE_MAX 524416u // check: 4096 * 128 + 128

struct vch_counters_one {
    struct vch_public_key owner;
    struct vch_digest model;
    uint64_t counter; // the highest one; not zero
};

struct vch_counters {
    uint32_t count;
    struct vch_counters_one all[VCH_COUNTERS_MAX]; // ascending by owner, then model
};

struct vch_counters_one vch_counters_of(const struct vch_sealed *sealed);

// 0: none was seen.
uint64_t vch_counters_find(const struct vch_counters *counters, const struct vch_public_key *owner,
                           const struct vch_digest *model);

// Whether it is known already, or there is room for it. LIMIT: too many models.
vch_status vch_counters_check_room(const struct vch_counters *counters,
                                   const struct vch_counters_one *seen,
                                   struct vch_complaint *complaint);
// Remembers this release, if it is newer. LIMIT.
vch_status vch_counters_raise(struct vch_counters *counters, const struct vch_counters_one *seen,
                              struct vch_complaint *complaint);

void vch_counters_encode_record(uint8_t out[static VCH_COUNTERS_RECORD_SIZE],
                                const struct vch_counters_one *one);
// The shortest file that says this: a record for each. Returns the size.
size_t vch_counters_encode(uint8_t out[static VCH_COUNTERS_SIZE_MAX],
                           const struct vch_counters *counters);

// All that is in a file, of at most VCH_COUNTERS_FILE_MAX bytes. `whole`: how many of them are
// whole records. What follows those is one that was not finished, and that nobody was told of: a
// part, or zeroes. MALFORMED, UNSUPPORTED, LIMIT, or BAD_PROOF (a byte is not what was written):
// then nobody knows what was seen, and nothing may be opened.
vch_status vch_counters_decode(struct vch_counters *out, size_t *whole, const void *bytes,
                               size_t size, struct vch_complaint *complaint);
