// A plan from what a search has found: where its segments begin and end, and who serves them.
#pragma once

#include <stdint.h>

#include "split/cost.h"
#include "split/plan.h"

// `count` segments on nodes: segment s is (cuts[s], cuts[s + 1]), served by members[s]. Segments
// and ends; the rest of `out` is left as it is.
void vch_plan_fill(struct vch_plan *out, const struct vch_cost *cost, uint32_t count,
                   const uint32_t *cuts, const uint16_t *const *members);
