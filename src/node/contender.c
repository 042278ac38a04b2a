#include "node/contender.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agreement/outcome.h"
#include "base/bytes.h"
#include "host/clock.h"
#include "member/follower.h"
#include "member/handover.h"
#include "member/ledger_link.h"
#include "node/again.h"
#include "node/appeals.h"
#include "node/sides.h"

enum {
    ARENA_MAX = 64 << 20,
    SCRATCH_MAX = 1 << 20,
    CONNECT_MS = 10000,
    STANDSTILL_MS = 60000, // with nothing new, beside all windows of a contest and of a move
    REFUSALS_MAX = 3,      // of one statement that our own rules refuse as well
    TURN_MS_MAX = 600000,  // of the loop at a time
};

struct vch_contender {
    struct vch_contender_setup setup;
    struct vch_follower *follower;
    struct vch_ledger_link *link;
    struct vch_handover *handover;
    struct vch_tls *tls;
    struct vch_attester *attester; // NULL: nothing is shown
    struct vch_appeals appeals;
    struct vch_sides sides;
    struct vch_arena arena, scratch;
    uint32_t live_streams;
    uint64_t position;    // that is waited for
    uint64_t progress_ms; // when the ledger said something last; monotonic

    const struct vch_contender_case *stand; // NULL: nothing is disputed yet
    struct vch_again again;                 // the opening of the dispute
    struct vch_dispute last;                // as the state had it last
    bool is_open, is_over, is_lost;         // lost: refused for good
    bool is_refused_here;                   // our own rules do not take it either
    enum vch_dispute_result result;
    uint32_t refusals;
    char refusal[VCH_COMPLAINT_SIZE];
};

__attribute__((format(printf, 2, 3))) static void tell(const struct vch_contender *contender,
                                                       const char *format, ...)
{
    char text[VCH_COMPLAINT_SIZE];
    va_list args;

    if (contender->setup.on_news == NULL) return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    contender->setup.on_news(contender->setup.context, text);
}

static uint64_t monotonic_ms(void)
{
    return vch_clock_monotonic_us() / 1000;
}

const struct vch_state *vch_contender_state(const struct vch_contender *contender)
{
    return vch_follower_state(contender->follower);
}

const struct vch_dispute *vch_contender_find(const struct vch_contender *contender,
                                             const struct vch_contender_case *stand)
{
    const struct vch_kept_record *record = &stand->record;
    const struct vch_digest id =
        vch_entry_dispute_id(&record->contest.subject, record->contest.segment,
                             &contender->setup.signer->public_key, &record->output, &record->trace);

    return vch_state_dispute(vch_contender_state(contender), &id);
}

// What became of our statement. A ledger that refuses what our own rules take is behind us, ahead
// of us, or lies: it is asked again, and its witnesses have the draft (member/handover.h).
static void on_appended(void *context, vch_status status,
                        const struct vch_ledger_link_taken *results, uint32_t count)
{
    struct vch_contender *contender = context;

    for (uint32_t i = 0; vch_is_ok(status) && i < count; i++) {
        if (vch_is_ok(results[i].status)) continue;
        (void)snprintf(contender->refusal, sizeof contender->refusal, "%s", results[i].text);
        if (contender->is_refused_here) contender->refusals++;
    }
}

static void append(struct vch_contender *contender, const uint8_t *bytes, size_t size)
{
    const struct vch_follower_bytes draft = {bytes, size};
    vch_status status = vch_ledger_link_append(contender->link, &draft, 1, on_appended, contender);

    (void)status; // no room or no link now: what is due is said again
}

static bool is_wanted(void *context, const uint8_t *draft, size_t size)
{
    struct vch_contender *contender = context;

    return vch_is_ok(
        vch_follower_judge(contender->follower, draft, size, vch_clock_unix_ms(), NULL));
}

static void send_entry(void *context, struct vch_entry *entry)
{
    struct vch_contender *contender = context;
    struct vch_arena_mark mark = vch_arena_mark(&contender->scratch);
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_status status = vch_entry_sign_by(entry, &contender->setup.charter.id,
                                          contender->setup.signer, &contender->scratch, NULL);
    if (vch_is_ok(status))
        status = vch_entry_encode(&bytes, &size, entry, &contender->scratch, NULL);
    if (vch_is_ok(status)) {
        contender->is_refused_here = !is_wanted(contender, bytes, size);
        append(contender, bytes, size);
        vch_handover_owe(contender->handover, entry, bytes, size);
    }
    vch_arena_rewind(&contender->scratch, mark);
}

static bool is_ours(const struct vch_contender_case *stand, const struct vch_digest *job,
                    uint32_t segment, const struct vch_digest *trace)
{
    return stand != NULL && segment == stand->record.contest.segment &&
           vch_hash_is_equal(job, &stand->record.contest.subject) &&
           vch_hash_is_equal(trace, &stand->record.trace);
}

static const struct vch_digest *leaves(void *context, const struct vch_digest *job,
                                       uint32_t segment, const struct vch_digest *trace,
                                       uint32_t *count)
{
    const struct vch_contender_case *stand = ((const struct vch_contender *)context)->stand;

    if (!is_ours(stand, job, segment, trace)) return NULL;
    *count = stand->leaf_count;
    return stand->leaves;
}

static vch_status show_run(void *context, struct vch_sides_run *out, const struct vch_digest *job,
                           uint32_t segment, const struct vch_digest *trace,
                           struct vch_arena *arena)
{
    const struct vch_contender_case *stand = ((const struct vch_contender *)context)->stand;

    (void)arena;
    if (!is_ours(stand, job, segment, trace)) return VCH_FAIL(UNAVAILABLE);
    *out = (struct vch_sides_run){.record = stand->record, .graph = stand->graph};
    return VCH_OK;
}

static void open_dispute(struct vch_contender *contender)
{
    const struct vch_kept_record *record = &contender->stand->record;
    struct vch_entry entry = {.kind = VCH_ENTRY_DISPUTE_OPEN};

    if (!vch_again_is_time(&contender->again, monotonic_ms())) return;
    entry.dispute_open.job = record->contest.subject;
    entry.dispute_open.segment = record->contest.segment;
    entry.dispute_open.output = record->output;
    entry.dispute_open.trace = record->trace;
    vch_again_note(&contender->again, monotonic_ms());
    send_entry(contender, &entry);
}

static void end(struct vch_contender *contender, enum vch_dispute_result result)
{
    contender->is_over = true;
    contender->result = result;
}

static void note_dispute(struct vch_contender *contender, const struct vch_dispute *dispute)
{
    if (!contender->is_open)
        tell(contender, "the dispute is open: %u operators to bisect",
             dispute->end - dispute->begin);
    else if (contender->last.phase == VCH_DISPUTE_MOVING &&
             dispute->phase == VCH_DISPUTE_REFEREES && dispute->place == VCH_DISPUTE_OUTPUT)
        tell(contender, "the two sides differ about the output: referees are drawn");
    else if (contender->last.phase == VCH_DISPUTE_MOVING && dispute->phase == VCH_DISPUTE_REFEREES)
        tell(contender, "the two sides differ about operator %u: referees are drawn",
             contender->stand->record.first + dispute->place);
    contender->is_open = true;
    contender->last = *dispute;
    if (dispute->phase == VCH_DISPUTE_OVER) end(contender, dispute->result);
}

// After every entry, as the one that ends a dispute may take it along.
static void watch(struct vch_contender *contender, const struct vch_entry *entry)
{
    if (contender->stand == NULL || contender->is_over) return;
    const struct vch_dispute *dispute = vch_contender_find(contender, contender->stand);

    if (dispute != NULL)
        note_dispute(contender, dispute);
    else if (contender->is_open)
        end(contender, vch_outcome_of(&contender->last, entry));
}

static void on_entry(void *context, uint64_t position, const struct vch_entry *entry)
{
    struct vch_contender *contender = context;

    contender->progress_ms = monotonic_ms();
    vch_handover_note(contender->handover, position, entry);
    watch(contender, entry);
}

static void on_change(void *context, enum vch_ledger_link_state state)
{
    struct vch_contender *contender = context;

    if (state == VCH_LEDGER_LINK_READY) vch_appeals_forget_sent(&contender->appeals);
}

// Another dispute may have overturned the segment, or the window may have ended, before ours was
// open.
static bool is_too_late(const struct vch_contender *contender)
{
    const struct vch_kept_record *record = &contender->stand->record;
    const struct vch_state *state = vch_contender_state(contender);
    const struct vch_segment_record *segment =
        vch_state_segment(state, &record->contest.subject, record->contest.segment);

    return segment == NULL || segment->is_overturned || segment->is_final ||
           vch_state_time(state) >= segment->window_ms;
}

static void turn(struct vch_contender *contender)
{
    const struct vch_state *state = vch_contender_state(contender);

    if (contender->is_open) {
        vch_appeals_turn(&contender->appeals, state, monotonic_ms());
        vch_sides_turn(&contender->sides, state, monotonic_ms());
    } else if (is_too_late(contender) || contender->refusals >= REFUSALS_MAX) {
        contender->is_lost = true;
    } else {
        open_dispute(contender);
    }
}

static bool is_followed(void *context)
{
    const struct vch_contender *contender = context;

    return vch_state_size(vch_contender_state(contender)) > contender->position ||
           monotonic_ms() >= contender->progress_ms + STANDSTILL_MS;
}

static uint64_t standstill_ms(const struct vch_contender *contender)
{
    const struct vch_parameters *p = &contender->setup.charter.parameters;

    return STANDSTILL_MS + 2 * p->draw_ms + p->commit_ms + p->reveal_ms + p->move_ms;
}

static bool is_pleaded(void *context)
{
    struct vch_contender *contender = context;

    if (!contender->is_over) turn(contender);
    return contender->is_over || contender->is_lost ||
           monotonic_ms() >= contender->progress_ms + standstill_ms(contender);
}

static vch_status wait_until(struct vch_contender *contender, bool (*is_done)(void *context),
                             struct vch_complaint *complaint)
{
    vch_status status = VCH_FAIL(TIMEOUT);

    contender->progress_ms = monotonic_ms();
    while (status.code == VCH_CODE_TIMEOUT)
        status = vch_ledger_link_wait(contender->link, is_done, contender, TURN_MS_MAX);
    if (vch_is_ok(status)) return status;
    return vch_complain(complaint, status.code, "the ledger lied: %s",
                        vch_ledger_link_trouble(contender->link));
}

vch_status vch_contender_follow(struct vch_contender *contender, uint64_t position,
                                struct vch_complaint *complaint)
{
    contender->position = position;
    VCH_TRY(vch_ledger_link_wait_ready(contender->link, CONNECT_MS, complaint));
    VCH_TRY(wait_until(contender, is_followed, complaint));
    const uint64_t size = vch_state_size(vch_contender_state(contender));
    if (size > position) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                        "the ledger says nothing beyond entry %" PRIu64 ", and the verdict is at "
                        "%" PRIu64 ": is this the ledger that the job was on?",
                        size, position);
}

static vch_status refused(const struct vch_contender *contender, struct vch_complaint *complaint)
{
    if (contender->refusal[0] != '\0')
        return vch_complain(complaint, VCH_CODE_REFUSED, "the ledger does not take the dispute: %s",
                            contender->refusal);
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the verdict can be disputed no more: it is overturned already, or its "
                        "window is over");
}

vch_status vch_contender_plead(struct vch_contender *contender,
                               const struct vch_contender_case *stand,
                               enum vch_dispute_result *result, struct vch_complaint *complaint)
{
    const struct vch_dispute *before = vch_contender_find(contender, stand);

    contender->stand = stand;
    contender->again = (struct vch_again){0};
    contender->is_open = contender->is_over = contender->is_lost = false;
    contender->refusals = 0;
    contender->refusal[0] = '\0';
    if (before != NULL) note_dispute(contender, before);
    vch_status status = wait_until(contender, is_pleaded, complaint);
    contender->stand = NULL;
    if (!vch_is_ok(status)) return status;
    if (contender->is_lost) return refused(contender, complaint);
    if (!contender->is_over)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                            "the ledger stands still, or cannot be reached (%s): run this again "
                            "to go on with the dispute",
                            vch_ledger_link_trouble(contender->link));
    *result = contender->result;
    return VCH_OK;
}

static vch_status start_attester(struct vch_contender *contender, struct vch_complaint *complaint)
{
    if (contender->setup.attest == NULL) return VCH_OK;
    struct vch_attester_setup attester = *contender->setup.attest;
    attester.base = contender->setup.base;
    attester.node = contender->setup.signer->public_key;
    return vch_attester_new(&contender->attester, &attester, complaint);
}

static vch_status prepare(struct vch_contender *contender)
{
    const struct vch_contender_setup *setup = &contender->setup;
    const struct vch_appeals_setup appeals = {.self = setup->signer->public_key,
                                              .send = send_entry,
                                              .leaves = leaves,
                                              .context = contender};
    const struct vch_sides_setup sides = {.base = setup->base,
                                          .tls = contender->tls,
                                          .live_count = &contender->live_streams,
                                          .self = setup->signer->public_key,
                                          .peers = setup->peers,
                                          .kernels = setup->kernels,
                                          .policy = setup->policy,
                                          .attester = contender->attester,
                                          .run = show_run,
                                          .leaves = leaves,
                                          .context = contender};

    vch_sides_init(&contender->sides, &sides);
    return vch_appeals_init(&contender->appeals, &appeals, &contender->arena);
}

static vch_status start(struct vch_contender *contender, struct vch_complaint *complaint)
{
    const struct vch_contender_setup *setup = &contender->setup;
    // Signatures are checked, too: somebody's money rests on what this says.
    const struct vch_follower_setup follower = {
        .charter = setup->charter, .on_entry = on_entry, .context = contender};
    const struct vch_handover_setup handover = {.base = setup->base,
                                                .origin = setup->charter.origin,
                                                .urls = setup->witness_urls,
                                                .url_count = setup->witness_count,
                                                .patience_ms = 1000,
                                                .parameters = setup->charter.parameters,
                                                .is_wanted = is_wanted,
                                                .context = contender};

    vch_arena_init(&contender->arena, ARENA_MAX);
    vch_arena_init(&contender->scratch, SCRATCH_MAX);
    VCH_TRY(vch_tls_new(&contender->tls, setup->signer, complaint));
    VCH_TRY(start_attester(contender, complaint));
    VCH_TRY(prepare(contender));
    VCH_TRY(vch_follower_new(&contender->follower, &follower, complaint));
    VCH_TRY(vch_handover_new(&contender->handover, &handover, complaint));
    const struct vch_ledger_link_setup link = {.base = setup->base,
                                               .tls = contender->tls,
                                               .signer = setup->signer,
                                               .live_count = &contender->live_streams,
                                               .host = setup->host,
                                               .port = setup->port,
                                               .charter = setup->charter,
                                               .follower = contender->follower,
                                               .on_change = on_change,
                                               .context = contender};
    return vch_ledger_link_new(&contender->link, &link, complaint);
}

vch_status vch_contender_new(struct vch_contender **out, const struct vch_contender_setup *setup,
                             struct vch_complaint *complaint)
{
    struct vch_contender *contender = calloc(1, sizeof *contender);

    if (contender == NULL) return VCH_FAIL(NO_MEMORY);
    contender->setup = *setup;
    vch_status status = start(contender, complaint);
    if (!vch_is_ok(status)) {
        vch_contender_free(contender);
        return status;
    }
    *out = contender;
    return VCH_OK;
}

void vch_contender_free(struct vch_contender *contender)
{
    if (contender == NULL) return;
    if (contender->link != NULL) vch_ledger_link_free(contender->link);
    vch_handover_free(contender->handover);
    vch_sides_release(&contender->sides);
    while (contender->live_streams > 0) // each ends within its linger
        if (event_base_loop(contender->setup.base, EVLOOP_ONCE) != 0) break;
    vch_attester_free(contender->attester);
    vch_follower_free(contender->follower);
    vch_tls_free(contender->tls);
    vch_arena_release(&contender->scratch);
    vch_arena_release(&contender->arena);
    free(contender);
}
