#include "proof/prover_passes.h"

struct pass {
    size_t count;
    void (*task)(void *context, const struct vch_prover_passes_range *range);
    void *context;
};

static void run_part(void *context, size_t part)
{
    const struct pass *pass = context;
    const size_t first = part * VCH_PROVER_PASSES_PART, left = pass->count - first;
    const struct vch_prover_passes_range range = {
        first, left < VCH_PROVER_PASSES_PART ? left : VCH_PROVER_PASSES_PART, part};

    pass->task(pass->context, &range);
}

void vch_prover_passes_run(const struct vch_prover *prover, size_t count,
                           void (*task)(void *context, const struct vch_prover_passes_range *range),
                           void *context)
{
    struct pass pass = {count, task, context};

    vch_workers_run(count <= VCH_PROVER_PASSES_ALONE ? NULL : prover->workers, run_part, &pass,
                    vch_prover_passes_parts(count));
}

void vch_prover_passes_sum(struct vch_ext sum[2], const struct vch_ext (*parts)[2], size_t count)
{
    sum[0] = sum[1] = vch_ext_from_base(0);
    for (size_t i = 0; i < count; i++) {
        sum[0] = vch_ext_add(sum[0], parts[i][0]);
        sum[1] = vch_ext_add(sum[1], parts[i][1]);
    }
}
