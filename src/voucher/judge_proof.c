// PROOF: that each segment was computed, with nothing to be believed.
#include "voucher/judge_parts.h"
#include "voucher/proofs.h"

void vch_judge_parts_check_proofs(struct vch_judge_parts *judge)
{
    const struct vch_voucher *voucher = judge->voucher;
    struct vch_complaint *complaint = &judge->proof_complaint;

    judge->proof_status = VCH_FAIL(UNAVAILABLE);
    for (uint32_t i = 0; i < voucher->result_count; i++)
        judge->proof_count += voucher->results[i].proof != NULL;
    if (judge->proof_count == 0 || !judge->is_planned) return;
    const struct vch_kernels *kernels = judge->input->kernels;
    struct vch_proofs_known known = {0};
    const struct vch_proofs proofs = {.job = &voucher->job,
                                      .job_id = voucher->job_id,
                                      .package = judge->input->package,
                                      .values = judge->values,
                                      .owner = voucher->owner,
                                      .known = &known,
                                      .level = kernels->level};
    vch_status status = vch_proofs_join(&proofs, &judge->recount, voucher, complaint);
    for (uint32_t i = 0; i < voucher->result_count && vch_is_ok(status); i++)
        if (voucher->results[i].proof != NULL)
            status = vch_proofs_verify(&proofs, voucher->results[i].segment,
                                       voucher->results[i].proof, judge->scratch, complaint);
    judge->proof_status = status;
}

// What stands in the way of checking them; NULL: nothing.
static const char *missing_for_proof(const struct vch_judge_parts *judge)
{
    if (judge->input->package == NULL)
        return "what they must be about is made from the model: pass --model with any part of it";
    if (!judge->is_right_package) return "the model that you hold is another";
    return judge->is_planned ? NULL : "the job that they are for does not hold";
}

static bool is_proven(const struct vch_judge_parts *judge, uint32_t segment)
{
    for (uint32_t i = 0; i < judge->voucher->result_count; i++)
        if (judge->voucher->results[i].segment == segment)
            return judge->voucher->results[i].proof != NULL;
    return false;
}

// The first segment without a proof, but for those that were run again here; segment_count: none.
static uint32_t find_unproven(const struct vch_judge_parts *judge)
{
    const struct vch_job *job = &judge->voucher->job;

    for (uint32_t i = 0; i < job->segment_count; i++)
        if (!is_proven(judge, i) &&
            (job->segments[i].by == VCH_JOB_BY_NODES || !judge->is_run_again))
            return i;
    return job->segment_count;
}

static void judge_chain_of_proofs(struct vch_judge_parts *judge)
{
    const struct vch_job *job = &judge->voucher->job;
    uint32_t gap = find_unproven(judge);

    if (gap < job->segment_count)
        vch_judge_parts_say(
            judge, VCH_CLAIM_PROOF, VCH_VERDICT_NOT_SHOWN,
            "%u of %u segments are proven, but not segment %u (operators %u to %u), which %s "
            "ran",
            judge->proof_count, job->segment_count, gap, job->segments[gap].first,
            job->segments[gap].last,
            job->segments[gap].by == VCH_JOB_BY_NODES ? "nodes" : "the client itself");
    else
        vch_judge_parts_say(
            judge, VCH_CLAIM_PROOF, VCH_VERDICT_SHOWN,
            "%u of %u segments are proven, each on what the one before gave%s; that their "
            "annexes hold this model's parameters is its owner's word",
            judge->proof_count, job->segment_count,
            judge->proof_count < job->segment_count ? ", and the client's own were run again"
                                                    : ", from the input to the output");
}

void vch_judge_parts_proof(struct vch_judge_parts *judge)
{
    const char *missing = missing_for_proof(judge);
    const struct vch_complaint *why = &judge->proof_complaint;

    if (judge->proof_count == 0)
        vch_judge_parts_say(judge, VCH_CLAIM_PROOF, VCH_VERDICT_NOT_CLAIMED,
                            "the voucher carries no proof");
    else if (missing != NULL)
        vch_judge_parts_say(judge, VCH_CLAIM_PROOF, VCH_VERDICT_NOT_SHOWN,
                            "%u of %u segments come with proofs, but %s", judge->proof_count,
                            judge->voucher->job.segment_count, missing);
    else if (judge->proof_status.code == VCH_CODE_BAD_PROOF)
        vch_judge_parts_say(judge, VCH_CLAIM_PROOF, VCH_VERDICT_FALSE, "%s", why->text);
    else if (!vch_is_ok(judge->proof_status))
        vch_judge_parts_say(
            judge, VCH_CLAIM_PROOF, VCH_VERDICT_NOT_SHOWN, "the proofs could not be checked: %s",
            why->text[0] != '\0' ? why->text : vch_code_text(judge->proof_status.code));
    else if (vch_judge_parts_verdict(judge, VCH_CLAIM_MODEL) != VCH_VERDICT_SHOWN)
        vch_judge_parts_say(judge, VCH_CLAIM_PROOF, VCH_VERDICT_NOT_SHOWN,
                            "the proofs rest on the owner of the model, which is not shown");
    else
        judge_chain_of_proofs(judge);
}
