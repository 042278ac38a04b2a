// Whom a committee must not draw, where nodes are held to a policy: a seat that its client may send
// nothing to would wait, and both would pay for that.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "client/client.h"
#include "client/pool.h"
#include "consensus/registry.h"

// The operators that the request excludes, and those of all nodes of the registry that are not
// ready now: refused, or of a place that nobody knows; and those that are one machine with another
// (machines.h), but for the first of them. Ascending, in the arena. REFUSED: more than an entry can
// name.
vch_status vch_exclude_operators(const char *const **out, uint32_t *count,
                                 const struct vch_pool *pool, const struct vch_registry *registry,
                                 const struct vch_client_request *request, struct vch_arena *arena,
                                 struct vch_complaint *complaint);
