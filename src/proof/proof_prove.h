// The prover: specs/proof.md, all of it.
#pragma once

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "proof/oracle_prove.h"
#include "proof/statement.h"

#define VCH_PROOF_SEED_SIZE 32

enum vch_proof_phase {
    VCH_PROOF_COMMIT,   // to the witness
    VCH_PROOF_LEAVES,   // fractions of all places
    VCH_PROOF_TREE,     // their sum
    VCH_PROOF_LAYERS,   // its reduction
    VCH_PROOF_PRODUCTS, // section 7
    VCH_PROOF_RELATION, // which functional of the cells is left
    VCH_PROOF_CELLS,    // section 8
    VCH_PROOF_OPENING,  // sections 9 and 10
    VCH_PROOF_DONE,
};

// Is told when a phase begins; may keep the time.
struct vch_proof_watch {
    void *context;
    void (*phase)(void *context, enum vch_proof_phase phase);
};

struct vch_proof_input {
    // All cells, by number; those of the witness oracle are the last ones.
    const uint64_t *cells;
    // Made with `encoder`, of these cells; all but the witness.
    const struct vch_oracle *oracles[VCH_STATEMENT_ORACLES_MAX - 1];
    const struct vch_encoder *encoder;
    // Secret, fresh for every proof: two proofs with one seed tell everything.
    uint8_t seed[VCH_PROOF_SEED_SIZE];
};

// Writes vch_statement_proof_size(statement) bytes, which depend on nothing but statement, cells,
// oracles and seed. BAD_PROOF where the cells do not satisfy the statement
// (vch_statement_check_witness says why). `watch`, `workers` and `complaint` may be NULL.
//
// Takes from `arena`, and gives back: what vch_oracle_prove takes for the witness (72 bytes a cell
// and 512 a column), and the largest of 73 bytes a place, 33 a slot and 33 a cell, each counted up
// to the next power of two; beside these, what vch_functional_sum asks for.
vch_status vch_proof_prove(uint8_t *proof, const struct vch_statement *statement,
                           const struct vch_proof_input *input, const struct vch_proof_watch *watch,
                           struct vch_arena *arena, struct vch_workers *workers,
                           struct vch_complaint *complaint);
