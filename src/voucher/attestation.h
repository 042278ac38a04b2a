// The attestations of a segment's result, to and from the voucher's message: form alone. What they
// show is for voucher/attested.h to say.
#pragma once

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "schema/voucher.pb-c.h"
#include "voucher/voucher.h"

// Ascending nodes, each of which voted in this result; blocks of the right form, responses within
// bounds. MALFORMED or LIMIT.
vch_status vch_attestation_check(const struct vch_segment_result *result,
                                 struct vch_complaint *complaint);

vch_status vch_attestation_fill(Vouch__SegmentResult *message,
                                const struct vch_segment_result *result, struct vch_arena *arena);
// The bytes stay where unpacking put them.
vch_status vch_attestation_copy(struct vch_segment_result *out, const Vouch__SegmentResult *message,
                                struct vch_arena *arena, struct vch_complaint *complaint);
