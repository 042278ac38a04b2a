#include "node/kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "model/run.h"

vch_status vch_kept_init(struct vch_kept *kept, struct vch_arena *arena)
{
    *kept = (struct vch_kept){.runs = VCH_ARENA_NEW(arena, struct vch_kept_run, VCH_KEPT_MAX)};
    return kept->runs != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static size_t size_of(const struct vch_kept_run *run)
{
    return run->job_size + run->input_size + run->leaf_count * sizeof *run->leaves;
}

static void drop(struct vch_kept *kept, struct vch_kept_run *run)
{
    kept->bytes -= size_of(run);
    if (run->input != NULL) vch_wipe(run->input, run->input_size);
    free(run->input);
    free(run->job);
    free(run->leaves);
    *run = (struct vch_kept_run){0};
}

void vch_kept_release(struct vch_kept *kept)
{
    for (uint32_t i = 0; kept->runs != NULL && i < VCH_KEPT_MAX; i++)
        drop(kept, &kept->runs[i]);
}

static void *copy_of(const void *bytes, size_t size)
{
    void *copy = size > 0 ? calloc(size, 1) : NULL;

    if (copy != NULL) memcpy(copy, bytes, size);
    return copy;
}

// Until so many bytes more fit; the oldest stands behind the next place.
static void make_room(struct vch_kept *kept, size_t size)
{
    for (uint32_t i = 0; i < VCH_KEPT_MAX && kept->bytes + size > VCH_KEPT_BYTES_MAX; i++)
        drop(kept, &kept->runs[(kept->next + i) % VCH_KEPT_MAX]);
}

void vch_kept_add(struct vch_kept *kept, const struct vch_task *task)
{
    struct vch_kept_run *run = &kept->runs[kept->next];
    size_t leaves_size = task->leaf_count * sizeof *task->leaves;
    size_t size = task->job_size + task->input_size + leaves_size;

    if (size > VCH_KEPT_BYTES_MAX) return;
    drop(kept, run);
    make_room(kept, size);
    *run = (struct vch_kept_run){.contest = {task->job_id, task->segment, task->round},
                                 .model = task->model,
                                 .first = task->first,
                                 .last = task->last,
                                 .batch = task->batch,
                                 .input_nonce = task->input_nonce,
                                 .output_nonce = task->output_nonce,
                                 .job = copy_of(task->job, task->job_size),
                                 .job_size = task->job_size,
                                 .input = copy_of(task->input.data, task->input_size),
                                 .input_size = task->input_size,
                                 .leaf_count = task->leaf_count,
                                 .leaves = copy_of(task->leaves, leaves_size),
                                 .trace = task->trace};
    kept->bytes += size;
    if (run->job == NULL || run->input == NULL || run->leaves == NULL)
        drop(kept, run);
    else
        kept->next = (kept->next + 1) % VCH_KEPT_MAX;
}

const struct vch_kept_run *vch_kept_find(const struct vch_kept *kept, const struct vch_digest *job,
                                         uint32_t segment, const struct vch_digest *trace)
{
    for (uint32_t i = 0; i < VCH_KEPT_MAX; i++) {
        const struct vch_kept_run *run = &kept->runs[i];
        if (run->model != NULL && run->contest.segment == segment &&
            vch_hash_is_equal(&run->contest.subject, job) && vch_hash_is_equal(&run->trace, trace))
            return run;
    }
    return NULL;
}

static vch_status run_before(struct vch_tensor *tensors, const uint32_t *values, uint32_t count,
                             const struct vch_kept_run *kept,
                             const struct vch_trace_segment *segment, uint32_t operator_,
                             const struct vch_kernels *kernels, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    const struct vch_value *value = &segment->graph->values[segment->input];
    const struct vch_tensor input = {
        .type = value->type, .shape = value->shape, .data = kept->input};
    const struct vch_run run = {.graph = segment->graph,
                                .first = kept->first,
                                .last = operator_,
                                .batch = kept->batch,
                                .kernels = kernels};

    if (count == 0) return VCH_OK;
    return vch_run_execute(&run, &segment->input, &input, 1, values, tensors, count, arena,
                           complaint);
}

vch_status vch_kept_operands(struct vch_tensor *out, const struct vch_kept_run *run,
                             const struct vch_trace_segment *segment, uint32_t operator_,
                             const struct vch_trace_read *reads, uint32_t count,
                             const struct vch_kernels *kernels, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    struct vch_tensor computed[VCH_GRAPH_OPERANDS_MAX];
    uint32_t values[VCH_GRAPH_OPERANDS_MAX], computed_count = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct vch_value *value = &segment->graph->values[reads[i].value];
        out[i] = (struct vch_tensor){.type = value->type, .shape = value->shape};
        if (reads[i].operator_ == VCH_NONE) {
            out[i].data = run->input;
            continue;
        }
        out[i].data = vch_arena_alloc(arena, vch_tensor_size(&out[i]), run->batch);
        if (out[i].data == NULL) return VCH_FAIL(NO_MEMORY);
        values[computed_count] = reads[i].value;
        computed[computed_count++] = out[i];
    }
    return run_before(computed, values, computed_count, run, segment, operator_, kernels, arena,
                      complaint);
}
