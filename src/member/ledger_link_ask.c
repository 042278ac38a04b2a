// Requests of a link: queued, sent as far as the ledger allows, answered.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "host/clock.h"
#include "member/ledger_link_parts.h"
#include "message/message.h"
#include "tlog/inclusion.h"

enum {
    BLOB_MAX = VCH_REGISTRY_SIZE_MAX,
    REQUEST_MEMORY = 4 << 20,
    PROOF_MEMORY = 8 << 20,
    PATIENCE_MS = 30000,
};

// How many of each kind the ledger takes before it answers.
static const uint32_t UNANSWERED_MAX[] = {VCH_LEDGER_LINK_UNANSWERED_MAX, 4, 1, 1};

static struct vch_ledger_link_request *new_request(struct vch_ledger_link *link,
                                                   enum vch_ledger_link_kind kind, void *context)
{
    struct vch_ledger_link_request *request = calloc(1, sizeof *request);
    uint32_t patience = link->setup.patience_ms;

    if (request == NULL) return NULL;
    request->kind = kind;
    request->context = context;
    request->end_ms = vch_clock_monotonic_ms() + (patience > 0 ? patience : PATIENCE_MS);
    vch_arena_init(&request->arena, REQUEST_MEMORY);
    return request;
}

static void free_request(struct vch_ledger_link_request *request)
{
    vch_arena_release(&request->arena);
    free(request);
}

static vch_status enqueue(struct vch_ledger_link *link, struct vch_ledger_link_request *request)
{
    *link->last = request;
    link->last = &request->next;
    link->request_count++;
    vch_ledger_link_parts_pump(link);
    return VCH_OK;
}

static void take_out(struct vch_ledger_link *link, struct vch_ledger_link_request *request)
{
    struct vch_ledger_link_request **at = &link->first;

    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    if (link->last == &request->next) link->last = at;
    link->request_count--;
}

static vch_status check_room(const struct vch_ledger_link *link)
{
    if (link->state == VCH_LEDGER_LINK_BROKEN) return VCH_FAIL(UNAVAILABLE);
    return link->request_count < VCH_LEDGER_LINK_REQUESTS_MAX ? VCH_OK : VCH_FAIL(BUSY);
}

static uint8_t *copy(struct vch_arena *arena, const uint8_t *bytes, size_t size)
{
    uint8_t *out = vch_arena_alloc(arena, size, 1);

    if (out != NULL && size > 0) memcpy(out, bytes, size);
    return out;
}

static vch_status copy_drafts(struct vch_ledger_link_request *request,
                              const struct vch_follower_bytes *drafts, uint32_t count)
{
    request->count = count;
    request->drafts = VCH_ARENA_NEW(&request->arena, struct vch_follower_bytes, count);
    for (uint32_t i = 0; request->drafts != NULL && i < count; i++) {
        request->drafts[i] = (struct vch_follower_bytes){
            copy(&request->arena, drafts[i].bytes, drafts[i].size), drafts[i].size};
        if (request->drafts[i].bytes == NULL) return VCH_FAIL(NO_MEMORY);
    }
    return request->drafts != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static bool are_drafts(const struct vch_follower_bytes *drafts, uint32_t count)
{
    size_t size = 0;

    for (uint32_t i = 0; i < count && i < VCH_LEDGER_LINK_DRAFTS_MAX; i++) {
        if (drafts[i].size == 0 || drafts[i].size > VCH_ENTRY_SIZE_MAX) return false;
        size += drafts[i].size + 8;
    }
    return count > 0 && count <= VCH_LEDGER_LINK_DRAFTS_MAX && size < VCH_FRAME_SIZE_MAX - 64;
}

vch_status vch_ledger_link_append(struct vch_ledger_link *link,
                                  const struct vch_follower_bytes *drafts, uint32_t count,
                                  vch_ledger_link_on_appended answer, void *context)
{
    VCH_TRY(check_room(link));
    if (!are_drafts(drafts, count)) return VCH_FAIL(USAGE);
    struct vch_ledger_link_request *request = new_request(link, VCH_LEDGER_LINK_APPEND, context);
    if (request == NULL) return VCH_FAIL(NO_MEMORY);
    request->answer.appended = answer;
    vch_status status = copy_drafts(request, drafts, count);
    if (vch_is_ok(status)) return enqueue(link, request);
    free_request(request);
    return status;
}

vch_status vch_ledger_link_prove(struct vch_ledger_link *link, const uint64_t *positions,
                                 uint32_t count, vch_ledger_link_on_proof answer, void *context)
{
    VCH_TRY(check_room(link));
    if (count == 0 || count > VCH_LEDGER_LINK_POSITIONS_MAX) return VCH_FAIL(USAGE);
    for (uint32_t i = 1; i < count; i++)
        if (positions[i] <= positions[i - 1]) return VCH_FAIL(USAGE);
    struct vch_ledger_link_request *request = new_request(link, VCH_LEDGER_LINK_PROVE, context);
    if (request == NULL) return VCH_FAIL(NO_MEMORY);
    request->answer.proof = answer;
    request->count = count;
    request->positions = VCH_ARENA_NEW(&request->arena, uint64_t, count);
    if (request->positions == NULL) {
        free_request(request);
        return VCH_FAIL(NO_MEMORY);
    }
    memcpy(request->positions, positions, count * sizeof *positions);
    return enqueue(link, request);
}

vch_status vch_ledger_link_get_blob(struct vch_ledger_link *link, const struct vch_digest *digest,
                                    vch_ledger_link_on_blob answer, void *context)
{
    VCH_TRY(check_room(link));
    struct vch_ledger_link_request *request = new_request(link, VCH_LEDGER_LINK_GET, context);
    if (request == NULL) return VCH_FAIL(NO_MEMORY);
    request->answer.blob = answer;
    request->digest = *digest;
    return enqueue(link, request);
}

vch_status vch_ledger_link_put_blob(struct vch_ledger_link *link, const uint8_t *bytes, size_t size,
                                    vch_ledger_link_on_put answer, void *context)
{
    VCH_TRY(check_room(link));
    if (size == 0 || size > BLOB_MAX) return VCH_FAIL(USAGE);
    struct vch_ledger_link_request *request = new_request(link, VCH_LEDGER_LINK_PUT, context);
    if (request == NULL) return VCH_FAIL(NO_MEMORY);
    request->answer.put = answer;
    request->bytes = copy(&request->arena, bytes, size);
    request->size = size;
    if (request->bytes != NULL) return enqueue(link, request);
    free_request(request);
    return VCH_FAIL(NO_MEMORY);
}

static vch_status send_append(struct vch_ledger_link *link,
                              const struct vch_ledger_link_request *request)
{
    ProtobufCBinaryData drafts[VCH_LEDGER_LINK_DRAFTS_MAX];
    Vouch__LedgerAppend append = VOUCH__LEDGER_APPEND__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    for (uint32_t i = 0; i < request->count; i++)
        drafts[i] = vch_message_borrow(request->drafts[i].bytes, request->drafts[i].size);
    append.id = request->id;
    append.n_drafts = request->count;
    append.drafts = drafts;
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_APPEND;
    frame.ledger_append = &append;
    return vch_stream_send(link->stream, &frame);
}

static vch_status send_prove(struct vch_ledger_link *link,
                             const struct vch_ledger_link_request *request)
{
    Vouch__LedgerProve prove = VOUCH__LEDGER_PROVE__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    prove.id = request->id;
    prove.n_positions = request->count;
    prove.positions = request->positions;
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_PROVE;
    frame.ledger_prove = &prove;
    return vch_stream_send(link->stream, &frame);
}

static vch_status send_get(struct vch_ledger_link *link,
                           const struct vch_ledger_link_request *request)
{
    Vouch__LedgerBlobGet get = VOUCH__LEDGER_BLOB_GET__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    get.id = request->id;
    get.digest = vch_message_borrow(request->digest.bytes, VCH_DIGEST_SIZE);
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_BLOB_GET;
    frame.ledger_blob_get = &get;
    return vch_stream_send(link->stream, &frame);
}

static vch_status send_put(struct vch_ledger_link *link,
                           const struct vch_ledger_link_request *request)
{
    Vouch__LedgerBlobPut put = VOUCH__LEDGER_BLOB_PUT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    put.id = request->id;
    put.size = request->size;
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_BLOB_PUT;
    frame.ledger_blob_put = &put;
    vch_status status = vch_stream_send(link->stream, &frame);
    for (size_t at = 0; at < request->size && vch_is_ok(status);) {
        Vouch__Chunk chunk = VOUCH__CHUNK__INIT;
        size_t left = request->size - at;
        if (left > VCH_FRAME_CHUNK_MAX) left = VCH_FRAME_CHUNK_MAX;
        chunk.id = request->id;
        chunk.data = vch_message_borrow(request->bytes + at, left);
        frame.body_case = VOUCH__FRAME__BODY_CHUNK;
        frame.chunk = &chunk;
        status = vch_stream_send(link->stream, &frame);
        at += left;
    }
    return status;
}

static vch_status send_request(struct vch_ledger_link *link,
                               const struct vch_ledger_link_request *request)
{
    switch (request->kind) {
    case VCH_LEDGER_LINK_APPEND: return send_append(link, request);
    case VCH_LEDGER_LINK_PROVE: return send_prove(link, request);
    case VCH_LEDGER_LINK_GET: return send_get(link, request);
    case VCH_LEDGER_LINK_PUT: return send_put(link, request);
    }
    return VCH_FAIL(USAGE);
}

void vch_ledger_link_parts_pump(struct vch_ledger_link *link)
{
    uint32_t unanswered[4] = {0};
    struct vch_ledger_link_request *request = link->first;

    if (link->state != VCH_LEDGER_LINK_READY || link->is_leaving) return;
    for (; request != NULL; request = request->next) {
        if (request->id != 0) {
            unanswered[request->kind]++;
            continue;
        }
        if (unanswered[request->kind] >= UNANSWERED_MAX[request->kind] ||
            !vch_stream_has_room(link->stream))
            continue;
        request->id = ++link->last_id;
        unanswered[request->kind]++;
        if (!vch_is_ok(send_request(link, request))) return; // the stream's end will tell
    }
}

static void answer_failed(struct vch_ledger_link *link, struct vch_ledger_link_request *request,
                          vch_status status, const char *why)
{
    struct vch_complaint text = {""}; // also makes the ledger's text printable

    (void)vch_complain(&text, status.code, "%.400s", why[0] ? why : vch_code_text(status.code));
    take_out(link, request);
    switch (request->kind) {
    case VCH_LEDGER_LINK_APPEND: request->answer.appended(request->context, status, NULL, 0); break;
    case VCH_LEDGER_LINK_PROVE:
        request->answer.proof(request->context, status, NULL, text.text);
        break;
    case VCH_LEDGER_LINK_GET:
        request->answer.blob(request->context, status, NULL, 0, text.text);
        break;
    case VCH_LEDGER_LINK_PUT: request->answer.put(request->context, status, text.text); break;
    }
    free_request(request);
}

// Answers may make new requests, so each search begins anew.
void vch_ledger_link_parts_fail(struct vch_ledger_link *link, bool all, vch_status status,
                                const char *why)
{
    uint32_t left = link->request_count; // those that are made meanwhile are not meant

    for (struct vch_ledger_link_request *at = link->first; at != NULL && left > 0; left--) {
        if (!all && at->id == 0) {
            at = at->next;
            continue;
        }
        answer_failed(link, at, status, why);
        at = link->first;
    }
}

void vch_ledger_link_parts_expire(struct vch_ledger_link *link, uint64_t now_ms)
{
    uint32_t left = link->request_count;

    for (struct vch_ledger_link_request *at = link->first; at != NULL && left > 0; left--) {
        if (now_ms < at->end_ms) {
            at = at->next;
            continue;
        }
        answer_failed(link, at, VCH_FAIL(TIMEOUT),
                      link->state == VCH_LEDGER_LINK_READY ? "the ledger did not answer in time"
                                                           : link->trouble);
        at = link->first;
    }
}

bool vch_ledger_link_parts_are_sent(const struct vch_ledger_link *link)
{
    for (const struct vch_ledger_link_request *at = link->first; at != NULL; at = at->next)
        if (at->id != 0) return true;
    return false;
}

void vch_ledger_link_parts_drop(struct vch_ledger_link *link)
{
    while (link->first != NULL) {
        struct vch_ledger_link_request *request = link->first;
        take_out(link, request);
        free_request(request);
    }
}

static struct vch_ledger_link_request *find(const struct vch_ledger_link *link, uint64_t id,
                                            enum vch_ledger_link_kind kind)
{
    for (struct vch_ledger_link_request *at = link->first; at != NULL; at = at->next)
        if (at->id == id && id != 0 && at->kind == kind) return at;
    return NULL;
}

// Answers to what has expired meanwhile are no lies.
static bool is_known(const struct vch_ledger_link *link, uint64_t id)
{
    return id > 0 && id <= link->last_id;
}

static vch_status status_of(uint32_t code)
{
    // A code that we do not know is a refusal all the same.
    return (vch_status){code <= VCH_CODE_TIMEOUT ? (enum vch_code)code : VCH_CODE_REFUSED};
}

static void read_results(struct vch_ledger_link_taken *out, const Vouch__LedgerAppended *appended)
{
    for (size_t i = 0; i < appended->n_results; i++) {
        const Vouch__LedgerTaken *taken = appended->results[i];
        struct vch_complaint text = {""};
        out[i].status = status_of(taken->code);
        out[i].position = taken->position;
        if (!vch_is_ok(out[i].status))
            (void)vch_complain(&text, taken->code, "%.400s",
                               taken->text[0] ? taken->text : vch_code_text(out[i].status.code));
        memcpy(out[i].text, text.text, sizeof text.text);
    }
}

bool vch_ledger_link_parts_appended(struct vch_ledger_link *link,
                                    const Vouch__LedgerAppended *appended)
{
    struct vch_ledger_link_request *request = find(link, appended->id, VCH_LEDGER_LINK_APPEND);
    struct vch_ledger_link_taken results[VCH_LEDGER_LINK_DRAFTS_MAX];

    if (request == NULL) return is_known(link, appended->id);
    if (appended->n_results != request->count) return false;
    read_results(results, appended);
    take_out(link, request);
    request->answer.appended(request->context, VCH_OK, results, request->count);
    free_request(request);
    return true;
}

static vch_status check_path(struct vch_ledger_link_proven *out, const Vouch__LedgerPath *path,
                             uint64_t position, const struct vch_ledger_link_proof *proof)
{
    out->position = position;
    out->entry = path->entry.data;
    out->entry_size = path->entry.len;
    if (path->n_path > VCH_TREE_PATH_MAX) return VCH_FAIL(BAD_PROOF);
    out->path.count = (uint32_t)path->n_path;
    for (size_t i = 0; i < path->n_path; i++) {
        if (path->path[i].len != VCH_DIGEST_SIZE) return VCH_FAIL(BAD_PROOF);
        memcpy(out->path.nodes[i].bytes, path->path[i].data, VCH_DIGEST_SIZE);
    }
    struct vch_digest leaf = vch_merkle_leaf(out->entry, out->entry_size);
    return vch_inclusion_verify(&proof->root, proof->size, &leaf, position, &out->path);
}

// Believes the proof only when the charter's witnesses stand behind it.
static vch_status check_proof(struct vch_ledger_link *link, struct vch_ledger_link_proof *out,
                              const struct vch_ledger_link_request *request,
                              const Vouch__LedgerProof *proof, struct vch_arena *arena,
                              struct vch_complaint *complaint)
{
    struct vch_checkpoint checkpoint;
    struct vch_ledger_link_proven *entries =
        VCH_ARENA_NEW(arena, struct vch_ledger_link_proven, request->count);

    if (entries == NULL) return VCH_FAIL(NO_MEMORY);
    if (proof->n_paths != request->count)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "%zu proofs where %u were asked for",
                            proof->n_paths, request->count);
    out->checkpoint = (const char *)proof->checkpoint.data;
    out->checkpoint_size = proof->checkpoint.len;
    VCH_TRY(vch_quorum_open(&checkpoint, out->checkpoint, out->checkpoint_size, &link->notes.log,
                            &link->notes.quorum, complaint));
    out->size = checkpoint.size;
    out->root = checkpoint.root;
    out->count = request->count;
    out->entries = entries;
    for (uint32_t i = 0; i < request->count; i++)
        if (!vch_is_ok(check_path(&entries[i], proof->paths[i], request->positions[i], out)))
            return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                                "the ledger's proof of an entry does not verify under the "
                                "cosigned checkpoint");
    return VCH_OK;
}

bool vch_ledger_link_parts_proof(struct vch_ledger_link *link, const Vouch__LedgerProof *proof)
{
    struct vch_ledger_link_request *request = find(link, proof->id, VCH_LEDGER_LINK_PROVE);
    struct vch_ledger_link_proof checked = {0};
    struct vch_complaint complaint = {""};
    struct vch_arena arena;

    if (request == NULL) return is_known(link, proof->id);
    if (proof->code != VCH_CODE_NONE) {
        answer_failed(link, request, status_of(proof->code), proof->text);
        return true;
    }
    vch_arena_init(&arena, PROOF_MEMORY);
    vch_status status = check_proof(link, &checked, request, proof, &arena, &complaint);
    if (vch_is_ok(status)) {
        take_out(link, request);
        request->answer.proof(request->context, VCH_OK, &checked, "");
        free_request(request);
    } else {
        answer_failed(link, request, status, complaint.text);
    }
    vch_arena_release(&arena);
    return true;
}

static void finish_blob(struct vch_ledger_link *link, struct vch_ledger_link_request *request)
{
    take_out(link, request);
    request->answer.blob(request->context, VCH_OK, request->bytes, request->size, "");
    free_request(request);
}

bool vch_ledger_link_parts_blob(struct vch_ledger_link *link, const Vouch__LedgerBlob *blob)
{
    struct vch_ledger_link_request *request = find(link, blob->id, VCH_LEDGER_LINK_GET);

    if (request == NULL) return is_known(link, blob->id);
    if (request->bytes != NULL || blob->size > BLOB_MAX) return false;
    if (blob->size == 0) {
        answer_failed(link, request, VCH_FAIL(REFUSED), "the ledger has no such registry");
        return true;
    }
    request->bytes = vch_arena_alloc(&request->arena, (size_t)blob->size, 1);
    request->size = (size_t)blob->size;
    if (request->bytes == NULL) answer_failed(link, request, VCH_FAIL(NO_MEMORY), "");
    return true;
}

bool vch_ledger_link_parts_chunk(struct vch_ledger_link *link, const Vouch__Chunk *chunk)
{
    struct vch_ledger_link_request *request = find(link, chunk->id, VCH_LEDGER_LINK_GET);

    if (request == NULL) return is_known(link, chunk->id);
    if (request->bytes == NULL || chunk->data.len == 0 ||
        chunk->data.len > request->size - request->moved)
        return false;
    memcpy(request->bytes + request->moved, chunk->data.data, chunk->data.len);
    request->moved += chunk->data.len;
    if (request->moved == request->size) finish_blob(link, request);
    return true;
}

bool vch_ledger_link_parts_result(struct vch_ledger_link *link,
                                  const Vouch__LedgerBlobResult *result)
{
    struct vch_ledger_link_request *request = find(link, result->id, VCH_LEDGER_LINK_PUT);

    if (request == NULL) return is_known(link, result->id);
    if (result->code != VCH_CODE_NONE) {
        answer_failed(link, request, status_of(result->code), result->text);
        return true;
    }
    take_out(link, request);
    request->answer.put(request->context, VCH_OK, "");
    free_request(request);
    return true;
}
