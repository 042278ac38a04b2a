#include "node/rerun.h"

#include <string.h>

#include "message/message.h"
#include "node/admission.h"

enum { RECORD_MAX = INT32_MAX };

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

static vch_status submit(struct vch_session_host *host, const struct vch_kept_record *record,
                         struct vch_complaint *complaint)
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
    struct vch_task asked = {0}, *task = NULL;

    VCH_TRY(vch_admission_check(&asked, &request, &admission, complaint));
    VCH_TRY(vch_session_set_aside(&task, host, &asked, complaint));
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
    struct vch_arena arena;

    vch_arena_init(&arena, RECORD_MAX);
    vch_status status = vch_kept_load(&record, kept, run, &arena);
    if (vch_is_ok(status)) status = submit(host, &record, complaint);
    vch_arena_release(&arena);
    return status;
}
