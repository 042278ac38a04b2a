// A job on a ledger: opened there, and what it decided shown.
#include "client/exclude.h"
#include "client/inference.h"
#include "host/clock.h"
#include "voucher/contest.h"

static vch_status open_job(struct vch_inference *inference, const struct vch_ask *ask)
{
    const struct vch_client *client = inference->client;
    const struct vch_client_request *request = inference->request;
    struct vch_agreed_job job = {.job = inference->job_bytes,
                                 .job_size = inference->job_size,
                                 .job_id = inference->answer->job_id,
                                 .fee = request->fee,
                                 .input = ask->question.segment > 0 ? &ask->question.input : NULL,
                                 .excluded_count = request->excluded_count,
                                 .excluded = request->excluded,
                                 .deadline_us = inference->deadline_us};

    if (client->options.policy != NULL)
        VCH_TRY(vch_exclude_operators(&job.excluded, &job.excluded_count, &client->pool,
                                      &client->registry, request, inference->arena,
                                      inference->complaint));
    VCH_TRY(vch_agreed_open(client->agreed, &job, inference->complaint));
    inference->is_open = true;
    return VCH_OK;
}

// The job goes onto the ledger when the input of its first segment by nodes is known; what later
// ones get after a segment of our own follows.
vch_status vch_inference_agree(struct vch_inference *inference, struct vch_ask *ask,
                               uint8_t *output)
{
    struct vch_agreed *agreed = inference->client->agreed;
    uint32_t index = ask->question.segment;

    if (!inference->is_open) {
        VCH_TRY(open_job(inference, ask));
    } else if (inference->job.segments[index - 1].by == VCH_JOB_BY_CLIENT) {
        VCH_TRY(vch_agreed_input(agreed, index, &ask->question.input, inference->complaint));
    }
    return vch_agreed_ask(agreed, ask, output, inference->arena, inference->complaint);
}

// Is a segment's agreement right, to a reader who knows what this client knows?
static vch_status check_agreement(const struct vch_inference *inference,
                                  const struct vch_segment_result *result,
                                  const struct vch_digest *output)
{
    struct vch_voucher *voucher = VCH_ARENA_NEW(inference->arena, struct vch_voucher, 1);
    struct vch_contest_finding found;

    if (voucher == NULL) return VCH_FAIL(NO_MEMORY);
    voucher->job = inference->job;
    voucher->job_id = inference->answer->job_id;
    voucher->registry = inference->client->registry;
    VCH_TRY(vch_contest_verify(&found, voucher, result, inference->arena, inference->complaint));
    if (vch_hash_is_equal(&found.output, output)) return VCH_OK;
    return vch_complain(inference->complaint, VCH_CODE_BAD_PROOF,
                        "segment %u: the ledger decided another output than its clerk told us",
                        result->segment);
}

// What the ledger holds of every segment by nodes, with proofs that it does.
vch_status vch_inference_prove_agreement(struct vch_inference *inference)
{
    struct vch_client_answer *answer = inference->answer;
    uint64_t start_us = vch_clock_monotonic_us();

    for (uint32_t i = 0; inference->request->agrees && i < answer->segment_count; i++) {
        struct vch_segment_result *result = &answer->segments[i].result;
        struct vch_segment_agreement *agreement =
            VCH_ARENA_NEW(inference->arena, struct vch_segment_agreement, 1);
        if (agreement == NULL) return VCH_FAIL(NO_MEMORY);
        VCH_TRY(vch_agreed_prove(inference->client->agreed, result->segment, agreement,
                                 inference->arena, inference->complaint));
        result->agreement = agreement;
        VCH_TRY(check_agreement(inference, result, &answer->segments[i].output));
    }
    answer->agreement_us = vch_clock_monotonic_us() - start_us;
    return VCH_OK;
}
