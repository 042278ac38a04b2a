// Why there is no plan, and what to change.
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "split/plan.h"

// For a checked problem without a plan: UNSUPPORTED with a complaint, found by dropping one
// constraint after the other and searching again.
vch_status vch_explain_refusal(const struct vch_plan_problem *problem, bool is_strict,
                               bool is_complete, struct vch_arena *arena,
                               struct vch_complaint *complaint);
