// What is left of the fractions: products, then cells. Sections 7 and 8.
#include <string.h>

#include "proof/prover.h"

static void draw_relation(struct vch_prover *prover)
{
    const uint32_t n = prover->statement->log_zero_places;
    struct vch_ext drawn[1 + VCH_WEIGHTS_POINT_MAX];

    vch_challenge_draw(&prover->challenge, "relation", drawn, 1 + n);
    prover->weights.lambda = drawn[0];
    for (uint32_t j = 0; j < n; j++)
        prover->weights.y[j] = drawn[1 + j];
}

vch_status vch_prover_products(struct vch_prover *prover)
{
    const struct vch_arena_mark mark = vch_arena_mark(prover->arena);
    const size_t slots = (size_t)1 << prover->statement->log_slots;
    struct vch_planes sides[2] = {vch_weights_planes(prover->arena, slots),
                                  vch_weights_planes(prover->arena, slots)};

    if (sides[0].c1 == NULL || sides[1].c1 == NULL) return VCH_FAIL(NO_MEMORY);
    draw_relation(prover);
    VCH_TRY(vch_prover_slots(prover, sides[0], sides[1]));
    vch_prover_tamper(prover, VCH_PROVER_SLOTS, sides);

    const struct vch_const_planes a = vch_planes_const(sides[0]), b = vch_planes_const(sides[1]);
    struct vch_ext q = prover->kernels->dot(a, b, slots);
    prover->q = q;
    vch_prover_say(prover, VCH_PROVER_SUM, "sum", &q, 1);
    VCH_TRY(
        vch_prover_sumcheck(prover, &(struct vch_prover_sumcheck){.step = VCH_PROVER_PRODUCT,
                                                                  .a = sides[0],
                                                                  .b = sides[1],
                                                                  .n = prover->statement->log_slots,
                                                                  .claim = prover->q,
                                                                  .point = prover->weights.rho}));
    struct vch_ext ends[2] = {vch_planes_get(a, 0), vch_planes_get(b, 0)};
    prover->ends[0] = ends[0];
    prover->ends[1] = ends[1];
    vch_prover_say(prover, VCH_PROVER_ENDS, "ends", ends, 2);
    vch_arena_rewind(prover->arena, mark);
    return VCH_OK;
}

// N + l D - q + m a + m^2 b, without what is public of it.
static struct vch_ext claim_cells(const struct vch_prover *prover)
{
    const struct vch_weights *weights = &prover->weights;
    const struct vch_ext d = vch_ext_mul(weights->lambda, prover->denominator);
    const struct vch_ext b = vch_ext_mul(weights->batch, prover->ends[1]);
    const struct vch_ext ends = vch_ext_mul(weights->batch, vch_ext_add(prover->ends[0], b));
    const struct vch_ext left = vch_ext_sub(vch_ext_add(prover->numerator, d), prover->q);

    return vch_ext_sub(vch_ext_add(left, ends), prover->constant);
}

vch_status vch_prover_cells(struct vch_prover *prover)
{
    const struct vch_statement *statement = prover->statement;
    const struct vch_arena_mark mark = vch_arena_mark(prover->arena);
    const size_t cells = (size_t)1 << statement->log_cells;
    const size_t used = (size_t)statement->row_count << statement->log_columns;
    struct vch_functional functional = {.values = vch_weights_planes(prover->arena, cells)};
    uint64_t *values = VCH_ARENA_NEW(prover->arena, uint64_t, cells);
    const struct vch_planes scratch = vch_weights_planes(prover->arena, cells / 2);

    if (functional.values.c1 == NULL || values == NULL || scratch.c1 == NULL)
        return VCH_FAIL(NO_MEMORY);
    prover->weights.batch = vch_challenge_one(&prover->challenge, "cells");
    VCH_TRY(vch_functional_sum(&functional, statement, &prover->weights, prover->kernels,
                               prover->arena));
    prover->constant = functional.constant;

    vch_prover_enter(prover, VCH_PROOF_CELLS);
    memcpy(values, prover->input->cells, used * sizeof *values);
    VCH_TRY(vch_prover_sumcheck(prover, &(struct vch_prover_sumcheck){.step = VCH_PROVER_CELLS,
                                                                      .a = functional.values,
                                                                      .b = scratch,
                                                                      .base = values,
                                                                      .n = statement->log_cells,
                                                                      .claim = claim_cells(prover),
                                                                      .point = prover->point}));
    prover->value = vch_planes_get(vch_planes_const(functional.values), 0);
    prover->omega = vch_planes_get(vch_planes_const(scratch), 0);
    vch_arena_rewind(prover->arena, mark);
    return VCH_OK;
}
