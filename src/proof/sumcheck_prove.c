// Sumchecks over the product of two arrays.
#include "proof/prover_passes.h"

struct rounds {
    const struct vch_prover *prover;
    struct vch_planes a, b;
    const uint64_t *base; // in place of b, in the first round and when it is folded
    size_t half;
    bool is_first;
    struct vch_ext r; // what the variable above becomes, but for the first round
    struct vch_ext (*parts)[2];
};

static void fold(const struct rounds *rounds, const struct vch_prover_passes_range *range)
{
    const struct vch_field_kernels *kernels = rounds->prover->kernels;
    const size_t half = rounds->half;

    for (size_t first = range->first; first < 2 * half; first += half) {
        kernels->fold(vch_planes_at(rounds->a, first), 2 * half, range->count, rounds->r);
        if (rounds->base != NULL)
            kernels->fold_base(vch_planes_at(rounds->b, first), rounds->base + first, 2 * half,
                               range->count, rounds->r);
        else
            kernels->fold(vch_planes_at(rounds->b, first), 2 * half, range->count, rounds->r);
    }
}

static void run_round(void *context, const struct vch_prover_passes_range *range)
{
    const struct rounds *rounds = context;
    const struct vch_field_kernels *kernels = rounds->prover->kernels;
    const struct vch_const_planes a = vch_planes_const(vch_planes_at(rounds->a, range->first));
    struct vch_ext *ends = rounds->parts[range->part];

    if (!rounds->is_first) fold(rounds, range);
    if (rounds->is_first && rounds->base != NULL) {
        kernels->product_ends_base(ends, a, rounds->base + range->first, rounds->half,
                                   range->count);
        return;
    }
    kernels->product_ends(ends, a, vch_planes_const(vch_planes_at(rounds->b, range->first)),
                          rounds->half, range->count);
}

vch_status vch_prover_sumcheck(struct vch_prover *prover,
                               const struct vch_prover_sumcheck *sumcheck)
{
    const size_t whole = (size_t)1 << sumcheck->n;
    struct rounds rounds = {.prover = prover,
                            .a = sumcheck->a,
                            .b = sumcheck->b,
                            .base = sumcheck->base,
                            .is_first = true};
    struct vch_ext claim = sumcheck->claim, *point = sumcheck->point;

    if (sumcheck->n == 0) return VCH_OK;
    rounds.parts =
        vch_arena_alloc(prover->arena, vch_prover_passes_parts(whole), sizeof *rounds.parts);
    if (rounds.parts == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t j = sumcheck->n; j-- > 0;) {
        struct vch_ext h[3], ends[2];
        rounds.half = (size_t)1 << j;
        vch_prover_passes_run(prover, rounds.half, run_round, &rounds);
        vch_prover_passes_sum(ends, rounds.parts, vch_prover_passes_parts(rounds.half));
        h[0] = ends[0];
        h[1] = vch_ext_sub(claim, ends[0]);
        h[2] = ends[1];
        claim = vch_prover_round(prover, sumcheck->step, h, &point[j]);
        if (!rounds.is_first) rounds.base = NULL;
        rounds.is_first = false;
        rounds.r = point[j];
    }
    prover->kernels->fold(rounds.a, 1, 1, point[0]);
    if (rounds.base != NULL)
        prover->kernels->fold_base(rounds.b, rounds.base, 1, 1, point[0]);
    else
        prover->kernels->fold(rounds.b, 1, 1, point[0]);
    return VCH_OK;
}
