// Drafts that a member wants in the log.
#include <string.h>

#include "ledger/ledger_session_parts.h"

enum { REQUEST_MEMORY = 256 << 10 }; // an arena's first block

// What can be said of a draft by its size alone.
static void take_draft(struct vch_request *request, struct vch_request_draft *draft,
                       const ProtobufCBinaryData *bytes)
{
    draft->status = VCH_FAIL(LIMIT);
    draft->text = "a draft has 1 to 16384 bytes";
    if (bytes->len == 0 || bytes->len > VCH_ENTRY_SIZE_MAX) return;
    uint8_t *copy = vch_arena_alloc(&request->arena, bytes->len, 1);
    draft->status = VCH_FAIL(NO_MEMORY);
    draft->text = "no memory for this draft now";
    if (copy == NULL) return;
    memcpy(copy, bytes->data, bytes->len);
    *draft = (struct vch_request_draft){.bytes = copy, .size = bytes->len, .status = VCH_OK};
}

static size_t size_of_drafts(const Vouch__LedgerAppend *append)
{
    size_t size = 0;

    for (size_t i = 0; i < append->n_drafts; i++)
        size += append->drafts[i].len;
    return size;
}

// Without room the request is made all the same, so that answers keep their order: of nothing.
static void admit_append(struct vch_ledger_session *session, const Vouch__LedgerAppend *append)
{
    size_t memory = REQUEST_MEMORY + 2 * size_of_drafts(append);
    bool fits = vch_ledger_session_parts_is_roomy(session->host, memory);
    struct vch_request *request = vch_ledger_session_parts_new_request(
        session, VCH_REQUEST_APPEND, append->id, fits ? memory : 0);

    if (request == NULL) return;
    request->drafts = VCH_ARENA_NEW(&request->arena, struct vch_request_draft, append->n_drafts);
    request->count = request->drafts != NULL ? (uint32_t)append->n_drafts : 0;
    for (uint32_t i = 0; i < request->count; i++) {
        request->drafts[i].status = VCH_FAIL(BUSY);
        request->drafts[i].text = "the ledger has too much to do: try again";
        if (fits) take_draft(request, &request->drafts[i], &append->drafts[i]);
    }
    session->host->counts.appends++;
    vch_ledger_session_parts_submit(session, request, request->drafts != NULL);
}

void vch_ledger_session_parts_receive_append(struct vch_ledger_session *session,
                                             const Vouch__LedgerAppend *append)
{
    if (!vch_ledger_session_parts_is_new_id(session, append->id)) return;
    if (append->n_drafts == 0 || append->n_drafts > VCH_REQUEST_DRAFTS_MAX)
        vch_ledger_session_parts_end(session, VCH_CODE_LIMIT,
                                     "an append of %zu drafts: 1 to %u are possible",
                                     append->n_drafts, VCH_REQUEST_DRAFTS_MAX);
    else if (vch_ledger_session_parts_count(session, VCH_REQUEST_APPEND) ==
             VCH_LEDGER_SESSION_APPENDS_MAX)
        vch_ledger_session_parts_end(session, VCH_CODE_LIMIT,
                                     "more than %u appends without an answer",
                                     VCH_LEDGER_SESSION_APPENDS_MAX);
    else
        admit_append(session, append);
}
