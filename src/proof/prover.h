// The prover's parts, for each other and for tests of what a prover that lies can do.
#pragma once

#include "proof/functional.h"
#include "proof/proof_prove.h"
#include "proof/walk.h"

// What a prover is about to use, in the order in which it comes. A test's `tamper` may change it.
enum vch_prover_step {
    VCH_PROVER_PADS,    // struct vch_prover_pads, before it is committed to
    VCH_PROVER_WITNESS, // struct vch_oracle, committed
    VCH_PROVER_LEAVES,  // struct vch_prover_leaves
    VCH_PROVER_ROOT,    // D and its inverse, as all messages before their pads are added
    VCH_PROVER_ROUND,   // h(0), h(1), h(inf) of a layer
    VCH_PROVER_HALVES,  // N0, N1, D0, D1
    VCH_PROVER_SLOTS,   // struct vch_planes[2]: all A, all B
    VCH_PROVER_SUM,     // q
    VCH_PROVER_PRODUCT, // h(0), h(1), h(inf) of section 7
    VCH_PROVER_ENDS,    // a, b
    VCH_PROVER_CELLS,   // h(0), h(1), h(inf) of section 8
    VCH_PROVER_TRIPLES, // d, f of each product
    VCH_PROVER_SIGMA,
    VCH_PROVER_V1, // struct vch_planes
    VCH_PROVER_V2,
    VCH_PROVER_POSITIONS, // uint32_t[VCH_ORACLE_POSITIONS]
};

struct vch_prover_leaves {
    struct vch_planes n, d;
    size_t count;
};

// The values of the witness oracle's six last rows.
struct vch_prover_pads {
    struct vch_planes pads, mask1, mask2;
    size_t pad_length, length;               // D' and D
    const struct vch_pads_product *products; // T of them
};

struct vch_prover {
    const struct vch_statement *statement;
    const struct vch_proof_input *input;
    const struct vch_field_kernels *kernels;
    struct vch_arena *arena;
    struct vch_workers *workers;
    struct vch_complaint *complaint;
    const struct vch_proof_watch *watch;
    void (*tamper)(void *context, enum vch_prover_step step, void *data);
    void *context;

    struct vch_prover_pads pads;
    uint8_t witness_seed[VCH_ORACLE_SEED_SIZE];
    struct vch_oracle witness;
    struct vch_challenge challenge;
    struct vch_ext *said; // M messages, as sent
    uint32_t said_count;
    struct vch_ext *triples;
    struct vch_walk_equation equation;

    struct vch_weights weights;
    struct vch_ext numerator, denominator;    // of the claim on the leaves
    struct vch_ext q, ends[2];                // of section 7
    struct vch_ext constant, value, omega;    // of the relation; V~ and w~ at the point
    struct vch_ext point[VCH_WALK_CELLS_MAX]; // r of section 8
};

// The whole of it, into `proof`.
vch_status vch_prover_run(struct vch_prover *prover, uint8_t *proof);

void vch_prover_tamper(const struct vch_prover *prover, enum vch_prover_step step, void *data);
void vch_prover_enter(const struct vch_prover *prover, enum vch_proof_phase phase);
// Sends values, each with its pad, under a label.
void vch_prover_say(struct vch_prover *prover, enum vch_prover_step step, const char *label,
                    struct vch_ext *values, uint32_t count);

// Sends a round, h(0), h(1) and h(inf), and draws r; returns h(r), of what was true.
struct vch_ext vch_prover_round(struct vch_prover *prover, enum vch_prover_step step,
                                struct vch_ext h[3], struct vch_ext *r);

// Sections 3 and 9: pads and masks from the seed; then the witness' oracle.
vch_status vch_prover_commit(struct vch_prover *prover);
// Section 6: fractions, their sum, its reduction to a claim on the leaves.
vch_status vch_prover_leaves(struct vch_prover *prover, struct vch_prover_leaves *leaves);
vch_status vch_prover_fractions(struct vch_prover *prover);
// Section 7.
vch_status vch_prover_slots(struct vch_prover *prover, struct vch_planes a, struct vch_planes b);
vch_status vch_prover_products(struct vch_prover *prover);
// Section 8.
vch_status vch_prover_cells(struct vch_prover *prover);
// Sections 9 and 10.
vch_status vch_prover_opening(struct vch_prover *prover, uint8_t *proof);

// A sumcheck over the product of two arrays of 2^n values, which it folds; `claim` is their sum.
// point[j] becomes r_j. Instead of b it may be given 2^n values of F, `base`, and then b has room
// for half as many of K.
struct vch_prover_sumcheck {
    enum vch_prover_step step;
    struct vch_planes a, b;
    const uint64_t *base; // or NULL
    uint32_t n;
    struct vch_ext claim, *point;
};
vch_status vch_prover_sumcheck(struct vch_prover *prover,
                               const struct vch_prover_sumcheck *sumcheck);
