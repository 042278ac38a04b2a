// The code that rows of cells are encoded with: section 3 of specs/proof.md.
//
// Symbol j = 4 m + k of a codeword is the row's polynomial at 7 w_n^j = (7 w_n^k) w_D^m, so that
// the n = 4 D symbols are four transforms of D values, one for each coset k. A codeword lies in
// this order, coset by coset; vch_encoder_place says where a symbol is.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "kernels/field_kernels.h"
#include "kernels/sha256.h"

#define VCH_ENCODER_COSETS 4u

struct vch_encoder {
    struct vch_field_kernels field;
    struct vch_sha256_kernels sha256;
    unsigned log_columns;     // C = 2^log_columns
    unsigned log_length;      // of a row: D = 2 C
    unsigned log_symbols;     // of a codeword: n = 4 D
    const uint64_t *twiddles; // for D
    const uint64_t *sevens;   // 7^i, i < D
    const uint64_t *steps;    // w_n^i, i < D
};

// Tables of 28 C elements from `arena`, which must outlive the encoder. log_columns from 1 to 20.
vch_status vch_encoder_init(struct vch_encoder *encoder, struct vch_arena *arena,
                            enum vch_cpu_level level, unsigned log_columns);

static inline size_t vch_encoder_place(const struct vch_encoder *encoder, uint32_t symbol)
{
    return ((size_t)(symbol % VCH_ENCODER_COSETS) << encoder->log_length) +
           symbol / VCH_ENCODER_COSETS;
}

// In place, from a row's 2^log_row values (D, or less: section 9) to D coefficients, ready to
// become the first coset. `row` has room for D.
void vch_encoder_interpolate(const struct vch_encoder *encoder, uint64_t *row, unsigned log_row);

// From those coefficients to the codeword: `row` has room for n.
void vch_encoder_extend(const struct vch_encoder *encoder, uint64_t *row);
