#include "member/voice.h"

#include <stdlib.h>
#include <string.h>

#include "host/clock.h"

enum {
    SCRATCH_MAX = 1 << 20,
    APPENDS_MAX = 8, // under way
};

static void pop(struct vch_voice *voice)
{
    free(voice->queue[voice->first].bytes);
    voice->first = (voice->first + 1) % VCH_VOICE_QUEUE_MAX;
    voice->count--;
}

static bool push(struct vch_voice *voice, const uint8_t *bytes, size_t size)
{
    uint8_t *copy = voice->count < VCH_VOICE_QUEUE_MAX ? calloc(size, 1) : NULL;

    if (copy == NULL) return false;
    memcpy(copy, bytes, size);
    voice->queue[(voice->first + voice->count) % VCH_VOICE_QUEUE_MAX] =
        (struct vch_voice_draft){copy, size};
    voice->count++;
    return true;
}

static void on_appended(void *context, vch_status status,
                        const struct vch_ledger_link_taken *results, uint32_t count)
{
    struct vch_voice *voice = context;

    voice->under_way--;
    if (!vch_is_ok(status)) return; // lost on its way: it is stated again
    for (uint32_t i = 0; i < count && voice->setup.on_refused != NULL; i++)
        if (!vch_is_ok(results[i].status))
            voice->setup.on_refused(voice->setup.context, results[i].text);
    vch_voice_flush(voice);
}

void vch_voice_flush(struct vch_voice *voice)
{
    struct vch_follower_bytes drafts[VCH_LEDGER_LINK_DRAFTS_MAX];

    while (voice->count > 0 && voice->under_way < APPENDS_MAX) {
        uint32_t count = 0;
        for (; count < voice->count && count < VCH_LEDGER_LINK_DRAFTS_MAX; count++) {
            const struct vch_voice_draft *draft =
                &voice->queue[(voice->first + count) % VCH_VOICE_QUEUE_MAX];
            drafts[count] = (struct vch_follower_bytes){draft->bytes, draft->size};
        }
        if (!vch_is_ok(vch_ledger_link_append(voice->link, drafts, count, on_appended, voice)))
            return; // no room now: the next answer makes some
        voice->under_way++;
        for (uint32_t i = 0; i < count; i++)
            pop(voice);
    }
}

static bool is_wanted(void *context, const uint8_t *draft, size_t size)
{
    struct vch_voice *voice = context;

    return vch_is_ok(vch_follower_judge(voice->follower, draft, size, vch_clock_unix_ms(), NULL));
}

bool vch_voice_state(struct vch_voice *voice, struct vch_entry *entry, bool *is_refused_here)
{
    const struct vch_voice_setup *setup = &voice->setup;
    struct vch_arena_mark mark = vch_arena_mark(&voice->scratch);
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_status status =
        vch_entry_sign_by(entry, &setup->charter.id, setup->signer, &voice->scratch, NULL);
    if (vch_is_ok(status)) status = vch_entry_encode(&bytes, &size, entry, &voice->scratch, NULL);
    bool is_queued = vch_is_ok(status) && push(voice, bytes, size);
    if (is_queued) {
        if (is_refused_here != NULL) *is_refused_here = !is_wanted(voice, bytes, size);
        vch_handover_owe(voice->handover, entry, bytes, size);
    }
    vch_arena_rewind(&voice->scratch, mark);
    return is_queued;
}

static void on_entry(void *context, uint64_t position, const struct vch_entry *entry)
{
    struct vch_voice *voice = context;

    vch_handover_note(voice->handover, position, entry);
    if (voice->setup.on_entry != NULL) voice->setup.on_entry(voice->setup.context, entry);
}

static void on_progress(void *context)
{
    struct vch_voice *voice = context;

    if (voice->setup.on_progress != NULL) voice->setup.on_progress(voice->setup.context);
}

// What waited for a connection that is gone is stated anew, as far as it is still due.
static void on_change(void *context, enum vch_ledger_link_state state)
{
    struct vch_voice *voice = context;

    while (state == VCH_LEDGER_LINK_READY && voice->count > 0)
        pop(voice);
    if (voice->setup.on_change != NULL) voice->setup.on_change(voice->setup.context, state);
}

vch_status vch_voice_open(struct vch_voice *voice, const struct vch_voice_setup *setup,
                          struct vch_complaint *complaint)
{
    const struct vch_follower_setup follower = {.charter = setup->charter,
                                                .trusts_signatures = setup->trusts_signatures,
                                                .on_entry = on_entry,
                                                .context = voice};
    const struct vch_handover_setup handover = {.base = setup->base,
                                                .origin = setup->charter.origin,
                                                .urls = setup->witness_urls,
                                                .url_count = setup->witness_count,
                                                .patience_ms = setup->witness_after_ms,
                                                .parameters = setup->charter.parameters,
                                                .is_wanted = is_wanted,
                                                .context = voice};

    voice->setup = *setup;
    vch_arena_init(&voice->scratch, SCRATCH_MAX);
    VCH_TRY(vch_follower_new(&voice->follower, &follower, complaint));
    VCH_TRY(vch_handover_new(&voice->handover, &handover, complaint));
    const struct vch_ledger_link_setup link = {.base = setup->base,
                                               .tls = setup->tls,
                                               .signer = setup->signer,
                                               .live_count = &voice->live_streams,
                                               .host = setup->host,
                                               .port = setup->port,
                                               .charter = setup->charter,
                                               .follower = voice->follower,
                                               .on_progress = on_progress,
                                               .on_change = on_change,
                                               .context = voice};
    return vch_ledger_link_new(&voice->link, &link, complaint);
}

void vch_voice_close(struct vch_voice *voice)
{
    vch_ledger_link_free(voice->link);
    vch_handover_free(voice->handover);
    while (voice->live_streams > 0) // each ends within its linger
        if (event_base_loop(voice->setup.base, EVLOOP_ONCE) != 0) break;
    while (voice->count > 0)
        pop(voice);
    vch_follower_free(voice->follower);
    vch_arena_release(&voice->scratch);
}
