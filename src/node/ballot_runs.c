// The runs that a ballot may have to defend: room for them before it draws, what is kept of them,
// and what the sides of a dispute are shown.
#include <stdio.h>

#include "host/clock.h"
#include "node/ballot_parts.h"

enum { AGAIN_MS = 10000 }; // between two tries to compute leaves again

// Of a job: whose it is, and what its seats are given at most. False of a dispute.
static bool look_up(struct vch_public_key *client, uint64_t *size, const struct vch_ballot *ballot,
                    const struct vch_contest *contest)
{
    const struct vch_job_record *job =
        vch_state_job(vch_ballot_state(ballot), &contest->id.subject);
    const struct vch_model *model = vch_models_find(ballot->setup.models, &contest->model);
    const struct vch_cut *cut = model != NULL ? vch_models_cut_at(model, contest->first) : NULL;

    if (contest->is_dispute || job == NULL) return false;
    *client = job->client;
    *size = job->size; // what it does not hold it is not given either
    if (cut != NULL) *size += vch_models_cut_size(model, cut, job->batch);
    return true;
}

bool vch_ballot_parts_may_draw(void *context, const struct vch_contest *contest)
{
    const struct vch_ballot *ballot = context;
    struct vch_public_key client;
    uint64_t size = 0;

    return !look_up(&client, &size, ballot, contest) ||
           vch_kept_has_room(&ballot->kept, &contest->id, &client, size);
}

void vch_ballot_parts_book(struct vch_ballot *ballot, const struct vch_contest_id *id)
{
    const struct vch_contest *contest = vch_state_contest(vch_ballot_state(ballot), id);
    struct vch_public_key client;
    uint64_t size = 0;

    if (contest != NULL && look_up(&client, &size, ballot, contest))
        vch_kept_book(&ballot->kept, id, &client, size);
}

static void found(void *context, const struct vch_kept_record *record)
{
    struct vch_ballot *ballot = context;
    const struct vch_journal_record answer = {record->contest, record->output, record->trace};

    vch_answers_recall(ballot->answers, &answer);
    vch_appeals_await(&ballot->appeals, &record->contest, record->seen);
}

vch_status vch_ballot_parts_open_runs(struct vch_ballot *ballot, struct vch_complaint *complaint)
{
    const struct vch_ballot_setup *setup = &ballot->setup;
    char folder[VCH_VAULT_PATH_MAX + 1];
    const struct vch_kept_setup kept = {
        .folder = folder,
        .key = setup->keys.runs_key,
        .disk_max = setup->keep_max,
        .window_ms = setup->charter.parameters.dispute_ms,
        .self = setup->signer->public_key,
        .found = found,
        .context = ballot,
    };

    if (snprintf(folder, sizeof folder, "%s.runs", setup->journal) >= (int)sizeof folder)
        return vch_complain(complaint, VCH_CODE_USAGE, "the journal's name is too long");
    return vch_kept_open(&ballot->kept, &kept, &ballot->arena, complaint);
}

const struct vch_digest *vch_ballot_parts_leaves(void *context, const struct vch_digest *job,
                                                 uint32_t segment, const struct vch_digest *trace,
                                                 uint32_t *count)
{
    struct vch_ballot *ballot = context;
    struct vch_kept_run *run = vch_kept_find_trace(&ballot->kept, job, segment, trace);
    const uint64_t now_ms = vch_clock_monotonic_ms();

    if (run == NULL) return NULL;
    *count = run->leaf_count;
    if (run->leaves == NULL && (run->asked_ms == 0 || now_ms >= run->asked_ms + AGAIN_MS)) {
        run->asked_ms = now_ms;
        ballot->setup.run_again(ballot->setup.context, &ballot->kept, run);
    }
    return run->leaves;
}

// UNSUPPORTED: of a model that this node holds no more.
static vch_status show_run(void *context, struct vch_sides_run *out, const struct vch_digest *job,
                           uint32_t segment, const struct vch_digest *trace,
                           struct vch_arena *arena)
{
    const struct vch_ballot *ballot = context;
    const struct vch_kept_run *run = vch_kept_find_trace(&ballot->kept, job, segment, trace);

    if (run == NULL) return VCH_FAIL(UNAVAILABLE);
    VCH_TRY(vch_kept_load(&out->record, &ballot->kept, run, arena));
    const struct vch_model *model = vch_models_find(ballot->setup.models, &out->record.model);
    if (model == NULL) return VCH_FAIL(UNSUPPORTED);
    out->graph = model->package.graph;
    return VCH_OK;
}

static vch_status show_operands(void *context, struct vch_tensor *out,
                                const struct vch_kept_opening *opening, struct vch_arena *arena)
{
    const struct vch_ballot *ballot = context;

    return ballot->setup.operands(ballot->setup.context, out, opening, arena);
}

void vch_ballot_parts_prepare_sides(struct vch_ballot *ballot)
{
    const struct vch_ballot_setup *setup = &ballot->setup;
    const struct vch_sides_setup sides = {.base = setup->base,
                                          .tls = setup->tls,
                                          .live_count = &ballot->voice.live_streams,
                                          .self = setup->signer->public_key,
                                          .peers = setup->peers,
                                          .kernels = setup->kernels,
                                          .policy = setup->peer_policy,
                                          .attester = setup->attester,
                                          .run = show_run,
                                          .leaves = vch_ballot_parts_leaves,
                                          .operands =
                                              setup->operands != NULL ? show_operands : NULL,
                                          .context = ballot};

    vch_sides_init(&ballot->sides, &sides);
}
