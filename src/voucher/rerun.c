#include "voucher/rerun.h"

#include "base/bytes.h"
#include "circuit/crossing.h"
#include "model/run.h"
#include "model/segment.h"

_Static_assert(VCH_JOB_BATCH_MAX == VCH_BATCH_MAX, "a job's batch is a run's");

static vch_status check_end(const struct vch_job *job, const struct vch_graph *graph,
                            struct vch_complaint *complaint)
{
    uint32_t end = job->segments[job->segment_count - 1].last;

    if (end == graph->operator_count) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "the job ends at operator %u, but the model has %u", end,
                        graph->operator_count);
}

// An end of the model that the client runs need not be a cut: it holds the port itself.
static bool is_port(const struct vch_job *job, uint32_t boundary)
{
    if (boundary == 0) return job->segments[0].by == VCH_JOB_BY_CLIENT;
    return boundary == job->segment_count && job->segments[boundary - 1].by == VCH_JOB_BY_CLIENT;
}

static vch_status find_cut(uint32_t *value, uint32_t position, const struct vch_graph *graph,
                           struct vch_arena *scratch, struct vch_complaint *complaint)
{
    struct vch_cut cut = {0};

    vch_status status = vch_segment_cut_at(&cut, graph, position, scratch);
    if (status.code == VCH_CODE_UNSUPPORTED)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the job cuts before operator %u, where more than one value crosses",
                            position);
    *value = cut.value;
    return status;
}

vch_status vch_rerun_plan(uint32_t *values, const struct vch_job *job,
                          const struct vch_graph *graph, struct vch_arena *scratch,
                          struct vch_complaint *complaint)
{
    uint32_t end = job->segment_count;

    VCH_TRY(check_end(job, graph, complaint));
    if (graph->input_count != 1)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the model has %u inputs, but the voucher commits to one",
                            graph->input_count);
    for (uint32_t i = 0; i <= end; i++) {
        uint32_t position = i == 0 ? 0 : job->segments[i - 1].last;
        if (is_port(job, i)) continue;
        VCH_TRY(find_cut(&values[i], position, graph, scratch, complaint));
    }
    values[0] = graph->inputs[0].value;
    values[end] = graph->outputs[0].value;
    return VCH_OK;
}

static struct vch_tensor tensor_of(const struct vch_graph *graph, uint32_t value, void *data)
{
    const struct vch_value *from = &graph->values[value];
    return (struct vch_tensor){from->type, from->shape, data};
}

static bool is_same_form(const struct vch_tensor *a, const struct vch_tensor *b)
{
    bool is_same = a->type == b->type && a->shape.rank == b->shape.rank;

    for (uint32_t i = 0; is_same && i < a->shape.rank; i++)
        is_same = a->shape.dims[i] == b->shape.dims[i];
    return is_same;
}

static vch_status compare_boundary(const struct vch_rerun *rerun, uint32_t boundary,
                                   const struct vch_tensor *tensor, struct vch_arena *scratch,
                                   struct vch_complaint *complaint)
{
    const struct vch_recount *recount = rerun->recount;
    const struct vch_crossing crossing = {.kind = rerun->voucher->job.commitment_kind,
                                          .log_columns = rerun->voucher->job.log_columns,
                                          .level = rerun->kernels->level,
                                          .workers = rerun->workers};
    struct vch_nonce nonce;

    if (!recount->is_boundary_known[boundary]) return VCH_OK; // the voucher does not speak of it
    vch_commitment_nonce(&nonce, rerun->opening->secret, boundary);
    vch_status status = vch_crossing_verify(&recount->boundaries[boundary], &crossing, tensor,
                                            rerun->voucher->job.batch, &nonce, scratch);
    vch_wipe(&nonce, sizeof nonce);
    if (status.code != VCH_CODE_BAD_PROOF) return status;
    if (boundary == rerun->voucher->job.segment_count)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the voucher's output is not what the model gives for this input");
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "what was voted on before segment %u is not what the model gives there",
                        boundary);
}

static vch_status run_segment(const struct vch_rerun *rerun, uint32_t segment,
                              struct vch_tensor *crossing, struct vch_arena *scratch,
                              struct vch_complaint *complaint)
{
    const struct vch_job *job = &rerun->voucher->job;
    const struct vch_run run = {.graph = rerun->graph,
                                .first = job->segments[segment].first,
                                .last = job->segments[segment].last,
                                .batch = job->batch,
                                .kernels = rerun->kernels,
                                .workers = rerun->workers};
    struct vch_tensor output = tensor_of(rerun->graph, rerun->values[segment + 1], NULL);

    output.data = vch_arena_alloc(scratch, job->batch, vch_tensor_size(&output));
    if (output.data == NULL)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY,
                            "running the model again needs more memory than the %zu bytes allowed",
                            scratch->limit);
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    vch_status status =
        vch_run_execute(&run, &rerun->values[segment], crossing, 1, &rerun->values[segment + 1],
                        &output, 1, scratch, complaint);
    vch_arena_rewind(scratch, mark);
    *crossing = output;
    return status;
}

vch_status vch_rerun_compare(const struct vch_rerun *rerun, struct vch_arena *scratch,
                             struct vch_complaint *complaint)
{
    const struct vch_job *job = &rerun->voucher->job;
    struct vch_tensor crossing = rerun->opening->input;
    struct vch_tensor input = tensor_of(rerun->graph, rerun->values[0], NULL);

    if (!is_same_form(&crossing, &input))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the opened input has another type or shape than the model takes");
    VCH_TRY(compare_boundary(rerun, 0, &crossing, scratch, complaint));
    for (uint32_t i = 0; i < job->segment_count; i++) {
        VCH_TRY(run_segment(rerun, i, &crossing, scratch, complaint));
        VCH_TRY(compare_boundary(rerun, i + 1, &crossing, scratch, complaint));
    }
    return VCH_OK;
}
