// What an oracle's rows and salts are, for the files that make and open oracles.
#pragma once

#include "proof/oracle_prove.h"

static inline size_t vch_oracle_prover_rows(const struct vch_oracle *oracle)
{
    return (size_t)oracle->matrix.row_count + oracle->matrix.extra_count;
}

// The C blinds of row `row`, drawn from the seed.
void vch_oracle_prover_draw_blinds(const struct vch_oracle *oracle, size_t row, uint64_t *out);

// Row `row` from what it is made of, the oracle's blinds among it, to its codeword's n symbols.
void vch_oracle_prover_encode(const struct vch_oracle *oracle, size_t row, uint64_t *out);

// The salts of columns [first, first + count), both even.
void vch_oracle_prover_salts(const struct vch_oracle *oracle, uint32_t first, uint32_t count,
                             uint8_t (*out)[VCH_ORACLE_SALT_SIZE]);
