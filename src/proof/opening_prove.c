// The one equation, and the rows and columns that show it: sections 9 and 10.
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "proof/prover.h"

static struct vch_ext get(struct vch_planes planes, size_t i)
{
    return vch_planes_get(vch_planes_const(planes), i);
}

static void copy(struct vch_planes out, struct vch_planes from, size_t count)
{
    memcpy(out.c0, from.c0, count * sizeof *out.c0);
    memcpy(out.c1, from.c1, count * sizeof *out.c1);
}

static uint8_t *write_ext(uint8_t *out, struct vch_ext value)
{
    vch_put_u64le(out, value.c[0]);
    vch_put_u64le(out + 8, value.c[1]);
    return out + 16;
}

// d = e a - a', f = b - b'
static void make_triples(struct vch_prover *prover)
{
    const struct vch_planes pads = prover->pads.pads;
    const struct vch_ext e = vch_challenge_one(&prover->challenge, "sacrifice");

    for (size_t k = 0; k < prover->statement->product_count; k++) {
        const struct vch_pads_product *product = &prover->pads.products[k];
        const struct vch_ext scaled = vch_ext_mul(e, get(pads, product->a));
        prover->triples[2 * k] = vch_ext_sub(scaled, get(pads, product->c + 1));
        prover->triples[2 * k + 1] = vch_ext_sub(get(pads, product->b), get(pads, product->c + 2));
    }
    vch_prover_tamper(prover, VCH_PROVER_TRIPLES, prover->triples);
}

// What was said is heard as a verifier does, which gives the equation.
static vch_status hear(struct vch_prover *prover)
{
    struct vch_walk_equation *equation = &prover->equation;
    const struct vch_statement *statement = prover->statement;
    struct vch_walk *walk = VCH_ARENA_NEW(prover->arena, struct vch_walk, 1);

    equation->ell = VCH_ARENA_NEW(prover->arena, struct vch_ext, statement->pad_count);
    if (walk == NULL || equation->ell == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_walk(walk, statement, &prover->witness.root, prover->said, prover->triples,
                     prover->arena));
    prover->challenge = walk->challenge;
    vch_walk_equation(walk, prover->constant, prover->value, equation);
    return VCH_OK;
}

// sum of ell_i values_i
static struct vch_ext weigh_pads(const struct vch_prover *prover, struct vch_planes values)
{
    struct vch_ext sum = vch_ext_from_base(0);

    for (uint32_t i = 0; i < prover->statement->pad_count; i++)
        sum = vch_ext_add(sum, vch_ext_mul(prover->equation.ell[i], get(values, i)));
    return sum;
}

// Whether the equation holds, which a witness that satisfies the statement makes it do.
static vch_status check(const struct vch_prover *prover)
{
    const struct vch_walk_equation *equation = &prover->equation;
    const struct vch_ext left = vch_ext_add(weigh_pads(prover, prover->pads.pads),
                                            vch_ext_mul(equation->kappa, prover->omega));

    if (prover->tamper != NULL || vch_ext_is_equal(left, equation->rhs)) return VCH_OK;
    return vch_complain(prover->complaint, VCH_CODE_BAD_PROOF,
                        "the cells are no witness: a relation of a zero section does not hold");
}

static vch_status make_sigma(struct vch_prover *prover, struct vch_ext *sigma)
{
    const size_t columns = (size_t)1 << prover->statement->log_columns;
    const struct vch_arena_mark mark = vch_arena_mark(prover->arena);
    const struct vch_planes eq = vch_weights_planes(prover->arena, columns);

    if (eq.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    prover->kernels->eq_table(eq, prover->point, prover->statement->log_columns,
                              vch_ext_from_base(1));
    *sigma =
        prover->kernels->dot(vch_planes_const(eq), vch_planes_const(prover->pads.mask1), columns);
    *sigma = vch_ext_add(vch_ext_mul(prover->equation.kappa, *sigma),
                         weigh_pads(prover, prover->pads.mask2));
    vch_prover_tamper(prover, VCH_PROVER_SIGMA, sigma);
    vch_challenge_absorb_exts(&prover->challenge, "opening", sigma, 1);
    vch_arena_rewind(prover->arena, mark);
    return VCH_OK;
}

static const struct vch_oracle *oracle_at(const struct vch_prover *prover, uint32_t i)
{
    return i + 1 == prover->statement->oracle_count ? &prover->witness : prover->input->oracles[i];
}

// out = mask1 + sum over rows of g eq((r_c ..), i) row_i
static vch_status combine_rows(struct vch_prover *prover, struct vch_planes out, struct vch_ext g)
{
    const struct vch_statement *statement = prover->statement;
    const uint32_t c = statement->log_columns;
    const struct vch_planes weights = vch_weights_planes(prover->arena, statement->row_count);
    size_t row = 0;

    if (weights.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    vch_weights_range(weights, prover->kernels, prover->point + c, statement->log_cells - c, 0,
                      statement->row_count, g);
    copy(out, prover->pads.mask1, prover->pads.length);
    for (uint32_t i = 0; i < statement->oracle_count; i++) {
        vch_oracle_prove_combination(oracle_at(prover, i), out,
                                     vch_planes_const(vch_planes_at(weights, row)),
                                     prover->workers);
        row += statement->oracles[i].rows;
    }
    return VCH_OK;
}

// v1 and v2, written and absorbed.
static vch_status say_rows(struct vch_prover *prover, uint8_t **proof)
{
    const struct vch_prover_pads *pads = &prover->pads;
    struct vch_planes v1 = vch_weights_planes(prover->arena, pads->length);
    struct vch_planes v2 = vch_weights_planes(prover->arena, pads->pad_length);
    const struct vch_ext g = vch_challenge_one(&prover->challenge, "mask");
    uint8_t *next = *proof;

    if (v1.c1 == NULL || v2.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(combine_rows(prover, v1, g));
    copy(v2, pads->mask2, pads->pad_length);
    prover->kernels->axpy(v2, vch_planes_const(pads->pads), g, pads->pad_length);
    vch_prover_tamper(prover, VCH_PROVER_V1, &v1);
    vch_prover_tamper(prover, VCH_PROVER_V2, &v2);
    for (size_t i = 0; i < pads->length; i++)
        next = write_ext(next, get(v1, i));
    for (size_t i = 0; i < pads->pad_length; i++)
        next = write_ext(next, get(v2, i));
    vch_challenge_absorb(&prover->challenge, "rows", *proof, (size_t)(next - *proof));
    *proof = next;
    return VCH_OK;
}

static vch_status open_columns(struct vch_prover *prover, uint8_t *proof)
{
    const struct vch_statement *statement = prover->statement;
    const unsigned log_symbols = prover->input->encoder->log_symbols;
    uint32_t positions[VCH_ORACLE_POSITIONS];

    vch_challenge_positions(&prover->challenge, "columns", positions, VCH_ORACLE_POSITIONS,
                            log_symbols);
    vch_prover_tamper(prover, VCH_PROVER_POSITIONS, positions);
    for (uint32_t i = 0; i < statement->oracle_count; i++) {
        const struct vch_oracle *oracle = oracle_at(prover, i);
        const size_t rows = oracle->matrix.row_count + (size_t)oracle->matrix.extra_count;
        VCH_TRY(vch_oracle_prove_opening(oracle, proof, positions, prover->arena, prover->workers));
        proof += vch_oracle_opening_size(statement->log_columns, rows);
    }
    return VCH_OK;
}

vch_status vch_prover_opening(struct vch_prover *prover, uint8_t *proof)
{
    struct vch_ext sigma;

    make_triples(prover);
    VCH_TRY(hear(prover));
    VCH_TRY(check(prover));
    for (uint32_t i = 0; i < 2 * prover->statement->product_count; i++)
        proof = write_ext(proof, prover->triples[i]);
    VCH_TRY(make_sigma(prover, &sigma));
    proof = write_ext(proof, sigma);
    VCH_TRY(say_rows(prover, &proof));
    return open_columns(prover, proof);
}
