// How often each row of each table is looked up: the cells that whoever makes a witness fills last.
#pragma once

#include "proof/expression.h"

// Sets the multiplicities of a sealed statement's tables among `cells` (all cells, by number),
// which hold everything else. A row that occurs again has 0. BAD_PROOF, with a complaint, at the
// first look-up that is in no table. Scratch from `arena`, given back: 64 bytes a row of a table.
vch_status vch_statement_count_lookups(const struct vch_statement *statement, uint64_t *cells,
                                       struct vch_arena *arena, struct vch_complaint *complaint);
