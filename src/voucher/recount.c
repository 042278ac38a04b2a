#include "voucher/recount.h"

#include <string.h>

static void know_boundary(struct vch_recount *out, uint32_t boundary,
                          const struct vch_digest *commitment)
{
    out->is_boundary_known[boundary] = true;
    out->boundaries[boundary] = *commitment;
}

bool vch_recount_join(struct vch_recount *recount, uint32_t boundary,
                      const struct vch_digest *commitment)
{
    if (recount->is_boundary_known[boundary])
        return vch_hash_is_equal(&recount->boundaries[boundary], commitment);
    know_boundary(recount, boundary, commitment);
    return true;
}

// A ledger's word on a segment: seats' reveals are the votes that count.
static void take_agreement(struct vch_recount *out, uint32_t segment,
                           const struct vch_contest_finding *agreed)
{
    struct vch_tally *tally = &out->tallies[segment];
    bool is_voted = tally->agreeing >= tally->needed && tally->needed > 0;

    if ((agreed->has_input && !vch_recount_join(out, segment, &agreed->input)) ||
        (is_voted && !vch_hash_is_equal(&tally->output, &agreed->output))) {
        (void)vch_complain(&out->complaint, VCH_CODE_BAD_PROOF,
                           "segment %u: its votes say something else than its agreement", segment);
        out->has_valid_votes = false;
    }
    *tally = (struct vch_tally){.counted = agreed->seats,
                                .needed = agreed->wanted / 2 + 1,
                                .agreeing = agreed->agreeing,
                                .output = agreed->output};
    know_boundary(out, segment + 1, &agreed->output);
}

// Counts one segment's votes. Where the segment before is the client's, its nodes' own word on
// their input has to do; they must still all have been given the same.
static void recount_segment(struct vch_recount *out, const struct vch_voucher *voucher,
                            uint32_t segment, const struct vch_contest_finding *agreed)
{
    struct vch_complaint unheard = {{0}};
    struct vch_complaint *complaint = agreed == NULL ? &out->complaint : &unheard;
    const struct vch_segment_result *result = out->results[segment];
    struct vch_tally *tally = &out->tallies[segment];
    uint32_t count = result != NULL ? result->vote_count : 0;
    const struct vch_vote *votes = count > 0 ? result->votes : NULL;

    if (agreed != NULL && agreed->has_input && !out->is_boundary_known[segment])
        know_boundary(out, segment, &agreed->input);
    if (count > 0 && !out->is_boundary_known[segment]) know_boundary(out, segment, &votes[0].input);
    vch_status status =
        vch_vote_tally(tally, votes, count, &voucher->job_id, segment, &out->boundaries[segment],
                       voucher->job.quorum, &voucher->registry, complaint);
    if (tally->counted < count) {
        out->has_valid_votes = false;
        (void)vch_complain(&out->complaint, status.code, "%s", complaint->text);
    }
    if (agreed != NULL) {
        take_agreement(out, segment, agreed);
        return;
    }
    if (!vch_is_ok(status)) {
        out->has_majorities = false;
        return;
    }
    know_boundary(out, segment + 1, &tally->output);
}

// The voucher's word on the output must be the last majority's, where nodes ran the last segment.
static void join_output(struct vch_recount *out, const struct vch_voucher *voucher)
{
    uint32_t end = voucher->job.segment_count;
    bool is_voted = out->is_boundary_known[end];
    bool is_equal = is_voted && vch_hash_is_equal(&out->boundaries[end], &voucher->output);

    out->is_output_joined = is_equal;
    out->is_output_split = is_voted && !is_equal;
    know_boundary(out, end, &voucher->output);
}

void vch_recount_votes(struct vch_recount *out, const struct vch_voucher *voucher,
                       const struct vch_contest_finding *const *agreed)
{
    const struct vch_contest_finding *found[VCH_JOB_SEGMENTS_MAX] = {NULL};

    memset(out, 0, sizeof *out);
    out->has_valid_votes = out->has_majorities = true;
    for (uint32_t i = 0; i < voucher->result_count; i++)
        out->results[voucher->results[i].segment] = &voucher->results[i];
    for (uint32_t i = 0; agreed != NULL && i < voucher->result_count; i++)
        found[voucher->results[i].segment] = agreed[i];
    know_boundary(out, 0, &voucher->job.input);
    for (uint32_t i = 0; i < voucher->job.segment_count; i++)
        if (voucher->job.segments[i].by == VCH_JOB_BY_NODES)
            recount_segment(out, voucher, i, found[i]);
    join_output(out, voucher);
}
