// The search behind the planner, see plan.h for what it promises.
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/status.h"
#include "split/cost.h"
#include "split/plan.h"

struct vch_search {
    const struct vch_cost *cost;
    bool is_strict;   // neighbouring segments never share an operator
    bool any_will_do; // stop at the first plan, which has the fewest segments
    bool is_complete; // out: nothing was dropped, so what was found is the best there is
};

// Fills `out`; UNSUPPORTED when no plan was found.
vch_status vch_search_run(struct vch_plan *out, struct vch_search *search, struct vch_arena *arena);
