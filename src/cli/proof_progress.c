#include "cli/proof_progress.h"

#include "host/clock.h"

static const char *const names[VCH_PROOF_DONE] = {
    [VCH_PROOF_COMMIT] = "commit",     [VCH_PROOF_LEAVES] = "leaves",
    [VCH_PROOF_TREE] = "tree",         [VCH_PROOF_LAYERS] = "layers",
    [VCH_PROOF_PRODUCTS] = "products", [VCH_PROOF_RELATION] = "relation",
    [VCH_PROOF_CELLS] = "cells",       [VCH_PROOF_OPENING] = "opening",
};

static void begin(struct vch_proof_progress *progress, unsigned step)
{
    progress->began_us[step] = vch_clock_monotonic_us();
    vch_progress_update(&progress->bar, step);
}

void vch_proof_progress_phase(void *context, enum vch_answer_phase phase)
{
    begin(context, (unsigned)phase);
}

void vch_proof_progress_proof_phase(void *context, enum vch_proof_phase phase)
{
    begin(context, VCH_ANSWER_PHASE_COUNT + (unsigned)phase);
}

const struct vch_proof_watch *vch_proof_progress_start(struct vch_proof_progress *progress,
                                                       const char *label)
{
    *progress = (struct vch_proof_progress){
        .watch = {progress, vch_proof_progress_proof_phase},
        .started_us = vch_clock_monotonic_us(),
    };
    vch_progress_start(&progress->bar, label, VCH_PROOF_PROGRESS_STEPS);
    return &progress->watch;
}

void vch_proof_progress_finish(struct vch_proof_progress *progress)
{
    progress->began_us[VCH_PROOF_PROGRESS_STEPS] = vch_clock_monotonic_us();
    vch_progress_finish(&progress->bar);
}

json_t *vch_proof_progress_json(const struct vch_proof_progress *progress)
{
    const uint64_t *began = progress->began_us;
    json_t *out = json_object();

    for (unsigned i = 0; i < VCH_PROOF_PROGRESS_STEPS; i++) {
        unsigned next = i + 1;
        while (next < VCH_PROOF_PROGRESS_STEPS && began[next] == 0)
            next++;
        if (began[i] == 0) continue;
        const char *name = i < VCH_ANSWER_PHASE_COUNT
                               ? vch_answer_prove_phase((enum vch_answer_phase)i)
                               : names[i - VCH_ANSWER_PHASE_COUNT];
        json_object_set_new(out, name, json_integer((json_int_t)(began[next] - began[i])));
    }
    json_object_set_new(
        out, "total",
        json_integer((json_int_t)(began[VCH_PROOF_PROGRESS_STEPS] - progress->started_us)));
    return out;
}
