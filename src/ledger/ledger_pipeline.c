// What becomes of drafts: the ledger hears it from its pipeline, and passes it on.
#include <event2/event.h>

#include "host/clock.h"
#include "host/log.h"
#include "ledger/ledger_parts.h"

enum {
    CROWD_ENTRIES = 100, // since the last count,
    CROWD_LISTENERS = 8, // and connections
    GROUP_PAUSE_MS = 5,  // between groups of entries, in a crowd: less than a tick
};

// One who asks alone is answered at once, however much it asks.
void vch_ledger_parts_count_crowd(struct vch_ledger *ledger)
{
    uint64_t durable = vch_pipeline_durable(ledger->pipeline);

    ledger->crowd.is_one = ledger->streams.count >= CROWD_LISTENERS &&
                           durable - ledger->crowd.durable >= CROWD_ENTRIES;
    ledger->crowd.durable = durable;
}

static uint32_t pause_ms(void *context)
{
    const struct vch_ledger *ledger = context;

    return ledger->crowd.is_one ? GROUP_PAUSE_MS : 0;
}

static uint64_t unix_ms(void *context)
{
    (void)context;
    return vch_clock_unix_ms();
}

static void on_applied(void *context, uint64_t position, const struct vch_entry *entry,
                       const uint8_t *bytes, size_t size)
{
    struct vch_ledger *ledger = context;

    vch_promises_note(&ledger->places, position, entry, bytes, size);
    if (entry->kind == VCH_ENTRY_REGISTRY)
        vch_archive_admit(ledger->archive, &entry->registry.digest);
}

static void on_answered(void *context, struct vch_request *request)
{
    struct vch_ledger *ledger = context;

    vch_streams_finish(&ledger->host, request);
}

static void on_durable(void *context)
{
    struct vch_ledger *ledger = context;

    ledger->host.entry_count = vch_pipeline_durable(ledger->pipeline);
    vch_ledger_parts_enter_anchor(ledger);
    vch_streams_pump(&ledger->streams);
    vch_pages_note(ledger->pages);
    vch_ledger_parts_consider_checkpoint(ledger);
}

static void on_settled(void *context)
{
    struct vch_ledger *ledger = context;

    vch_pages_settled(ledger->pages);
    vch_ledger_parts_consider_checkpoint(ledger);
}

static void on_failed(void *context, const struct vch_complaint *complaint)
{
    struct vch_ledger *ledger = context;

    if (ledger->is_ending) return;
    ledger->failure = *complaint;
    ledger->has_failed = true;
    vch_log_write(VCH_LOG_ERROR, "the store failed; the ledger stops: %s", complaint->text);
    (void)event_base_loopbreak(ledger->base);
}

vch_status vch_ledger_parts_start_pipeline(struct vch_ledger *ledger, uint64_t content)
{
    struct vch_pipeline_setup setup = {.state = ledger->state,
                                       .verified = &ledger->verified,
                                       .index = ledger->index,
                                       .keeper = ledger->keeper,
                                       .verifiers = ledger->verifiers,
                                       .clerk = ledger->options.clerk,
                                       .ledger = ledger->charter.id,
                                       .durable = vch_state_size(ledger->state),
                                       .last_content = content,
                                       .now_ms = unix_ms,
                                       .on_applied = on_applied,
                                       .on_answered = on_answered,
                                       .on_durable = on_durable,
                                       .on_settled = on_settled,
                                       .on_failed = on_failed,
                                       .drops = ledger->options.drops,
                                       .drops_context = ledger->options.drops_context,
                                       .pause_ms = pause_ms,
                                       .context = ledger};

    return vch_pipeline_new(&ledger->pipeline, &setup);
}
