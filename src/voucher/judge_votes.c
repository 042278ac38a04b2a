// SPLIT, and what it and QUORUM rest on.
#include <inttypes.h>
#include <stdio.h>

#include "voucher/judge_parts.h"
#include "voucher/parties.h"
#include "voucher/rerun.h"

// Registry and times: what every vote rests on.
static vch_status check_job(const struct vch_voucher *voucher, struct vch_complaint *complaint)
{
    const struct vch_registry *registry = &voucher->registry;

    if (!vch_hash_is_equal(&registry->digest, &voucher->job.registry))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the job was asked under another registry than the voucher holds");
    if (registry->expires_ms != 0 && voucher->finished_ms > registry->expires_ms)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the registry had expired, at %" PRIu64 " ms, when the job finished "
                            "at %" PRIu64 " ms",
                            registry->expires_ms, voucher->finished_ms);
    if (voucher->finished_ms > voucher->job.deadline_ms)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the job finished at %" PRIu64 " ms, after its deadline at %" PRIu64
                            " ms",
                            voucher->finished_ms, voucher->job.deadline_ms);
    return VCH_OK;
}

// And the segments, where the reader holds the model that they divide.
static vch_status check_plan(struct vch_judge_parts *judge, struct vch_complaint *complaint)
{
    if (!judge->is_right_package) return VCH_OK;
    vch_status status = vch_rerun_plan(judge->values, &judge->voucher->job,
                                       judge->input->package->graph, judge->scratch, complaint);
    judge->is_planned = vch_is_ok(status);
    return status;
}

static void judge_split(struct vch_judge_parts *judge)
{
    const struct vch_job *job = &judge->voucher->job;
    struct vch_parties parties;
    char shared[VCH_REGISTRY_NAME_MAX + 80] = "";

    if (!vch_is_ok(vch_parties_count(&parties, judge->voucher, &judge->recount, judge->agreed,
                                     judge->scratch))) {
        vch_judge_parts_say(judge, VCH_CLAIM_SPLIT, VCH_VERDICT_NOT_SHOWN,
                            "not enough memory to count it");
        return;
    }
    if (parties.neighbour != NULL)
        (void)snprintf(shared, sizeof shared, "; %s answered for segments %u and %u, side by side",
                       parties.neighbour, parties.neighbour_segment - 1, parties.neighbour_segment);
    vch_judge_parts_say(
        judge, VCH_CLAIM_SPLIT, VCH_VERDICT_SHOWN,
        "%u votes on %u of %u segments, by nodes of network \"%s\"; the most that one party "
        "answered for is %u of the "
        "job's %u operators, by %s%s",
        parties.answer_count, vch_judge_parts_node_segments(job), job->segment_count,
        judge->voucher->registry.network, parties.largest_share,
        job->segments[job->segment_count - 1].last, parties.largest, shared);
}

static void judge_votes_alike(struct vch_judge_parts *judge, enum vch_verdict verdict,
                              const char *reason)
{
    vch_judge_parts_say(judge, VCH_CLAIM_SPLIT, verdict, "%s", reason);
    vch_judge_parts_say(judge, VCH_CLAIM_QUORUM, verdict, "%s", reason);
}

void vch_judge_parts_votes(struct vch_judge_parts *judge)
{
    const struct vch_recount *recount = &judge->recount;
    const char *reason = recount->complaint.text;
    struct vch_complaint complaint = {0};

    vch_status status = check_job(judge->voucher, &complaint);
    if (vch_is_ok(status)) status = check_plan(judge, &complaint);
    judge->is_sound = vch_is_ok(status);
    if (status.code == VCH_CODE_BAD_PROOF)
        judge_votes_alike(judge, VCH_VERDICT_FALSE, complaint.text);
    else if (!vch_is_ok(status))
        judge_votes_alike(judge, VCH_VERDICT_NOT_SHOWN, vch_code_text(status.code));
    else if (judge->voucher->result_count == 0)
        judge_votes_alike(judge, VCH_VERDICT_NOT_CLAIMED, "the voucher holds no votes");
    else if (judge->agreement_status.code == VCH_CODE_NO_MEMORY)
        judge_votes_alike(judge, VCH_VERDICT_NOT_SHOWN,
                          "not enough memory to check what the ledger says");
    else if (!vch_is_ok(judge->agreement_status))
        judge_votes_alike(judge, VCH_VERDICT_FALSE, judge->agreement_complaint.text);
    else if (!recount->has_valid_votes)
        judge_votes_alike(judge, VCH_VERDICT_FALSE, reason);
    else if (!recount->has_majorities) {
        vch_judge_parts_say(judge, VCH_CLAIM_SPLIT, VCH_VERDICT_NOT_SHOWN, "%s", reason);
        vch_judge_parts_say(judge, VCH_CLAIM_QUORUM, VCH_VERDICT_FALSE, "%s", reason);
    } else if (!judge->is_founder_named) {
        vch_judge_parts_rest_on_founder(judge, VCH_CLAIM_SPLIT);
        vch_judge_parts_rest_on_founder(judge, VCH_CLAIM_QUORUM);
    } else {
        judge_split(judge);
        vch_judge_parts_quorum(judge);
    }
}
