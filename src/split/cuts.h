// Which of a graph's legal cuts the planner looks at.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "model/segment.h"
#include "split/plan.h"

// At most VCH_PLAN_CUTS_MAX legal cuts that leak no more than they may, ascending. All of them
// where they fit, and then `is_thinned` is false.
vch_status vch_cuts_select(struct vch_cut *cuts, uint32_t *count, bool *is_thinned,
                           const struct vch_plan_problem *problem, struct vch_arena *arena);
