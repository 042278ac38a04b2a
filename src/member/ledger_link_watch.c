// Events of watched subjects: each once and in order, whatever becomes of connections.
#include "base/bytes.h"
#include "member/ledger_link_parts.h"
#include "message/message.h"

static struct vch_ledger_link_watch *find_watch(struct vch_ledger_link *link,
                                                const struct vch_digest *subject)
{
    for (uint32_t i = 0; i < link->watch_count; i++)
        if (vch_hash_is_equal(&link->watches[i].subject, subject)) return &link->watches[i];
    return NULL;
}

static void send_watch(struct vch_ledger_link *link, const struct vch_ledger_link_watch *watch,
                       bool is_stop)
{
    Vouch__LedgerWatch body = VOUCH__LEDGER_WATCH__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    if (link->state != VCH_LEDGER_LINK_READY) return;
    body.subject = vch_message_borrow(watch->subject.bytes, VCH_DIGEST_SIZE);
    body.stop = is_stop;
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_WATCH;
    frame.ledger_watch = &body;
    vch_ledger_link_parts_send(link, &frame);
}

void vch_ledger_link_parts_watch_all(struct vch_ledger_link *link)
{
    for (uint32_t i = 0; i < link->watch_count; i++)
        send_watch(link, &link->watches[i], false);
}

vch_status vch_ledger_link_watch(struct vch_ledger_link *link, const struct vch_digest *subject,
                                 vch_ledger_link_on_event event, void *context)
{
    if (find_watch(link, subject) != NULL) return VCH_FAIL(USAGE);
    if (link->watch_count == VCH_LEDGER_LINK_WATCHES_MAX) return VCH_FAIL(BUSY);
    struct vch_ledger_link_watch *watch = &link->watches[link->watch_count++];
    *watch = (struct vch_ledger_link_watch){*subject, 0, event, context};
    send_watch(link, watch, false);
    return VCH_OK;
}

void vch_ledger_link_unwatch(struct vch_ledger_link *link, const struct vch_digest *subject)
{
    struct vch_ledger_link_watch *watch = find_watch(link, subject);

    if (watch == NULL) return;
    send_watch(link, watch, true);
    *watch = link->watches[--link->watch_count];
}

// Of the clerk's entries an anchor alone moves nobody: what rests on it rests on its cosignatures.
static bool is_acted_on(const struct vch_ledger_link *link, const struct vch_entry *entry)
{
    return entry->kind != VCH_ENTRY_ANCHOR &&
           vch_is_equal(&entry->writer, &link->setup.charter.clerk, sizeof entry->writer);
}

static vch_status show_event(struct vch_ledger_link *link, struct vch_ledger_link_watch *watch,
                             const Vouch__LedgerEvent *event)
{
    struct vch_entry entry;

    if (event->position < watch->next) return VCH_OK; // seen before the connection was lost
    VCH_TRY(vch_entry_decode(&entry, event->entry.data, event->entry.len, &link->scratch, NULL));
    if (!link->setup.trusts_members || is_acted_on(link, &entry))
        VCH_TRY(vch_entry_verify(&entry, &link->setup.charter.id));
    watch->next = event->position + 1;
    watch->event(watch->context, event->position, &entry, event->entry.data, event->entry.len);
    return VCH_OK;
}

void vch_ledger_link_parts_receive_events(struct vch_ledger_link *link,
                                          const Vouch__LedgerEvents *body)
{
    struct vch_digest subject;
    vch_status status =
        vch_message_copy(subject.bytes, VCH_DIGEST_SIZE, &body->subject, "a subject", NULL);

    if (!vch_is_ok(status)) {
        vch_ledger_link_parts_break_off(link, "events of no subject");
        return;
    }
    for (size_t i = 0; i < body->n_events && vch_is_ok(status); i++) {
        // Whoever is told may end the watch.
        struct vch_ledger_link_watch *watch = find_watch(link, &subject);
        if (watch == NULL) return;
        status = show_event(link, watch, body->events[i]);
        vch_arena_rewind(&link->scratch, (struct vch_arena_mark){0});
    }
    if (!vch_is_ok(status))
        vch_ledger_link_parts_break_off(link, "an entry that its writer did not sign");
}
