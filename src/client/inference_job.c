// What is fixed before anyone is asked.
#include <string.h>

#include "base/bytes.h"
#include "client/inference.h"
#include "host/clock.h"
#include "voucher/rerun.h"

enum { DEADLINE_MS = 60000, PROVEN_DEADLINE_MS = 600000 };

vch_status vch_inference_check_request(const struct vch_inference *inference)
{
    const struct vch_client_request *request = inference->request;
    const struct vch_graph *graph = vch_inference_graph(inference);
    struct vch_complaint *complaint = inference->complaint;

    if (graph->input_count != 1)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the model has %u inputs; only models with one can be sent over the "
                            "network",
                            graph->input_count);
    struct vch_tensor expected = vch_inference_tensor(inference, graph->inputs[0].value);
    if (request->batch == 0 || request->batch > VCH_BATCH_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "a batch has 1 to %u samples",
                            VCH_BATCH_MAX);
    if (request->input->type != expected.type || request->input->data == NULL ||
        vch_tensor_size(request->input) != vch_tensor_size(&expected))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the input has another type or size than the model's input port");
    if (!vch_is_ok(vch_tensor_check_range(request->input, request->batch)))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the input holds values outside the symmetric range of %s",
                            vch_tensor_type_name(request->input->type));
    if (request->proves && graph->output_count != 1)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the model has %u outputs; only models with one are proven in vouchers",
                            graph->output_count);
    if (request->agrees && inference->client->agreed == NULL)
        return vch_complain(complaint, VCH_CODE_USAGE, "an agreed job needs a ledger");
    if (request->agrees && request->proves)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "a job is agreed on a ledger or proven, not both: ask twice");
    if (request->quorum == 0 || request->quorum > VCH_JOB_QUORUM_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "a quorum has 1 to %u votes",
                            VCH_JOB_QUORUM_MAX);
    return VCH_OK;
}

struct vch_crossing vch_inference_crossing(const struct vch_inference *inference)
{
    const struct vch_client_options *options = &inference->client->options;

    return (struct vch_crossing){.kind = inference->job.commitment_kind,
                                 .log_columns = inference->job.log_columns,
                                 .level = options->kernels->level,
                                 .workers = options->workers};
}

vch_status vch_inference_commit(struct vch_digest *out, const struct vch_inference *inference,
                                const struct vch_tensor *tensor, uint32_t boundary)
{
    const struct vch_crossing crossing = vch_inference_crossing(inference);
    struct vch_nonce nonce;

    vch_commitment_nonce(&nonce, inference->request->secret, boundary);
    vch_status status = vch_crossing_commit(out, &crossing, tensor, inference->request->batch,
                                            &nonce, inference->arena);
    vch_wipe(&nonce, sizeof nonce);
    if (status.code == VCH_CODE_LIMIT)
        return vch_complain(inference->complaint, VCH_CODE_LIMIT,
                            "%u samples are too many to prove at once: send fewer",
                            inference->request->batch);
    return status;
}

static void pin_nonces(struct vch_job *job, const uint8_t secret[static 32])
{
    for (uint32_t i = 0; i <= job->segment_count; i++) {
        struct vch_nonce nonce;
        vch_commitment_nonce(&nonce, secret, i);
        job->nonces[i] = vch_commitment_pin(&nonce);
        vch_wipe(&nonce, sizeof nonce);
    }
}

// What every proof of the job must be about.
static vch_status expect_proofs(struct vch_inference *inference)
{
    const struct vch_client_options *options = &inference->client->options;

    VCH_TRY(vch_rerun_plan(inference->values, &inference->job, vch_inference_graph(inference),
                           inference->arena, inference->complaint));
    inference->verifier = (struct vch_proofs){.job = &inference->job,
                                              .job_id = inference->answer->job_id,
                                              .package = options->package,
                                              .values = inference->values,
                                              .owner = options->package->owner,
                                              .known = &inference->client->known,
                                              .level = options->kernels->level};
    return VCH_OK;
}

// Fixes the job before anyone is asked.
vch_status vch_inference_make_job(struct vch_inference *inference)
{
    const struct vch_client *client = inference->client;
    const struct vch_client_request *request = inference->request;
    struct vch_job *job = &inference->job;
    uint64_t deadline_ms = request->deadline_ms != 0 ? request->deadline_ms
                           : request->proves         ? PROVEN_DEADLINE_MS
                                                     : DEADLINE_MS;

    *job = (struct vch_job){.model = client->options.package->identity,
                            .client = client->options.key->public_key,
                            .nonce = request->nonce,
                            .batch = request->batch,
                            .commitment_kind =
                                request->proves ? VCH_COMMITMENT_MATRIX : VCH_COMMITMENT_SHA256,
                            .log_columns = inference->route.log_columns,
                            .segment_count = inference->route.segment_count,
                            .quorum = request->quorum,
                            .deadline_ms = vch_clock_unix_ms() + deadline_ms,
                            .registry = client->registry.digest};
    memcpy(job->segments, inference->route.segments,
           inference->route.segment_count * sizeof *job->segments);
    if (job->segments[job->segment_count - 1].last !=
        vch_inference_graph(inference)->operator_count)
        return vch_complain(inference->complaint, VCH_CODE_USAGE,
                            "the segments end at operator %u; the model has %u",
                            job->segments[job->segment_count - 1].last,
                            vch_inference_graph(inference)->operator_count);
    VCH_TRY(vch_inference_commit(&job->input, inference, request->input, 0));
    pin_nonces(job, request->secret);
    VCH_TRY(vch_job_encode(&inference->job_bytes, &inference->job_size, job, inference->arena,
                           inference->complaint));
    inference->answer->job_id = vch_job_id(inference->job_bytes, inference->job_size);
    inference->deadline_us = inference->start_us + 1000 * deadline_ms;
    return request->proves ? expect_proofs(inference) : VCH_OK;
}
