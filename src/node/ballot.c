#include "node/ballot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/derive.h"
#include "host/clock.h"
#include "host/log.h"
#include "member/follower.h"
#include "member/handover.h"
#include "member/ledger_link.h"
#include "node/answers.h"
#include "node/appeals.h"
#include "node/kept.h"
#include "node/referee.h"
#include "node/sides.h"

enum {
    ARENA_MAX = 64 << 20,
    SCRATCH_MAX = 1 << 20,
    QUEUE_MAX = 4096, // drafts that wait to be sent
    APPENDS_MAX = 8,  // under way
    AGAIN_MS = 10000, // between two tries to compute leaves again
};

struct draft {
    uint8_t *bytes;
    size_t size;
};

struct vch_ballot {
    struct vch_ballot_setup setup;
    struct vch_follower *follower;
    struct vch_ledger_link *link;
    struct vch_handover *handover;
    struct vch_answers *answers;
    struct vch_appeals appeals;
    struct vch_journal journal;
    struct vch_kept kept;
    struct vch_sides sides;
    struct vch_arena arena, scratch;
    uint32_t live_streams, append_count;
    struct draft queue[QUEUE_MAX];
    uint32_t queue_first, queue_count;
    bool was_ready;
};

static void pop(struct vch_ballot *ballot)
{
    free(ballot->queue[ballot->queue_first].bytes);
    ballot->queue_first = (ballot->queue_first + 1) % QUEUE_MAX;
    ballot->queue_count--;
}

static void send_queue(struct vch_ballot *ballot);

static void on_appended(void *context, vch_status status,
                        const struct vch_ledger_link_taken *results, uint32_t count)
{
    struct vch_ballot *ballot = context;

    ballot->append_count--;
    if (!vch_is_ok(status)) return; // what was under way is said again (node/again.h)
    for (uint32_t i = 0; i < count; i++)
        if (!vch_is_ok(results[i].status))
            vch_log_write(VCH_LOG_DEBUG, "ledger: not taken: %s", results[i].text);
    send_queue(ballot);
}

static void send_queue(struct vch_ballot *ballot)
{
    struct vch_follower_bytes drafts[VCH_LEDGER_LINK_DRAFTS_MAX];

    while (ballot->queue_count > 0 && ballot->append_count < APPENDS_MAX) {
        uint32_t count = 0;
        for (; count < ballot->queue_count && count < VCH_LEDGER_LINK_DRAFTS_MAX; count++) {
            const struct draft *draft = &ballot->queue[(ballot->queue_first + count) % QUEUE_MAX];
            drafts[count] = (struct vch_follower_bytes){draft->bytes, draft->size};
        }
        if (!vch_is_ok(vch_ledger_link_append(ballot->link, drafts, count, on_appended, ballot)))
            return; // no room now: the next answer makes some
        ballot->append_count++;
        for (uint32_t i = 0; i < count; i++)
            pop(ballot);
    }
}

// Of a job: whose it is, and what its seats are given at most. False of a dispute.
static bool look_up(struct vch_public_key *client, uint64_t *size, const struct vch_ballot *ballot,
                    const struct vch_contest *contest)
{
    const struct vch_job_record *job =
        vch_state_job(vch_follower_state(ballot->follower), &contest->id.subject);
    const struct vch_model *model = vch_models_find(ballot->setup.models, &contest->model);
    const struct vch_cut *cut = model != NULL ? vch_models_cut_at(model, contest->first) : NULL;

    if (contest->is_dispute || job == NULL) return false;
    *client = job->client;
    *size = job->size; // what it does not hold it is not given either
    if (cut != NULL) *size += vch_models_cut_size(model, cut, job->batch);
    return true;
}

static bool may_draw(void *context, const struct vch_contest *contest)
{
    const struct vch_ballot *ballot = context;
    struct vch_public_key client;
    uint64_t size = 0;

    return !look_up(&client, &size, ballot, contest) ||
           vch_kept_has_room(&ballot->kept, &contest->id, &client, size);
}

// It draws: what it may be given is booked.
static void book(struct vch_ballot *ballot, const struct vch_contest_id *id)
{
    const struct vch_contest *contest = vch_state_contest(vch_follower_state(ballot->follower), id);
    struct vch_public_key client;
    uint64_t size = 0;

    if (contest != NULL && look_up(&client, &size, ballot, contest))
        vch_kept_book(&ballot->kept, id, &client, size);
}

// One of the node's statements: signed and queued.
static void send_entry(void *context, struct vch_entry *entry)
{
    struct vch_ballot *ballot = context;
    struct vch_arena_mark mark = vch_arena_mark(&ballot->scratch);
    struct draft *draft = &ballot->queue[(ballot->queue_first + ballot->queue_count) % QUEUE_MAX];
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (ballot->queue_count == QUEUE_MAX) return; // the ledger is away: said again
    if (ballot->setup.on_statement != NULL &&
        !ballot->setup.on_statement(ballot->setup.on_statement_context,
                                    vch_follower_state(ballot->follower), entry))
        return;
    vch_status status = vch_entry_sign_by(entry, &ballot->setup.charter.id, ballot->setup.signer,
                                          &ballot->scratch, NULL);
    if (vch_is_ok(status)) status = vch_entry_encode(&bytes, &size, entry, &ballot->scratch, NULL);
    draft->bytes = vch_is_ok(status) ? calloc(size, 1) : NULL;
    if (draft->bytes != NULL) {
        memcpy(draft->bytes, bytes, size);
        draft->size = size;
        ballot->queue_count++;
        if (entry->kind == VCH_ENTRY_SORTITION) book(ballot, &entry->contest);
        vch_handover_owe(ballot->handover, entry, bytes, size);
    }
    vch_arena_rewind(&ballot->scratch, mark);
}

// A referee to whom no side has opened anything commits to that, before its time is over: silence
// would cost it more.
static void give_up_as_referee(struct vch_ballot *ballot, const struct vch_state *state)
{
    const uint64_t wait_ms = ballot->setup.charter.parameters.commit_ms * 3 / 4;
    static const struct vch_digest nothing;

    for (const struct vch_contest *at = vch_state_next_contest(state, NULL); at != NULL;
         at = vch_state_next_contest(state, at)) {
        if (!at->is_dispute || at->phase != VCH_CONTEST_COMMITTING) continue;
        if (vch_answers_own(ballot->answers, at) == NULL ||
            vch_answers_has_answer(ballot->answers, &at->id))
            continue;
        if (vch_clock_unix_ms() < at->phase_ms + wait_ms) continue;
        vch_status status = vch_answers_answer(ballot->answers, &at->id, &nothing, NULL);
        if (!vch_is_ok(status)) return; // the journal cannot be written: turn says so
    }
}

// Says what is due, once what was answered is on disk.
static void turn(struct vch_ballot *ballot)
{
    // Seats' answers are with what it takes to defend them, a referee's in the journal.
    if (!vch_is_ok(vch_kept_sync(&ballot->kept)) ||
        !vch_is_ok(vch_journal_sync(&ballot->journal))) {
        vch_log_write(VCH_LOG_ERROR, "journal %s or %s cannot be written: nothing is committed to",
                      ballot->setup.journal, ballot->kept.vault.folder);
        return;
    }
    const struct vch_state *state = vch_follower_state(ballot->follower);
    give_up_as_referee(ballot, state);
    vch_answers_turn(ballot->answers, state, vch_clock_unix_ms());
    vch_appeals_turn(&ballot->appeals, state, vch_clock_unix_ms());
    vch_sides_turn(&ballot->sides, state, vch_clock_monotonic_us() / 1000);
    vch_kept_sweep(&ballot->kept, state);
    send_queue(ballot);
}

static bool is_wanted(void *context, const uint8_t *draft, size_t size)
{
    struct vch_ballot *ballot = context;

    return vch_is_ok(vch_follower_judge(ballot->follower, draft, size, vch_clock_unix_ms(), NULL));
}

static void on_entry(void *context, uint64_t position, const struct vch_entry *entry)
{
    struct vch_ballot *ballot = context;

    vch_handover_note(ballot->handover, position, entry);
}

static void on_progress(void *context)
{
    struct vch_ballot *ballot = context;

    turn(ballot);
    ballot->setup.on_progress(ballot->setup.context);
}

static void on_change(void *context, enum vch_ledger_link_state state)
{
    struct vch_ballot *ballot = context;

    if (state == VCH_LEDGER_LINK_READY) {
        vch_log_write(VCH_LOG_INFO, "ledger %s: connected", ballot->setup.charter.origin);
        while (ballot->queue_count > 0)
            pop(ballot);
        if (ballot->was_ready) {
            vch_answers_forget_sent(ballot->answers);
            vch_appeals_forget_sent(&ballot->appeals);
        }
        ballot->was_ready = true;
        turn(ballot);
    } else if (state == VCH_LEDGER_LINK_BROKEN ||
               (ballot->was_ready && state == VCH_LEDGER_LINK_DOWN)) {
        vch_log_write(state == VCH_LEDGER_LINK_BROKEN ? VCH_LOG_ERROR : VCH_LOG_WARNING,
                      "ledger %s: %s", ballot->setup.charter.origin,
                      vch_ledger_link_trouble(ballot->link));
    }
}

static void recall(void *context, const struct vch_journal_record *record)
{
    vch_answers_recall(context, record);
}

static const struct vch_digest *leaves(void *context, const struct vch_digest *job,
                                       uint32_t segment, const struct vch_digest *trace,
                                       uint32_t *count)
{
    struct vch_ballot *ballot = context;
    struct vch_kept_run *run = vch_kept_find_trace(&ballot->kept, job, segment, trace);
    const uint64_t now_ms = vch_clock_monotonic_us() / 1000;

    if (run == NULL) return NULL;
    *count = run->leaf_count;
    if (run->leaves == NULL && (run->asked_ms == 0 || now_ms >= run->asked_ms + AGAIN_MS)) {
        run->asked_ms = now_ms;
        ballot->setup.run_again(ballot->setup.context, &ballot->kept, run);
    }
    return run->leaves;
}

// What is kept of a run. UNSUPPORTED: of a model that this node holds no more.
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

void vch_ballot_derive(struct vch_ballot_keys *out, const struct vch_secret_key *key,
                       const struct vch_vrf_secret *vrf, const struct vch_digest *ledger)
{
    out->seat = (struct vch_seat_keys){.node = key->public_key, .vrf = *vrf};
    vch_derive_seat_secret(out->seat.secret, key, ledger);
    vch_derive_runs_key(out->runs_key, key, ledger);
}

static vch_status open_seats(struct vch_ballot *ballot, struct vch_complaint *complaint)
{
    const struct vch_ballot_setup *setup = &ballot->setup;
    const struct vch_answers_setup answers = {.keys = &setup->keys.seat,
                                              .journal = &ballot->journal,
                                              .send = send_entry,
                                              .may_draw = may_draw,
                                              .context = ballot};
    const struct vch_appeals_setup appeals = {.self = setup->signer->public_key,
                                              .disputes = setup->disputes,
                                              .send = send_entry,
                                              .leaves = leaves,
                                              .context = ballot};
    VCH_TRY(vch_answers_new(&ballot->answers, &answers, &ballot->arena));
    VCH_TRY(vch_appeals_init(&ballot->appeals, &appeals, &ballot->arena));
    return vch_journal_open(&ballot->journal, setup->journal, recall, ballot->answers, complaint);
}

static void found(void *context, const struct vch_kept_record *record)
{
    struct vch_ballot *ballot = context;
    const struct vch_journal_record answer = {record->contest, record->output, record->trace};

    vch_answers_recall(ballot->answers, &answer);
    vch_appeals_await(&ballot->appeals, &record->contest, record->seen);
}

// The journal is open: its lock is that of what lies beside it, too.
static vch_status open_runs(struct vch_ballot *ballot, struct vch_complaint *complaint)
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

static vch_status operands(void *context, struct vch_tensor *out,
                           const struct vch_kept_opening *opening, struct vch_arena *arena)
{
    const struct vch_ballot *ballot = context;

    return ballot->setup.operands(ballot->setup.context, out, opening, arena);
}

static void prepare_sides(struct vch_ballot *ballot)
{
    const struct vch_ballot_setup *setup = &ballot->setup;
    const struct vch_sides_setup sides = {.base = setup->base,
                                          .tls = setup->tls,
                                          .live_count = &ballot->live_streams,
                                          .self = setup->signer->public_key,
                                          .peers = setup->peers,
                                          .kernels = setup->kernels,
                                          .policy = setup->peer_policy,
                                          .attester = setup->attester,
                                          .run = show_run,
                                          .leaves = leaves,
                                          .operands = setup->operands != NULL ? operands : NULL,
                                          .context = ballot};

    vch_sides_init(&ballot->sides, &sides);
}

static vch_status start(struct vch_ballot *ballot, struct vch_complaint *complaint)
{
    const struct vch_ballot_setup *setup = &ballot->setup;
    // What others signed is for the clerk and for auditors to check; this node needs to know where
    // contests stand, and that rests on cosigned roots.
    const struct vch_follower_setup follower = {.charter = setup->charter,
                                                .trusts_signatures = true,
                                                .on_entry = on_entry,
                                                .context = ballot};
    const struct vch_handover_setup handover = {.base = setup->base,
                                                .origin = setup->charter.origin,
                                                .urls = setup->witness_urls,
                                                .url_count = setup->witness_count,
                                                .patience_ms = setup->witness_after_ms,
                                                .parameters = setup->charter.parameters,
                                                .is_wanted = is_wanted,
                                                .context = ballot};

    vch_arena_init(&ballot->arena, ARENA_MAX);
    vch_arena_init(&ballot->scratch, SCRATCH_MAX);
    prepare_sides(ballot);
    VCH_TRY(open_seats(ballot, complaint));
    VCH_TRY(open_runs(ballot, complaint));
    VCH_TRY(vch_follower_new(&ballot->follower, &follower, complaint));
    VCH_TRY(vch_handover_new(&ballot->handover, &handover, complaint));
    const struct vch_ledger_link_setup link = {.base = setup->base,
                                               .tls = setup->tls,
                                               .signer = setup->signer,
                                               .live_count = &ballot->live_streams,
                                               .host = setup->host,
                                               .port = setup->port,
                                               .charter = setup->charter,
                                               .follower = ballot->follower,
                                               .on_progress = on_progress,
                                               .on_change = on_change,
                                               .context = ballot};
    return vch_ledger_link_new(&ballot->link, &link, complaint);
}

vch_status vch_ballot_new(struct vch_ballot **out, const struct vch_ballot_setup *setup,
                          struct vch_complaint *complaint)
{
    struct vch_ballot *ballot = calloc(1, sizeof *ballot);

    if (ballot == NULL) return VCH_FAIL(NO_MEMORY);
    ballot->setup = *setup;
    ballot->journal.file = -1;
    vch_status status = start(ballot, complaint);
    if (!vch_is_ok(status)) {
        vch_ballot_free(ballot);
        return status;
    }
    *out = ballot;
    return VCH_OK;
}

void vch_ballot_free(struct vch_ballot *ballot)
{
    if (ballot == NULL) return;
    if (ballot->link != NULL) vch_ledger_link_free(ballot->link);
    vch_handover_free(ballot->handover);
    vch_sides_release(&ballot->sides);
    while (ballot->live_streams > 0) // each ends within its linger
        if (event_base_loop(ballot->setup.base, EVLOOP_ONCE) != 0) break;
    while (ballot->queue_count > 0)
        pop(ballot);
    vch_follower_free(ballot->follower);
    vch_kept_close(&ballot->kept);
    vch_journal_close(&ballot->journal);
    vch_arena_release(&ballot->scratch);
    vch_arena_release(&ballot->arena);
    vch_wipe(&ballot->setup.keys, sizeof ballot->setup.keys);
    free(ballot);
}

uint64_t vch_ballot_keep_max(const struct vch_ballot *ballot)
{
    return vch_kept_size_max(&ballot->kept);
}

const struct vch_state *vch_ballot_state(const struct vch_ballot *ballot)
{
    return vch_follower_state(ballot->follower);
}

static struct vch_contest_id contest_of(const struct vch_task *task)
{
    return (struct vch_contest_id){task->job_id, task->segment, task->round};
}

static enum vch_session_leave never(struct vch_complaint *complaint, const char *why)
{
    (void)vch_complain(complaint, VCH_CODE_REFUSED, "%s", why);
    return VCH_SESSION_NEVER;
}

enum vch_session_leave vch_ballot_may_work(const struct vch_ballot *ballot, struct vch_task *task,
                                           struct vch_complaint *complaint)
{
    const struct vch_contest_id id = contest_of(task);
    const struct vch_contest *contest =
        vch_state_contest(vch_follower_state(ballot->follower), &id);
    const uint64_t size = task->input_size + task->job_size;

    if (vch_ledger_link_state(ballot->link) == VCH_LEDGER_LINK_BROKEN)
        return never(complaint, "the ledger contradicted itself: this node left it");
    if (contest == NULL) return VCH_SESSION_NOT_YET; // its entry may be on its way to us
    if (contest->phase < VCH_CONTEST_COMMITTING) return VCH_SESSION_NOT_YET;
    if (vch_answers_own(ballot->answers, contest) == NULL)
        return never(complaint, "this node was not drawn for that segment and round");
    if (contest->phase > VCH_CONTEST_COMMITTING)
        return never(complaint, "the time to answer is over");
    if (!contest->has_input) return VCH_SESSION_OWED;
    if (vch_kept_find(&ballot->kept, &id) == NULL &&
        !vch_kept_fits(&ballot->kept, &id, &task->client, size))
        return never(complaint, "this node has no room to keep that input for disputes: all of it "
                                "is taken, or this client's share");
    task->has_promised_input = true;
    task->promised_input = contest->input;
    return VCH_SESSION_GO;
}

enum vch_session_leave vch_ballot_may_show(const struct vch_ballot *ballot,
                                           const struct vch_task *task,
                                           struct vch_complaint *complaint)
{
    const struct vch_contest_id id = contest_of(task);
    const struct vch_contest *contest =
        vch_state_contest(vch_follower_state(ballot->follower), &id);

    if (contest == NULL) return never(complaint, "the job has ended without a verdict");
    // From the anchor of the close on nobody can commit to what we show.
    return contest->phase >= VCH_CONTEST_REVEALING ? VCH_SESSION_GO : VCH_SESSION_NOT_YET;
}

// First what it takes to defend an answer, then the answer: what is committed to is kept.
static vch_status take_answer(struct vch_ballot *ballot, const struct vch_task *task)
{
    const struct vch_contest_id id = contest_of(task);
    const uint64_t seen = vch_state_size(vch_follower_state(ballot->follower));
    bool is_new = !vch_answers_has_answer(ballot->answers, &id);

    VCH_TRY(vch_kept_add(&ballot->kept, task, seen, vch_clock_unix_ms()));
    VCH_TRY(vch_answers_answer(ballot->answers, &id, &task->vote.output, &task->trace));
    if (is_new) vch_appeals_await(&ballot->appeals, &id, seen);
    return VCH_OK;
}

vch_status vch_ballot_computed(struct vch_ballot *ballot, const struct vch_task *task,
                               struct vch_complaint *complaint)
{
    const struct vch_referee *referee = task->referee;
    vch_status status = referee != NULL ? vch_answers_answer(ballot->answers, &referee->contest,
                                                             &referee->answer, NULL)
                                        : take_answer(ballot, task);

    if (vch_is_ok(status)) return VCH_OK;
    vch_log_write(VCH_LOG_ERROR, "an answer cannot be kept in %s: %s", ballot->kept.vault.folder,
                  vch_code_text(status.code));
    return vch_complain(complaint, status.code, "this node cannot keep its answer");
}

void vch_ballot_flush(struct vch_ballot *ballot)
{
    turn(ballot);
}
