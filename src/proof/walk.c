#include "proof/walk.h"

#include "base/check.h"

static const struct vch_ext one = {{1, 0}}, minus = {{VCH_FP_P - 1, 0}};

void vch_walk_start(struct vch_challenge *challenge, const struct vch_statement *statement,
                    const struct vch_digest *witness_root)
{
    const uint32_t last = statement->oracle_count - 1;
    uint64_t shape[2 + VCH_STATEMENT_ORACLES_MAX + 3];
    size_t count = 0;

    shape[count++] = statement->log_columns;
    shape[count++] = statement->oracle_count;
    for (uint32_t i = 0; i <= last; i++)
        shape[count++] = statement->oracles[i].rows;
    shape[count++] = statement->log_places;
    shape[count++] = statement->log_zero_places;
    shape[count++] = statement->log_slots;

    vch_challenge_start(challenge);
    vch_challenge_absorb(challenge, "statement", statement->context.bytes, VCH_DIGEST_SIZE);
    vch_challenge_absorb_u64s(challenge, "shape", shape, count);
    for (uint32_t i = 0; i <= last; i++)
        vch_challenge_absorb(challenge, "root",
                             i < last ? statement->oracles[i].root.bytes : witness_root->bytes,
                             VCH_DIGEST_SIZE);
}

static void hear(struct vch_walk *walk, const char *label, struct vch_pads_said *out,
                 uint32_t count)
{
    const uint32_t first = walk->said_count;

    VCH_ASSERT(first + count <= walk->statement->message_count);
    vch_challenge_absorb_exts(&walk->challenge, label, walk->said + first, count);
    for (uint32_t i = 0; i < count; i++)
        out[i] = (struct vch_pads_said){walk->said[first + i], first + i};
    walk->said_count += count;
}

// One round of a sumcheck: the claim is low * h(0) + high * h(1), and becomes h(r).
static struct vch_ext hear_round(struct vch_walk *walk, struct vch_pads_claim *claim,
                                 struct vch_ext low, struct vch_ext high)
{
    struct vch_pads_said h[3]; // h(0), h(1), h(inf)

    hear(walk, "round", h, 3);
    vch_pads_add_said(claim, vch_ext_neg(low), h[0]);
    vch_pads_add_said(claim, vch_ext_neg(high), h[1]);
    vch_pads_check(&walk->pads, claim);

    const struct vch_ext r = vch_challenge_one(&walk->challenge, "fold");
    *claim = vch_pads_constant(vch_ext_from_base(0));
    vch_pads_add_said(claim, vch_ext_sub(one, r), h[0]);
    vch_pads_add_said(claim, r, h[1]);
    vch_pads_add_said(claim, vch_ext_sub(vch_ext_square(r), r), h[2]);
    return r;
}

// The claims about a layer of the tree: its numerators' and denominators' extensions.
struct layer {
    struct vch_pads_claim n, d;
};

// From `layer` at weights.z to the one below it.
static void hear_layer(struct vch_walk *walk, struct layer *layer, uint32_t k)
{
    struct vch_ext *z = walk->weights.z;
    const struct vch_ext lambda = vch_challenge_one(&walk->challenge, "layer");
    struct vch_pads_claim claim = layer->n;
    struct vch_pads_said halves[4]; // N0, N1, D0, D1

    vch_pads_add(&claim, lambda, &layer->d);
    for (uint32_t j = k; j-- > 0;)
        z[j] = hear_round(walk, &claim, vch_ext_sub(one, z[j]), z[j]);
    hear(walk, "halves", halves, 4);
    vch_pads_add_product(&walk->pads, &claim, minus, halves[0], halves[3]);
    vch_pads_add_product(&walk->pads, &claim, minus, halves[1], halves[2]);
    vch_pads_add_product(&walk->pads, &claim, vch_ext_neg(lambda), halves[2], halves[3]);
    vch_pads_check(&walk->pads, &claim);

    z[k] = vch_challenge_one(&walk->challenge, "join");
    layer->n = layer->d = vch_pads_constant(vch_ext_from_base(0));
    vch_pads_add_said(&layer->n, vch_ext_sub(one, z[k]), halves[0]);
    vch_pads_add_said(&layer->n, z[k], halves[1]);
    vch_pads_add_said(&layer->d, vch_ext_sub(one, z[k]), halves[2]);
    vch_pads_add_said(&layer->d, z[k], halves[3]);
}

// Section 6.
static void hear_lookups(struct vch_walk *walk, struct layer *leaves)
{
    struct vch_pads_claim root = vch_pads_constant(minus);
    struct vch_pads_said said[2]; // D and its inverse
    struct vch_ext drawn[2];

    vch_challenge_draw(&walk->challenge, "lookup", drawn, 2);
    walk->weights.alpha = drawn[0];
    walk->weights.beta = drawn[1];
    hear(walk, "root", said, 2);
    vch_pads_add_product(&walk->pads, &root, one, said[0], said[1]);
    vch_pads_check(&walk->pads, &root);

    leaves->n = leaves->d = vch_pads_constant(vch_ext_from_base(0));
    vch_pads_add_said(&leaves->d, one, said[0]);
    for (uint32_t k = 0; k < walk->statement->log_places; k++)
        hear_layer(walk, leaves, k);
}

// Sections 7 and 8: what is said there begins with the claim on the leaves.
static void hear_relation(struct vch_walk *walk, const struct layer *leaves)
{
    const struct vch_statement *statement = walk->statement;
    struct vch_weights *weights = &walk->weights;
    struct vch_ext drawn[1 + VCH_WEIGHTS_POINT_MAX];
    struct vch_pads_said q, ends[2]; // A~ and B~ at rho
    struct vch_pads_claim claim = vch_pads_constant(vch_ext_from_base(0));

    vch_challenge_draw(&walk->challenge, "relation", drawn, 1 + statement->log_zero_places);
    weights->lambda = drawn[0];
    for (uint32_t j = 0; j < statement->log_zero_places; j++)
        weights->y[j] = drawn[1 + j];

    hear(walk, "sum", &q, 1);
    vch_pads_add_said(&claim, one, q);
    for (uint32_t j = statement->log_slots; j-- > 0;)
        weights->rho[j] = hear_round(walk, &claim, one, one);
    hear(walk, "ends", ends, 2);
    vch_pads_add_product(&walk->pads, &claim, minus, ends[0], ends[1]);
    vch_pads_check(&walk->pads, &claim);

    weights->batch = vch_challenge_one(&walk->challenge, "cells");
    claim = leaves->n;
    vch_pads_add(&claim, weights->lambda, &leaves->d);
    vch_pads_add_said(&claim, minus, q);
    vch_pads_add_said(&claim, weights->batch, ends[0]);
    vch_pads_add_said(&claim, vch_ext_square(weights->batch), ends[1]);
    walk->relation_check = walk->pads.check_count;
    for (uint32_t j = statement->log_cells; j-- > 0;)
        walk->point[j] = hear_round(walk, &claim, one, one);
    walk->omega_check = walk->pads.check_count;
    vch_pads_check(&walk->pads, &claim);
}

vch_status vch_walk(struct vch_walk *walk, const struct vch_statement *statement,
                    const struct vch_digest *witness_root, const struct vch_ext *said,
                    const struct vch_ext *triples, struct vch_arena *arena)
{
    struct layer leaves;

    *walk = (struct vch_walk){.statement = statement, .said = said};
    VCH_TRY(vch_pads_init(&walk->pads, statement, arena));
    vch_walk_start(&walk->challenge, statement, witness_root);
    hear_lookups(walk, &leaves);
    hear_relation(walk, &leaves);
    VCH_ASSERT(walk->said_count == statement->message_count);

    const struct vch_ext sacrifice = vch_challenge_one(&walk->challenge, "sacrifice");
    vch_challenge_absorb_exts(&walk->challenge, "triple", triples,
                              2 * (size_t)statement->product_count);
    vch_pads_check_products(&walk->pads, sacrifice, triples);
    walk->x = vch_challenge_one(&walk->challenge, "checks");
    return VCH_OK;
}

// The claim of section 8 begins with all that is public of the relation, and the last check has
// omega with the factor -V~(r).
void vch_walk_equation(struct vch_walk *walk, struct vch_ext constant, struct vch_ext value,
                       struct vch_walk_equation *equation)
{
    struct vch_pads_claim *relation = &walk->pads.checks[walk->relation_check];
    struct vch_pads_equation sum = {.ell = equation->ell};

    relation->constant = vch_ext_sub(relation->constant, constant);
    vch_pads_combine(&walk->pads, walk->x, walk->omega_check, &sum);
    equation->kappa = vch_ext_neg(vch_ext_mul(sum.power, value));
    equation->rhs = sum.rhs;
}
