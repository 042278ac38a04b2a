// Every look-up of a statement, found among the rows of its tables.
#pragma once

#include "proof/tuples.h"

// counts[i] = how many look-ups row i of `tuples` answers. BAD_PROOF with a complaint at the first
// that no row does.
vch_status vch_lookups_count(uint32_t *counts, const struct vch_tuples *tuples,
                             const struct vch_statement *statement,
                             const struct vch_expression_source *source, struct vch_arena *arena,
                             struct vch_complaint *complaint);
