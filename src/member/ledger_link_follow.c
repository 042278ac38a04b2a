// Entries for the follower, and the registries that it lacks.
#include "host/clock.h"
#include "member/ledger_link_parts.h"

enum {
    FETCH_AGAIN_MS = 500,
    ENTRIES_MAX = 4096, // in one frame that is believed
};

void vch_ledger_link_parts_follow(struct vch_ledger_link *link)
{
    Vouch__LedgerFollow follow = VOUCH__LEDGER_FOLLOW__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    if (link->setup.follower == NULL || link->state != VCH_LEDGER_LINK_READY) return;
    follow.from = vch_follower_next(link->setup.follower);
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_FOLLOW;
    frame.ledger_follow = &follow;
    vch_ledger_link_parts_send(link, &frame);
}

static void break_off(struct vch_ledger_link *link, vch_status status,
                      const struct vch_complaint *complaint)
{
    vch_ledger_link_parts_break_off(link, complaint->text[0] ? complaint->text
                                                             : vch_code_text(status.code));
}

static void on_registry(void *context, vch_status status, const uint8_t *bytes, size_t size,
                        const char *text)
{
    struct vch_ledger_link *link = context;
    struct vch_complaint complaint = {""};

    (void)text;
    link->is_fetching = false;
    link->fetch_ms = vch_clock_monotonic_ms() + FETCH_AGAIN_MS;
    if (!vch_is_ok(status)) return; // the next tick tries again
    status = vch_follower_give_registry(link->setup.follower, bytes, size, &complaint);
    if (!vch_is_ok(status) && status.code != VCH_CODE_NO_MEMORY)
        break_off(link, status, &complaint);
    else if (vch_follower_missing(link->setup.follower) == NULL)
        vch_ledger_link_parts_follow(link);
}

void vch_ledger_link_parts_fetch_missing(struct vch_ledger_link *link)
{
    const struct vch_digest *missing =
        link->setup.follower != NULL ? vch_follower_missing(link->setup.follower) : NULL;

    if (missing == NULL || link->is_fetching || vch_clock_monotonic_ms() < link->fetch_ms ||
        link->state != VCH_LEDGER_LINK_READY)
        return;
    link->is_fetching = vch_is_ok(vch_ledger_link_get_blob(link, missing, on_registry, link));
}

void vch_ledger_link_parts_receive_entries(struct vch_ledger_link *link,
                                           const Vouch__LedgerEntries *body)
{
    struct vch_follower *follower = link->setup.follower;
    struct vch_follower_bytes entries[ENTRIES_MAX];
    struct vch_complaint complaint = {""};

    if (follower == NULL || body->n_entries > ENTRIES_MAX) {
        vch_ledger_link_parts_break_off(link, "entries that nobody asked for");
        return;
    }
    // While a registry is missing, and until the entries come once more, these are too early.
    const uint64_t before = vch_follower_next(follower);
    if (vch_follower_missing(follower) != NULL || body->from > before) return;
    for (size_t i = 0; i < body->n_entries; i++)
        entries[i] = (struct vch_follower_bytes){body->entries[i].data, body->entries[i].len};
    vch_status status =
        vch_follower_take(follower, body->from, entries, (uint32_t)body->n_entries, &complaint);
    if (vch_follower_next(follower) != before && link->setup.on_progress != NULL)
        link->setup.on_progress(link->setup.context);
    if (!vch_is_ok(status))
        break_off(link, status, &complaint);
    else
        vch_ledger_link_parts_fetch_missing(link);
}
