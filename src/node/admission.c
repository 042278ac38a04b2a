#include "node/admission.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "net/frame.h"
#include "node/engine.h"

enum { SCRATCH_MAX = 64 << 20 }; // planning a large graph

static vch_status check_client(const struct vch_job *job, const struct vch_admission *admission,
                               struct vch_complaint *complaint)
{
    const struct vch_registry *registry = admission->registry;

    if (!vch_is_equal(&job->client, admission->client, sizeof job->client))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the job belongs to another client than this connection");
    if (vch_registry_find(registry, &job->client) == NULL)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the client is no member of network %s: it may open something to this "
                            "node as a referee, and ask for nothing",
                            registry->network);
    if (!vch_hash_is_equal(&job->registry, &registry->digest))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the job names another registry than the one this node follows "
                            "(network %s, serial %" PRIu64 "): bring both up to date",
                            registry->network, registry->serial);
    if (registry->expires_ms != 0 && admission->unix_ms >= registry->expires_ms)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the registry of network %s has expired: its founder must sign a new "
                            "one",
                            registry->network);
    if (admission->unix_ms >= job->deadline_ms)
        return vch_complain(complaint, VCH_CODE_TIMEOUT,
                            "the job's deadline has passed by %" PRIu64 " ms; check both clocks",
                            admission->unix_ms - job->deadline_ms);
    return VCH_OK;
}

static vch_status check_model(struct vch_task *task, const struct vch_job *job,
                              const struct vch_admission *admission,
                              struct vch_complaint *complaint)
{
    const struct vch_job_segment *segment = &job->segments[task->segment];

    task->model = vch_models_find(admission->models, &job->model);
    if (task->model == NULL)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED, "this node does not hold that model");
    uint32_t operator_count = task->model->package.graph->operator_count;
    if (job->segments[job->segment_count - 1].last != operator_count)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the job's segments end at operator %u; the model has %u",
                            job->segments[job->segment_count - 1].last, operator_count);
    task->in = vch_models_cut_at(task->model, segment->first);
    task->out = vch_models_cut_at(task->model, segment->last);
    if (task->in == NULL || task->out == NULL)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "operators %u to %u are not a segment: more than one value would cross",
                            segment->first, segment->last);
    if (!vch_models_is_held(task->model, segment->first, segment->last))
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "this node does not hold operators %u to %u", segment->first,
                            segment->last);
    task->first = segment->first;
    task->last = segment->last;
    return VCH_OK;
}

static vch_status check_prover(struct vch_task *task, const struct vch_admission *admission,
                               struct vch_complaint *complaint)
{
    if (task->commitment_kind != VCH_COMMITMENT_MATRIX)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "a proof is asked for, but the job's commitments open inside none");
    task->is_proof = true;
    task->prover = vch_provers_find(admission->provers, task->model, task->first, task->last,
                                    task->log_columns);
    if (task->prover == NULL)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "this node has no annex of operators %u to %u with 2^%u columns",
                            task->first, task->last, task->log_columns);
    return VCH_OK;
}

static uint64_t count_of(const struct vch_model *model, const struct vch_cut *cut, uint32_t batch)
{
    const struct vch_value *value = &model->package.graph->values[cut->value];

    return (uint64_t)vch_tensor_shape_count(&value->shape) * batch;
}

// Adds what committing to both ends takes: one after the other.
static vch_status check_crossing(const struct vch_task *task, const struct vch_admission *admission,
                                 size_t *memory, struct vch_complaint *complaint)
{
    const struct vch_crossing crossing = {.kind = task->commitment_kind,
                                          .log_columns = task->log_columns,
                                          .workers = admission->workers};
    uint64_t in = count_of(task->model, task->in, task->batch);
    uint64_t out = count_of(task->model, task->out, task->batch);
    size_t more = vch_crossing_memory(&crossing, in > out ? in : out);

    if (more > admission->memory_max || *memory > SIZE_MAX - more)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "committing to a batch of %u so that it can be proven does not fit "
                            "this node's %zu bytes: send fewer samples",
                            task->batch, admission->memory_max);
    *memory += more;
    return VCH_OK;
}

// What cannot be kept is not drawn for.
static vch_status check_keeping(const struct vch_task *task, const struct vch_admission *admission,
                                struct vch_complaint *complaint)
{
    const uint64_t size = (uint64_t)task->input_size + task->job_size;

    if (!task->is_agreed || admission->keep_max == 0 || size <= admission->keep_max) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT,
                        "a job and an input of %" PRIu64 " bytes; for disputes this node keeps at "
                        "most %" PRIu64 " of one client: send fewer samples",
                        size, admission->keep_max);
}

static vch_status check_size(struct vch_task *task, uint64_t size,
                             const struct vch_admission *admission, struct vch_arena *scratch,
                             struct vch_complaint *complaint)
{
    const size_t memory_max = admission->memory_max;
    const struct vch_value *value = &task->model->package.graph->values[task->in->value];
    size_t memory = 0;

    task->input = (struct vch_tensor){.type = value->type, .shape = value->shape};
    task->input_size = vch_models_cut_size(task->model, task->in, task->batch);
    task->output_size = vch_models_cut_size(task->model, task->out, task->batch);
    if (size != task->input_size)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the request announces a tensor of %" PRIu64 " bytes; %u samples of "
                            "this boundary have %zu",
                            size, task->batch, task->input_size);
    if (task->input_size > memory_max || task->output_size > memory_max)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a batch of %u does not fit this node's %zu bytes: send fewer samples",
                            task->batch, memory_max);
    VCH_TRY(check_keeping(task, admission, complaint));
    VCH_TRY(vch_engine_memory(&memory, admission->kernels, task->model, task->first, task->last,
                              task->batch, task->is_agreed, scratch));
    VCH_TRY(check_crossing(task, admission, &memory, complaint));
    task->memory = memory + task->input_size + task->output_size + task->job_size;
    if (task->is_proof && task->memory < admission->provers->memory)
        task->memory = admission->provers->memory; // what proving takes is known when it is done
    if (task->memory > memory_max)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the request needs %zu bytes of memory; this node allows %zu: send "
                            "fewer samples",
                            task->memory, memory_max);
    return VCH_OK;
}

// Under another nonce an honest vote would differ from the others': the node would be framed.
static vch_status check_nonces(const struct vch_task *task, const struct vch_job *job,
                               struct vch_complaint *complaint)
{
    struct vch_digest input = vch_commitment_pin(&task->input_nonce);
    struct vch_digest output = vch_commitment_pin(&task->output_nonce);

    if (vch_hash_is_equal(&input, &job->nonces[task->segment]) &&
        vch_hash_is_equal(&output, &job->nonces[task->segment + 1]))
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the request's nonces are not those that the job pins");
}

static vch_status check_agreed(struct vch_task *task, const Vouch__RunRequest *request,
                               const struct vch_admission *admission,
                               struct vch_complaint *complaint)
{
    if (!request->agreed && request->round != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "a round of no contest");
    if (!request->agreed) return VCH_OK;
    if (request->prove)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "a vote on the ledger or a proof is asked for, not both at once");
    if (!admission->is_on_ledger)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "this node is on no ledger: ask for direct votes, or others");
    task->is_agreed = true;
    task->round = request->round;
    task->job = request->job.data;
    task->job_size = request->job.len;
    return VCH_OK;
}

static vch_status check(struct vch_task *task, const Vouch__RunRequest *request,
                        const struct vch_admission *admission, struct vch_arena *scratch,
                        struct vch_complaint *complaint)
{
    struct vch_job *job = VCH_ARENA_NEW(scratch, struct vch_job, 1);

    if (job == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_job_decode(job, request->job.data, request->job.len, scratch, complaint));
    if (!admission->is_again) VCH_TRY(check_client(job, admission, complaint));
    if (request->segment >= job->segment_count ||
        job->segments[request->segment].by != VCH_JOB_BY_NODES)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "segment %u of the job is not one for nodes", request->segment);
    task->id = request->id;
    task->job_id = vch_job_id(request->job.data, request->job.len);
    task->client = job->client;
    task->segment = request->segment;
    task->batch = job->batch;
    task->commitment_kind = job->commitment_kind;
    task->log_columns = job->log_columns;
    task->has_promised_input = request->segment == 0;
    task->promised_input = job->input;
    memcpy(task->input_nonce.bytes, request->input_nonce.data, sizeof task->input_nonce);
    memcpy(task->output_nonce.bytes, request->output_nonce.data, sizeof task->output_nonce);
    VCH_TRY(check_agreed(task, request, admission, complaint));
    VCH_TRY(check_nonces(task, job, complaint));
    VCH_TRY(check_model(task, job, admission, complaint));
    if (request->prove) VCH_TRY(check_prover(task, admission, complaint));
    return check_size(task, request->size, admission, scratch, complaint);
}

vch_status vch_admission_check(struct vch_task *task, const Vouch__RunRequest *request,
                               const struct vch_admission *admission,
                               struct vch_complaint *complaint)
{
    struct vch_arena scratch;

    if (request->job.len > VCH_JOB_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a job of %zu bytes; the limit is %u",
                            request->job.len, VCH_JOB_SIZE_MAX);
    if (request->input_nonce.len != VCH_COMMITMENT_NONCE_SIZE ||
        request->output_nonce.len != VCH_COMMITMENT_NONCE_SIZE)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "a request's nonces have 32 bytes each");
    vch_arena_init(&scratch, SCRATCH_MAX);
    vch_status status = check(task, request, admission, &scratch, complaint);
    vch_arena_release(&scratch);
    return status;
}
