// The sum of fractions as a tree, and its reduction layer by layer to a claim on the leaves.
#include "base/check.h"
#include "proof/prover.h"

// Layer k has 2^k numerators and denominators; layers[log_places] are the leaves.
struct tree {
    struct vch_prover_leaves layers[VCH_STATEMENT_LOG_PLACES_MAX + 1];
};

static vch_status build(struct vch_prover *prover, struct tree *tree)
{
    for (uint32_t k = prover->statement->log_places; k-- > 0;) {
        struct vch_prover_leaves *layer = &tree->layers[k];
        const struct vch_prover_leaves *below = &tree->layers[k + 1];
        layer->count = (size_t)1 << k;
        layer->n = vch_weights_planes(prover->arena, layer->count);
        layer->d = vch_weights_planes(prover->arena, layer->count);
        if (layer->n.c1 == NULL || layer->d.c1 == NULL) return VCH_FAIL(NO_MEMORY);
        prover->kernels->fraction_combine(layer->n, layer->d, vch_planes_const(below->n),
                                          vch_planes_const(below->d), layer->count, layer->count);
    }
    return VCH_OK;
}

// eq of one variable less: the highest is summed over.
static void drop_variable(struct vch_planes eq, size_t half)
{
    for (size_t i = 0; i < half; i++) {
        eq.c0[i] = vch_fp_add(eq.c0[i], eq.c0[half + i]);
        eq.c1[i] = vch_fp_add(eq.c1[i], eq.c1[half + i]);
    }
}

// The halves of layer k + 1, which are folded on the way; ends with the extensions at z.
static void reduce_layer(struct vch_prover *prover, const struct vch_prover_leaves *below,
                         uint32_t k, struct vch_planes eq)
{
    const struct vch_field_kernels *kernels = prover->kernels;
    const size_t count = (size_t)1 << k;
    const struct vch_planes halves[4] = {below->n, vch_planes_at(below->n, count), below->d,
                                         vch_planes_at(below->d, count)};
    const struct vch_fraction_pairs pairs = {
        vch_planes_const(halves[0]), vch_planes_const(halves[1]), vch_planes_const(halves[2]),
        vch_planes_const(halves[3])};
    struct vch_ext *z = prover->weights.z, ends[4];
    const struct vch_ext lambda = vch_challenge_one(&prover->challenge, "layer");

    if (k > 0) kernels->eq_table(eq, z, k - 1, vch_ext_from_base(1));
    for (uint32_t j = k; j-- > 0;) {
        const size_t half = (size_t)1 << j;
        struct vch_ext h[3];
        kernels->fraction_round(h, vch_planes_const(eq), &pairs, half, half, lambda);
        vch_prover_say(prover, VCH_PROVER_ROUND, "round", h, 3);
        z[j] = vch_challenge_one(&prover->challenge, "fold");
        for (int i = 0; i < 4; i++)
            kernels->fold(halves[i], half, half, z[j]);
        if (j > 0) drop_variable(eq, half / 2);
    }
    for (int i = 0; i < 4; i++)
        ends[i] = vch_planes_get(vch_planes_const(halves[i]), 0);
    vch_prover_say(prover, VCH_PROVER_HALVES, "halves", ends, 4);
    z[k] = vch_challenge_one(&prover->challenge, "join");
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
    const struct vch_planes eq = vch_weights_planes(prover->arena, (size_t)1 << nu >> 1);

    if (eq.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    vch_prover_enter(prover, VCH_PROOF_TREE);
    VCH_TRY(build(prover, tree));
    VCH_TRY(say_root(prover, &tree->layers[0]));
    vch_prover_enter(prover, VCH_PROOF_LAYERS);
    for (uint32_t k = 0; k < nu; k++)
        reduce_layer(prover, &tree->layers[k + 1], k, eq);
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
