// The log, entry after entry: from memory as far as that goes back, otherwise read.
#include "ledger/ledger_session_parts.h"

void vch_ledger_session_parts_receive_follow(struct vch_ledger_session *session,
                                             const Vouch__LedgerFollow *follow)
{
    session->is_following = true;
    session->follow_next = follow->from;
}

uint32_t vch_ledger_session_parts_fit(const struct vch_store_entry *entries, uint32_t count)
{
    size_t size = 0;
    uint32_t fitting = 0;

    for (; fitting < count && fitting < VCH_LEDGER_ANSWER_ENTRIES_MAX; fitting++) {
        size += entries[fitting].size;
        if (fitting > 0 && size > VCH_LEDGER_SESSION_BYTES_MAX) break;
    }
    return fitting;
}

static void send_entries(struct vch_ledger_session *session, const struct vch_store_entry *entries,
                         uint32_t count)
{
    uint32_t fitting = vch_ledger_session_parts_fit(entries, count);

    vch_ledger_session_parts_note_sent(
        session, vch_ledger_answer_entries(session, session->follow_next, entries, fitting));
    session->follow_next += fitting;
    session->host->counts.entries_sent += fitting;
}

static void read_entries(struct vch_ledger_session *session)
{
    struct vch_request *request = NULL;

    if (vch_ledger_session_parts_count(session, VCH_REQUEST_FOLLOW) > 0) return;
    request = vch_ledger_session_parts_new_request(session, VCH_REQUEST_FOLLOW, 0, 0);
    if (request == NULL) return;
    request->from = session->follow_next;
    request->end = session->host->entry_count;
    vch_ledger_session_parts_submit(session, request, true);
}

void vch_ledger_session_parts_pump_follow(struct vch_ledger_session *session)
{
    const struct vch_ledger_session_host *host = session->host;
    struct vch_store_entry entries[VCH_LEDGER_ANSWER_ENTRIES_MAX];

    while (session->is_following && session->follow_next < host->entry_count &&
           vch_ledger_session_parts_has_room(session)) {
        uint32_t count = host->recent(host->context, session->follow_next,
                                      VCH_LEDGER_ANSWER_ENTRIES_MAX, entries);
        if (count == 0) {
            read_entries(session);
            return;
        }
        send_entries(session, entries, count);
    }
}

// Unless the follower has moved meanwhile.
void vch_ledger_session_parts_finish_follow(struct vch_ledger_session *session,
                                            const struct vch_request *request)
{
    uint32_t sent = 0;

    if (!session->is_following || session->follow_next != request->from) return;
    if (!vch_is_ok(request->job.status) || request->entries.count == 0) {
        vch_ledger_session_parts_end(session, VCH_CODE_UNAVAILABLE,
                                     "entries cannot be read now: %s",
                                     vch_code_text(request->job.status.code));
        return;
    }
    while (sent < request->entries.count && session->end_code == VCH_CODE_NONE) {
        uint64_t before = session->follow_next;
        send_entries(session, request->entries.entries + sent, request->entries.count - sent);
        sent += (uint32_t)(session->follow_next - before);
    }
}
