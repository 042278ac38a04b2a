// What nodes showed of what they run, as a voucher keeps it.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "client/client.h"
#include "client/pool.h"
#include "voucher/voucher.h"

// Fills in the attestations of a result whose votes are there: of every node that voted, has voted
// in none of the `count` segments before, and has shown something on this occasion that was
// accepted.
vch_status vch_evidence_gather(struct vch_segment_result *result,
                               const struct vch_client_segment *earlier, uint32_t count,
                               const struct vch_pool *pool, const struct vch_digest *occasion,
                               struct vch_arena *arena);
