// Whether a section speaks of cells that exist and of elements of the field: part of the seal.
#pragma once

#include "proof/statement.h"

// Counts of oracles and rows have been checked; USAGE where a number points nowhere.
vch_status vch_statement_cells_check(const struct vch_statement *statement, uint32_t section,
                                     struct vch_complaint *complaint);
