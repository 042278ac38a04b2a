// A dispute from outside, as its disputer sees it in the ledger's state and moves it on.
#include <stdarg.h>
#include <stdio.h>

#include "agreement/outcome.h"
#include "host/clock.h"
#include "node/contender_parts.h"

enum { REFUSALS_MAX = 3 }; // of one statement that our own rules refuse as well

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

static void state_entry(void *context, struct vch_entry *entry)
{
    struct vch_contender *contender = context;

    if (vch_voice_state(&contender->voice, entry, &contender->plea.is_refused_here))
        vch_voice_flush(&contender->voice);
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
    const struct vch_contender *contender = context;
    const struct vch_contender_case *stand = contender->plea.stand;

    if (!is_ours(stand, job, segment, trace)) return NULL;
    *count = stand->leaf_count;
    return stand->leaves;
}

static vch_status show_run(void *context, struct vch_sides_run *out, const struct vch_digest *job,
                           uint32_t segment, const struct vch_digest *trace,
                           struct vch_arena *arena)
{
    const struct vch_contender *contender = context;
    const struct vch_contender_case *stand = contender->plea.stand;

    (void)arena;
    if (!is_ours(stand, job, segment, trace)) return VCH_FAIL(UNAVAILABLE);
    *out = (struct vch_sides_run){.record = stand->record, .graph = stand->graph};
    return VCH_OK;
}

vch_status vch_contender_parts_prepare(struct vch_contender *contender)
{
    const struct vch_contender_setup *setup = &contender->setup;
    const struct vch_appeals_setup appeals = {.self = setup->signer->public_key,
                                              .send = state_entry,
                                              .leaves = leaves,
                                              .context = contender};
    const struct vch_sides_setup sides = {.base = setup->base,
                                          .tls = contender->tls,
                                          .live_count = &contender->voice.live_streams,
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

static void open_dispute(struct vch_contender *contender)
{
    const struct vch_kept_record *record = &contender->plea.stand->record;
    struct vch_entry entry = {.kind = VCH_ENTRY_DISPUTE_OPEN};

    if (!vch_again_is_time(&contender->plea.again, vch_clock_monotonic_ms())) return;
    entry.dispute_open.job = record->contest.subject;
    entry.dispute_open.segment = record->contest.segment;
    entry.dispute_open.output = record->output;
    entry.dispute_open.trace = record->trace;
    vch_again_note(&contender->plea.again, vch_clock_monotonic_ms());
    state_entry(contender, &entry);
}

// Another dispute may have overturned the segment, or the window may have ended, before ours was
// open.
static bool is_too_late(const struct vch_contender *contender)
{
    const struct vch_contest_id *contest = &contender->plea.stand->record.contest;
    const struct vch_state *state = vch_contender_state(contender);
    const struct vch_segment_record *segment =
        vch_state_segment(state, &contest->subject, contest->segment);

    return segment == NULL || segment->is_overturned || segment->is_final ||
           vch_state_time(state) >= segment->window_ms;
}

void vch_contender_parts_turn(struct vch_contender *contender)
{
    const struct vch_state *state = vch_contender_state(contender);
    struct vch_contender_parts_plea *plea = &contender->plea;

    if (plea->is_over) return;
    if (plea->is_open) {
        vch_appeals_turn(&contender->appeals, state, vch_clock_monotonic_ms());
        vch_sides_turn(&contender->sides, state, vch_clock_monotonic_ms());
    } else if (is_too_late(contender) || plea->refusals >= REFUSALS_MAX) {
        plea->is_lost = true;
    } else {
        open_dispute(contender);
    }
}

static void tell_phase(const struct vch_contender *contender, const struct vch_dispute *now)
{
    const struct vch_contender_parts_plea *plea = &contender->plea;

    if (!plea->is_open)
        tell(contender, "the dispute is open: %u operators to bisect", now->end - now->begin);
    else if (plea->last.phase != VCH_DISPUTE_MOVING || now->phase != VCH_DISPUTE_REFEREES)
        return;
    else if (now->place == VCH_DISPUTE_OUTPUT)
        tell(contender, "the two sides differ about the output: referees are drawn");
    else
        tell(contender, "the two sides differ about operator %u: referees are drawn",
             plea->stand->record.first + now->place);
}

static void end(struct vch_contender_parts_plea *plea, enum vch_dispute_result result)
{
    plea->is_over = true;
    plea->result = result;
}

static void note_dispute(struct vch_contender *contender, const struct vch_dispute *dispute)
{
    tell_phase(contender, dispute);
    contender->plea.is_open = true;
    contender->plea.last = *dispute;
    if (dispute->phase == VCH_DISPUTE_OVER) end(&contender->plea, dispute->result);
}

void vch_contender_parts_begin(struct vch_contender *contender,
                               const struct vch_contender_case *stand)
{
    const struct vch_dispute *dispute = vch_contender_find(contender, stand);

    contender->plea = (struct vch_contender_parts_plea){.stand = stand};
    if (dispute != NULL) note_dispute(contender, dispute);
}

void vch_contender_parts_watch(struct vch_contender *contender, const struct vch_entry *entry)
{
    struct vch_contender_parts_plea *plea = &contender->plea;

    if (plea->stand == NULL || plea->is_over) return;
    const struct vch_dispute *dispute = vch_contender_find(contender, plea->stand);

    if (dispute != NULL)
        note_dispute(contender, dispute);
    else if (plea->is_open)
        end(plea, vch_outcome_of(&plea->last, entry));
}

void vch_contender_parts_note_refusal(struct vch_contender *contender, const char *text)
{
    struct vch_contender_parts_plea *plea = &contender->plea;

    (void)snprintf(plea->refusal, sizeof plea->refusal, "%s", text);
    if (plea->is_refused_here) plea->refusals++;
}
