// What is to be proven: cells of committed matrices, and the relations between them.
//
// The statement is public and whoever verifies makes it anew; a proof contributes nothing to it.
// It knows no neural network: module circuit writes statements, specs/proof.md says what they mean
// (section numbers below are its own).
//
//     oracles     matrices of cells, numbered row by row; the last one is the proof's own witness
//     sections    P rows times O lanes of expressions over cells: look-ups, tables, zeros
//
// Everything here is borrowed from whoever built it and must outlive it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"

#define VCH_STATEMENT_ORACLES_MAX 8u
#define VCH_STATEMENT_ENTRIES_MAX 6u
#define VCH_STATEMENT_TABLES_MAX 16384u
#define VCH_STATEMENT_LOG_COLUMNS_MIN 9u
#define VCH_STATEMENT_LOG_COLUMNS_MAX 16u
#define VCH_STATEMENT_LOG_PLACES_MAX 24u
#define VCH_STATEMENT_LOG_SLOTS_MAX 24u
#define VCH_STATEMENT_PUBLIC 0x80000000u // cell numbers from here on are public cells
#define VCH_STATEMENT_NONE UINT32_MAX    // no cell: the value 0

// The cell of (row p, lane o): `list[p * lanes + o]`, or without a list
// first + p * row_step + o * lane_step.
struct vch_cells {
    const uint32_t *list;
    uint32_t first, row_step, lane_step;
};

// A public element of F: `lanes[o]` where there are lanes, else `one`.
struct vch_scalar {
    uint64_t one;
    const uint64_t *lanes;
};

struct vch_linear {
    struct vch_scalar coefficient;
    struct vch_cells cells;
};

// constant + sum of coefficient * cell.
struct vch_form {
    struct vch_scalar constant;
    uint32_t linear_count;
    const struct vch_linear *linears;
};

struct vch_product {
    struct vch_scalar coefficient;
    struct vch_form a, b;
};

// X(p, k1, k2) or W(o, k1, k2): with r the row or lane, counted from the range's first, the index
//     outer_step * k1 + (table != NULL ? table[r * K2 + k2] : r * row_step + k2 * inner_step)
// is one into `list`, or without a list is added to `first`. A table entry of VCH_STATEMENT_NONE
// stands for 0 at every k1.
struct vch_side {
    const uint32_t *list;
    uint32_t first;
    uint32_t row_step, inner_step, outer_step;
    const uint32_t *table;
};

struct vch_matrix {
    struct vch_scalar coefficient; // lanes: counted from lane 0 of the section, as everywhere
    uint32_t row_first, row_count, lane_first, lane_count;
    uint32_t outer, inner; // K1, K2
    struct vch_side x, w;  // x by row, w by lane
};

struct vch_expression {
    struct vch_form form;
    uint32_t product_count, matrix_count;
    const struct vch_product *products;
    const struct vch_matrix *matrices;
};

enum vch_section_kind { VCH_SECTION_LOOKUP, VCH_SECTION_TABLE, VCH_SECTION_ZERO };

struct vch_section {
    enum vch_section_kind kind;
    uint32_t table; // LOOKUP, TABLE
    uint32_t rows, lanes;
    uint32_t entry_count; // ZERO: 1
    const struct vch_expression *entries;
    struct vch_cells multiplicities; // TABLE

    // Filled in by vch_statement_seal:
    uint32_t log_lanes;
    uint32_t base;       // first place
    uint32_t first_slot; // of its products and matrices
};

struct vch_oracle_shape {
    uint32_t rows;          // of cells, at least 1
    struct vch_digest root; // all but the last oracle's, which is the witness
};

struct vch_statement {
    struct vch_digest context; // what the proof is about: specs/circuit.md
    uint32_t log_columns;      // c
    uint32_t oracle_count;
    struct vch_oracle_shape oracles[VCH_STATEMENT_ORACLES_MAX];
    uint32_t public_count;
    const uint64_t *public_values; // elements of F
    uint32_t section_count;
    struct vch_section *sections; // look-ups, then tables, then zeros

    // Filled in by vch_statement_seal:
    uint32_t row_count;                               // R
    uint32_t log_cells;                               // n_g
    uint32_t log_places, log_zero_places, log_slots;  // nu, nu_0, nu_q
    uint32_t message_count, product_count, pad_count; // M, T, L
    uint32_t log_pad_row;                             // D' = 2^log_pad_row
};

// Places sections and slots (sections 4 and 5) and checks what a wrong builder could get wrong:
// order, tables, counts, every cell number, every limit. LIMIT where the statement is larger than
// proofs go, with a complaint; USAGE for what no builder should write.
vch_status vch_statement_seal(struct vch_statement *statement, struct vch_complaint *complaint);

// Bytes of every proof of a sealed statement.
size_t vch_statement_proof_size(const struct vch_statement *statement);
