#include "node/order.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/reader.h"
#include "consensus/job.h"
#include "node/kept_operands.h"

enum kind { VOTE = 1, AGREED, PROOF, REFEREE, OPENING };
enum {
#define X(name, text) CODE_##name,
    VCH_CODES(X)
#undef X
        CODE_COUNT
};

static enum kind kind_of(const struct vch_task *task)
{
    if (task->referee != NULL) return REFEREE;
    if (task->is_proof) return PROOF;
    if (task->is_opening) return OPENING;
    return task->is_agreed ? AGREED : VOTE;
}

static uint8_t *put_referee(uint8_t *out, const struct vch_referee *referee)
{
    out = vch_put_u32le(out, referee->operator_);
    out = vch_put_u32le(out, referee->is_output);
    out = vch_put_bytes(out, referee->trace.bytes, VCH_DIGEST_SIZE);
    out = vch_put_bytes(out, referee->input.bytes, VCH_DIGEST_SIZE);
    out = vch_put_u32le(out, referee->operand_count);
    for (uint32_t i = 0; i < referee->operand_count; i++) {
        const struct vch_referee_operand *operand = &referee->operands[i];
        out = vch_put_u32le(out, operand->path_count);
        out = vch_put_bytes(out, operand->path, operand->path_count * sizeof *operand->path);
    }
    return out;
}

size_t vch_order_encode(uint8_t *out, const struct vch_task *task)
{
    const struct vch_referee *referee = task->referee;
    const uint8_t *start = out;

    out = vch_put_u32le(out, kind_of(task));
    out = vch_put_bytes(out, task->model->package.identity.bytes, VCH_DIGEST_SIZE);
    out = vch_put_u32le(out, task->first);
    out = vch_put_u32le(out, task->last);
    out = vch_put_u32le(out, task->batch);
    out = vch_put_u64le(out, task->memory);
    out = vch_put_u64le(out, task->input_size);
    out = vch_put_bytes(out, task->job_id.bytes, VCH_DIGEST_SIZE);
    out = vch_put_u32le(out, task->commitment_kind);
    out = vch_put_u32le(out, task->log_columns);
    const struct vch_nonce *in = referee ? &referee->segment.input_nonce : &task->input_nonce;
    const struct vch_nonce *to = referee ? &referee->segment.output_nonce : &task->output_nonce;
    out = vch_put_bytes(out, in->bytes, sizeof in->bytes);
    out = vch_put_bytes(out, to->bytes, sizeof to->bytes);
    out = vch_put_u32le(out, task->has_promised_input);
    out = vch_put_bytes(out, task->promised_input.bytes, VCH_DIGEST_SIZE);
    if (referee != NULL) out = put_referee(out, referee);
    if (task->is_opening) out = vch_put_u32le(out, task->operator_);
    return (size_t)(out - start);
}

static vch_status read_32(void *out, struct vch_reader *reader)
{
    const uint8_t *bytes = NULL;

    VCH_TRY(vch_reader_bytes(reader, 32, &bytes));
    memcpy(out, bytes, 32);
    return VCH_OK;
}

static vch_status read_bool(bool *out, struct vch_reader *reader)
{
    uint32_t value = 0;

    VCH_TRY(vch_reader_u32le(reader, &value));
    *out = value == 1;
    return value <= 1 ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status read_size(size_t *out, struct vch_reader *reader, size_t most)
{
    uint64_t value = 0;

    VCH_TRY(vch_reader_u64le(reader, &value));
    *out = (size_t)value;
    return value <= most ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status read_commitments(struct vch_task *out, struct vch_reader *reader)
{
    uint32_t kind = 0;

    VCH_TRY(read_32(out->job_id.bytes, reader));
    VCH_TRY(vch_reader_u32le(reader, &kind));
    VCH_TRY(vch_reader_u32le(reader, &out->log_columns));
    out->commitment_kind = kind;
    VCH_TRY(read_32(out->input_nonce.bytes, reader));
    VCH_TRY(read_32(out->output_nonce.bytes, reader));
    VCH_TRY(read_bool(&out->has_promised_input, reader));
    return read_32(out->promised_input.bytes, reader);
}

static vch_status read_range(struct vch_task *out, struct vch_reader *reader,
                             const struct vch_order_scope *scope)
{
    struct vch_digest model;

    VCH_TRY(read_32(model.bytes, reader));
    VCH_TRY(vch_reader_u32le(reader, &out->first));
    VCH_TRY(vch_reader_u32le(reader, &out->last));
    VCH_TRY(vch_reader_u32le(reader, &out->batch));
    VCH_TRY(read_size(&out->memory, reader, scope->memory_max));
    VCH_TRY(read_size(&out->input_size, reader, scope->memory_max));
    out->model = vch_models_find(scope->models, &model);
    if (out->model == NULL || out->batch == 0 || out->batch > VCH_BATCH_MAX)
        return VCH_FAIL(MALFORMED);
    out->in = vch_models_cut_at(out->model, out->first);
    out->out = vch_models_cut_at(out->model, out->last);
    if (out->first >= out->last || out->in == NULL || out->out == NULL ||
        !vch_models_is_held(out->model, out->first, out->last))
        return VCH_FAIL(MALFORMED);
    return VCH_OK;
}

static vch_status check_run(struct vch_task *out, const struct vch_order_scope *scope)
{
    const struct vch_value *value = &out->model->package.graph->values[out->in->value];

    out->input = (struct vch_tensor){.type = value->type, .shape = value->shape};
    vch_status known =
        vch_job_check_commitments(out->commitment_kind, out->log_columns, "order's", NULL);
    if (!vch_is_ok(known) ||
        out->input_size != vch_models_cut_size(out->model, out->in, out->batch))
        return VCH_FAIL(MALFORMED);
    if (!out->is_proof) return VCH_OK;
    out->prover =
        vch_provers_find(scope->provers, out->model, out->first, out->last, out->log_columns);
    return out->prover != NULL ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status read_opening(struct vch_task *out, struct vch_reader *reader,
                               const struct vch_order_scope *scope)
{
    VCH_TRY(vch_reader_u32le(reader, &out->operator_));
    if (out->operator_ < out->first || out->operator_ >= out->last) return VCH_FAIL(MALFORMED);
    return check_run(out, scope);
}

static vch_status read_operands(struct vch_referee *referee, const struct vch_task *task,
                                struct vch_reader *reader)
{
    struct vch_trace_read reads[VCH_GRAPH_OPERANDS_MAX];
    size_t total = 0;

    if (referee->operand_count != vch_trace_reads(reads, &referee->segment, referee->operator_))
        return VCH_FAIL(MALFORMED);
    for (uint32_t i = 0; i < referee->operand_count; i++) {
        struct vch_referee_operand *operand = &referee->operands[i];
        const struct vch_value *value = &referee->segment.graph->values[reads[i].value];
        const struct vch_tensor tensor = {.type = value->type, .shape = value->shape};
        operand->read = reads[i];
        operand->size = vch_tensor_size(&tensor) * task->batch;
        total += operand->size;
        VCH_TRY(vch_reader_u32le(reader, &operand->path_count));
        if (operand->path_count > VCH_MERKLE_DEPTH_MAX) return VCH_FAIL(MALFORMED);
        for (uint32_t j = 0; j < operand->path_count; j++)
            VCH_TRY(read_32(operand->path[j].bytes, reader));
    }
    return total == task->input_size ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status read_referee(struct vch_referee *referee, struct vch_task *task,
                               struct vch_reader *reader, struct vch_arena *scratch)
{
    const struct vch_graph *graph = task->model->package.graph;

    memset(referee, 0, sizeof *referee);
    task->referee = referee;
    VCH_TRY(vch_reader_u32le(reader, &referee->operator_));
    VCH_TRY(read_bool(&referee->is_output, reader));
    VCH_TRY(read_32(referee->trace.bytes, reader));
    VCH_TRY(read_32(referee->input.bytes, reader));
    VCH_TRY(vch_reader_u32le(reader, &referee->operand_count));
    if (referee->operator_ < task->first || referee->operator_ >= task->last)
        return VCH_FAIL(MALFORMED);
    VCH_TRY(vch_trace_segment_init(&referee->segment, graph, task->first, task->last,
                                   &task->input_nonce, &task->output_nonce, scratch));
    return read_operands(referee, task, reader);
}

vch_status vch_order_decode(struct vch_task *out, struct vch_referee *referee, const uint8_t *bytes,
                            size_t size, const struct vch_order_scope *scope,
                            struct vch_arena *scratch)
{
    struct vch_reader reader = {.bytes = bytes, .size = size};
    uint32_t kind = 0;

    memset(out, 0, sizeof *out);
    VCH_TRY(vch_reader_u32le(&reader, &kind));
    if (kind < VOTE || kind > OPENING) return VCH_FAIL(MALFORMED);
    out->is_agreed = kind == AGREED;
    out->is_proof = kind == PROOF;
    out->is_opening = kind == OPENING;
    VCH_TRY(read_range(out, &reader, scope));
    VCH_TRY(read_commitments(out, &reader));
    if (kind == REFEREE)
        VCH_TRY(read_referee(referee, out, &reader, scratch));
    else if (kind == OPENING)
        VCH_TRY(read_opening(out, &reader, scope));
    else
        VCH_TRY(check_run(out, scope));
    return reader.offset == size ? VCH_OK : VCH_FAIL(MALFORMED);
}

void vch_order_encode_answer(uint8_t *out, struct vch_task_part parts[static VCH_TASK_PARTS],
                             const struct vch_task *task)
{
    const bool is_ok = vch_is_ok(task->status);
    const struct vch_digest none = {{0}};

    parts[0] = parts[1] = (struct vch_task_part){0};
    if (is_ok && task->is_proof) {
        parts[0] = task->reply[1]; // whoever asks has the annex
    } else if (is_ok && task->referee == NULL) {
        parts[0] = task->reply[0];
        if (task->is_agreed)
            parts[1] = (struct vch_task_part){(const uint8_t *)task->leaves,
                                              task->leaf_count * sizeof *task->leaves};
    }
    out = vch_put_u32le(out, task->status.code);
    out = vch_put_bytes(out, task->complaint.text, sizeof task->complaint.text);
    out = vch_put_bytes(out, task->vote.input.bytes, VCH_DIGEST_SIZE);
    out = vch_put_bytes(out, task->vote.output.bytes, VCH_DIGEST_SIZE);
    out = vch_put_bytes(out, task->trace.bytes, VCH_DIGEST_SIZE);
    out = vch_put_bytes(out, task->referee != NULL ? task->referee->answer.bytes : none.bytes,
                        VCH_DIGEST_SIZE);
    out = vch_put_u32le(out, (uint32_t)(parts[1].size / VCH_DIGEST_SIZE));
    (void)vch_put_u64le(out, parts[0].size);
}

// Somebody else's words, as bytes that may be shown.
static vch_status read_complaint(struct vch_complaint *out, struct vch_reader *reader)
{
    const uint8_t *text = NULL;

    VCH_TRY(vch_reader_bytes(reader, VCH_COMPLAINT_SIZE, &text));
    if (memchr(text, '\0', VCH_COMPLAINT_SIZE) == NULL) return VCH_FAIL(MALFORMED);
    vch_status ignored =
        text[0] != '\0' ? vch_complain(out, VCH_CODE_NONE, "%s", (const char *)text) : VCH_OK;
    (void)ignored;
    return VCH_OK;
}

static const void *copy(struct vch_arena *arena, const uint8_t *bytes, size_t size)
{
    void *out = vch_arena_alloc(arena, size, 1);

    if (out != NULL) memcpy(out, bytes, size);
    return out;
}

static vch_status take_output(struct vch_task *task, size_t size, uint32_t leaf_count,
                              const uint8_t *beside, size_t beside_max)
{
    const struct vch_value *value = &task->model->package.graph->values[task->out->value];
    const size_t expected = vch_models_cut_size(task->model, task->out, task->batch);
    const uint32_t leaves = task->is_agreed ? task->last - task->first : 0;

    if (size != expected || leaf_count != leaves || beside_max < size ||
        (beside_max - size) / sizeof *task->leaves < leaves)
        return VCH_FAIL(MALFORMED);
    task->output = (struct vch_tensor){.type = value->type, .shape = value->shape};
    task->output_size = size;
    task->output.data = (void *)(uintptr_t)copy(&task->arena, beside, size);
    task->leaf_count = leaves;
    if (leaves > 0)
        task->leaves = (struct vch_digest *)(uintptr_t)copy(&task->arena, beside + size,
                                                            leaves * sizeof *task->leaves);
    if (task->output.data == NULL || (leaves > 0 && task->leaves == NULL))
        return VCH_FAIL(NO_MEMORY);
    task->reply[0] = (struct vch_task_part){task->output.data, size};
    return VCH_OK;
}

static vch_status take_proof(struct vch_task *task, size_t size, uint32_t leaf_count,
                             const uint8_t *beside, size_t beside_max)
{
    const struct vch_annex_source *source = &task->prover->source;

    if (size == 0 || size > beside_max || leaf_count != 0) return VCH_FAIL(MALFORMED);
    const uint8_t *proof = copy(&task->arena, beside, size);
    if (proof == NULL) return VCH_FAIL(NO_MEMORY);
    task->reply[0] = (struct vch_task_part){source->bytes, source->size};
    task->reply[1] = (struct vch_task_part){proof, size};
    return VCH_OK;
}

// What the operator reads has one size.
static vch_status take_opening(struct vch_task *task, size_t size, uint32_t leaf_count,
                               const uint8_t *beside, size_t beside_max)
{
    struct vch_trace_read reads[VCH_GRAPH_OPERANDS_MAX];
    struct vch_trace_segment segment;
    const struct vch_kept_record record = {.batch = task->batch};
    struct vch_kept_opening opening = {&record, &segment, task->operator_, 0, reads};

    VCH_TRY(vch_trace_segment_init(&segment, task->model->package.graph, task->first, task->last,
                                   &task->input_nonce, &task->output_nonce, &task->arena));
    opening.count = vch_trace_reads(reads, &segment, task->operator_);
    if (size != vch_kept_operands_size(&opening) || size > beside_max || leaf_count != 0)
        return VCH_FAIL(MALFORMED);
    const uint8_t *bytes = copy(&task->arena, beside, size);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    task->output_size = size;
    task->reply[0] = (struct vch_task_part){bytes, size};
    return VCH_OK;
}

static vch_status take_parts(struct vch_task *task, size_t size, uint32_t leaf_count,
                             const struct vch_digest *answer, const uint8_t *beside,
                             size_t beside_max)
{
    if (task->is_opening) return take_opening(task, size, leaf_count, beside, beside_max);
    if (task->referee == NULL)
        return task->is_proof ? take_proof(task, size, leaf_count, beside, beside_max)
                              : take_output(task, size, leaf_count, beside, beside_max);
    if (size != 0 || leaf_count != 0) return VCH_FAIL(MALFORMED);
    task->referee->answer = *answer;
    return VCH_OK;
}

vch_status vch_order_decode_answer(struct vch_task *task, const uint8_t *bytes, size_t size,
                                   const uint8_t *beside, size_t beside_max)
{
    struct vch_reader reader = {.bytes = bytes, .size = size};
    struct vch_digest answer;
    uint32_t code = 0, leaf_count = 0;
    size_t part = 0;

    VCH_TRY(vch_reader_u32le(&reader, &code));
    if (code >= CODE_COUNT || size != VCH_ORDER_ANSWER_SIZE) return VCH_FAIL(MALFORMED);
    VCH_TRY(read_complaint(&task->complaint, &reader));
    VCH_TRY(read_32(task->vote.input.bytes, &reader));
    VCH_TRY(read_32(task->vote.output.bytes, &reader));
    VCH_TRY(read_32(task->trace.bytes, &reader));
    VCH_TRY(read_32(answer.bytes, &reader));
    VCH_TRY(vch_reader_u32le(&reader, &leaf_count));
    VCH_TRY(read_size(&part, &reader, SIZE_MAX));
    task->status = (vch_status){code};
    if (code != VCH_CODE_NONE) return leaf_count == 0 && part == 0 ? VCH_OK : VCH_FAIL(MALFORMED);
    return take_parts(task, part, leaf_count, &answer, beside, beside_max);
}
