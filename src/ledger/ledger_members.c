// What sessions of members may see and do.
#include "base/bytes.h"
#include "ledger/ledger_parts.h"
#include "net/greeting.h"

static uint32_t recent(void *context, uint64_t from, uint32_t count, struct vch_store_entry *out)
{
    struct vch_ledger *ledger = context;

    return vch_pipeline_recent(ledger->pipeline, from, count, out);
}

static size_t find(void *context, const struct vch_digest *subject, const uint64_t **positions)
{
    struct vch_ledger *ledger = context;

    return vch_index_find(ledger->index, subject, positions);
}

static bool is_over(void *context, const struct vch_digest *subject)
{
    struct vch_ledger *ledger = context;
    const uint64_t *positions = NULL;

    return vch_index_find(ledger->index, subject, &positions) > 0 &&
           vch_state_job(ledger->state, subject) == NULL &&
           vch_state_dispute(ledger->state, subject) == NULL;
}

static bool admit(void *context, const struct vch_public_key *key)
{
    struct vch_ledger *ledger = context;

    return vch_is_equal(key, &ledger->charter.founder, sizeof *key) ||
           vch_archive_has_member(ledger->archive, key) ||
           vch_state_account(ledger->state, key) != NULL;
}

void vch_ledger_parts_admit_members(struct vch_ledger *ledger)
{
    ledger->host =
        (struct vch_ledger_session_host){.software = VCH_GREETING_SOFTWARE,
                                         .memory_max = ledger->options.memory_max,
                                         .entry_count = vch_pipeline_durable(ledger->pipeline),
                                         .context = ledger,
                                         .submit = vch_ledger_parts_submit,
                                         .recent = recent,
                                         .find = find,
                                         .is_over = is_over};
    struct vch_streams_setup setup = {.base = ledger->base,
                                      .tls = ledger->tls,
                                      .limits = ledger->options.limits,
                                      .count_max = ledger->options.connections_max,
                                      .per_key_max = ledger->options.connections_per_peer_max,
                                      .admit = admit,
                                      .context = ledger,
                                      .host = &ledger->host};
    vch_streams_init(&ledger->streams, &setup);
}
