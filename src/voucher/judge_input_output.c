// INPUT and OUTPUT: the commitments at both ends, and the opening, where there is one.
#include "base/bytes.h"
#include "circuit/crossing.h"
#include "voucher/judge_parts.h"

static const char *const opening_lies =
    "the opening opens another commitment: it is of another job, or its secret, input or output is "
    "not what the client committed to";

static const char *const opening_is_too_large =
    "the opening is too large to be checked with the memory allowed";

// Does the opening, where there is one, open this end?
static enum vch_verdict opens(const struct vch_judge_parts *judge, uint32_t boundary,
                              const struct vch_tensor *tensor, const struct vch_digest *commitment)
{
    const struct vch_opening *opening = judge->input->opening;
    const struct vch_kernels *kernels = judge->input->kernels;
    const struct vch_crossing crossing = {
        .kind = judge->voucher->job.commitment_kind,
        .log_columns = judge->voucher->job.log_columns,
        .level = kernels != NULL ? kernels->level : VCH_CPU_PORTABLE,
        .workers = judge->input->workers,
    };
    struct vch_nonce nonce;

    if (!vch_hash_is_equal(&opening->job_id, &judge->voucher->job_id)) return VCH_VERDICT_FALSE;
    if (opening->batch != judge->voucher->job.batch) return VCH_VERDICT_FALSE;
    vch_commitment_nonce(&nonce, opening->secret, boundary);
    vch_status status =
        vch_crossing_verify(commitment, &crossing, tensor, opening->batch, &nonce, judge->scratch);
    vch_wipe(&nonce, sizeof nonce);
    if (vch_is_ok(status)) return VCH_VERDICT_SHOWN;
    return status.code == VCH_CODE_NO_MEMORY ? VCH_VERDICT_NOT_SHOWN : VCH_VERDICT_FALSE;
}

void vch_judge_parts_open_ends(struct vch_judge_parts *judge)
{
    const struct vch_voucher *voucher = judge->voucher;
    const struct vch_opening *opening = judge->input->opening;

    if (opening == NULL) return;
    judge->input_opening = opens(judge, 0, &opening->input, &voucher->job.input);
    judge->output_opening =
        opens(judge, voucher->job.segment_count, &opening->output, &voucher->output);
}

static bool has_votes(const struct vch_judge_parts *judge)
{
    for (uint32_t i = 0; i < judge->voucher->result_count; i++)
        if (judge->voucher->results[i].vote_count > 0) return true;
    return false;
}

void vch_judge_parts_input(struct vch_judge_parts *judge)
{
    bool has_opening = judge->input->opening != NULL;
    enum vch_verdict votes = vch_judge_parts_verdict(judge, VCH_CLAIM_SPLIT);

    if (judge->input_opening == VCH_VERDICT_NOT_SHOWN)
        vch_judge_parts_say(judge, VCH_CLAIM_INPUT, VCH_VERDICT_NOT_SHOWN, "%s",
                            opening_is_too_large);
    else if (judge->input_opening == VCH_VERDICT_FALSE)
        vch_judge_parts_say(judge, VCH_CLAIM_INPUT, VCH_VERDICT_FALSE, "%s", opening_lies);
    else if (vch_judge_parts_verdict(judge, VCH_CLAIM_PROOF) == VCH_VERDICT_SHOWN)
        vch_judge_parts_say(judge, VCH_CLAIM_INPUT, VCH_VERDICT_SHOWN,
                            "the proof is about the input behind the job's commitment%s",
                            has_opening ? ", and the opening shows the input itself" : "");
    else if (votes == VCH_VERDICT_FALSE)
        vch_judge_parts_say(judge, VCH_CLAIM_INPUT, VCH_VERDICT_NOT_SHOWN,
                            "it rests on the nodes' votes, and they do not hold");
    else if (!judge->is_sound)
        vch_judge_parts_say(
            judge, VCH_CLAIM_INPUT, VCH_VERDICT_NOT_SHOWN,
            "it rests on the nodes' votes, and what they are on could not be checked");
    else if (!judge->is_founder_named)
        vch_judge_parts_rest_on_founder(judge, VCH_CLAIM_INPUT);
    else if (!has_votes(judge))
        vch_judge_parts_say(judge, VCH_CLAIM_INPUT, VCH_VERDICT_NOT_SHOWN,
                            "no node has signed for the job that fixes it");
    else
        vch_judge_parts_say(judge, VCH_CLAIM_INPUT, VCH_VERDICT_SHOWN,
                            "every node signed for the job that fixes its commitment%s",
                            has_opening ? ", and the opening shows the input itself" : "");
}

void vch_judge_parts_output(struct vch_judge_parts *judge)
{
    bool has_opening = judge->input->opening != NULL;
    bool is_voted = judge->recount.is_output_joined &&
                    vch_judge_parts_verdict(judge, VCH_CLAIM_SPLIT) == VCH_VERDICT_SHOWN;

    if (judge->output_opening == VCH_VERDICT_NOT_SHOWN)
        vch_judge_parts_say(judge, VCH_CLAIM_OUTPUT, VCH_VERDICT_NOT_SHOWN, "%s",
                            opening_is_too_large);
    else if (judge->output_opening == VCH_VERDICT_FALSE)
        vch_judge_parts_say(judge, VCH_CLAIM_OUTPUT, VCH_VERDICT_FALSE, "%s", opening_lies);
    else if (judge->recount.is_output_split)
        vch_judge_parts_say(
            judge, VCH_CLAIM_OUTPUT, VCH_VERDICT_FALSE,
            "the client's output is not the one that the last segment's nodes voted for");
    else if (vch_judge_parts_verdict(judge, VCH_CLAIM_CLIENT) != VCH_VERDICT_SHOWN)
        vch_judge_parts_say(
            judge, VCH_CLAIM_OUTPUT, VCH_VERDICT_NOT_SHOWN,
            "it rests on the client's signature, which is %s",
            vch_verify_verdict_text(vch_judge_parts_verdict(judge, VCH_CLAIM_CLIENT)));
    else
        vch_judge_parts_say(judge, VCH_CLAIM_OUTPUT, VCH_VERDICT_SHOWN,
                            "its commitment is signed by the "
                            "client%s%s",
                            is_voted ? ", and is what the last segment's nodes voted for" : "",
                            has_opening ? "; the opening shows the output itself" : "");
}
