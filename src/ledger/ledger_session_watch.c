// Entries about a subject, such as a job, until nothing more can be said of it.
#include <string.h>

#include "ledger/ledger_session_parts.h"
#include "message/message.h"

static struct vch_ledger_session_watch *find_watch(struct vch_ledger_session *session,
                                                   const struct vch_digest *subject)
{
    for (uint32_t i = 0; i < session->watch_count; i++)
        if (vch_hash_is_equal(&session->watches[i].subject, subject)) return &session->watches[i];
    return NULL;
}

void vch_ledger_session_parts_receive_watch(struct vch_ledger_session *session,
                                            const Vouch__LedgerWatch *watch)
{
    struct vch_digest subject;

    if (!vch_is_ok(
            vch_message_copy(subject.bytes, VCH_DIGEST_SIZE, &watch->subject, "subject", NULL))) {
        vch_ledger_session_parts_end(session, VCH_CODE_MALFORMED,
                                     "a watch of %zu bytes: a subject has %u", watch->subject.len,
                                     VCH_DIGEST_SIZE);
        return;
    }
    struct vch_ledger_session_watch *known = find_watch(session, &subject);
    if (watch->stop && known != NULL) *known = session->watches[--session->watch_count];
    if (watch->stop || known != NULL) return;
    if (session->watch_count == VCH_LEDGER_SESSION_WATCHES_MAX)
        vch_ledger_session_parts_end(session, VCH_CODE_LIMIT, "more than %u watches on one stream",
                                     VCH_LEDGER_SESSION_WATCHES_MAX);
    else
        session->watches[session->watch_count++] =
            (struct vch_ledger_session_watch){.subject = subject};
}

static uint32_t due_events(const struct vch_ledger_session *session,
                           const struct vch_ledger_session_watch *watch, const uint64_t **positions)
{
    const struct vch_ledger_session_host *host = session->host;
    size_t count = host->find(host->context, &watch->subject, positions);
    uint32_t due = 0;

    if (count <= watch->seen) return 0;
    *positions += watch->seen;
    while (due < count - watch->seen && due < VCH_LEDGER_SESSION_BATCH_MAX &&
           (*positions)[due] < host->entry_count)
        due++;
    return due;
}

static void send_events(struct vch_ledger_session *session, struct vch_ledger_session_watch *watch,
                        const uint64_t *positions, const struct vch_store_entry *entries,
                        uint32_t count)
{
    uint32_t fitting = vch_ledger_session_parts_fit(entries, count);

    vch_ledger_session_parts_note_sent(
        session, vch_ledger_answer_events(session, &watch->subject, positions, entries, fitting));
    watch->seen += fitting;
    session->host->counts.events_sent += fitting;
}

// Those that are in memory; 0: the first of them is not.
static uint32_t recall(const struct vch_ledger_session *session, const uint64_t *positions,
                       uint32_t count, struct vch_store_entry *out)
{
    const struct vch_ledger_session_host *host = session->host;
    uint32_t found = 0;

    while (found < count && host->recent(host->context, positions[found], 1, &out[found]) == 1)
        found++;
    return found;
}

static void read_events(struct vch_ledger_session *session,
                        const struct vch_ledger_session_watch *watch, const uint64_t *positions,
                        uint32_t count)
{
    struct vch_request *request = NULL;

    if (vch_ledger_session_parts_count(session, VCH_REQUEST_WATCH) > 0) return;
    request = vch_ledger_session_parts_new_request(session, VCH_REQUEST_WATCH, 0, 0);
    if (request == NULL) return;
    request->digest = watch->subject;
    request->count = count;
    request->positions = VCH_ARENA_NEW(&request->arena, uint64_t, count);
    if (request->positions != NULL)
        memcpy(request->positions, positions, count * sizeof *positions);
    vch_ledger_session_parts_submit(session, request, request->positions != NULL);
}

// False: nothing of it can be sent now.
static bool pump_watch(struct vch_ledger_session *session, struct vch_ledger_session_watch *watch)
{
    struct vch_store_entry entries[VCH_LEDGER_SESSION_BATCH_MAX];
    const uint64_t *positions = NULL;
    uint32_t due = due_events(session, watch, &positions);

    if (due == 0 || !vch_ledger_session_parts_has_room(session)) return false;
    uint32_t found = recall(session, positions, due, entries);
    if (found > 0)
        send_events(session, watch, positions, entries, found);
    else
        read_events(session, watch, positions, due);
    return found > 0;
}

void vch_ledger_session_parts_pump_watches(struct vch_ledger_session *session)
{
    const struct vch_ledger_session_host *host = session->host;
    const uint64_t *positions = NULL;

    for (uint32_t i = 0; i < session->watch_count;) {
        struct vch_ledger_session_watch *watch = &session->watches[i];
        while (pump_watch(session, watch))
            continue;
        size_t count = host->find(host->context, &watch->subject, &positions);
        if (watch->seen == count && host->is_over(host->context, &watch->subject))
            *watch = session->watches[--session->watch_count];
        else
            i++;
    }
}

void vch_ledger_session_parts_finish_watch(struct vch_ledger_session *session,
                                           const struct vch_request *request)
{
    struct vch_ledger_session_watch *watch = find_watch(session, &request->digest);
    const uint64_t *positions = NULL;

    if (watch == NULL || due_events(session, watch, &positions) < request->count) return;
    if (!vch_is_ok(request->job.status)) {
        vch_ledger_session_parts_end(session, VCH_CODE_UNAVAILABLE,
                                     "entries cannot be read now: %s",
                                     vch_code_text(request->job.status.code));
        return;
    }
    if (positions[0] != request->positions[0]) return;
    send_events(session, watch, request->positions, request->entries.entries, request->count);
}
