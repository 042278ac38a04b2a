#include "client/inference.h"

#include <string.h>

#include "host/clock.h"
#include "model/segment.h"

const struct vch_graph *vch_inference_graph(const struct vch_inference *inference)
{
    return inference->client->options.package->graph;
}

struct vch_tensor vch_inference_tensor(const struct vch_inference *inference, uint32_t value)
{
    const struct vch_value *shape = &vch_inference_graph(inference)->values[value];

    return (struct vch_tensor){.type = shape->type, .shape = shape->shape};
}

static vch_status allocate(struct vch_inference *inference, struct vch_tensor *tensor)
{
    tensor->data =
        vch_arena_alloc(inference->arena, vch_tensor_size(tensor), inference->request->batch);
    if (tensor->data == NULL)
        return vch_complain(inference->complaint, VCH_CODE_NO_MEMORY,
                            "no memory for a tensor of %u samples: send fewer",
                            inference->request->batch);
    return VCH_OK;
}

static vch_status check_deadline(const struct vch_inference *inference)
{
    if (vch_clock_monotonic_us() < inference->deadline_us) return VCH_OK;
    return vch_complain(inference->complaint, VCH_CODE_TIMEOUT,
                        "the deadline passed before the job was done");
}

static vch_status run_own(struct vch_inference *inference, const struct vch_job_segment *segment,
                          const uint32_t *values, const struct vch_tensor *outputs, uint32_t count)
{
    uint64_t start_us = vch_clock_monotonic_us();

    if (!vch_segment_is_held(vch_inference_graph(inference), segment->first, segment->last))
        return vch_complain(inference->complaint, VCH_CODE_UNSUPPORTED,
                            "our own package does not hold operators %u to %u, which we are to "
                            "compute ourselves: use one that does, or keep fewer layers",
                            segment->first, segment->last);
    vch_status status =
        vch_own_run(&inference->client->own, segment->first, segment->last,
                    inference->request->batch, inference->boundary_value, &inference->boundary,
                    values, outputs, count, inference->arena, inference->complaint);
    inference->answer->ends_us += vch_clock_monotonic_us() - start_us;
    return status;
}

// The value that crosses at the end of a segment.
static vch_status find_crossing(struct vch_inference *inference, uint32_t position,
                                struct vch_tensor *tensor, uint32_t *value)
{
    struct vch_cut cut = {0};

    if (!vch_is_ok(
            vch_segment_cut_at(&cut, vch_inference_graph(inference), position, inference->arena)))
        return vch_complain(inference->complaint, VCH_CODE_UNSUPPORTED,
                            "the model cannot be cut before operator %u: more than one value would "
                            "cross",
                            position);
    *value = cut.value;
    *tensor = vch_inference_tensor(inference, cut.value);
    return allocate(inference, tensor);
}

// The last segment fills every output port; the others, what crosses into the next.
static vch_status run_last_segment(struct vch_inference *inference, uint32_t index)
{
    const struct vch_graph *graph = vch_inference_graph(inference);
    const struct vch_job_segment *segment = &inference->job.segments[index];
    struct vch_tensor *outputs = inference->answer->outputs;
    uint32_t values[VCH_GRAPH_PORTS_MAX];

    for (uint32_t i = 0; i < graph->output_count; i++) {
        values[i] = graph->outputs[i].value;
        outputs[i] = vch_inference_tensor(inference, values[i]);
        VCH_TRY(allocate(inference, &outputs[i]));
    }
    if (segment->by == VCH_JOB_BY_CLIENT) {
        VCH_TRY(run_own(inference, segment, values, outputs, graph->output_count));
        return vch_inference_prove_own(inference, index, &outputs[0]);
    }
    if (graph->output_count != 1)
        return vch_complain(inference->complaint, VCH_CODE_UNSUPPORTED,
                            "the model has %u outputs: its last segment is for the client to "
                            "compute",
                            graph->output_count);
    return vch_inference_ask_nodes(inference, index, &outputs[0]);
}

static vch_status run_segment(struct vch_inference *inference, uint32_t index)
{
    const struct vch_job_segment *segment = &inference->job.segments[index];
    struct vch_tensor output = {0};
    uint32_t value = 0;

    VCH_TRY(check_deadline(inference));
    if (index + 1 == inference->job.segment_count) return run_last_segment(inference, index);
    VCH_TRY(find_crossing(inference, segment->last, &output, &value));
    VCH_TRY(segment->by == VCH_JOB_BY_CLIENT ? run_own(inference, segment, &value, &output, 1)
                                             : vch_inference_ask_nodes(inference, index, &output));
    if (segment->by == VCH_JOB_BY_CLIENT)
        VCH_TRY(vch_inference_prove_own(inference, index, &output));
    inference->boundary = output;
    inference->boundary_value = value;
    return VCH_OK;
}

vch_status vch_inference_run(struct vch_inference *inference)
{
    const struct vch_client *client = inference->client;
    const struct vch_graph *graph = vch_inference_graph(inference);
    uint64_t before_us = 0;
    uint32_t ready = 0;

    VCH_TRY(vch_inference_check_request(inference));
    // What nodes show is for this job: no nonce of theirs can have been known before.
    memcpy(inference->client->policy.occasion, inference->request->nonce.bytes,
           sizeof inference->client->policy.occasion);
    VCH_TRY(vch_client_connect(inference->client, &ready));
    if (ready == 0)
        return vch_complain(inference->complaint, VCH_CODE_UNAVAILABLE,
                            "none of the %u peers can be reached: %s", client->pool.count,
                            client->pool.count > 0 ? vch_client_peer_trouble(client, 0)
                                                   : "the list is empty");
    before_us = vch_clock_monotonic_us();
    VCH_TRY(vch_route_init(&inference->route, &inference->client->pool, graph,
                           client->registry.member_count, inference->request, inference->arena,
                           inference->complaint));
    if (inference->request->proves)
        VCH_TRY(
            vch_route_columns(&inference->route, client->annex.log_columns, inference->complaint));
    inference->answer->plan_us = vch_clock_monotonic_us() - before_us;
    VCH_TRY(vch_inference_make_job(inference));
    inference->boundary = *inference->request->input;
    inference->boundary_value = graph->inputs[0].value;
    inference->answer->segments =
        VCH_ARENA_NEW(inference->arena, struct vch_client_segment, inference->job.segment_count);
    if (inference->answer->segments == NULL) return VCH_FAIL(NO_MEMORY);
    inference->unproven =
        VCH_ARENA_NEW(inference->arena, struct vch_proof_ask, inference->job.segment_count);
    if (inference->unproven == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < inference->job.segment_count; i++)
        VCH_TRY(run_segment(inference, i));
    VCH_TRY(vch_inference_ask_for_proofs(inference));
    VCH_TRY(vch_inference_prove_agreement(inference));
    VCH_TRY(vch_inference_write_opening(inference));
    return vch_inference_write_voucher(inference);
}
