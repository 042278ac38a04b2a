#include "voucher/results.h"

#include "message/message.h"
#include "voucher/agreement.h"
#include "voucher/attestation.h"
#include "voucher/votes.h"

static bool is_proof_alone(const struct vch_segment_result *result)
{
    return result->proof != NULL && result->agreement == NULL && result->vote_count == 0 &&
           result->fault_count == 0 && result->attestation_count == 0;
}

// Of what the client ran itself there is nothing to say but that it is proven.
static vch_status check_subject(const struct vch_voucher *voucher, uint32_t i,
                                struct vch_complaint *complaint)
{
    const struct vch_segment_result *result = &voucher->results[i];

    if (result->segment >= voucher->job.segment_count)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "result %u is for segment %u, which the job does not have", i,
                            result->segment);
    if (voucher->job.segments[result->segment].by != VCH_JOB_BY_NODES && !is_proof_alone(result))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "result %u is for segment %u, which the job leaves to no node, and is "
                            "not a proof alone",
                            i, result->segment);
    if (i > 0 && result->segment <= result[-1].segment)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "results are not in ascending order of segments at result %u", i);
    return VCH_OK;
}

static vch_status check_proof(const struct vch_voucher *voucher,
                              const struct vch_segment_result *result,
                              struct vch_complaint *complaint)
{
    if (result->proof == NULL) return VCH_OK;
    if (voucher->job.commitment_kind != VCH_COMMITMENT_MATRIX)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "segment %u has a proof, but the job's commitments open inside none",
                            result->segment);
    if (result->proof->annex_size > 0 && result->proof->proof_size > 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "segment %u has a proof without bytes, or without its annex",
                        result->segment);
}

vch_status vch_results_check(const struct vch_voucher *voucher, struct vch_complaint *complaint)
{
    uint32_t attested = 0;

    for (uint32_t i = 0; i < voucher->result_count; i++) {
        const struct vch_segment_result *result = &voucher->results[i];
        VCH_TRY(check_subject(voucher, i, complaint));
        VCH_TRY(vch_votes_check(result, complaint));
        VCH_TRY(check_proof(voucher, result, complaint));
        VCH_TRY(vch_agreement_check(result->agreement, result->segment, complaint));
        VCH_TRY(vch_attestation_check(result, complaint));
        attested += result->attestation_count;
        if (attested > VCH_VOUCHER_ATTESTATIONS_MAX)
            return vch_complain(complaint, VCH_CODE_LIMIT,
                                "the voucher has more than %u attestations",
                                VCH_VOUCHER_ATTESTATIONS_MAX);
    }
    return VCH_OK;
}

static vch_status fill_proof(Vouch__SegmentProof **out, const struct vch_segment_proof *proof,
                             struct vch_arena *arena)
{
    if (proof == NULL) return VCH_OK;
    Vouch__SegmentProof *message = VCH_ARENA_NEW(arena, Vouch__SegmentProof, 1);
    if (message == NULL) return VCH_FAIL(NO_MEMORY);
    vouch__segment_proof__init(message);
    message->input_root =
        vch_message_borrow(proof->input_root.bytes, sizeof proof->input_root.bytes);
    message->output_root =
        vch_message_borrow(proof->output_root.bytes, sizeof proof->output_root.bytes);
    message->annex = vch_message_borrow(proof->annex, proof->annex_size);
    message->proof = vch_message_borrow(proof->proof, proof->proof_size);
    *out = message;
    return VCH_OK;
}

static vch_status fill_result(Vouch__SegmentResult *message,
                              const struct vch_segment_result *result, struct vch_arena *arena)
{
    vouch__segment_result__init(message);
    message->segment = result->segment;
    VCH_TRY(vch_votes_fill(message, result, arena));
    VCH_TRY(fill_proof(&message->proof, result->proof, arena));
    VCH_TRY(vch_agreement_fill(&message->agreement, result->agreement, arena));
    return vch_attestation_fill(message, result, arena);
}

vch_status vch_results_fill(Vouch__Voucher *message, const struct vch_voucher *voucher,
                            struct vch_arena *arena)
{
    const uint32_t count = voucher->result_count;
    Vouch__SegmentResult *results = VCH_ARENA_NEW(arena, Vouch__SegmentResult, count);

    message->results = VCH_ARENA_NEW(arena, Vouch__SegmentResult *, count);
    if (results == NULL || message->results == NULL) return VCH_FAIL(NO_MEMORY);
    message->n_results = count;
    for (uint32_t i = 0; i < count; i++) {
        VCH_TRY(fill_result(&results[i], &voucher->results[i], arena));
        message->results[i] = &results[i];
    }
    return VCH_OK;
}

static vch_status copy_proof(const struct vch_segment_proof **out, const Vouch__SegmentProof *from,
                             struct vch_arena *arena, struct vch_complaint *complaint)
{
    if (from == NULL) return VCH_OK;
    struct vch_segment_proof *proof = VCH_ARENA_NEW(arena, struct vch_segment_proof, 1);
    if (proof == NULL) return vch_message_no_room("voucher", arena, complaint);
    *proof = (struct vch_segment_proof){.annex = from->annex.data,
                                        .annex_size = from->annex.len,
                                        .proof = from->proof.data,
                                        .proof_size = from->proof.len};
    VCH_TRY(vch_message_copy(proof->input_root.bytes, sizeof proof->input_root.bytes,
                             &from->input_root, "input root of a proof", complaint));
    VCH_TRY(vch_message_copy(proof->output_root.bytes, sizeof proof->output_root.bytes,
                             &from->output_root, "output root of a proof", complaint));
    *out = proof;
    return VCH_OK;
}

static vch_status copy_result(struct vch_segment_result *out, const Vouch__SegmentResult *from,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    *out = (struct vch_segment_result){.segment = from->segment};
    VCH_TRY(vch_votes_copy(out, from, arena, complaint));
    VCH_TRY(copy_proof(&out->proof, from->proof, arena, complaint));
    VCH_TRY(vch_attestation_copy(out, from, arena, complaint));
    return vch_agreement_copy(&out->agreement, from->agreement, from->segment, arena, complaint);
}

vch_status vch_results_copy(struct vch_voucher *out, const Vouch__Voucher *message,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_segment_result *results = NULL;

    if (message->n_results > VCH_JOB_SEGMENTS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the voucher has %zu results, not at most %u", message->n_results,
                            VCH_JOB_SEGMENTS_MAX);
    results = VCH_ARENA_NEW(arena, struct vch_segment_result, message->n_results);
    if (results == NULL) return vch_message_no_room("voucher", arena, complaint);
    for (size_t i = 0; i < message->n_results; i++)
        VCH_TRY(copy_result(&results[i], message->results[i], arena, complaint));
    out->result_count = (uint32_t)message->n_results;
    out->results = results;
    return VCH_OK;
}
