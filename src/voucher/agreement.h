// The agreement of a segment's result, to and from the voucher's message: form alone. What one
// shows is for voucher/contest.h to say.
#pragma once

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "schema/voucher.pb-c.h"
#include "voucher/voucher.h"

// At least one leaf, ascending positions, sizes within bounds; MALFORMED or LIMIT. NULL is none.
vch_status vch_agreement_check(const struct vch_segment_agreement *agreement, uint32_t segment,
                               struct vch_complaint *complaint);

// NULL stays NULL.
vch_status vch_agreement_fill(Vouch__Agreement **out, const struct vch_segment_agreement *agreement,
                              struct vch_arena *arena);
// The bytes stay where unpacking put them.
vch_status vch_agreement_copy(const struct vch_segment_agreement **out,
                              const Vouch__Agreement *message, uint32_t segment,
                              struct vch_arena *arena, struct vch_complaint *complaint);
