// Nodes that are one machine, by what they have shown.
//
// Operators are asked for because they are independent. Whoever sits on one machine is not,
// whatever the registry calls them.
#pragma once

#include <stdint.h>

#include "client/pool.h"

// Nodes that are ready and have shown one machine count as of one operator from now on, with all
// nodes of theirs: the first one's in the registry. Others count as their own again. Returns how
// many operators were counted in with another one.
uint32_t vch_machines_merge(struct vch_pool *pool);
