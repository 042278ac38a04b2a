// Making an annex, and the links that continue it.
#pragma once

#include "annex/annex.h"
#include "base/cpu.h"
#include "base/workers.h"
#include "circuit/circuit.h"
#include "proof/encoder.h"
#include "proof/oracle_prove.h"
#include "proof/proof_prove.h"

// What a proof about an annex is made from. Seeds are secrets: wipe it when done.
struct vch_annex_order {
    struct vch_circuit_model model;     // whose held parameters all have their data
    uint8_t seed[VCH_ORACLE_SEED_SIZE]; // of the new root
    enum vch_cpu_level level;
    const struct vch_proof_watch *watch; // or NULL
    struct vch_workers *workers;
};

// The base of an annex: root, ranges, the owner's signature. UNSUPPORTED when a parameter cannot be
// proven, LIMIT, NO_MEMORY. Scratch is from `arena` too.
vch_status vch_annex_prove(uint8_t **out, size_t *size, const struct vch_annex_order *order,
                           uint32_t epoch, const struct vch_secret_key *owner,
                           struct vch_arena *arena, struct vch_complaint *complaint);

// The next link of `annex`, whose last root was made under `old_seed`; REFUSED when it was not. Two
// seeds give one link: made again after an interruption it shows nothing new.
vch_status vch_annex_prove_link(struct vch_annex_link *out, const struct vch_annex *annex,
                                const uint8_t old_seed[static VCH_ORACLE_SEED_SIZE],
                                const struct vch_annex_order *order, struct vch_arena *arena,
                                struct vch_complaint *complaint);

// Oracle 0 of these cells. Codewords are kept where that takes little memory.
vch_status vch_annex_prove_oracle(struct vch_oracle *out, const uint64_t *cells, uint32_t rows,
                                  const uint8_t seed[static VCH_ORACLE_SEED_SIZE],
                                  const struct vch_encoder *encoder, struct vch_arena *arena,
                                  struct vch_workers *workers);
