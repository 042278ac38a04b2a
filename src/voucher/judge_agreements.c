// What ledgers say of the job, as far as the voucher shows it.
#include "voucher/judge_parts.h"

// What a committee answered is worth nothing without what it was asked: its input is on the ledger,
// as an entry or as the verdict on the segment before, and that one is of the same ledger.
static vch_status check_input_is_known(struct vch_judge_parts *judge, uint32_t result)
{
    const struct vch_voucher *voucher = judge->voucher;
    const struct vch_contest_finding *found = judge->agreed[result];
    uint32_t segment = found != NULL ? voucher->results[result].segment : 0;

    if (segment == 0 || found->has_input) return VCH_OK;
    bool is_next = result > 0 && voucher->results[result - 1].segment == segment - 1;
    if (is_next && voucher->job.segments[segment - 1].by == VCH_JOB_BY_NODES &&
        judge->agreed[result - 1] != NULL)
        return VCH_OK;
    return vch_complain(&judge->agreement_complaint, VCH_CODE_BAD_PROOF,
                        "the agreement on segment %u does not show what its nodes were given: the "
                        "client's entry that says so, or an agreement on segment %u, is missing",
                        segment, segment - 1);
}

static bool is_one_opening(const struct vch_contest_finding *a, const struct vch_contest_finding *b)
{
    return vch_hash_is_equal(&a->ledger, &b->ledger) && a->opened == b->opened;
}

static vch_status check_is_one_opening(struct vch_judge_parts *judge, uint32_t result)
{
    const struct vch_contest_finding *found = judge->agreed[result];

    for (uint32_t i = 0; found != NULL && i < result; i++)
        if (judge->agreed[i] != NULL && !is_one_opening(judge->agreed[i], found))
            return vch_complain(&judge->agreement_complaint, VCH_CODE_BAD_PROOF,
                                "the agreements on segments %u and %u are of two ledgers, or of "
                                "two places in one: a job is opened once",
                                judge->voucher->results[i].segment,
                                judge->voucher->results[result].segment);
    return VCH_OK;
}

static void join_agreements(struct vch_judge_parts *judge)
{
    for (uint32_t i = 0; i < judge->voucher->result_count; i++) {
        vch_status status = check_input_is_known(judge, i);
        if (vch_is_ok(status)) status = check_is_one_opening(judge, i);
        if (vch_is_ok(status)) continue;
        judge->agreement_status = status;
        return;
    }
}

void vch_judge_parts_check_agreements(struct vch_judge_parts *judge)
{
    const struct vch_voucher *voucher = judge->voucher;
    struct vch_contest_finding *findings =
        VCH_ARENA_NEW(judge->scratch, struct vch_contest_finding, voucher->result_count);
    const struct vch_contest_finding **agreed =
        VCH_ARENA_NEW(judge->scratch, const struct vch_contest_finding *, voucher->result_count);

    if (findings == NULL || agreed == NULL) {
        judge->agreement_status = VCH_FAIL(NO_MEMORY);
        return;
    }
    judge->agreed = agreed;
    for (uint32_t i = 0; i < voucher->result_count; i++) {
        if (voucher->results[i].agreement == NULL) continue;
        vch_status status = vch_contest_verify(&findings[i], voucher, &voucher->results[i],
                                               judge->scratch, &judge->agreement_complaint);
        if (!vch_is_ok(status)) {
            judge->agreement_status = status;
            return;
        }
        agreed[i] = &findings[i];
        judge->agreement_count++;
    }
    join_agreements(judge);
}
