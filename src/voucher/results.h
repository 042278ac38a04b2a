// The results of a voucher's segments, to and from its message: form alone. What each holds beside
// its proof has a file of its own: voucher/votes.h, voucher/agreement.h, voucher/attestation.h.
#pragma once

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "schema/voucher.pb-c.h"
#include "voucher/voucher.h"

// Ascending, of segments that the job has and leaves to nodes, or proofs alone; MALFORMED or LIMIT.
vch_status vch_results_check(const struct vch_voucher *voucher, struct vch_complaint *complaint);

vch_status vch_results_fill(Vouch__Voucher *message, const struct vch_voucher *voucher,
                            struct vch_arena *arena);
// What has no bound of its own stays where unpacking put it.
vch_status vch_results_copy(struct vch_voucher *out, const Vouch__Voucher *message,
                            struct vch_arena *arena, struct vch_complaint *complaint);
