// Making an oracle, keeping it, and opening columns of it: sections 3 and 10 of specs/proof.md.
//
// Rows and columns are divided among threads; the bytes do not depend on how many there are.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/workers.h"
#include "proof/encoder.h"
#include "proof/oracle.h"

// A row given in full: 2^log_length values, D of them or D'.
struct vch_oracle_row {
    const uint64_t *values;
    unsigned log_length;
};

// What an oracle is made of. Borrowed, and must outlive the oracle; elements are canonical.
struct vch_oracle_matrix {
    const uint64_t *cells; // row_count rows of C; their blinds come from the seed
    uint32_t row_count;
    uint32_t extra_count; // further rows
    const struct vch_oracle_row *extras;
    const uint8_t *seed; // VCH_ORACLE_SEED_SIZE secret bytes
};

struct vch_oracle {
    struct vch_digest root;
    struct vch_oracle_matrix matrix;
    const struct vch_encoder *encoder;
    const uint64_t *blinds;         // row_count rows of C
    const uint64_t *codewords;      // n symbols a row, as vch_encoder_place lays them; or NULL
    const struct vch_digest *nodes; // node i is over 2i and 2i + 1; leaf j is node n + j
};

// From `arena` the oracle keeps the blinds (8 bytes a cell), the tree (64 n bytes), and with
// `keeps_codewords` what it encoded (8 n bytes a row, which is 64 a cell). Without,
// vch_oracle_prove_opening encodes again. Until this returns 68 n bytes more are taken, and without
// codewords those of a block of rows: 8 MiB, or eight of them, or one a thread.
vch_status vch_oracle_prove(struct vch_oracle *oracle, const struct vch_oracle_matrix *matrix,
                            const struct vch_encoder *encoder, bool keeps_codewords,
                            struct vch_arena *arena, struct vch_workers *workers);

// How many bytes that is at most, for an oracle of `rows` rows with at most 2^32 cells.
size_t vch_oracle_prove_memory(size_t rows, unsigned log_columns, bool keeps_codewords,
                               const struct vch_workers *workers);

// The opening of VCH_ORACLE_POSITIONS columns into `out`, which has
// vch_oracle_opening_size(c, row_count + extra_count) bytes. Any number of times, but every column
// opened of one oracle tells a symbol of each row, and C of them tell all. `arena` gives room for a
// codeword a thread where none were kept, and takes it back.
vch_status vch_oracle_prove_opening(const struct vch_oracle *oracle, uint8_t *out,
                                    const uint32_t positions[static VCH_ORACLE_POSITIONS],
                                    struct vch_arena *arena, struct vch_workers *workers);

// out[j] += sum over rows of cells of coefficients[i] * value j of row i, for the D values of a
// row.
void vch_oracle_prove_combination(const struct vch_oracle *oracle, struct vch_planes out,
                                  struct vch_const_planes coefficients,
                                  struct vch_workers *workers);
