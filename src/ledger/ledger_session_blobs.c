// Registries, from a member and to it, in chunks.
#include <string.h>

#include "ledger/ledger_session_parts.h"
#include "message/message.h"

void vch_ledger_session_parts_receive_get(struct vch_ledger_session *session,
                                          const Vouch__LedgerBlobGet *get)
{
    struct vch_digest digest;

    if (!vch_ledger_session_parts_is_new_id(session, get->id)) return;
    if (!vch_is_ok(vch_message_copy(digest.bytes, VCH_DIGEST_SIZE, &get->digest, "digest", NULL))) {
        vch_ledger_session_parts_end(session, VCH_CODE_MALFORMED,
                                     "a blob is asked for by a digest of %u bytes",
                                     VCH_DIGEST_SIZE);
        return;
    }
    if (vch_ledger_session_parts_count(session, VCH_REQUEST_GET_BLOB) > 0) {
        vch_ledger_session_parts_end(session, VCH_CODE_LIMIT, "one blob after the other, please");
        return;
    }
    struct vch_request *request =
        vch_ledger_session_parts_new_request(session, VCH_REQUEST_GET_BLOB, get->id, 0);
    if (request == NULL) return;
    request->digest = digest;
    vch_ledger_session_parts_submit(session, request, true);
}

static void admit_put(struct vch_ledger_session *session, const Vouch__LedgerBlobPut *put)
{
    const size_t size = (size_t)put->size;

    if (!vch_ledger_session_parts_is_roomy(session->host, size)) {
        vch_ledger_session_parts_note_sent(
            session, vch_ledger_answer_put(session, put->id, VCH_CODE_BUSY,
                                           "the ledger has too much to do: try again"));
        return;
    }
    struct vch_request *request =
        vch_ledger_session_parts_new_request(session, VCH_REQUEST_PUT_BLOB, put->id, size);
    if (request == NULL) return;
    request->blob = vch_arena_alloc(&request->arena, size, 1);
    request->blob_size = size;
    if (request->blob == NULL) {
        vch_ledger_session_parts_submit(session, request, false);
        return;
    }
    session->receiving = request;
    session->host->set_owed(session->transport, true);
}

void vch_ledger_session_parts_receive_put(struct vch_ledger_session *session,
                                          const Vouch__LedgerBlobPut *put)
{
    if (!vch_ledger_session_parts_is_new_id(session, put->id)) return;
    if (vch_ledger_session_parts_count(session, VCH_REQUEST_PUT_BLOB) > 0)
        vch_ledger_session_parts_end(session, VCH_CODE_LIMIT, "one blob after the other, please");
    else if (put->size == 0 || put->size > VCH_STORE_BLOB_SIZE_MAX)
        vch_ledger_session_parts_note_sent(session,
                                           vch_ledger_answer_put(session, put->id, VCH_CODE_LIMIT,
                                                                 "a registry has 1 byte to 2 MiB"));
    else
        admit_put(session, put);
}

void vch_ledger_session_parts_receive_chunk(struct vch_ledger_session *session,
                                            const Vouch__Chunk *chunk)
{
    struct vch_request *request = session->receiving;

    if (chunk->id > session->last_id) {
        vch_ledger_session_parts_end(session, VCH_CODE_MALFORMED,
                                     "a chunk of what was never announced");
    } else if (request == NULL || request->id != chunk->id) {
        return; // of a blob that was refused
    } else if (chunk->data.len == 0 || chunk->data.len > VCH_FRAME_CHUNK_MAX ||
               chunk->data.len > request->blob_size - request->moved) {
        vch_ledger_session_parts_end(session, VCH_CODE_MALFORMED, "a chunk of a wrong size");
    } else {
        memcpy(request->blob + request->moved, chunk->data.data, chunk->data.len);
        request->moved += chunk->data.len;
        if (request->moved < request->blob_size) return;
        session->receiving = NULL;
        session->host->set_owed(session->transport, false);
        vch_ledger_session_parts_submit(session, request, true);
    }
}

void vch_ledger_session_parts_pump_blob(struct vch_ledger_session *session)
{
    while (session->sending != NULL && vch_ledger_session_parts_has_room(session)) {
        struct vch_request *request = session->sending;
        vch_ledger_session_parts_note_sent(session, request->is_header_sent
                                                        ? vch_ledger_answer_chunk(session, request)
                                                        : vch_ledger_answer_blob(session, request));
        if (request->is_header_sent && request->moved == request->blob_size)
            vch_ledger_session_parts_drop(session, request);
    }
}

void vch_ledger_session_parts_finish_get(struct vch_ledger_session *session,
                                         struct vch_request *request)
{
    if (!vch_is_ok(request->job.status)) request->blob_size = 0;
    if (request->blob == NULL) request->blob_size = 0;
    session->sending = request;
    vch_ledger_session_parts_pump_blob(session);
}
