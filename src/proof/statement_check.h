// Whether a witness satisfies a statement, and if not, what is wrong: for authors of circuits.
#pragma once

#include "proof/expression.h"

// Evaluates every expression of every section of a sealed statement. BAD_PROOF at the first
// relation that does not hold, and the complaint says which: section, row, lane and values.
// `cells` has all cells by number. Scratch from `arena`, given back.
vch_status vch_statement_check_witness(const struct vch_statement *statement, const uint64_t *cells,
                                       struct vch_arena *arena, struct vch_complaint *complaint);
