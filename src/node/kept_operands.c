#include "node/kept_operands.h"

#include "model/run.h"

static vch_status run_before(struct vch_tensor *tensors, const uint32_t *values, uint32_t count,
                             const struct vch_kept_record *kept,
                             const struct vch_trace_segment *segment, uint32_t operator_,
                             const struct vch_kernels *kernels, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    const struct vch_value *value = &segment->graph->values[segment->input];
    const struct vch_tensor input = {
        .type = value->type,
        .shape = value->shape,
        .data = (void *)(uintptr_t)kept->input, // only read
    };
    const struct vch_run run = {.graph = segment->graph,
                                .first = kept->first,
                                .last = operator_,
                                .batch = kept->batch,
                                .kernels = kernels};

    if (count == 0) return VCH_OK;
    return vch_run_execute(&run, &segment->input, &input, 1, values, tensors, count, arena,
                           complaint);
}

vch_status vch_kept_operands(struct vch_tensor *out, const struct vch_kept_record *record,
                             const struct vch_trace_segment *segment, uint32_t operator_,
                             const struct vch_trace_read *reads, uint32_t count,
                             const struct vch_kernels *kernels, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    struct vch_tensor computed[VCH_GRAPH_OPERANDS_MAX];
    uint32_t values[VCH_GRAPH_OPERANDS_MAX], computed_count = 0;
    const struct vch_value *entering = &segment->graph->values[segment->input];
    const struct vch_tensor input = {.type = entering->type, .shape = entering->shape};

    if (record->input_size != vch_tensor_size(&input) * record->batch) return VCH_FAIL(MALFORMED);
    for (uint32_t i = 0; i < count; i++) {
        const struct vch_value *value = &segment->graph->values[reads[i].value];
        out[i] = (struct vch_tensor){.type = value->type, .shape = value->shape};
        if (reads[i].operator_ == VCH_NONE) {
            out[i].data = (void *)(uintptr_t)record->input; // only read
            continue;
        }
        out[i].data = vch_arena_alloc(arena, vch_tensor_size(&out[i]), record->batch);
        if (out[i].data == NULL) return VCH_FAIL(NO_MEMORY);
        values[computed_count] = reads[i].value;
        computed[computed_count++] = out[i];
    }
    return run_before(computed, values, computed_count, record, segment, operator_, kernels, arena,
                      complaint);
}

static size_t size_of(struct vch_tensor *shape, const struct vch_kept_opening *opening, uint32_t i)
{
    const struct vch_value *value = &opening->segment->graph->values[opening->reads[i].value];

    *shape = (struct vch_tensor){.type = value->type, .shape = value->shape};
    return vch_tensor_size(shape) * opening->record->batch;
}

size_t vch_kept_operands_size(const struct vch_kept_opening *opening)
{
    struct vch_tensor shape;
    size_t size = 0;

    for (uint32_t i = 0; i < opening->count; i++)
        if (opening->reads[i].operator_ != VCH_NONE) size += size_of(&shape, opening, i);
    return size;
}

void vch_kept_operands_place(struct vch_tensor *out, const struct vch_kept_opening *opening,
                             const uint8_t *bytes)
{
    for (uint32_t i = 0; i < opening->count; i++) {
        size_t size = size_of(&out[i], opening, i);
        bool is_entering = opening->reads[i].operator_ == VCH_NONE;
        out[i].data =
            (void *)(uintptr_t)(is_entering ? opening->record->input : bytes); // only read
        if (!is_entering) bytes += size;
    }
}
