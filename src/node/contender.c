#include "node/contender.h"

#include <inttypes.h>
#include <stdlib.h>

#include "host/clock.h"
#include "node/contender_parts.h"

enum {
    ARENA_MAX = 64 << 20,
    CONNECT_MS = 10000,
    STANDSTILL_MS = 60000, // with nothing new, beside all windows of a contest and of a move
    WITNESSES_MS = 1000,   // what the ledger does not take by then is handed to them
    TURN_MS_MAX = 600000,  // of the loop at a time
};

const struct vch_state *vch_contender_state(const struct vch_contender *contender)
{
    return vch_follower_state(contender->voice.follower);
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

static bool is_followed(void *context)
{
    const struct vch_contender *contender = context;

    return vch_state_size(vch_contender_state(contender)) > contender->position ||
           vch_clock_monotonic_ms() >= contender->progress_ms + STANDSTILL_MS;
}

static uint64_t standstill_ms(const struct vch_contender *contender)
{
    const struct vch_parameters *p = &contender->setup.charter.parameters;

    return STANDSTILL_MS + 2 * p->draw_ms + p->commit_ms + p->reveal_ms + p->move_ms;
}

static bool is_pleaded(void *context)
{
    struct vch_contender *contender = context;

    vch_contender_parts_turn(contender);
    return contender->plea.is_over || contender->plea.is_lost ||
           vch_clock_monotonic_ms() >= contender->progress_ms + standstill_ms(contender);
}

static vch_status wait_until(struct vch_contender *contender, bool (*is_done)(void *context),
                             struct vch_complaint *complaint)
{
    struct vch_ledger_link *link = contender->voice.link;
    vch_status status = VCH_FAIL(TIMEOUT);

    contender->progress_ms = vch_clock_monotonic_ms();
    while (status.code == VCH_CODE_TIMEOUT)
        status = vch_ledger_link_wait(link, is_done, contender, TURN_MS_MAX);
    if (vch_is_ok(status)) return status;
    return vch_complain(complaint, status.code, "the ledger lied: %s",
                        vch_ledger_link_trouble(link));
}

vch_status vch_contender_follow(struct vch_contender *contender, uint64_t position,
                                struct vch_complaint *complaint)
{
    contender->position = position;
    VCH_TRY(vch_ledger_link_wait_ready(contender->voice.link, CONNECT_MS, complaint));
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
    const char *refusal = contender->plea.refusal;

    if (refusal[0] != '\0')
        return vch_complain(complaint, VCH_CODE_REFUSED, "the ledger does not take the dispute: %s",
                            refusal);
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the verdict can be disputed no more: it is overturned already, or its "
                        "window is over");
}

vch_status vch_contender_plead(struct vch_contender *contender,
                               const struct vch_contender_case *stand,
                               enum vch_dispute_result *result, struct vch_complaint *complaint)
{
    vch_contender_parts_begin(contender, stand);
    vch_status status = wait_until(contender, is_pleaded, complaint);
    contender->plea.stand = NULL;
    if (!vch_is_ok(status)) return status;
    if (contender->plea.is_lost) return refused(contender, complaint);
    if (!contender->plea.is_over)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                            "the ledger stands still, or cannot be reached (%s): run this again "
                            "to go on with the dispute",
                            vch_ledger_link_trouble(contender->voice.link));
    *result = contender->plea.result;
    return VCH_OK;
}

static void on_entry(void *context, const struct vch_entry *entry)
{
    struct vch_contender *contender = context;

    contender->progress_ms = vch_clock_monotonic_ms();
    vch_contender_parts_watch(contender, entry);
}

static void on_change(void *context, enum vch_ledger_link_state state)
{
    struct vch_contender *contender = context;

    if (state == VCH_LEDGER_LINK_READY) vch_appeals_forget_sent(&contender->appeals);
}

static void on_refused(void *context, const char *text)
{
    vch_contender_parts_note_refusal(context, text);
}

static vch_status start_attester(struct vch_contender *contender, struct vch_complaint *complaint)
{
    if (contender->setup.attest == NULL) return VCH_OK;
    struct vch_attester_setup attester = *contender->setup.attest;
    attester.base = contender->setup.base;
    attester.node = contender->setup.signer->public_key;
    return vch_attester_new(&contender->attester, &attester, complaint);
}

static vch_status start(struct vch_contender *contender, struct vch_complaint *complaint)
{
    const struct vch_contender_setup *setup = &contender->setup;

    vch_arena_init(&contender->arena, ARENA_MAX);
    VCH_TRY(vch_tls_new(&contender->tls, setup->signer, complaint));
    VCH_TRY(start_attester(contender, complaint));
    if (setup->parser != NULL) VCH_TRY(vch_parser_join(setup->parser, setup->base));
    VCH_TRY(vch_contender_parts_prepare(contender));
    // Signatures are checked, too: somebody's money rests on what this says.
    const struct vch_voice_setup voice = {.base = setup->base,
                                          .tls = contender->tls,
                                          .signer = setup->signer,
                                          .charter = setup->charter,
                                          .host = setup->host,
                                          .port = setup->port,
                                          .witness_urls = setup->witness_urls,
                                          .witness_count = setup->witness_count,
                                          .witness_after_ms = WITNESSES_MS,
                                          .on_entry = on_entry,
                                          .on_change = on_change,
                                          .on_refused = on_refused,
                                          .context = contender};
    return vch_voice_open(&contender->voice, &voice, complaint);
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
    vch_sides_release(&contender->sides);
    vch_voice_close(&contender->voice);
    if (contender->setup.parser != NULL) vch_parser_leave(contender->setup.parser);
    vch_attester_free(contender->attester);
    vch_tls_free(contender->tls);
    vch_arena_release(&contender->arena);
    free(contender);
}
