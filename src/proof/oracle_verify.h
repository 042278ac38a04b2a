// Reading the columns that a proof opens: section 10 of specs/proof.md.
//
// All of what is read may come from an adversary; how much it is follows from the statement.
#pragma once

#include "base/arena.h"
#include "base/reader.h"
#include "base/status.h"
#include "proof/encoder.h"
#include "proof/oracle.h"

// The symbols of the columns opened of one oracle: `rows` for each position, all of them elements.
struct vch_oracle_columns {
    uint32_t rows;
    const uint64_t *symbols; // rows for position 0, rows for position 1 ...
};

// Reads one oracle's opening. VCH_OK exactly when the columns at `positions`, each below n, are
// those that `root` was made of. The symbols come from `arena`: 1200 bytes a row.
vch_status vch_oracle_verify(struct vch_oracle_columns *columns, struct vch_reader *reader,
                             const struct vch_encoder *encoder, const struct vch_digest *root,
                             uint32_t rows, const uint32_t positions[static VCH_ORACLE_POSITIONS],
                             struct vch_arena *arena);

// What was sent under "rows", and what it is a combination of.
struct vch_oracle_combination {
    struct vch_ext g;
    uint32_t oracle_count;
    const struct vch_oracle_columns *oracles; // the last with VCH_ORACLE_EXTRA_ROWS more rows
    struct vch_const_planes coefficients;     // eq((r_c ..), i) for all rows of cells
    struct vch_const_planes v1;               // D values
    struct vch_const_planes v2;               // D' = 2^log_pad_row values
    unsigned log_pad_row;
};

// VCH_OK exactly when the codewords of v1 and v2 have, at each position, the symbols
// mask1 + g * (sum of coefficient * symbol) and mask2 + g * pads. Takes the room of four codewords
// from `arena` and gives it back.
vch_status vch_oracle_verify_combination(const struct vch_oracle_combination *combination,
                                         const struct vch_encoder *encoder,
                                         const uint32_t positions[static VCH_ORACLE_POSITIONS],
                                         struct vch_arena *arena);
