#include "node/rerun.h"

#include <string.h>

#include "message/message.h"
#include "model/run.h"
#include "node/admission.h"

enum { RECORD_MAX = INT32_MAX, SCRATCH_MAX = 64 << 20 };

// As its client asked for it.
static Vouch__RunRequest request_of(const struct vch_kept_record *record)
{
    Vouch__RunRequest request = VOUCH__RUN_REQUEST__INIT;

    request.job = vch_message_borrow(record->job, record->job_size);
    request.segment = record->contest.segment;
    request.round = record->contest.round;
    request.agreed = true;
    request.input_nonce =
        vch_message_borrow(record->input_nonce.bytes, sizeof record->input_nonce.bytes);
    request.output_nonce =
        vch_message_borrow(record->output_nonce.bytes, sizeof record->output_nonce.bytes);
    request.size = record->input_size;
    return request;
}

static vch_status check(struct vch_task *asked, const struct vch_session_host *host,
                        const struct vch_kept_record *record, struct vch_complaint *complaint)
{
    const Vouch__RunRequest request = request_of(record);
    const struct vch_admission admission = {.models = host->models,
                                            .provers = host->provers,
                                            .registry = host->registry,
                                            .kernels = host->kernels,
                                            .workers = host->workers,
                                            .memory_max = host->memory_max,
                                            .is_on_ledger = true,
                                            .is_again = true};

    return vch_admission_check(asked, &request, &admission, complaint);
}

static vch_status submit(struct vch_session_host *host, const struct vch_task *asked,
                         const struct vch_kept_record *record, struct vch_complaint *complaint)
{
    struct vch_task *task = NULL;

    VCH_TRY(vch_session_set_aside(&task, host, asked, complaint));
    memcpy(task->input.data, record->input, record->input_size);
    task->received = record->input_size;
    task->state = VCH_TASK_WORKING; // before the worker may touch it
    vch_status status = host->submit(host->context, task);
    if (!vch_is_ok(status)) vch_session_free_task(host, task);
    return status;
}

vch_status vch_rerun_submit(struct vch_session_host *host, const struct vch_kept *kept,
                            const struct vch_kept_run *run, struct vch_complaint *complaint)
{
    struct vch_kept_record record;
    struct vch_task asked = {0};
    struct vch_arena arena;

    vch_arena_init(&arena, RECORD_MAX);
    vch_status status = vch_kept_load(&record, kept, run, &arena);
    if (vch_is_ok(status)) status = check(&asked, host, &record, complaint);
    if (vch_is_ok(status)) status = submit(host, &asked, &record, complaint);
    vch_arena_release(&arena);
    return status;
}

// Beside the run itself, the values are there twice.
static vch_status count_memory(struct vch_task *asked, const struct vch_session_host *host,
                               struct vch_complaint *complaint)
{
    const struct vch_run run = {.graph = asked->model->package.graph,
                                .first = asked->first,
                                .last = asked->operator_,
                                .batch = asked->batch,
                                .kernels = host->kernels};
    struct vch_arena scratch;
    size_t size = 0;

    vch_arena_init(&scratch, SCRATCH_MAX);
    vch_status status =
        run.last > run.first ? vch_run_memory(&size, &run, &scratch) : VCH_OK; // else nothing runs
    vch_arena_release(&scratch);
    VCH_TRY(status);
    asked->memory += 3 * size;
    if (asked->memory <= host->memory_max) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT, "this takes %zu bytes; this node allows %zu",
                        asked->memory, host->memory_max);
}

vch_status vch_rerun_open(struct vch_session_host *host, const struct vch_kept_record *record,
                          uint32_t operator_, struct vch_complaint *complaint)
{
    struct vch_task asked = {0};

    VCH_TRY(check(&asked, host, record, complaint));
    asked.is_agreed = false; // what it was
    asked.is_opening = true;
    asked.operator_ = operator_;
    VCH_TRY(count_memory(&asked, host, complaint));
    return submit(host, &asked, record, complaint);
}
