// Proofs of the statements of harness/statements.h, and what a prover that lies makes of them.
#pragma once

#include "harness/statements.h"
#include "proof/proof_verify.h"
#include "proof/prover.h"

struct proving {
    struct made made;
    struct vch_encoder encoder;
    struct vch_oracle oracles[VCH_STATEMENT_ORACLES_MAX];
    struct vch_proof_input input;
    struct vch_arena *arena;
    enum vch_cpu_level level;
    struct vch_prover *prover; // while it lies
    uint8_t *proof;
    size_t size;
};

static const uint8_t proving_seeds[VCH_STATEMENT_ORACLES_MAX][VCH_ORACLE_SEED_SIZE] = {
    {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}};

// A statement, its oracles, and room for a proof.
static inline void proving_init(struct proving *proving, const struct made_shape *shape,
                                uint64_t seed, enum vch_cpu_level level, struct vch_arena *arena)
{
    *proving = (struct proving){.arena = arena, .level = level};
    made_statement(&proving->made, shape, seed, arena);
    struct vch_statement *statement = &proving->made.statement;
    const uint64_t *cells = proving->made.cells;

    VCH_ASSERT(
        vch_is_ok(vch_encoder_init(&proving->encoder, arena, level, statement->log_columns)));
    for (uint32_t i = 0; i + 1 < statement->oracle_count; i++) {
        struct vch_oracle_shape *oracle = &statement->oracles[i];
        const struct vch_oracle_matrix matrix = {
            .cells = cells, .row_count = oracle->rows, .seed = proving_seeds[i]};
        VCH_ASSERT(vch_is_ok(vch_oracle_prove(&proving->oracles[i], &matrix, &proving->encoder,
                                              i % 2 == 0, arena, NULL)));
        oracle->root = proving->oracles[i].root;
        proving->input.oracles[i] = &proving->oracles[i];
        cells += (size_t)oracle->rows << statement->log_columns;
    }
    proving->input.cells = proving->made.cells;
    proving->input.encoder = &proving->encoder;
    memset(proving->input.seed, 0x33, sizeof proving->input.seed);
    proving->size = vch_statement_proof_size(statement);
    proving->proof = (uint8_t *)made_alloc(&proving->made, proving->size, 1);
}

static inline vch_status proving_prove(struct proving *proving, struct vch_workers *workers,
                                       struct vch_complaint *complaint)
{
    return vch_proof_prove(proving->proof, &proving->made.statement, &proving->input, NULL,
                           proving->arena, workers, complaint);
}

// A prover that does what `tamper` says.
static inline vch_status
proving_lie(struct proving *proving,
            void (*tamper)(void *context, enum vch_prover_step step, void *data), void *context)
{
    const struct vch_arena_mark mark = vch_arena_mark(proving->arena);

    proving->prover = (struct vch_prover *)made_alloc(&proving->made, 1, sizeof *proving->prover);
    *proving->prover = (struct vch_prover){.statement = &proving->made.statement,
                                           .input = &proving->input,
                                           .arena = proving->arena,
                                           .tamper = tamper,
                                           .context = context};
    vch_status status = vch_prover_run(proving->prover, proving->proof);
    vch_arena_rewind(proving->arena, mark);
    return status;
}

static inline vch_status proving_verify(struct proving *proving, struct vch_complaint *complaint)
{
    return vch_proof_verify(&proving->made.statement, proving->proof, proving->size, proving->level,
                            proving->arena, complaint);
}
