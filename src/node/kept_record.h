// A run of a node as it is kept on disk (node/kept.h): what disputes about it need.
//
//     32 bytes subject, u32le segment, u32le round        the contest
//     u64le seen                                          the log's size when it was answered
//     32 bytes model, u32le first, last, batch            what was run
//     32 bytes input nonce, 32 bytes output nonce
//     32 bytes output, 32 bytes trace                     what was answered
//     u32le size, the job                                 canonical
//     the input's bytes                                   the rest
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "crypto/commitment.h"
#include "crypto/hash.h"
#include "entry/entry.h"

struct vch_kept_record {
    struct vch_contest_id contest;
    uint64_t seen;
    struct vch_digest model, output, trace;
    uint32_t first, last, batch;
    struct vch_nonce input_nonce, output_nonce;
    const uint8_t *job, *input; // borrowed
    size_t job_size, input_size;
};

size_t vch_kept_record_size(const struct vch_kept_record *record);
void vch_kept_record_encode(uint8_t *out, const struct vch_kept_record *record); // so many bytes

// Borrows from the bytes. TRUNCATED, MALFORMED.
vch_status vch_kept_record_decode(struct vch_kept_record *out, const uint8_t *bytes, size_t size);
