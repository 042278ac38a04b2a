// What a witness writes down (specs/witness.md, section 4). Of each log a file of records, one for
// each change, which is read by applying them once more; and a text for each refusal.
//
//     64 bytes   "vouch/witness/log/v1", zeroes up to 32 bytes, SHA-256 of the origin
//     records of 576 bytes: 544 that say what changed, zeroes at their end, and the SHA-256 of the
//     32 bytes before the record and those 544
//
// Each record's hash covers all before it, so that nothing is taken from the middle unseen. What a
// crash can leave of records whose sync had not returned is a tail that is cut, or zeroes: that is
// dropped. A whole record that does not check is damage.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "witness/core.h"

#define VCH_RECORDS_HEAD 64u
#define VCH_RECORDS_SIZE 576u
#define VCH_RECORDS_SNAPSHOT_MAX 590464u // check: 64 + 576 * (1024 + 1)

// A file that says what the log is now, and nothing of how it came to be. Returns its bytes.
size_t vch_records_snapshot(uint8_t out[static VCH_RECORDS_SNAPSHOT_MAX],
                            const struct vch_core_log *log);

// The record of a change, a checkpoint or a promise, after one that ends in `before`.
void vch_records_encode(uint8_t out[static VCH_RECORDS_SIZE],
                        const uint8_t before[static VCH_DIGEST_SIZE],
                        const struct vch_core_change *change);

// Applies a file's records to a log of which nothing was known. `*kept` bytes of it count; what is
// behind them was never acknowledged. MALFORMED with a complaint.
vch_status vch_records_replay(struct vch_core_log *log, size_t *kept, const uint8_t *bytes,
                              size_t size, struct vch_complaint *complaint);
