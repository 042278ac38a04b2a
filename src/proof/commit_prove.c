// Pads, masks and the witness' oracle.
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "proof/prover.h"
#include "proof/random.h"

// Keys out of the seed: one a use, and others for another statement. A seed should never come
// twice; where it does, on a machine that was copied while it ran, two statements share no pad.
enum use { USE_WITNESS = 0x10, USE_PADS, USE_MASK1, USE_MASK2 };

static struct vch_digest derive(const struct vch_prover *prover, enum use use)
{
    const struct vch_digest no_root = {{0}};
    const uint8_t tag = (uint8_t)use;
    struct vch_challenge about;
    struct vch_hash hash;

    vch_walk_start(&about, prover->statement, &no_root); // context, shape, all roots but ours
    vch_hash_init(&hash);
    vch_hash_update(&hash, &tag, 1);
    vch_hash_update(&hash, prover->input->seed, VCH_PROOF_SEED_SIZE);
    vch_hash_update(&hash, about.state.bytes, VCH_DIGEST_SIZE);
    return vch_hash_final(&hash);
}

// `count` random elements of K: one stream, all c0 before all c1.
static vch_status draw(const struct vch_prover *prover, struct vch_planes *out, enum use use,
                       size_t count)
{
    struct vch_digest key = derive(prover, use);

    out->c0 = VCH_ARENA_NEW(prover->arena, uint64_t, 2 * count);
    if (out->c0 == NULL) return VCH_FAIL(NO_MEMORY);
    out->c1 = out->c0 + count;
    vch_random_elements(out->c0, 2 * count, key.bytes);
    vch_wipe(&key, sizeof key);
    return VCH_OK;
}

// Which messages are multiplied follows from the statement alone: walking over nothing tells.
static vch_status find_products(struct vch_prover *prover)
{
    struct vch_walk *walk = VCH_ARENA_NEW(prover->arena, struct vch_walk, 1);
    const struct vch_digest root = {{0}};

    if (walk == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_walk(walk, prover->statement, &root, prover->said, prover->triples, prover->arena));
    VCH_ASSERT(walk->pads.product_count == prover->statement->product_count);
    prover->pads.products = walk->pads.products;
    return VCH_OK;
}

// c = a b and c' = a' b'.
static void multiply_pads(const struct vch_prover *prover)
{
    const struct vch_planes pads = prover->pads.pads;
    const struct vch_const_planes from = vch_planes_const(pads);

    for (uint32_t k = 0; k < prover->statement->product_count; k++) {
        const struct vch_pads_product *product = &prover->pads.products[k];
        const uint32_t c = product->c;
        vch_planes_set(
            pads, c,
            vch_ext_mul(vch_planes_get(from, product->a), vch_planes_get(from, product->b)));
        vch_planes_set(pads, c + 3,
                       vch_ext_mul(vch_planes_get(from, c + 1), vch_planes_get(from, c + 2)));
    }
}

vch_status vch_prover_commit(struct vch_prover *prover)
{
    const struct vch_statement *statement = prover->statement;
    const struct vch_encoder *encoder = prover->input->encoder;
    const uint32_t rows = statement->oracles[statement->oracle_count - 1].rows;
    const size_t first = (size_t)(statement->row_count - rows) << statement->log_columns;
    struct vch_prover_pads *pads = &prover->pads;
    const unsigned log_pad = statement->log_pad_row, log_row = encoder->log_length;

    pads->pad_length = (size_t)1 << log_pad;
    pads->length = (size_t)1 << log_row;
    VCH_TRY(draw(prover, &pads->pads, USE_PADS, pads->pad_length));
    VCH_TRY(draw(prover, &pads->mask1, USE_MASK1, pads->length));
    VCH_TRY(draw(prover, &pads->mask2, USE_MASK2, pads->pad_length));
    VCH_TRY(find_products(prover));
    multiply_pads(prover);
    vch_prover_tamper(prover, VCH_PROVER_PADS, pads);

    struct vch_oracle_row *extras =
        VCH_ARENA_NEW(prover->arena, struct vch_oracle_row, VCH_ORACLE_EXTRA_ROWS);
    if (extras == NULL) return VCH_FAIL(NO_MEMORY);
    extras[VCH_ORACLE_PADS] = (struct vch_oracle_row){pads->pads.c0, log_pad};
    extras[VCH_ORACLE_PADS + 1] = (struct vch_oracle_row){pads->pads.c1, log_pad};
    extras[VCH_ORACLE_MASK1] = (struct vch_oracle_row){pads->mask1.c0, log_row};
    extras[VCH_ORACLE_MASK1 + 1] = (struct vch_oracle_row){pads->mask1.c1, log_row};
    extras[VCH_ORACLE_MASK2] = (struct vch_oracle_row){pads->mask2.c0, log_pad};
    extras[VCH_ORACLE_MASK2 + 1] = (struct vch_oracle_row){pads->mask2.c1, log_pad};

    struct vch_digest seed = derive(prover, USE_WITNESS);
    memcpy(prover->witness_seed, seed.bytes, sizeof prover->witness_seed);
    vch_wipe(&seed, sizeof seed);
    const struct vch_oracle_matrix matrix = {prover->input->cells + first, rows,
                                             VCH_ORACLE_EXTRA_ROWS, extras, prover->witness_seed};
    VCH_TRY(
        vch_oracle_prove(&prover->witness, &matrix, encoder, true, prover->arena, prover->workers));
    vch_prover_tamper(prover, VCH_PROVER_WITNESS, &prover->witness);
    return VCH_OK;
}
