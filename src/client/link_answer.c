// What the node answers: every byte of it is checked against what was asked.
#include <stdlib.h>
#include <string.h>

#include "client/link_parts.h"

// Everything that the header alone can show. NULL when it is fine.
static const char *check_header(struct vch_link *link, const Vouch__RunResult *result,
                                enum vch_fault_kind *kind)
{
    const struct vch_link_question *question = &link->question;
    struct vch_vote *vote = &link->vote;

    *kind = VCH_FAULT_MALFORMED;
    if (result->input.len != VCH_DIGEST_SIZE || result->output.len != VCH_DIGEST_SIZE ||
        result->signature.len != VCH_SIGN_SIGNATURE_SIZE)
        return "a result whose commitments or signature have a wrong size";
    if (result->size != question->output_size) return "a result of a wrong size";
    vote->node = link->peer.key;
    memcpy(vote->input.bytes, result->input.data, VCH_DIGEST_SIZE);
    memcpy(vote->output.bytes, result->output.data, VCH_DIGEST_SIZE);
    memcpy(vote->signature.bytes, result->signature.data, VCH_SIGN_SIGNATURE_SIZE);
    *kind = VCH_FAULT_BAD_SIGNATURE;
    if (!vch_is_ok(vch_vote_verify(vote, &question->job_id, question->segment)))
        return "a vote whose signature is not this node's for this job and segment";
    *kind = VCH_FAULT_BAD_INPUT;
    if (!vch_hash_is_equal(&vote->input, &question->input))
        return "a vote on another input than it was given";
    return NULL;
}

// Is this the header of what was asked for? Where it is not, all that is to be done was done.
static bool is_answer(struct vch_link *link, uint64_t id, bool is_proof)
{
    if (id > link->id || (id == link->id && link->has_header)) {
        vch_link_parts_break_off(link, VCH_FAULT_MALFORMED, "a result that nobody asked for");
        return false;
    }
    if (!link->is_asking || id < link->id) return false; // of a question cancelled meanwhile
    if (link->sent == link->question.tensor_size && link->question.is_proof == is_proof)
        return true;
    vch_link_parts_break_off(link, VCH_FAULT_MALFORMED,
                             link->question.is_proof != is_proof
                                 ? "another kind of result than was asked for"
                                 : "a result before the whole input was sent");
    return false;
}

// The header is fine: what it announces may come.
static void begin_receiving(struct vch_link *link, size_t size)
{
    link->tensor = calloc(size, 1);
    if (link->tensor == NULL) {
        vch_link_parts_break_off(link, VCH_FAULT_UNREACHABLE, "we lack the memory for its result");
        return;
    }
    link->has_header = true;
    link->received = 0;
    link->expected = size;
    vch_stream_set_owed(link->stream, true);
}

void vch_link_parts_receive_result(struct vch_link *link, const Vouch__RunResult *result)
{
    enum vch_fault_kind kind = VCH_FAULT_MALFORMED;

    if (!is_answer(link, result->id, false)) return;
    const char *why = check_header(link, result, &kind);
    if (why != NULL) {
        vch_link_parts_break_off(link, kind, why);
        return;
    }
    link->compute_us = result->compute_us;
    begin_receiving(link, link->question.output_size);
}

void vch_link_parts_receive_proof_result(struct vch_link *link, const Vouch__ProofResult *result)
{
    if (!is_answer(link, result->id, true)) return;
    if (result->annex_size == 0 || result->annex_size > VCH_LINK_PROOF_SIZE_MAX ||
        result->proof_size == 0 || result->proof_size > VCH_LINK_PROOF_SIZE_MAX ||
        result->annex_size + result->proof_size > VCH_LINK_PROOF_SIZE_MAX) {
        vch_link_parts_break_off(link, VCH_FAULT_MALFORMED, "a proof of a size that none has");
        return;
    }
    link->proof = (struct vch_link_proof){(size_t)result->annex_size, (size_t)result->proof_size,
                                          result->compute_us};
    begin_receiving(link, (size_t)(result->annex_size + result->proof_size));
}

static vch_status open_vote(const struct vch_link *link, const struct vch_tensor *tensor)
{
    const struct vch_link_question *question = &link->question;
    uint64_t count = (uint64_t)vch_tensor_shape_count(&tensor->shape) * question->batch;
    struct vch_arena scratch;

    vch_arena_init(&scratch, vch_crossing_memory(&question->crossing, count));
    vch_status status = vch_crossing_verify(&link->vote.output, &question->crossing, tensor,
                                            question->batch, &question->output_nonce, &scratch);
    vch_arena_release(&scratch);
    return status;
}

// The tensor is complete: is it what the vote says, and is it one at all?
static void judge_tensor(struct vch_link *link)
{
    const struct vch_link_question *question = &link->question;
    struct vch_tensor tensor = question->output;

    vch_stream_set_owed(link->stream, false);
    tensor.data = link->tensor;
    vch_status status = open_vote(link, &tensor);
    if (status.code == VCH_CODE_BAD_PROOF) {
        vch_link_parts_break_off(link, VCH_FAULT_BAD_TENSOR,
                                 "a tensor that does not match its vote");
    } else if (!vch_is_ok(status)) {
        vch_link_parts_break_off(link, VCH_FAULT_UNREACHABLE,
                                 "we lack the memory to check its result");
    } else if (!vch_is_ok(vch_tensor_check_range(&tensor, question->batch))) {
        vch_link_parts_break_off(link, VCH_FAULT_MALFORMED,
                                 "a tensor with values outside its type's range");
    } else {
        struct vch_vote vote = link->vote;
        link->is_asking = link->has_header = false;
        link->setup.events.on_answer(link->setup.context, link, &vote, link->compute_us);
        free(link->tensor);
        link->tensor = NULL;
    }
}

static void hand_over_proof(struct vch_link *link)
{
    const struct vch_link_proof proof = link->proof;

    vch_stream_set_owed(link->stream, false);
    link->is_asking = link->has_header = false;
    link->setup.events.on_proof(link->setup.context, link, &proof);
    free(link->tensor);
    link->tensor = NULL;
}

void vch_link_parts_receive_chunk(struct vch_link *link, const Vouch__Chunk *chunk)
{
    if (chunk->id > link->id) {
        vch_link_parts_break_off(link, VCH_FAULT_MALFORMED, "a chunk that nobody asked for");
    } else if (!link->is_asking || chunk->id < link->id) {
        return; // of a question cancelled meanwhile
    } else if (!link->has_header || chunk->data.len == 0 || chunk->data.len > VCH_FRAME_CHUNK_MAX ||
               chunk->data.len > link->expected - link->received) {
        vch_link_parts_break_off(link, VCH_FAULT_MALFORMED,
                                 "a chunk out of order or of a wrong size");
    } else {
        memcpy(link->tensor + link->received, chunk->data.data, chunk->data.len);
        link->received += chunk->data.len;
        if (link->received < link->expected) return;
        if (link->question.is_proof)
            hand_over_proof(link);
        else
            judge_tensor(link);
    }
}

void vch_link_parts_receive_refusal(struct vch_link *link, const Vouch__Refusal *refusal)
{
    struct vch_complaint why = {""}; // also makes the node's text printable

    (void)vch_complain(&why, VCH_CODE_REFUSED, "%.120s", refusal->text);
    if (refusal->id == 0)
        vch_link_parts_break_off(link, VCH_FAULT_REFUSED, why.text);
    else if (refusal->id > link->id)
        vch_link_parts_break_off(link, VCH_FAULT_MALFORMED, "a refusal of what nobody asked");
    else if (refusal->id == link->id && link->has_header)
        vch_link_parts_break_off(link, VCH_FAULT_MALFORMED, "a refusal in the middle of a result");
    else if (refusal->id == link->id) // whichever clock says first that the time is over
        vch_link_parts_report_fault(
            link, refusal->code == VCH_CODE_TIMEOUT ? VCH_FAULT_SILENT : VCH_FAULT_REFUSED,
            why.text);
}

uint8_t *vch_link_detach(struct vch_link *link)
{
    uint8_t *tensor = link->tensor;

    link->tensor = NULL;
    return tensor;
}
