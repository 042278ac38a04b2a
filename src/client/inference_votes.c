// A segment by nodes: what they are asked, and what the voucher will say of their answers.
#include <stdlib.h>
#include <string.h>

#include "client/evidence.h"
#include "client/inference.h"

static vch_status ask_nodes(struct vch_inference *inference, uint32_t index,
                            const struct vch_tensor *output, struct vch_ask *ask)
{
    const struct vch_job_segment *segment = &inference->job.segments[index];
    const struct vch_client_request *request = inference->request;
    struct vch_ask_candidate *candidates = NULL;
    size_t batch = request->batch;

    *ask = (struct vch_ask){.pool = &inference->client->pool,
                            .registry = &inference->client->registry,
                            .quorum = request->quorum,
                            .patience_ms = request->patience_ms,
                            .grace_ms = request->grace_ms,
                            .deadline_us = inference->deadline_us,
                            .first = segment->first,
                            .last = segment->last};
    if (!request->agrees)
        VCH_TRY(vch_route_candidates(&candidates, &ask->candidate_count, &inference->route, index,
                                     inference->arena, inference->complaint));
    ask->candidates = candidates;
    ask->question = (struct vch_link_question){
        .job = inference->job_bytes,
        .job_size = inference->job_size,
        .job_id = inference->answer->job_id,
        .segment = index,
        .batch = request->batch,
        .crossing = vch_inference_crossing(inference),
        .tensor = inference->boundary.data,
        .tensor_size = vch_tensor_size(&inference->boundary) * batch,
        .output = {.type = output->type, .shape = output->shape},
        .output_size = vch_tensor_size(output) * batch,
    };
    VCH_TRY(vch_inference_commit(&ask->question.input, inference, &inference->boundary, index));
    vch_commitment_nonce(&ask->question.input_nonce, request->secret, index);
    vch_commitment_nonce(&ask->question.output_nonce, request->secret, index + 1);
    if (request->agrees) return vch_inference_agree(inference, ask, output->data);
    return vch_ask_run(ask, output->data, inference->arena, inference->complaint);
}

static int compare_votes(const void *a, const void *b)
{
    const struct vch_vote *left = a, *right = b;

    return memcmp(left->node.bytes, right->node.bytes, sizeof left->node.bytes);
}

int vch_inference_compare_faults(const void *a, const void *b)
{
    const struct vch_fault *left = a, *right = b;
    int order = memcmp(left->node.bytes, right->node.bytes, sizeof left->node.bytes);

    return order != 0 ? order : (int)left->kind - (int)right->kind;
}

// Keeps what the voucher will say about a segment.
static vch_status keep_result(struct vch_inference *inference, uint32_t index,
                              const struct vch_ask *ask)
{
    struct vch_client_segment *kept =
        &inference->answer->segments[inference->answer->segment_count++];
    uint32_t count = ask->round.candidate_count;
    struct vch_vote *votes = VCH_ARENA_NEW(inference->arena, struct vch_vote, count);
    struct vch_fault *faults = VCH_ARENA_NEW(inference->arena, struct vch_fault, count);

    if (votes == NULL || faults == NULL) return VCH_FAIL(NO_MEMORY);
    *kept = (struct vch_client_segment){.result = {.segment = index},
                                        .first = ask->first,
                                        .last = ask->last,
                                        .output = ask->tally.output,
                                        .agreeing = ask->tally.agreeing,
                                        .needed = ask->tally.needed,
                                        .elapsed_us = ask->elapsed_us,
                                        .compute_us = ask->compute_us};
    for (uint32_t i = 0; i < count; i++) {
        const struct vch_round_candidate *candidate = &ask->round.candidates[i];
        if (candidate->state == VCH_ROUND_VOTED) votes[kept->result.vote_count++] = candidate->vote;
        if (candidate->state == VCH_ROUND_FAULTED)
            faults[kept->result.fault_count++] =
                (struct vch_fault){candidate->node, candidate->fault};
    }
    qsort(votes, kept->result.vote_count, sizeof *votes, compare_votes);
    qsort(faults, kept->result.fault_count, sizeof *faults, vch_inference_compare_faults);
    kept->result.votes = votes;
    kept->result.faults = faults;
    return vch_evidence_gather(&kept->result, inference->answer->segments,
                               inference->answer->segment_count - 1, &inference->client->pool,
                               &inference->request->nonce, inference->arena);
}

vch_status vch_inference_ask_nodes(struct vch_inference *inference, uint32_t index,
                                   const struct vch_tensor *output)
{
    struct vch_ask *ask = VCH_ARENA_NEW(inference->arena, struct vch_ask, 1);

    if (ask == NULL) return VCH_FAIL(NO_MEMORY);
    vch_status status = ask_nodes(inference, index, output, ask);
    inference->answer->network_us += ask->elapsed_us;
    if (ask->round.candidate_count > 0) {
        if (!inference->request->agrees) vch_route_note(&inference->route, index, ask);
        VCH_TRY(keep_result(inference, index, ask));
    }
    if (vch_is_ok(status) && inference->request->proves)
        return vch_inference_note_unproven(inference, index, output, ask);
    return status;
}
