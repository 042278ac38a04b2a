#include "ledger/ledger_answer.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "message/message.h"

static vch_status send_frame(struct vch_ledger_session *session, const Vouch__Frame *frame)
{
    return session->host->send(session->transport, frame);
}

vch_status vch_ledger_answer_welcome(struct vch_ledger_session *session)
{
    Vouch__Welcome welcome = VOUCH__WELCOME__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    char software[64];

    (void)snprintf(software, sizeof software, "%s", session->host->software);
    welcome.version = VCH_FRAME_VERSION;
    welcome.software = software;
    frame.body_case = VOUCH__FRAME__BODY_WELCOME;
    frame.welcome = &welcome;
    return send_frame(session, &frame);
}

vch_status vch_ledger_answer_goodbye(struct vch_ledger_session *session)
{
    Vouch__Goodbye goodbye = VOUCH__GOODBYE__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    frame.body_case = VOUCH__FRAME__BODY_GOODBYE;
    frame.goodbye = &goodbye;
    return send_frame(session, &frame);
}

vch_status vch_ledger_answer_pong(struct vch_ledger_session *session, uint64_t token)
{
    Vouch__Pong pong = VOUCH__PONG__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    pong.token = token;
    frame.body_case = VOUCH__FRAME__BODY_PONG;
    frame.pong = &pong;
    return send_frame(session, &frame);
}

vch_status vch_ledger_answer_appended(struct vch_ledger_session *session,
                                      const struct vch_request *request)
{
    Vouch__LedgerTaken results[VCH_REQUEST_DRAFTS_MAX];
    Vouch__LedgerTaken *pointers[VCH_REQUEST_DRAFTS_MAX];
    Vouch__LedgerAppended appended = VOUCH__LEDGER_APPENDED__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    VCH_ASSERT(request->count <= VCH_REQUEST_DRAFTS_MAX);
    for (uint32_t i = 0; i < request->count; i++) {
        const struct vch_request_draft *draft = &request->drafts[i];
        vouch__ledger_taken__init(&results[i]);
        pointers[i] = &results[i];
        results[i].code = draft->status.code;
        results[i].position = vch_is_ok(draft->status) ? draft->position : 0;
        // protobuf-c's structs are not const, but packing only reads them.
        if (!vch_is_ok(draft->status) && draft->text != NULL)
            results[i].text = (char *)(uintptr_t)draft->text;
    }
    appended.id = request->id;
    appended.n_results = request->count;
    appended.results = pointers;
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_APPENDED;
    frame.ledger_appended = &appended;
    return send_frame(session, &frame);
}

vch_status vch_ledger_answer_entries(struct vch_ledger_session *session, uint64_t from,
                                     const struct vch_store_entry *entries, uint32_t count)
{
    ProtobufCBinaryData fields[VCH_LEDGER_ANSWER_ENTRIES_MAX];
    Vouch__LedgerEntries body = VOUCH__LEDGER_ENTRIES__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    if (count > VCH_LEDGER_ANSWER_ENTRIES_MAX) count = VCH_LEDGER_ANSWER_ENTRIES_MAX;
    for (uint32_t i = 0; i < count; i++)
        fields[i] = vch_message_borrow(entries[i].bytes, entries[i].size);
    body.from = from;
    body.n_entries = count;
    body.entries = fields;
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_ENTRIES;
    frame.ledger_entries = &body;
    return send_frame(session, &frame);
}

vch_status vch_ledger_answer_events(struct vch_ledger_session *session,
                                    const struct vch_digest *subject, const uint64_t *positions,
                                    const struct vch_store_entry *entries, uint32_t count)
{
    Vouch__LedgerEvent events[VCH_LEDGER_SESSION_BATCH_MAX];
    Vouch__LedgerEvent *pointers[VCH_LEDGER_SESSION_BATCH_MAX];
    Vouch__LedgerEvents body = VOUCH__LEDGER_EVENTS__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    VCH_ASSERT(count <= VCH_LEDGER_SESSION_BATCH_MAX);
    for (uint32_t i = 0; i < count; i++) {
        vouch__ledger_event__init(&events[i]);
        pointers[i] = &events[i];
        events[i].position = positions[i];
        events[i].entry = vch_message_borrow(entries[i].bytes, entries[i].size);
    }
    body.n_events = count;
    body.events = pointers;
    body.subject = vch_message_borrow(subject->bytes, sizeof subject->bytes);
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_EVENTS;
    frame.ledger_events = &body;
    return send_frame(session, &frame);
}

static vch_status send_proof(struct vch_ledger_session *session, Vouch__LedgerProof *proof)
{
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    frame.body_case = VOUCH__FRAME__BODY_LEDGER_PROOF;
    frame.ledger_proof = proof;
    if (vouch__frame__get_packed_size(&frame) > VCH_FRAME_SIZE_MAX)
        return vch_ledger_answer_no_proof(session, proof->id, VCH_CODE_LIMIT,
                                          "these proofs do not fit one frame: ask for fewer");
    return send_frame(session, &frame);
}

static vch_status fill_path(Vouch__LedgerPath *out, const struct vch_request_proven *proven,
                            struct vch_arena *arena)
{
    vouch__ledger_path__init(out);
    out->entry = vch_message_borrow(proven->entry.bytes, proven->entry.size);
    out->n_path = proven->path.count;
    out->path = VCH_ARENA_NEW(arena, ProtobufCBinaryData, proven->path.count);
    if (out->path == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < proven->path.count; i++)
        out->path[i] = vch_message_borrow(proven->path.nodes[i].bytes, VCH_DIGEST_SIZE);
    return VCH_OK;
}

vch_status vch_ledger_answer_proof(struct vch_ledger_session *session,
                                   const struct vch_request *request)
{
    Vouch__LedgerProof proof = VOUCH__LEDGER_PROOF__INIT;
    Vouch__LedgerPath paths[VCH_REQUEST_POSITIONS_MAX];
    Vouch__LedgerPath *pointers[VCH_REQUEST_POSITIONS_MAX];
    struct vch_arena arena;
    vch_status status = VCH_OK;

    VCH_ASSERT(request->count <= VCH_REQUEST_POSITIONS_MAX);
    vch_arena_init(&arena, 4 << 20);
    proof.id = request->id;
    proof.checkpoint = vch_message_borrow(request->checkpoint.note, request->checkpoint.note_size);
    for (uint32_t i = 0; i < request->count && vch_is_ok(status); i++) {
        pointers[i] = &paths[i];
        status = fill_path(&paths[i], &request->proven[i], &arena);
    }
    proof.n_paths = request->count;
    proof.paths = pointers;
    if (vch_is_ok(status)) status = send_proof(session, &proof);
    vch_arena_release(&arena);
    return status;
}

vch_status vch_ledger_answer_no_proof(struct vch_ledger_session *session, uint64_t id,
                                      enum vch_code code, const char *text)
{
    Vouch__LedgerProof proof = VOUCH__LEDGER_PROOF__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    proof.id = id;
    proof.code = code;
    proof.text = (char *)(uintptr_t)text;
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_PROOF;
    frame.ledger_proof = &proof;
    return send_frame(session, &frame);
}

vch_status vch_ledger_answer_put(struct vch_ledger_session *session, uint64_t id,
                                 enum vch_code code, const char *text)
{
    Vouch__LedgerBlobResult result = VOUCH__LEDGER_BLOB_RESULT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    result.id = id;
    result.code = code;
    result.text = (char *)(uintptr_t)text;
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_BLOB_RESULT;
    frame.ledger_blob_result = &result;
    return send_frame(session, &frame);
}

vch_status vch_ledger_answer_blob(struct vch_ledger_session *session, struct vch_request *request)
{
    Vouch__LedgerBlob blob = VOUCH__LEDGER_BLOB__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    request->is_header_sent = true;
    blob.id = request->id;
    blob.size = request->blob_size;
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_BLOB;
    frame.ledger_blob = &blob;
    return send_frame(session, &frame);
}

vch_status vch_ledger_answer_chunk(struct vch_ledger_session *session, struct vch_request *request)
{
    Vouch__Chunk chunk = VOUCH__CHUNK__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    size_t left = request->blob_size - request->moved;

    if (left > VCH_FRAME_CHUNK_MAX) left = VCH_FRAME_CHUNK_MAX;
    chunk.id = request->id;
    chunk.data = vch_message_borrow(request->blob + request->moved, left);
    frame.body_case = VOUCH__FRAME__BODY_CHUNK;
    frame.chunk = &chunk;
    request->moved += left;
    return send_frame(session, &frame);
}
