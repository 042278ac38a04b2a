// The sum of fractions as a tree, and its reduction layer by layer to a claim on the leaves.
#include "base/check.h"
#include "proof/prover_passes.h"

// Layer k has 2^k numerators and denominators; layers[log_places] are the leaves.
struct tree {
    struct vch_prover_leaves layers[VCH_STATEMENT_LOG_PLACES_MAX + 1];
};

struct combining {
    const struct vch_prover *prover;
    const struct vch_prover_leaves *layer, *below;
};

static void combine(void *context, const struct vch_prover_passes_range *range)
{
    const struct combining *job = context;

    job->prover->kernels->fraction_combine(
        vch_planes_at(job->layer->n, range->first), vch_planes_at(job->layer->d, range->first),
        vch_const_planes_at(vch_planes_const(job->below->n), range->first),
        vch_const_planes_at(vch_planes_const(job->below->d), range->first), job->layer->count,
        range->count);
}

// All layers above the leaves, in one piece.
static vch_status build(struct vch_prover *prover, struct tree *tree)
{
    const uint32_t nu = prover->statement->log_places;
    const size_t count = (size_t)1 << nu;
    struct vch_planes n = vch_weights_planes(prover->arena, count);
    struct vch_planes d = vch_weights_planes(prover->arena, count);

    if (n.c1 == NULL || d.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t k = nu; k-- > 0;) {
        struct vch_prover_leaves *layer = &tree->layers[k];
        struct combining job = {prover, layer, &tree->layers[k + 1]};
        *layer = (struct vch_prover_leaves){n, d, (size_t)1 << k};
        vch_prover_passes_run(prover, layer->count, combine, &job);
        n = vch_planes_at(n, layer->count);
        d = vch_planes_at(d, layer->count);
    }
    return VCH_OK;
}

// The sumcheck of one layer: N0, N1 + l D1, D0, D1, of 2 * half values each, and eq of the
// variables below the round's, of half.
struct rounds {
    const struct vch_prover *prover;
    struct vch_planes halves[4], eq;
    size_t half;
    bool is_first;
    struct vch_ext r; // what the variable above becomes, but for the first round
    struct vch_ext lambda;
    struct vch_ext (*parts)[2];
};

static void add_lambda(const struct rounds *rounds, const struct vch_prover_passes_range *range)
{
    for (size_t first = range->first; first < 2 * rounds->half; first += rounds->half)
        rounds->prover->kernels->axpy(
            vch_planes_at(rounds->halves[1], first),
            vch_const_planes_at(vch_planes_const(rounds->halves[3]), first), rounds->lambda,
            range->count);
}

// Every array becomes half as long; eq's highest variable is summed over.
static void fold(const struct rounds *rounds, const struct vch_prover_passes_range *range)
{
    const struct vch_planes eq = vch_planes_at(rounds->eq, range->first);
    const size_t half = rounds->half;

    for (size_t i = 0; i < 4; i++)
        for (size_t first = range->first; first < 2 * half; first += half)
            rounds->prover->kernels->fold(vch_planes_at(rounds->halves[i], first), 2 * half,
                                          range->count, rounds->r);
    for (size_t i = 0; i < range->count; i++) {
        eq.c0[i] = vch_fp_add(eq.c0[i], eq.c0[half + i]);
        eq.c1[i] = vch_fp_add(eq.c1[i], eq.c1[half + i]);
    }
}

static struct vch_const_planes part_of(struct vch_planes planes,
                                       const struct vch_prover_passes_range *at)
{
    return vch_const_planes_at(vch_planes_const(planes), at->first);
}

static void run_round(void *context, const struct vch_prover_passes_range *range)
{
    const struct rounds *rounds = context;

    if (rounds->is_first)
        add_lambda(rounds, range);
    else
        fold(rounds, range);
    const struct vch_fraction_pairs pairs = {
        part_of(rounds->halves[0], range), part_of(rounds->halves[1], range),
        part_of(rounds->halves[2], range), part_of(rounds->halves[3], range)};
    rounds->prover->kernels->fraction_ends(rounds->parts[range->part], part_of(rounds->eq, range),
                                           &pairs, rounds->half, range->count,
                                           vch_ext_from_base(0));
}

// h(0), h(1) and h(inf), where the claim is (1 - z) h(0) + z h(1).
static void complete(struct vch_ext h[3], const struct vch_ext ends[2], struct vch_ext claim,
                     struct vch_ext z)
{
    const struct vch_ext low = vch_ext_mul(vch_ext_sub(vch_ext_from_base(1), z), ends[0]);

    h[0] = ends[0];
    h[1] = vch_ext_mul(vch_ext_sub(claim, low), vch_ext_inverse(z));
    h[2] = ends[1];
}

// What a layer claims: its numerators and denominators at z.
struct claim {
    struct vch_ext n, d;
};

static void say_halves(struct vch_prover *prover, struct rounds *rounds, uint32_t k,
                       struct claim *claim)
{
    struct vch_ext halves[4], *z = prover->weights.z;

    for (size_t i = 0; i < 4; i++) {
        if (k > 0) prover->kernels->fold(rounds->halves[i], 1, 1, z[0]);
        halves[i] = vch_planes_get(vch_planes_const(rounds->halves[i]), 0);
    }
    if (k > 0) halves[1] = vch_ext_sub(halves[1], vch_ext_mul(rounds->lambda, halves[3]));
    const struct vch_ext truth[4] = {halves[0], halves[1], halves[2], halves[3]};
    vch_prover_say(prover, VCH_PROVER_HALVES, "halves", halves, 4);
    z[k] = vch_challenge_one(&prover->challenge, "join");
    claim->n = vch_ext_add(truth[0], vch_ext_mul(z[k], vch_ext_sub(truth[1], truth[0])));
    claim->d = vch_ext_add(truth[2], vch_ext_mul(z[k], vch_ext_sub(truth[3], truth[2])));
}

// From the claim on layer k to one on the layer below it, whose arrays are folded on the way.
static void reduce_layer(struct vch_prover *prover, const struct vch_prover_leaves *below,
                         uint32_t k, struct rounds *rounds, struct claim *claim)
{
    const size_t count = (size_t)1 << k;
    struct vch_ext *z = prover->weights.z;
    const struct vch_ext lambda = vch_challenge_one(&prover->challenge, "layer");
    struct vch_ext sum = vch_ext_add(claim->n, vch_ext_mul(lambda, claim->d));

    rounds->halves[0] = below->n;
    rounds->halves[1] = vch_planes_at(below->n, count);
    rounds->halves[2] = below->d;
    rounds->halves[3] = vch_planes_at(below->d, count);
    rounds->lambda = lambda;
    if (k > 0) prover->kernels->eq_table(rounds->eq, z, k - 1, vch_ext_from_base(1));
    for (uint32_t j = k; j-- > 0;) {
        struct vch_ext h[3], ends[2];
        rounds->half = (size_t)1 << j;
        rounds->is_first = j + 1 == k;
        vch_prover_passes_run(prover, rounds->half, run_round, rounds);
        vch_prover_passes_sum(ends, rounds->parts, vch_prover_passes_parts(rounds->half));
        complete(h, ends, sum, z[j]);
        sum = vch_prover_round(prover, VCH_PROVER_ROUND, h, &z[j]);
        rounds->r = z[j];
    }
    say_halves(prover, rounds, k, claim);
}

static vch_status say_root(struct vch_prover *prover, const struct vch_prover_leaves *root)
{
    const struct vch_ext denominator = vch_planes_get(vch_planes_const(root->d), 0);
    struct vch_ext said[2] = {denominator, vch_ext_inverse(denominator)};

    if (prover->tamper == NULL &&
        (root->n.c0[0] != 0 || root->n.c1[0] != 0 || vch_ext_is_zero(denominator)))
        return vch_complain(prover->complaint, VCH_CODE_BAD_PROOF,
                            "the cells are no witness: a look-up is in no table, or multiplicities "
                            "are wrong");
    vch_prover_say(prover, VCH_PROVER_ROOT, "root", said, 2);
    return VCH_OK;
}

static vch_status prove_tree(struct vch_prover *prover, struct tree *tree)
{
    const uint32_t nu = prover->statement->log_places;
    const size_t half = (size_t)1 << nu >> 1;
    struct rounds rounds = {.prover = prover, .eq = vch_weights_planes(prover->arena, half)};

    rounds.parts =
        vch_arena_alloc(prover->arena, vch_prover_passes_parts(half), sizeof *rounds.parts);
    if (rounds.eq.c1 == NULL || rounds.parts == NULL) return VCH_FAIL(NO_MEMORY);
    vch_prover_enter(prover, VCH_PROOF_TREE);
    VCH_TRY(build(prover, tree));
    VCH_TRY(say_root(prover, &tree->layers[0]));
    vch_prover_enter(prover, VCH_PROOF_LAYERS);

    struct claim claim = {vch_planes_get(vch_planes_const(tree->layers[0].n), 0),
                          vch_planes_get(vch_planes_const(tree->layers[0].d), 0)};
    for (uint32_t k = 0; k < nu; k++)
        reduce_layer(prover, &tree->layers[k + 1], k, &rounds, &claim);
    prover->numerator = claim.n;
    prover->denominator = claim.d;
    return VCH_OK;
}

vch_status vch_prover_fractions(struct vch_prover *prover)
{
    const struct vch_arena_mark mark = vch_arena_mark(prover->arena);
    struct vch_ext drawn[2];
    struct tree tree;

    vch_challenge_draw(&prover->challenge, "lookup", drawn, 2);
    prover->weights.alpha = drawn[0];
    prover->weights.beta = drawn[1];
    vch_prover_enter(prover, VCH_PROOF_LEAVES);
    VCH_TRY(vch_prover_leaves(prover, &tree.layers[prover->statement->log_places]));
    VCH_TRY(prove_tree(prover, &tree));
    vch_arena_rewind(prover->arena, mark);
    return VCH_OK;
}
