// ENDS: that the output is what the model gives for the input.
#include "model/segment.h"
#include "voucher/judge_parts.h"
#include "voucher/rerun.h"

// What the reader would have to hand in for the model to be run again; NULL: nothing.
static const char *missing_for_rerun(const struct vch_judge_parts *judge)
{
    const struct vch_package *package = judge->input->package;

    if (package == NULL && judge->input->opening == NULL)
        return "pass --model and --opening to run the model again";
    if (package == NULL) return "pass --model to run the model again";
    if (!judge->is_right_package) return "the model that you hold is another";
    if (!vch_segment_is_held(package->graph, 0, package->graph->operator_count))
        return "your file holds only a part of the model; pass --model with all of it";
    if (judge->input->opening == NULL) return "pass --opening to run the model again";
    if (judge->input_opening != VCH_VERDICT_SHOWN) return "the opening does not open the input";
    return NULL;
}

static bool is_all_proven(const struct vch_judge_parts *judge)
{
    return judge->proof_count == judge->voucher->job.segment_count &&
           vch_judge_parts_verdict(judge, VCH_CLAIM_PROOF) == VCH_VERDICT_SHOWN;
}

// Without running anything: where nodes ran every segment, the chain of their votes joins the
// ends alone, as far as the quorum is believed.
static void judge_ends_by_chain(struct vch_judge_parts *judge, const char *missing)
{
    const struct vch_job *job = &judge->voucher->job;
    uint32_t own = job->segment_count - vch_judge_parts_node_segments(job);

    if (is_all_proven(judge))
        vch_judge_parts_say(judge, VCH_CLAIM_ENDS, VCH_VERDICT_SHOWN,
                            "proofs of every segment join the input's commitment to the output's");
    else if (vch_judge_parts_verdict(judge, VCH_CLAIM_SPLIT) == VCH_VERDICT_FALSE ||
             judge->recount.is_output_split)
        vch_judge_parts_say(judge, VCH_CLAIM_ENDS, VCH_VERDICT_NOT_SHOWN,
                            "votes and output are not joined, see above");
    else if (own > 0)
        vch_judge_parts_say(
            judge, VCH_CLAIM_ENDS, VCH_VERDICT_NOT_SHOWN,
            "the client ran %u of %u segments itself, which only running them again can "
            "check: %s",
            own, job->segment_count, missing);
    else if (!judge->is_founder_named)
        vch_judge_parts_rest_on_founder(judge, VCH_CLAIM_ENDS);
    else if (vch_judge_parts_verdict(judge, VCH_CLAIM_QUORUM) == VCH_VERDICT_NOT_SHOWN)
        vch_judge_parts_say(judge, VCH_CLAIM_ENDS, VCH_VERDICT_NOT_SHOWN,
                            "it rests on the quorum, which is not shown: %s", missing);
    else if (!judge->recount.has_majorities || !judge->recount.is_output_joined)
        vch_judge_parts_say(judge, VCH_CLAIM_ENDS, VCH_VERDICT_NOT_SHOWN,
                            "the votes do not join input and output: %s", missing);
    else
        vch_judge_parts_say(
            judge, VCH_CLAIM_ENDS, VCH_VERDICT_SHOWN,
            "nodes ran every segment, and each voted on what the one before gave; the "
            "client's word on the output is the last one's");
}

static void judge_ends_by_running(struct vch_judge_parts *judge)
{
    struct vch_complaint complaint = {0};
    const struct vch_rerun rerun = {.voucher = judge->voucher,
                                    .recount = &judge->recount,
                                    .opening = judge->input->opening,
                                    .graph = judge->input->package->graph,
                                    .values = judge->values,
                                    .kernels = judge->input->kernels,
                                    .workers = judge->input->workers};
    vch_status status = vch_rerun_compare(&rerun, judge->scratch, &complaint);

    judge->is_run_again = vch_is_ok(status);
    if (vch_is_ok(status))
        vch_judge_parts_say(
            judge, VCH_CLAIM_ENDS, VCH_VERDICT_SHOWN,
            "the model was run again: every commitment from input to output is to what it "
            "gives");
    else if (status.code == VCH_CODE_BAD_PROOF)
        vch_judge_parts_say(judge, VCH_CLAIM_ENDS, VCH_VERDICT_FALSE, "the model was run again: %s",
                            complaint.text);
    else
        vch_judge_parts_say(
            judge, VCH_CLAIM_ENDS, VCH_VERDICT_NOT_SHOWN, "the model could not be run again: %s",
            complaint.text[0] != '\0' ? complaint.text : vch_code_text(status.code));
}

void vch_judge_parts_run(struct vch_judge_parts *judge)
{
    const char *missing = missing_for_rerun(judge);

    if (missing == NULL && !judge->is_planned)
        missing = "its segments could not be laid over the model";
    vch_judge_parts_check_proofs(judge);
    if (missing == NULL) judge_ends_by_running(judge);
    vch_judge_parts_proof(judge);
    if (missing != NULL) judge_ends_by_chain(judge, missing);
}
