// One operator of a trace, run alone.
#include "base/bytes.h"
#include "base/check.h"
#include "model/run.h"
#include "model/trace.h"

static uint32_t writer_of(const struct vch_trace_segment *segment, uint32_t value, uint32_t before)
{
    for (uint32_t p = before; p-- > segment->first;)
        if (segment->graph->operators[p].output == value) return p;
    return VCH_NONE;
}

static bool is_listed(const struct vch_trace_read *reads, uint32_t count, uint32_t value)
{
    for (uint32_t i = 0; i < count; i++)
        if (reads[i].value == value) return true;
    return false;
}

uint32_t vch_trace_reads(struct vch_trace_read *out, const struct vch_trace_segment *segment,
                         uint32_t operator_)
{
    const struct vch_operator *o = &segment->graph->operators[operator_];
    uint32_t count = 0;

    VCH_ASSERT(operator_ >= segment->first && operator_ < segment->last);
    VCH_ASSERT(o->input_count <= VCH_GRAPH_OPERANDS_MAX);
    for (uint32_t i = 0; i < o->input_count; i++) {
        const uint32_t value = o->inputs[i];
        if (is_listed(out, count, value)) continue;
        out[count++] = (struct vch_trace_read){value, writer_of(segment, value, operator_)};
    }
    return count;
}

static bool is_of_value(const struct vch_tensor *tensor, const struct vch_value *value)
{
    return tensor->data != NULL && tensor->type == value->type &&
           vch_tensor_shape_is_equal(&tensor->shape, &value->shape);
}

static vch_status open_read(const struct vch_trace_replay *replay,
                            const struct vch_trace_read *read,
                            const struct vch_trace_operand *operand,
                            struct vch_complaint *complaint)
{
    const struct vch_trace_segment *segment = replay->segment;
    struct vch_nonce nonce = segment->input_nonce;

    if (!is_of_value(&operand->tensor, &segment->graph->values[read->value]))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the operand does not have the type and shape of value %u, which "
                            "operator %u reads",
                            read->value, replay->operator_);
    if (read->operator_ != VCH_NONE) vch_trace_nonce(&nonce, segment, read->operator_);
    const struct vch_digest found = vch_tensor_commit(&operand->tensor, replay->batch, &nonce);
    vch_wipe(&nonce, sizeof nonce);
    if (vch_hash_is_equal(&found, &operand->commitment)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "the tensor given as value %u, which operator %u reads, does not open its "
                        "commitment",
                        read->value, replay->operator_);
}

vch_status vch_trace_open(const struct vch_trace_replay *replay, uint32_t i,
                          struct vch_complaint *complaint)
{
    struct vch_trace_read reads[VCH_GRAPH_OPERANDS_MAX];
    const uint32_t count = vch_trace_reads(reads, replay->segment, replay->operator_);

    if (i >= count) return VCH_FAIL(USAGE);
    return open_read(replay, &reads[i], &replay->operands[i], complaint);
}

vch_status vch_trace_execute(struct vch_tensor *out, const struct vch_trace_replay *replay,
                             struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_graph *graph = replay->segment->graph;
    const uint32_t value = graph->operators[replay->operator_].output;
    struct vch_trace_read reads[VCH_GRAPH_OPERANDS_MAX];
    const uint32_t count = vch_trace_reads(reads, replay->segment, replay->operator_);
    uint32_t values[VCH_GRAPH_OPERANDS_MAX];
    struct vch_tensor tensors[VCH_GRAPH_OPERANDS_MAX];
    const struct vch_run run = {
        .graph = graph,
        .first = replay->operator_,
        .last = replay->operator_ + 1,
        .batch = replay->batch,
        .kernels = replay->kernels,
        .workers = replay->workers,
    };

    if (replay->batch == 0 || replay->batch > VCH_BATCH_MAX) return VCH_FAIL(LIMIT);
    *out = (struct vch_tensor){graph->values[value].type, graph->values[value].shape, NULL};
    out->data = vch_arena_alloc(arena, replay->batch, vch_tensor_size(out));
    if (out->data == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = reads[i].value;
        tensors[i] = replay->operands[i].tensor;
    }
    return vch_run_execute(&run, values, tensors, count, &value, out, 1, arena, complaint);
}

static vch_status replay_all(struct vch_digest *commitment, const struct vch_trace_replay *replay,
                             struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_trace_read reads[VCH_GRAPH_OPERANDS_MAX];
    const uint32_t count = vch_trace_reads(reads, replay->segment, replay->operator_);
    struct vch_tensor output;

    if (replay->batch == 0 || replay->batch > VCH_BATCH_MAX) return VCH_FAIL(LIMIT);
    for (uint32_t i = 0; i < count; i++)
        VCH_TRY(open_read(replay, &reads[i], &replay->operands[i], complaint));
    VCH_TRY(vch_trace_execute(&output, replay, arena, complaint));
    const struct vch_digest digest = vch_tensor_digest(&output, replay->batch);
    *commitment = vch_trace_commitment(replay->segment, replay->operator_, &digest);
    return VCH_OK;
}

vch_status vch_trace_replay(struct vch_digest *commitment, const struct vch_trace_replay *replay,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    const vch_status status = replay_all(commitment, replay, arena, complaint);

    vch_arena_rewind(arena, mark);
    return status;
}
