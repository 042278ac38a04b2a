// What members ask for beside drafts, on its way to the keeper; proofs wait for a checkpoint first.
#include "host/clock.h"
#include "ledger/ledger_parts.h"

static void on_done(void *context, struct vch_lane_job *job)
{
    struct vch_ledger *ledger = context;

    vch_streams_finish(&ledger->host, (struct vch_request *)job);
}

// A registry on its way into the store: decoded and judged first.
static void run_put(void *subject, struct vch_lane_job *job)
{
    struct vch_request *request = (struct vch_request *)job;
    const struct vch_ledger *ledger = job->context;
    struct vch_archive_item *item = NULL;

    job->status = vch_archive_decode(&item, request->blob, request->blob_size,
                                     &ledger->charter.founder, &job->complaint);
    if (!vch_is_ok(job->status)) return;
    request->digest = *vch_archive_digest(item);
    vch_keeper_run(subject, job);
    if (vch_is_ok(job->status))
        request->host = item;
    else
        vch_archive_discard(item);
}

static void on_put(void *context, struct vch_lane_job *job)
{
    const struct vch_request *request = (const struct vch_request *)job;
    struct vch_ledger *ledger = context;

    if (request->host != NULL) vch_archive_add(ledger->archive, request->host);
    on_done(ledger, job);
}

static void keep(struct vch_ledger *ledger, struct vch_request *request)
{
    bool is_put = request->kind == VCH_REQUEST_PUT_BLOB;

    request->job.run = is_put ? run_put : vch_keeper_run;
    request->job.done = is_put ? on_put : on_done;
    request->job.context = ledger;
    vch_lane_submit(ledger->keeper, &request->job);
}

static bool is_covered(const struct vch_ledger *ledger, const struct vch_request *request)
{
    return request->positions[request->count - 1] < ledger->checkpoints.size; // the highest
}

void vch_ledger_parts_submit(void *context, struct vch_request *request)
{
    struct vch_ledger *ledger = context;

    if (request->kind == VCH_REQUEST_APPEND)
        vch_pipeline_submit(ledger->pipeline, request);
    else if (request->kind == VCH_REQUEST_PROVE && !is_covered(ledger, request))
        vch_request_push(&ledger->proving, request);
    else
        keep(ledger, request);
}

static void look_at(struct vch_ledger *ledger, struct vch_request *request)
{
    if (is_covered(ledger, request)) {
        keep(ledger, request);
    } else if (request->session == NULL || vch_clock_monotonic_ms() >= request->give_up_ms) {
        request->job.status =
            vch_complain(&request->job.complaint, VCH_CODE_TIMEOUT,
                         "no cosigned checkpoint covers this yet: are the witnesses there?");
        vch_streams_finish(&ledger->host, request);
    } else {
        vch_request_push(&ledger->proving, request);
    }
}

void vch_ledger_parts_look_at_proofs(struct vch_ledger *ledger)
{
    for (uint64_t left = ledger->proving.count; left > 0; left--)
        look_at(ledger, vch_request_pop(&ledger->proving));
}
