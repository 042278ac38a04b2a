// Checks of held parameters that opening, writing and merging packages share.
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "model/graph.h"

// Are all parameters of the operator held? True for one that has none.
bool vch_package_check_is_held(const struct vch_graph *graph, const struct vch_operator *operator_);

// Runs vch_graph_check_parameters for every operator whose parameters are all held, but for those
// that `is_checked` (per operator, or NULL) says were checked before. MALFORMED too when a held
// parameter belongs to no such operator, since nobody could have checked it.
vch_status vch_package_check_operators(const struct vch_graph *graph, const bool *is_checked,
                                       struct vch_arena *scratch, struct vch_complaint *complaint);
