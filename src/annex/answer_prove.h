// Proving one run of a range of operators: everything up to the proof, which takes no opening of
// the annex's root, then the proof.
#pragma once

#include "annex/annex.h"
#include "annex/proof_file.h"
#include "base/cpu.h"
#include "base/workers.h"
#include "circuit/circuit.h"
#include "circuit/witness.h"
#include "kernels/kernels.h"
#include "proof/oracle_prove.h"
#include "proof/proof_prove.h"

//   X(NAME, text): what is done before the proof, which has phases of its own
#define VCH_ANSWER_PHASES(X) \
    X(CIRCUIT, "circuit") \
    X(RUN, "run") \
    X(WEIGHTS, "weights") \
    X(BOUNDARIES, "boundaries")

enum vch_answer_phase {
#define X(name, text) VCH_ANSWER_PHASE_##name,
    VCH_ANSWER_PHASES(X)
#undef X
        VCH_ANSWER_PHASE_COUNT
};

// A secret: wipe with vch_wipe when done.
struct vch_answer_order {
    const struct vch_graph *graph; // the parameters of its operators are held
    const struct vch_annex *annex;
    uint32_t first, last, batch;
    struct vch_digest job;
    const struct vch_tensor *inputs; // of vch_circuit_ends, in order
    uint8_t annex_seed[VCH_ORACLE_SEED_SIZE];
    // Oracle 0, by vch_annex_prove_oracle with this seed and a level and c like this order's, for
    // who proves often; NULL: it is made anew for this proof.
    const struct vch_oracle *weights;
    uint8_t input_seed[VCH_ORACLE_SEED_SIZE], output_seed[VCH_ORACLE_SEED_SIZE];
    uint8_t proof_seed[VCH_PROOF_SEED_SIZE]; // fresh
    enum vch_cpu_level level;
    const struct vch_kernels *kernels;
    struct vch_workers *workers;
    void *context; // of both:
    void (*phase)(void *context, enum vch_answer_phase phase);
    void (*proof_phase)(void *context, enum vch_proof_phase phase);
};

struct vch_answer {
    const struct vch_answer_order *order;
    struct vch_circuit_ends ends;
    struct vch_circuit circuit;
    struct vch_witness witness; // its outputs are the answer
    struct vch_encoder encoder;
    struct vch_oracle oracles[VCH_CIRCUIT_WITNESS];
};

// Runs the model, and makes all but the proof, in the arena. REFUSED when the annex's seed is not
// that of its root; as vch_circuit_build and vch_witness_make otherwise.
vch_status vch_answer_prove_begin(struct vch_answer *out, const struct vch_answer_order *order,
                                  struct vch_arena *arena, struct vch_complaint *complaint);

// The proof: from here on an opening of the annex's root is spoken for. `out` is in the arena.
vch_status vch_answer_prove(struct vch_proof_file *out, const struct vch_answer *answer,
                            struct vch_arena *arena, struct vch_complaint *complaint);

const char *vch_answer_prove_phase(enum vch_answer_phase phase);
