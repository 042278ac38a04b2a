#include "node/referee.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/merkle.h"
#include "message/message.h"

enum { ROUNDS_MAX = 4, SCRATCH_MAX = 64 << 20 };

const struct vch_contest *vch_referee_contest(const struct vch_state *state,
                                              const struct vch_digest *dispute)
{
    for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
        const struct vch_contest_id id = {*dispute, 0, round};
        const struct vch_dispute *of = vch_state_dispute(state, dispute);
        struct vch_contest_id named = id;
        if (of == NULL) return NULL;
        named.segment = of->segment;
        const struct vch_contest *contest = vch_state_contest(state, &named);
        if (contest != NULL && contest->phase == VCH_CONTEST_COMMITTING) return contest;
    }
    return NULL;
}

static bool is_side(const struct vch_state *state, const struct vch_dispute *dispute,
                    const struct vch_public_key *key)
{
    return vch_is_equal(&dispute->by, key, sizeof *key) ||
           vch_state_is_defence(state, dispute, key);
}

// The seat of this node in the dispute's contest, while it may answer; NULL.
static const struct vch_seat *find_seat(const struct vch_contest *contest,
                                        const struct vch_public_key *self)
{
    const struct vch_seat *seat = contest != NULL ? vch_state_seat(contest, self) : NULL;

    return seat != NULL && seat->state == VCH_SEAT_DRAWN ? seat : NULL;
}

bool vch_referee_awaits(const struct vch_state *state, const struct vch_public_key *self,
                        const struct vch_public_key *side)
{
    for (const struct vch_dispute *at = vch_state_next_dispute(state, NULL); at != NULL;
         at = vch_state_next_dispute(state, at))
        if (at->phase == VCH_DISPUTE_REFEREES && is_side(state, at, side) &&
            find_seat(vch_referee_contest(state, &at->id), self) != NULL)
            return true;
    return false;
}

static vch_status refuse(struct vch_complaint *complaint, const char *why)
{
    return vch_complain(complaint, VCH_CODE_REFUSED, "%s", why);
}

// Which dispute, which seat, which side, and what the ledger says of the segment.
static vch_status check_dispute(struct vch_referee *referee, const struct vch_dispute **dispute,
                                const Vouch__RefereeRequest *request,
                                const struct vch_admission *admission,
                                const struct vch_state *state, const struct vch_public_key *self,
                                struct vch_complaint *complaint)
{
    struct vch_digest id;

    VCH_TRY(vch_message_copy(id.bytes, sizeof id.bytes, &request->dispute, "dispute", complaint));
    *dispute = vch_state_dispute(state, &id);
    const struct vch_contest *contest = vch_referee_contest(state, &id);
    if (*dispute == NULL || find_seat(contest, self) == NULL)
        return refuse(complaint, "this node has no seat in that dispute, or need not answer now");
    bool is_disputer = vch_is_equal(&(*dispute)->by, admission->client, sizeof(*dispute)->by);
    if (!is_side(state, *dispute, admission->client))
        return refuse(complaint, "only a side of the dispute opens what it is about");
    const struct vch_contest_id disputed = {(*dispute)->job, (*dispute)->segment, 0};
    const struct vch_contest *origin = vch_state_contest(state, &disputed);
    if (origin == NULL || !origin->has_input)
        return refuse(complaint, "the ledger does not hold the disputed segment any more");
    referee->contest = contest->id;
    referee->trace = (*dispute)->trace[is_disputer ? 0 : 1];
    referee->input = origin->input;
    referee->is_output = (*dispute)->place == VCH_DISPUTE_OUTPUT;
    return VCH_OK;
}

static vch_status check_nonces(const struct vch_job *job, uint32_t segment,
                               const struct vch_nonce *input, const struct vch_nonce *output,
                               struct vch_complaint *complaint)
{
    struct vch_digest in = vch_commitment_pin(input), out = vch_commitment_pin(output);

    if (vch_hash_is_equal(&in, &job->nonces[segment]) &&
        vch_hash_is_equal(&out, &job->nonces[segment + 1]))
        return VCH_OK;
    return refuse(complaint, "the nonces are not those that the job pins");
}

uint32_t vch_referee_operator(const struct vch_dispute *dispute,
                              const struct vch_trace_segment *segment)
{
    if (dispute->place < vch_trace_count(segment)) return segment->first + dispute->place;
    for (uint32_t i = segment->first; dispute->place == VCH_DISPUTE_OUTPUT && i < segment->last;
         i++)
        if (segment->graph->operators[i].output == segment->output) return i;
    return VCH_NONE;
}

// The job that the disputed id stands for, and the segment of it that this node holds.
static vch_status check_segment(struct vch_referee *referee, struct vch_task *task,
                                const struct vch_dispute *dispute,
                                const Vouch__RefereeRequest *request, const struct vch_job *job,
                                const struct vch_admission *admission, struct vch_arena *scratch,
                                struct vch_complaint *complaint)
{
    struct vch_nonce input = {{0}}, output;
    uint32_t index = dispute->segment;

    if (index >= job->segment_count || job->commitment_kind != VCH_COMMITMENT_SHA256)
        return refuse(complaint, "the job has no such segment, or its commitments are of kind 2");
    VCH_TRY(vch_message_copy(output.bytes, sizeof output.bytes, &request->output_nonce,
                             "output nonce", complaint));
    VCH_TRY(vch_message_copy(input.bytes, sizeof input.bytes, &request->input_nonce, "input nonce",
                             complaint));
    VCH_TRY(check_nonces(job, index, &input, &output, complaint));
    task->model = vch_models_find(admission->models, &job->model);
    task->first = job->segments[index].first;
    task->last = job->segments[index].last;
    task->batch = job->batch;
    task->segment = index;
    if (task->model == NULL || !vch_models_is_held(task->model, task->first, task->last))
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "this node does not hold operators %u to %u of that model", task->first,
                            task->last);
    const struct vch_graph *graph = task->model->package.graph;
    VCH_TRY(vch_trace_segment_init(&referee->segment, graph, task->first, task->last, &input,
                                   &output, scratch));
    referee->operator_ = vch_referee_operator(dispute, &referee->segment);
    if (referee->operator_ == VCH_NONE)
        return refuse(complaint, "the disputed operator is not in the segment");
    return VCH_OK;
}

static vch_status check_operand(struct vch_referee_operand *operand,
                                const struct vch_referee *referee, const Vouch__RefereeInput *input,
                                const struct vch_task *task, struct vch_complaint *complaint)
{
    const struct vch_value *value = &referee->segment.graph->values[operand->read.value];
    const struct vch_tensor tensor = {.type = value->type, .shape = value->shape};
    uint32_t place = operand->read.operator_ == VCH_NONE
                         ? 0
                         : operand->read.operator_ - referee->segment.first + 1;

    operand->size = vch_tensor_size(&tensor) * task->batch;
    operand->path_count = (uint32_t)input->n_path;
    if (input->place != place || input->size != operand->size ||
        input->n_path > VCH_MERKLE_DEPTH_MAX)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "an input at place %u of %" PRIu64 " bytes; the operator reads place "
                            "%u with %zu",
                            input->place, input->size, place, operand->size);
    for (size_t i = 0; i < input->n_path; i++)
        VCH_TRY(vch_message_copy(operand->path[i].bytes, sizeof operand->path[i].bytes,
                                 &input->path[i], "digest of a path", complaint));
    return VCH_OK;
}

static vch_status check_operands(struct vch_referee *referee, struct vch_task *task,
                                 const Vouch__RefereeRequest *request,
                                 const struct vch_admission *admission, struct vch_arena *scratch,
                                 struct vch_complaint *complaint)
{
    struct vch_trace_read reads[VCH_GRAPH_OPERANDS_MAX];
    size_t memory = 0, total = 0;

    referee->operand_count = vch_trace_reads(reads, &referee->segment, referee->operator_);
    if (request->n_inputs != referee->operand_count)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "%zu inputs for an operator that reads %u", request->n_inputs,
                            referee->operand_count);
    for (uint32_t i = 0; i < referee->operand_count; i++) {
        referee->operands[i].read = reads[i];
        VCH_TRY(check_operand(&referee->operands[i], referee, request->inputs[i], task, complaint));
        total += referee->operands[i].size;
    }
    if (request->size != total || total == 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "%" PRIu64 " bytes are announced for inputs of %zu", request->size,
                            total);
    task->input = (struct vch_tensor){0}; // its data is all of them, one after the other
    task->input_size = total;
    VCH_TRY(vch_engine_memory(&memory, admission->kernels, task->model, referee->operator_,
                              referee->operator_ + 1, task->batch, false, scratch));
    task->memory = 2 * memory + 2 * total; // prepared here, as the operator runs alone
    if (task->memory <= admission->memory_max) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT, "this takes %zu bytes; this node allows %zu",
                        task->memory, admission->memory_max);
}

static vch_status check(struct vch_referee *referee, struct vch_task *task,
                        const Vouch__RefereeRequest *request, const struct vch_admission *admission,
                        const struct vch_state *state, const struct vch_public_key *self,
                        struct vch_arena *scratch, struct vch_complaint *complaint)
{
    struct vch_job *job = VCH_ARENA_NEW(scratch, struct vch_job, 1);
    const struct vch_dispute *dispute = NULL;

    if (job == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(check_dispute(referee, &dispute, request, admission, state, self, complaint));
    if (request->job.len > VCH_JOB_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a job of %zu bytes", request->job.len);
    task->job_id = vch_job_id(request->job.data, request->job.len);
    if (!vch_hash_is_equal(&task->job_id, &dispute->job))
        return refuse(complaint, "that is not the disputed job");
    VCH_TRY(vch_job_decode(job, request->job.data, request->job.len, scratch, complaint));
    VCH_TRY(check_segment(referee, task, dispute, request, job, admission, scratch, complaint));
    return check_operands(referee, task, request, admission, scratch, complaint);
}

vch_status vch_referee_check(struct vch_task *task, const Vouch__RefereeRequest *request,
                             const struct vch_admission *admission, const struct vch_state *state,
                             const struct vch_public_key *self, struct vch_complaint *complaint)
{
    struct vch_referee *referee = calloc(1, sizeof *referee);
    struct vch_arena scratch;

    if (referee == NULL) return VCH_FAIL(NO_MEMORY);
    task->id = request->id;
    vch_arena_init(&scratch, SCRATCH_MAX);
    vch_status status = check(referee, task, request, admission, state, self, &scratch, complaint);
    vch_arena_release(&scratch);
    task->referee = referee;
    if (vch_is_ok(status)) return VCH_OK;
    free(referee);
    task->referee = NULL;
    return status;
}

// Does this tensor lie behind a leaf that the sending side is held to? All leaves before the
// disputed one are the other side's too.
static vch_status open_earlier(struct vch_trace_operand *out, const struct vch_referee *referee,
                               const struct vch_referee_operand *operand, uint32_t batch)
{
    struct vch_digest digest = vch_tensor_digest(&out->tensor, batch);

    if (!referee->is_output && operand->read.operator_ >= referee->operator_)
        return VCH_FAIL(BAD_PROOF);
    out->commitment = vch_trace_commitment(&referee->segment, operand->read.operator_, &digest);
    return vch_trace_verify(&referee->trace, &referee->segment, operand->read.operator_,
                            &out->commitment, operand->path, operand->path_count);
}

static vch_status open_operands(struct vch_trace_operand *out, const struct vch_referee *referee,
                                const struct vch_task *task)
{
    uint8_t *at = task->input.data;

    for (uint32_t i = 0; i < referee->operand_count; i++) {
        const struct vch_referee_operand *operand = &referee->operands[i];
        const struct vch_value *value = &referee->segment.graph->values[operand->read.value];
        out[i].tensor = (struct vch_tensor){.type = value->type, .shape = value->shape, .data = at};
        out[i].commitment = referee->input;
        if (operand->read.operator_ != VCH_NONE)
            VCH_TRY(open_earlier(&out[i], referee, operand, task->batch));
        at += operand->size;
    }
    return VCH_OK;
}

vch_status vch_referee_execute(const struct vch_engine *engine, struct vch_task *task)
{
    struct vch_referee *referee = task->referee;
    struct vch_trace_operand operands[VCH_GRAPH_OPERANDS_MAX];
    struct vch_digest commitment;
    const struct vch_trace_replay replay = {.segment = &referee->segment,
                                            .operator_ = referee->operator_,
                                            .batch = task->batch,
                                            .kernels = engine->kernels,
                                            .workers = engine->workers,
                                            .operands = operands};

    vch_status status = open_operands(operands, referee, task);
    if (vch_is_ok(status))
        status = vch_trace_replay(&commitment, &replay, &task->arena, &task->complaint);
    if (status.code == VCH_CODE_BAD_PROOF)
        return vch_complain(&task->complaint, VCH_CODE_REFUSED,
                            "what was sent does not open what both sides are held to");
    VCH_TRY(status);
    referee->answer = referee->is_output
                          ? commitment
                          : vch_merkle_leaf(commitment.bytes, sizeof commitment.bytes);
    return VCH_OK;
}
