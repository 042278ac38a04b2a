// Oracles as prover and verifier see them: sizes, and how an opening lies in a proof. Sections 3
// and 10 of specs/proof.md.
//
//     cap          the 128 nodes of the tree's level
//     150 times    salt, symbols of all rows, siblings from the leaf's up to below the cap
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"

#define VCH_ORACLE_POSITIONS 150u // columns opened: t
#define VCH_ORACLE_LOG_CAP 7u
#define VCH_ORACLE_CAP 128u // check: 2**7
#define VCH_ORACLE_SALT_SIZE 32u
#define VCH_ORACLE_SEED_SIZE 32u

enum { // the rows that the witness oracle has after its cells, in this order: section 9
    VCH_ORACLE_PADS, // c0, then c1 likewise
    VCH_ORACLE_MASK1 = 2,
    VCH_ORACLE_MASK2 = 4,
    VCH_ORACLE_EXTRA_ROWS = 6,
};

static inline size_t vch_oracle_column_size(unsigned log_columns, size_t rows)
{
    const size_t siblings = log_columns + 3 - VCH_ORACLE_LOG_CAP;

    return VCH_ORACLE_SALT_SIZE + 8 * rows + VCH_DIGEST_SIZE * siblings;
}

// Bytes of the opening of an oracle with `rows` rows, those of section 9 among them.
static inline size_t vch_oracle_opening_size(unsigned log_columns, size_t rows)
{
    return (size_t)VCH_DIGEST_SIZE * VCH_ORACLE_CAP +
           VCH_ORACLE_POSITIONS * vch_oracle_column_size(log_columns, rows);
}
