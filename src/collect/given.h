// Files that an operator has shown along with evidence: read once, when a collector starts.
#pragma once

#include "base/arena.h"
#include "collect/inquiry.h"

// The setup's endorsements and boot log into the plan, which has the setup; bytes lie in the arena.
vch_status vch_given_read(struct vch_inquiry_plan *plan, struct vch_arena *arena,
                          struct vch_complaint *complaint);
