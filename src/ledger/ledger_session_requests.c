// A session's requests, from their admission to their end.
#include <inttypes.h>

#include "base/check.h"
#include "ledger/ledger_session_parts.h"

enum { ARENA_MAX = 8 << 20 }; // of one request: what decoding its drafts may take

uint32_t vch_ledger_session_parts_count(const struct vch_ledger_session *session,
                                        enum vch_request_kind kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < VCH_LEDGER_SESSION_REQUESTS_MAX; i++)
        count += session->requests[i] != NULL && session->requests[i]->kind == kind;
    return count;
}

struct vch_request *vch_ledger_session_parts_new_request(struct vch_ledger_session *session,
                                                         enum vch_request_kind kind, uint64_t id,
                                                         size_t memory)
{
    struct vch_request *request = vch_request_new(kind, ARENA_MAX);

    if (request == NULL) {
        vch_ledger_session_parts_end(session, VCH_CODE_NO_MEMORY, "no memory for a request");
        return NULL;
    }
    request->id = id;
    request->memory = memory;
    session->host->memory_used += memory;
    for (uint32_t i = 0; i < VCH_LEDGER_SESSION_REQUESTS_MAX; i++) {
        if (session->requests[i] != NULL) continue;
        session->requests[i] = request;
        request->session = session;
        return request;
    }
    VCH_ASSERT(false); // each kind has its bound, and together they fit
    return NULL;
}

void vch_ledger_session_free_request(struct vch_ledger_session_host *host,
                                     struct vch_request *request)
{
    VCH_ASSERT(host->memory_used >= request->memory);
    host->memory_used -= request->memory;
    vch_request_free(request);
}

void vch_ledger_session_parts_drop(struct vch_ledger_session *session, struct vch_request *request)
{
    for (uint32_t i = 0; i < VCH_LEDGER_SESSION_REQUESTS_MAX; i++)
        if (session->requests[i] == request) session->requests[i] = NULL;
    if (session->sending == request) session->sending = NULL;
    if (session->receiving == request) session->receiving = NULL;
    vch_ledger_session_free_request(session->host, request);
}

void vch_ledger_session_parts_submit(struct vch_ledger_session *session,
                                     struct vch_request *request, bool is_whole)
{
    if (is_whole) {
        session->host->submit(session->host->context, request);
        return;
    }
    vch_ledger_session_parts_drop(session, request);
    vch_ledger_session_parts_end(session, VCH_CODE_NO_MEMORY, "no memory for a request");
}

bool vch_ledger_session_parts_is_roomy(const struct vch_ledger_session_host *host, size_t memory)
{
    return memory <= host->memory_max - host->memory_used;
}

// Every request has an answer, which is longer than some requests: one that asks for many and reads
// none is ended.
static bool reads_answers(struct vch_ledger_session *session)
{
    if (vch_ledger_session_parts_has_room(session)) session->answers_waiting = 0;
    if (session->answers_waiting++ < VCH_LEDGER_SESSION_ANSWERS_MAX) return true;
    vch_ledger_session_parts_end(session, VCH_CODE_LIMIT, "too many answers wait to be read");
    return false;
}

bool vch_ledger_session_parts_is_new_id(struct vch_ledger_session *session, uint64_t id)
{
    if (!reads_answers(session)) return false;
    if (id <= session->last_id) {
        vch_ledger_session_parts_end(session, VCH_CODE_MALFORMED,
                                     "request %" PRIu64 " after request %" PRIu64
                                     ": identifiers grow",
                                     id, session->last_id);
        return false;
    }
    session->last_id = id;
    return true;
}
