// Sumchecks over the product of two arrays.
#include "proof/prover.h"

static void say_round(struct vch_prover *prover, enum vch_prover_step step, struct vch_ext sums[3],
                      struct vch_ext *r)
{
    vch_prover_say(prover, step, "round", sums, 3);
    *r = vch_challenge_one(&prover->challenge, "fold");
}

void vch_prover_sumcheck(struct vch_prover *prover, enum vch_prover_step step, struct vch_planes a,
                         struct vch_planes b, uint32_t n, struct vch_ext *point)
{
    struct vch_ext sums[3];

    for (uint32_t j = n; j-- > 0;) {
        const size_t half = (size_t)1 << j;
        prover->kernels->product_round(sums, vch_planes_const(a), vch_planes_const(b), half, half);
        say_round(prover, step, sums, &point[j]);
        prover->kernels->fold(a, half, half, point[j]);
        prover->kernels->fold(b, half, half, point[j]);
    }
}

void vch_prover_sumcheck_base(struct vch_prover *prover, enum vch_prover_step step,
                              struct vch_planes a, const uint64_t *b, struct vch_planes scratch,
                              uint32_t n, struct vch_ext *point)
{
    const size_t half = (size_t)1 << (n - 1);
    struct vch_ext sums[3];

    prover->kernels->product_round_base(sums, vch_planes_const(a), b, half, half);
    say_round(prover, step, sums, &point[n - 1]);
    prover->kernels->fold(a, half, half, point[n - 1]);
    prover->kernels->fold_base(scratch, b, half, half, point[n - 1]);
    vch_prover_sumcheck(prover, step, a, scratch, n - 1, point);
}
