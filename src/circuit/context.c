#include "circuit/context.h"

#include "crypto/transcript.h"

enum kind { RUN = 1, RANGES = 2, LINK = 3 };

static struct vch_digest digest_of(enum kind kind, const struct vch_circuit_claim *claim)
{
    const struct vch_circuit_model *model = &claim->model;
    struct vch_transcript t;

    vch_transcript_init(&t, "vouch/circuit/v1");
    vch_transcript_absorb_u64(&t, "kind", (uint64_t)kind);
    vch_transcript_absorb_digest(&t, "identity", &model->identity);
    vch_transcript_absorb_digest(&t, "annex", &claim->annex);
    vch_transcript_absorb_u64(&t, "first", claim->first);
    vch_transcript_absorb_u64(&t, "last", claim->last);
    vch_transcript_absorb_u64(&t, "batch", claim->batch);
    vch_transcript_absorb_digest(&t, "job", &claim->job);
    vch_transcript_absorb_u64(&t, "held", model->held_count);
    for (uint32_t i = 0; i < model->held_count; i++)
        vch_transcript_absorb_u64(&t, "parameter", model->held[i]);
    return vch_transcript_final(&t);
}

struct vch_digest vch_context_of_run(const struct vch_circuit_claim *claim)
{
    return digest_of(RUN, claim);
}

struct vch_digest vch_context_of_ranges(const struct vch_circuit_model *model)
{
    return digest_of(RANGES, &(struct vch_circuit_claim){.model = *model});
}

struct vch_digest vch_context_of_link(const struct vch_circuit_model *model)
{
    return digest_of(LINK, &(struct vch_circuit_claim){.model = *model});
}

vch_status vch_context_check(const struct vch_circuit_model *model, struct vch_complaint *complaint)
{
    if (model->log_columns < VCH_STATEMENT_LOG_COLUMNS_MIN ||
        model->log_columns > VCH_STATEMENT_LOG_COLUMNS_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "2^%u columns, expected 2^%u to 2^%u",
                            model->log_columns, VCH_STATEMENT_LOG_COLUMNS_MIN,
                            VCH_STATEMENT_LOG_COLUMNS_MAX);
    for (uint32_t i = 0; i < model->held_count; i++)
        if (model->held[i] >= model->graph->parameter_count ||
            (i > 0 && model->held[i] <= model->held[i - 1]))
            return vch_complain(complaint, VCH_CODE_USAGE,
                                "the annex's parameters must exist and ascend, but number %u is %u",
                                i, model->held[i]);
    return VCH_OK;
}
