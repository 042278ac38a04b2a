// Proofs of circuits, for tests: by an honest prover, and by one that goes on with a false witness.
#pragma once

#include "harness/circuits.h"
#include "proof/proof_verify.h"
#include "proof/prover.h"

struct circuits_proof {
    struct circuits *of;
    struct vch_encoder encoder;
    struct vch_oracle oracles[VCH_CIRCUIT_WITNESS];
    struct vch_proof_input input;
    uint8_t *bytes;
    size_t size;
};

static const uint8_t circuits_seeds[VCH_CIRCUIT_WITNESS][VCH_ORACLE_SEED_SIZE] = {{1}, {2}, {3}};

// Commits to all cells but the witness', as they are now; the statement is about these roots.
static inline void circuits_commit(struct circuits_proof *p, struct circuits *c)
{
    struct vch_statement *s = &c->circuit.statement;
    const enum vch_cpu_level level = vch_cpu_level(NULL);

    *p = (struct circuits_proof){.of = c, .size = vch_statement_proof_size(s)};
    CHECK_OK(vch_encoder_init(&p->encoder, c->arena, level, s->log_columns));
    for (uint32_t i = 0; i < VCH_CIRCUIT_WITNESS; i++) {
        const struct vch_oracle_matrix matrix = {
            .cells = c->witness.cells + vch_witness_first(s, i),
            .row_count = s->oracles[i].rows,
            .seed = circuits_seeds[i],
        };
        CHECK_OK(vch_oracle_prove(&p->oracles[i], &matrix, &p->encoder, true, c->arena, NULL));
        s->oracles[i].root = p->oracles[i].root;
        p->input.oracles[i] = &p->oracles[i];
    }
    p->input.cells = c->witness.cells;
    p->input.encoder = &p->encoder;
    memset(p->input.seed, 0x33, sizeof p->input.seed);
    p->bytes = VCH_ARENA_NEW(c->arena, uint8_t, p->size);
    CHECK(p->bytes != NULL);
}

static inline vch_status circuits_prove(struct circuits_proof *p)
{
    return vch_proof_prove(p->bytes, &p->of->circuit.statement, &p->input, NULL, p->of->arena, NULL,
                           &p->of->complaint);
}

static inline void circuits_no_tampering(void *context, enum vch_prover_step step, void *data)
{
    (void)context, (void)step, (void)data;
}

// Whatever the cells say: nobody looks whether they satisfy the statement.
static inline void circuits_force(struct circuits_proof *p)
{
    const struct vch_arena_mark mark = vch_arena_mark(p->of->arena);
    struct vch_prover *prover = VCH_ARENA_NEW(p->of->arena, struct vch_prover, 1);

    CHECK(prover != NULL);
    *prover = (struct vch_prover){.statement = &p->of->circuit.statement,
                                  .input = &p->input,
                                  .arena = p->of->arena,
                                  .tamper = circuits_no_tampering};
    CHECK_OK(vch_prover_run(prover, p->bytes));
    vch_arena_rewind(p->of->arena, mark);
}

static inline vch_status circuits_verify(const struct circuits_proof *p,
                                         const struct vch_statement *statement)
{
    return vch_proof_verify(statement, p->bytes, p->size, vch_cpu_level(NULL), p->of->arena,
                            &p->of->complaint);
}
