// A conversation as whoever verifies hears it: sections 6 to 9 of specs/proof.md, from the start to
// the one equation. The prover walks over what it has said in the same way.
#pragma once

#include "proof/challenge.h"
#include "proof/pads.h"
#include "proof/weights.h"

#define VCH_WALK_CELLS_MAX 31u // log of how many cells there can be

struct vch_walk {
    const struct vch_statement *statement;
    struct vch_challenge challenge;
    struct vch_weights weights;
    struct vch_ext
        point[VCH_WALK_CELLS_MAX]; // where the cells' extension is wanted: r of section 8
    struct vch_ext x;              // of "checks"

    const struct vch_ext *said; // all M messages as sent
    uint32_t said_count;        // heard so far
    struct vch_pads pads;
    uint32_t relation_check, omega_check; // the first and the last check of section 8
};

// What is absorbed before the first challenge: section 11.
void vch_walk_start(struct vch_challenge *challenge, const struct vch_statement *statement,
                    const struct vch_digest *witness_root);

// `said` has M messages, `triples` 2 T numbers. When this returns, everything up to "checks" has
// been absorbed and drawn. Takes 300 kB at most from `arena`.
vch_status vch_walk(struct vch_walk *walk, const struct vch_statement *statement,
                    const struct vch_digest *witness_root, const struct vch_ext *said,
                    const struct vch_ext *triples, struct vch_arena *arena);

// sum of ell_i pad_i + kappa omega = rhs. `constant` and `value` are the relation's: its constant,
// and V~ at the point. `ell` has L entries.
struct vch_walk_equation {
    struct vch_ext *ell;
    struct vch_ext kappa, rhs;
};
void vch_walk_equation(struct vch_walk *walk, struct vch_ext constant, struct vch_ext value,
                       struct vch_walk_equation *equation);
