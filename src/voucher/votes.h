// What was said of a segment's result, to and from the voucher's message: the votes of nodes, and
// the faults that the client found with them. Form alone: what it shows is for voucher/recount.h to
// say.
#pragma once

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "schema/voucher.pb-c.h"
#include "voucher/voucher.h"

// Ascending, each once, faults of known kinds; MALFORMED or LIMIT.
vch_status vch_votes_check(const struct vch_segment_result *result,
                           struct vch_complaint *complaint);

vch_status vch_votes_fill(Vouch__SegmentResult *message, const struct vch_segment_result *result,
                          struct vch_arena *arena);
vch_status vch_votes_copy(struct vch_segment_result *out, const Vouch__SegmentResult *message,
                          struct vch_arena *arena, struct vch_complaint *complaint);
