#include "proof/proof_prove.h"

#include <string.h>

#include "base/bytes.h"
#include "proof/prover.h"

void vch_prover_tamper(const struct vch_prover *prover, enum vch_prover_step step, void *data)
{
    if (prover->tamper != NULL) prover->tamper(prover->context, step, data);
}

void vch_prover_say(struct vch_prover *prover, enum vch_prover_step step, const char *label,
                    struct vch_ext *values, uint32_t count)
{
    struct vch_ext *sent = prover->said + prover->said_count;
    const struct vch_const_planes pads = vch_planes_const(prover->pads.pads);

    vch_prover_tamper(prover, step, values);
    for (uint32_t i = 0; i < count; i++)
        sent[i] = vch_ext_add(values[i], vch_planes_get(pads, prover->said_count + i));
    vch_challenge_absorb_exts(&prover->challenge, label, sent, count);
    prover->said_count += count;
}

struct vch_ext vch_prover_round(struct vch_prover *prover, enum vch_prover_step step,
                                struct vch_ext h[3], struct vch_ext *r)
{
    const struct vch_ext low = h[0], high = h[1], top = h[2];

    vch_prover_say(prover, step, "round", h, 3);
    *r = vch_challenge_one(&prover->challenge, "fold");
    // h(0) + r (h(1) - h(0) - h(inf) + r h(inf))
    const struct vch_ext linear = vch_ext_sub(vch_ext_sub(high, low), top);
    return vch_ext_add(low, vch_ext_mul(*r, vch_ext_add(linear, vch_ext_mul(*r, top))));
}

void vch_prover_enter(const struct vch_prover *prover, enum vch_proof_phase phase)
{
    if (prover->watch != NULL) prover->watch->phase(prover->watch->context, phase);
}

static vch_status check_input(const struct vch_prover *prover)
{
    const struct vch_statement *statement = prover->statement;
    const struct vch_encoder *encoder = prover->input->encoder;

    if (encoder->log_columns != statement->log_columns)
        return vch_complain(prover->complaint, VCH_CODE_USAGE,
                            "the encoder is for 2^%u cells a row, expected 2^%u",
                            encoder->log_columns, statement->log_columns);
    for (uint32_t i = 0; i + 1 < statement->oracle_count; i++) {
        const struct vch_oracle *oracle = prover->input->oracles[i];
        if (oracle->matrix.row_count != statement->oracles[i].rows ||
            !vch_hash_is_equal(&oracle->root, &statement->oracles[i].root))
            return vch_complain(prover->complaint, VCH_CODE_USAGE,
                                "oracle %u is not the one that the statement names", i);
    }
    return VCH_OK;
}

static void write_exts(uint8_t *out, const struct vch_ext *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        vch_put_u64le(out + 16 * i, values[i].c[0]);
        vch_put_u64le(out + 16 * i + 8, values[i].c[1]);
    }
}

vch_status vch_prover_run(struct vch_prover *prover, uint8_t *proof)
{
    const struct vch_statement *statement = prover->statement;

    prover->kernels = &prover->input->encoder->field;
    prover->said = VCH_ARENA_NEW(prover->arena, struct vch_ext, statement->message_count);
    prover->triples =
        VCH_ARENA_NEW(prover->arena, struct vch_ext, 2 * (size_t)statement->product_count);
    if (prover->said == NULL || prover->triples == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(check_input(prover));
    vch_prover_enter(prover, VCH_PROOF_COMMIT);
    VCH_TRY(vch_prover_commit(prover));
    vch_walk_start(&prover->challenge, statement, &prover->witness.root);
    VCH_TRY(vch_prover_fractions(prover));
    vch_prover_enter(prover, VCH_PROOF_PRODUCTS);
    VCH_TRY(vch_prover_products(prover));
    vch_prover_enter(prover, VCH_PROOF_RELATION);
    VCH_TRY(vch_prover_cells(prover));
    vch_prover_enter(prover, VCH_PROOF_OPENING);

    memcpy(proof, prover->witness.root.bytes, VCH_DIGEST_SIZE);
    uint8_t *next = proof + VCH_DIGEST_SIZE;
    write_exts(next, prover->said, statement->message_count);
    next += 16 * (size_t)statement->message_count;
    VCH_TRY(vch_prover_opening(prover, next));
    vch_prover_enter(prover, VCH_PROOF_DONE);
    return VCH_OK;
}

vch_status vch_proof_prove(uint8_t *proof, const struct vch_statement *statement,
                           const struct vch_proof_input *input, const struct vch_proof_watch *watch,
                           struct vch_arena *arena, struct vch_workers *workers,
                           struct vch_complaint *complaint)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    struct vch_prover *prover = VCH_ARENA_NEW(arena, struct vch_prover, 1);

    if (prover == NULL) return VCH_FAIL(NO_MEMORY);
    *prover = (struct vch_prover){.statement = statement,
                                  .input = input,
                                  .arena = arena,
                                  .workers = workers,
                                  .complaint = complaint,
                                  .watch = watch};
    vch_status status = vch_prover_run(prover, proof);
    vch_arena_rewind(arena, mark); // which wipes
    return status;
}
