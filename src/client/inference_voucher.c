// What remains of a job: its opening, for the client alone, and its voucher.
#include <string.h>

#include "base/bytes.h"
#include "client/inference.h"
#include "host/clock.h"
#include "voucher/opening.h"

vch_status vch_inference_write_opening(struct vch_inference *inference)
{
    const struct vch_client_request *request = inference->request;
    struct vch_opening opening = {.job_id = inference->answer->job_id,
                                  .batch = request->batch,
                                  .input = *request->input,
                                  .output = inference->answer->outputs[0]};

    memcpy(opening.secret, request->secret, sizeof opening.secret);
    vch_status status =
        vch_opening_encode(&inference->answer->opening, &inference->answer->opening_size, &opening,
                           inference->arena, inference->complaint);
    vch_wipe(&opening, sizeof opening);
    return status;
}

// What the voucher says of each segment: votes on those by nodes, and whatever proof there is.
static uint32_t list_results(struct vch_segment_result *out, const struct vch_inference *inference)
{
    const struct vch_client_answer *answer = inference->answer;
    uint32_t count = 0, voted = 0;

    for (uint32_t i = 0; i < inference->job.segment_count; i++) {
        const struct vch_segment_proof *proof = &inference->proofs[i];
        bool is_own = inference->job.segments[i].by == VCH_JOB_BY_CLIENT;
        if (is_own && proof->proof == NULL) continue;
        out[count] =
            is_own ? (struct vch_segment_result){.segment = i} : answer->segments[voted++].result;
        out[count++].proof = proof->proof != NULL ? proof : NULL;
    }
    return count;
}

vch_status vch_inference_write_voucher(struct vch_inference *inference)
{
    const struct vch_client_options *options = &inference->client->options;
    struct vch_client_answer *answer = inference->answer;
    struct vch_segment_result *results =
        VCH_ARENA_NEW(inference->arena, struct vch_segment_result, inference->job.segment_count);
    struct vch_voucher *voucher = VCH_ARENA_NEW(inference->arena, struct vch_voucher, 1);

    if (results == NULL || voucher == NULL) return VCH_FAIL(NO_MEMORY);
    uint32_t result_count = list_results(results, inference);
    *voucher = (struct vch_voucher){
        .job_bytes = inference->job_bytes,
        .job_size = inference->job_size,
        .owner = options->package->owner,
        .owner_signature = options->package->signature,
        .commitment_kind = inference->job.commitment_kind,
        .log_columns = inference->job.log_columns,
        .result_count = result_count,
        .results = results,
        .registry_bytes = options->registry_bytes,
        .registry_size = options->registry_size,
        .finished_ms = vch_clock_unix_ms(),
    };
    VCH_TRY(vch_inference_commit(&voucher->output, inference, &answer->outputs[0],
                                 inference->job.segment_count));
    return vch_voucher_encode(&answer->voucher, &answer->voucher_size, voucher, options->key,
                              inference->arena, inference->complaint);
}
