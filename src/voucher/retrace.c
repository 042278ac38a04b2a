#include "voucher/retrace.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/merkle.h"
#include "model/run.h"
#include "model/segment.h"
#include "voucher/rerun.h"

// What is run, and how far.
struct walk {
    const struct vch_retrace_input *of;
    const struct vch_job *job;
    const struct vch_graph *graph;
    uint32_t values[VCH_JOB_SEGMENTS_MAX + 1]; // that cross the job's boundaries
    struct vch_tensor crossing;                // what entered the segment at hand
};

static vch_status refuse(struct vch_complaint *complaint, const char *why)
{
    return vch_complain(complaint, VCH_CODE_REFUSED, "%s", why);
}

static vch_status check_model(const struct vch_retrace_input *in, struct vch_complaint *complaint)
{
    const struct vch_graph *graph = in->package->graph;

    if (!vch_hash_is_equal(&in->package->identity, &in->voucher->job.model))
        return refuse(complaint, "that is another model than the voucher's: what it gives says "
                                 "nothing about this job; pass --model with the one it names");
    if (!vch_segment_is_held(graph, 0, graph->operator_count))
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "this file holds only a part of the model: it takes the owner's "
                            "package to run the job again");
    return VCH_OK;
}

// Nodes use no other nonces than those that the job pins: other ones would make a trace that no
// referee can find right.
static vch_status check_secret(const struct vch_job *job, const struct vch_opening *opening,
                               struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i <= job->segment_count; i++) {
        struct vch_nonce nonce;
        vch_commitment_nonce(&nonce, opening->secret, i);
        const struct vch_digest pin = vch_commitment_pin(&nonce);
        vch_wipe(&nonce, sizeof nonce);
        if (!vch_hash_is_equal(&pin, &job->nonces[i]))
            return refuse(complaint, "the opening's secret is not the one that the job's nonces "
                                     "are from: the opening was altered");
    }
    return VCH_OK;
}

static struct vch_digest commit(const struct walk *walk, uint32_t boundary,
                                const struct vch_tensor *tensor)
{
    struct vch_nonce nonce;

    vch_commitment_nonce(&nonce, walk->of->opening->secret, boundary);
    const struct vch_digest commitment = vch_tensor_commit(tensor, walk->job->batch, &nonce);
    vch_wipe(&nonce, sizeof nonce);
    return commitment;
}

static bool is_input(const struct walk *walk, const struct vch_tensor *tensor)
{
    const struct vch_value *value = &walk->graph->values[walk->values[0]];
    bool is_same = tensor->type == value->type && tensor->shape.rank == value->shape.rank;

    for (uint32_t i = 0; is_same && i < value->shape.rank; i++)
        is_same = tensor->shape.dims[i] == value->shape.dims[i];
    return is_same;
}

static vch_status check_opening(const struct walk *walk, struct vch_complaint *complaint)
{
    const struct vch_opening *opening = walk->of->opening;

    if (!vch_hash_is_equal(&opening->job_id, &walk->of->voucher->job_id))
        return refuse(complaint, "that is the opening of another job than the voucher's");
    VCH_TRY(check_secret(walk->job, opening, complaint));
    if (opening->batch != walk->job->batch || !is_input(walk, &opening->input))
        return refuse(complaint,
                      "the opened input has another type, shape or batch than the job's");
    const struct vch_digest input = commit(walk, 0, &opening->input);
    if (!vch_hash_is_equal(&input, &walk->job->input))
        return refuse(complaint, "the opened input is not the one that the job commits to: the "
                                 "opening was altered");
    return VCH_OK;
}

// `digests` is NULL, or has room for one an operator.
static vch_status run_segment(struct vch_tensor *output, const struct walk *walk, uint32_t index,
                              struct vch_digest *digests, struct vch_arena *arena,
                              struct vch_complaint *complaint)
{
    const struct vch_job *job = walk->job;
    const struct vch_value *value = &walk->graph->values[walk->values[index + 1]];
    const struct vch_run run = {.graph = walk->graph,
                                .first = job->segments[index].first,
                                .last = job->segments[index].last,
                                .batch = job->batch,
                                .kernels = walk->of->kernels,
                                .workers = walk->of->workers,
                                .trace = digests};

    *output = (struct vch_tensor){.type = value->type, .shape = value->shape};
    output->data = vch_arena_alloc(arena, job->batch, vch_tensor_size(output));
    if (output->data == NULL)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY,
                            "running the model again needs more memory than the %zu bytes allowed",
                            arena->limit);
    struct vch_arena_mark mark = vch_arena_mark(arena);
    vch_status status = vch_run_execute(&run, &walk->values[index], &walk->crossing, 1,
                                        &walk->values[index + 1], output, 1, arena, complaint);
    vch_arena_rewind(arena, mark);
    return status;
}

static vch_status init_segment(struct vch_retrace_segment *out, const struct walk *walk,
                               uint32_t index, struct vch_arena *arena)
{
    const struct vch_job_segment *segment = &walk->job->segments[index];
    struct vch_nonce before, after;

    vch_commitment_nonce(&before, walk->of->opening->secret, index);
    vch_commitment_nonce(&after, walk->of->opening->secret, index + 1);
    *out = (struct vch_retrace_segment){.index = index, .input = walk->crossing};
    VCH_TRY(vch_trace_segment_init(&out->traced, walk->graph, segment->first, segment->last,
                                   &before, &after, arena));
    out->leaf_count = vch_trace_count(&out->traced);
    out->leaves = VCH_ARENA_NEW(arena, struct vch_digest, out->leaf_count);
    return out->leaves != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static vch_status trace_segment(struct vch_retrace_segment *out, struct vch_tensor *output,
                                const struct walk *walk, uint32_t index, struct vch_arena *arena,
                                struct vch_complaint *complaint)
{
    VCH_TRY(init_segment(out, walk, index, arena));
    VCH_TRY(run_segment(output, walk, index, out->leaves, arena, complaint));
    struct vch_digest *scratch = VCH_ARENA_NEW(arena, struct vch_digest, out->leaf_count);
    if (scratch == NULL) return VCH_FAIL(NO_MEMORY);
    out->entered = commit(walk, index, &out->input);
    out->output = commit(walk, index + 1, output);
    vch_trace_commit(scratch, &out->traced, out->leaves, &out->output);
    vch_trace_leaves(out->leaves, scratch, out->leaf_count);
    memcpy(scratch, out->leaves, out->leaf_count * sizeof *scratch);
    out->trace = vch_merkle_root_in_place(scratch, out->leaf_count);
    return VCH_OK;
}

static vch_status walk_on(struct vch_retrace *out, struct walk *walk, uint32_t index,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_tensor output;

    if (walk->job->segments[index].by == VCH_JOB_BY_CLIENT)
        VCH_TRY(run_segment(&output, walk, index, NULL, arena, complaint));
    else
        VCH_TRY(
            trace_segment(&out->segments[out->count++], &output, walk, index, arena, complaint));
    walk->crossing = output;
    return VCH_OK;
}

vch_status vch_retrace_run(struct vch_retrace *out, const struct vch_retrace_input *input,
                           struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_job *job = &input->voucher->job;
    struct walk walk = {
        .of = input, .job = job, .graph = input->package->graph, .crossing = input->opening->input};

    VCH_TRY(check_model(input, complaint));
    if (job->commitment_kind != VCH_COMMITMENT_SHA256)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the job's commitments are of kind 2, for proofs: no referee judges "
                            "what they open");
    VCH_TRY(vch_rerun_plan(walk.values, job, walk.graph, arena, complaint));
    VCH_TRY(check_opening(&walk, complaint));
    *out = (struct vch_retrace){
        .segments = VCH_ARENA_NEW(arena, struct vch_retrace_segment, job->segment_count)};
    if (out->segments == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < job->segment_count; i++)
        VCH_TRY(walk_on(out, &walk, i, arena, complaint));
    return VCH_OK;
}
