#include "ledger/ledger_session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ledger/ledger_answer.h"
#include "message/message.h"

enum {
    ARENA_MAX = 8 << 20,        // of one request: what decoding its drafts may take
    REQUEST_MEMORY = 256 << 10, // an arena's first block
};

static const char WRITERS_ONLY[] = "a %s frame is for ledgers to send";

void vch_ledger_session_init(struct vch_ledger_session *session,
                             struct vch_ledger_session_host *host,
                             const struct vch_public_key *peer, void *transport)
{
    *session = (struct vch_ledger_session){.host = host, .peer = *peer, .transport = transport};
}

__attribute__((format(printf, 3, 4))) static void end(struct vch_ledger_session *session,
                                                      enum vch_code code, const char *format, ...)
{
    va_list args;

    if (session->end_code != VCH_CODE_NONE) return;
    session->end_code = code;
    session->host->counts.ended++;
    va_start(args, format);
    (void)vsnprintf(session->end_text, sizeof session->end_text, format, args);
    va_end(args);
}

// What an answer could not be sent for ends the stream.
static void note_sent(struct vch_ledger_session *session, vch_status status)
{
    if (!vch_is_ok(status)) end(session, status.code, "the stream takes no more frames");
}

static bool has_room(const struct vch_ledger_session *session)
{
    return session->end_code == VCH_CODE_NONE && session->host->has_room(session->transport);
}

static uint32_t count_requests(const struct vch_ledger_session *session, enum vch_request_kind kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < VCH_LEDGER_SESSION_REQUESTS_MAX; i++)
        count += session->requests[i] != NULL && session->requests[i]->kind == kind;
    return count;
}

static struct vch_request *new_request(struct vch_ledger_session *session,
                                       enum vch_request_kind kind, uint64_t id, size_t memory)
{
    struct vch_ledger_session_host *host = session->host;
    struct vch_request *request = calloc(1, sizeof *request);

    if (request == NULL) return NULL;
    request->kind = kind;
    request->id = id;
    request->memory = memory;
    host->memory_used += memory;
    vch_arena_init(&request->arena, ARENA_MAX);
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
    vch_arena_release(&request->arena);
    free(request);
}

static void forget(struct vch_ledger_session *session, struct vch_request *request)
{
    for (uint32_t i = 0; i < VCH_LEDGER_SESSION_REQUESTS_MAX; i++)
        if (session->requests[i] == request) session->requests[i] = NULL;
    if (session->sending == request) session->sending = NULL;
    if (session->receiving == request) session->receiving = NULL;
    request->session = NULL;
}

static void drop(struct vch_ledger_session *session, struct vch_request *request)
{
    forget(session, request);
    vch_ledger_session_free_request(session->host, request);
}

static void submit(struct vch_ledger_session *session, struct vch_request *request)
{
    session->host->submit(session->host->context, request);
}

static bool is_roomy(const struct vch_ledger_session_host *host, size_t memory)
{
    return memory <= host->memory_max - host->memory_used;
}

// Every request has an answer, which is longer than some requests: one that asks for many and reads
// none is ended.
static bool reads_answers(struct vch_ledger_session *session)
{
    if (has_room(session)) session->answers_waiting = 0;
    if (session->answers_waiting++ < VCH_LEDGER_SESSION_ANSWERS_MAX) return true;
    end(session, VCH_CODE_LIMIT, "too many answers wait to be read");
    return false;
}

// Identifiers grow, so that none is used twice on a stream.
static bool is_new_id(struct vch_ledger_session *session, uint64_t id)
{
    if (!reads_answers(session)) return false;
    if (id <= session->last_id) {
        end(session, VCH_CODE_MALFORMED,
            "request %" PRIu64 " after request %" PRIu64 ": identifiers grow", id,
            session->last_id);
        return false;
    }
    session->last_id = id;
    return true;
}

static void receive_hello(struct vch_ledger_session *session, const Vouch__Hello *hello)
{
    if (session->has_greeted) {
        end(session, VCH_CODE_MALFORMED, "a second hello on one stream");
    } else if (hello->version != VCH_FRAME_VERSION) {
        end(session, VCH_CODE_UNSUPPORTED, "protocol version %u; this ledger speaks %u",
            hello->version, VCH_FRAME_VERSION);
    } else {
        session->has_greeted = true;
        note_sent(session, vch_ledger_answer_welcome(session));
    }
}

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
    bool fits = is_roomy(session->host, memory);
    struct vch_request *request =
        new_request(session, VCH_REQUEST_APPEND, append->id, fits ? memory : 0);

    if (request != NULL)
        request->drafts =
            VCH_ARENA_NEW(&request->arena, struct vch_request_draft, append->n_drafts);
    if (request == NULL || request->drafts == NULL) {
        end(session, VCH_CODE_NO_MEMORY, "no memory for a request");
        return;
    }
    request->count = (uint32_t)append->n_drafts;
    for (uint32_t i = 0; i < request->count; i++) {
        request->drafts[i].status = VCH_FAIL(BUSY);
        request->drafts[i].text = "the ledger has too much to do: try again";
        if (fits) take_draft(request, &request->drafts[i], &append->drafts[i]);
    }
    session->host->counts.appends++;
    submit(session, request);
}

static void receive_append(struct vch_ledger_session *session, const Vouch__LedgerAppend *append)
{
    if (!is_new_id(session, append->id)) return;
    if (append->n_drafts == 0 || append->n_drafts > VCH_REQUEST_DRAFTS_MAX)
        end(session, VCH_CODE_LIMIT, "an append of %zu drafts: 1 to %u are possible",
            append->n_drafts, VCH_REQUEST_DRAFTS_MAX);
    else if (count_requests(session, VCH_REQUEST_APPEND) == VCH_LEDGER_SESSION_APPENDS_MAX)
        end(session, VCH_CODE_LIMIT, "more than %u appends without an answer",
            VCH_LEDGER_SESSION_APPENDS_MAX);
    else
        admit_append(session, append);
}

static void receive_follow(struct vch_ledger_session *session, const Vouch__LedgerFollow *follow)
{
    session->is_following = true;
    session->follow_next = follow->from;
}

static struct vch_ledger_session_watch *find_watch(struct vch_ledger_session *session,
                                                   const struct vch_digest *subject)
{
    for (uint32_t i = 0; i < session->watch_count; i++)
        if (vch_hash_is_equal(&session->watches[i].subject, subject)) return &session->watches[i];
    return NULL;
}

static void receive_watch(struct vch_ledger_session *session, const Vouch__LedgerWatch *watch)
{
    struct vch_digest subject;

    if (watch->subject.len != VCH_DIGEST_SIZE) {
        end(session, VCH_CODE_MALFORMED, "a watch of %zu bytes: a subject has %u",
            watch->subject.len, VCH_DIGEST_SIZE);
        return;
    }
    memcpy(subject.bytes, watch->subject.data, VCH_DIGEST_SIZE);
    struct vch_ledger_session_watch *known = find_watch(session, &subject);
    if (watch->stop && known != NULL) *known = session->watches[--session->watch_count];
    if (watch->stop || known != NULL) return;
    if (session->watch_count == VCH_LEDGER_SESSION_WATCHES_MAX)
        end(session, VCH_CODE_LIMIT, "more than %u watches on one stream",
            VCH_LEDGER_SESSION_WATCHES_MAX);
    else
        session->watches[session->watch_count++] =
            (struct vch_ledger_session_watch){.subject = subject};
}

static bool are_positions(const Vouch__LedgerProve *prove)
{
    for (size_t i = 1; i < prove->n_positions; i++)
        if (prove->positions[i] <= prove->positions[i - 1]) return false;
    return prove->n_positions > 0 && prove->n_positions <= VCH_REQUEST_POSITIONS_MAX;
}

static void admit_prove(struct vch_ledger_session *session, const Vouch__LedgerProve *prove)
{
    struct vch_request *request = NULL;
    uint64_t highest = prove->positions[prove->n_positions - 1];

    if (highest >= session->host->entry_count) {
        note_sent(session, vch_ledger_answer_no_proof(session, prove->id, VCH_CODE_REFUSED,
                                                      "there is no such entry yet"));
        return;
    }
    if (!is_roomy(session->host, VCH_FRAME_SIZE_MAX)) {
        note_sent(session, vch_ledger_answer_no_proof(session, prove->id, VCH_CODE_BUSY,
                                                      "the ledger has too much to do: try again"));
        return;
    }
    request = new_request(session, VCH_REQUEST_PROVE, prove->id, VCH_FRAME_SIZE_MAX);
    if (request != NULL)
        request->positions = VCH_ARENA_NEW(&request->arena, uint64_t, prove->n_positions);
    if (request == NULL || request->positions == NULL) {
        end(session, VCH_CODE_NO_MEMORY, "no memory for a request");
        return;
    }
    request->count = (uint32_t)prove->n_positions;
    memcpy(request->positions, prove->positions, request->count * sizeof *request->positions);
    request->give_up_ms = session->now.monotonic_ms + VCH_LEDGER_SESSION_PROOF_MS;
    submit(session, request);
}

static void receive_prove(struct vch_ledger_session *session, const Vouch__LedgerProve *prove)
{
    if (!is_new_id(session, prove->id)) return;
    if (!are_positions(prove))
        end(session, VCH_CODE_MALFORMED, "1 to %u ascending positions can be proven at once",
            VCH_REQUEST_POSITIONS_MAX);
    else if (count_requests(session, VCH_REQUEST_PROVE) == VCH_LEDGER_SESSION_PROVES_MAX)
        end(session, VCH_CODE_LIMIT, "more than %u proofs under way",
            VCH_LEDGER_SESSION_PROVES_MAX);
    else
        admit_prove(session, prove);
}

static void receive_get(struct vch_ledger_session *session, const Vouch__LedgerBlobGet *get)
{
    struct vch_request *request = NULL;

    if (!is_new_id(session, get->id)) return;
    if (get->digest.len != VCH_DIGEST_SIZE) {
        end(session, VCH_CODE_MALFORMED, "a blob is asked for by a digest of %u bytes",
            VCH_DIGEST_SIZE);
        return;
    }
    if (count_requests(session, VCH_REQUEST_GET_BLOB) > 0) {
        end(session, VCH_CODE_LIMIT, "one blob after the other, please");
        return;
    }
    request = new_request(session, VCH_REQUEST_GET_BLOB, get->id, 0);
    if (request == NULL) {
        end(session, VCH_CODE_NO_MEMORY, "no memory for a request");
        return;
    }
    memcpy(request->digest.bytes, get->digest.data, VCH_DIGEST_SIZE);
    submit(session, request);
}

static void admit_put(struct vch_ledger_session *session, const Vouch__LedgerBlobPut *put)
{
    struct vch_request *request = NULL;

    if (!is_roomy(session->host, (size_t)put->size)) {
        note_sent(session, vch_ledger_answer_put(session, put->id, VCH_CODE_BUSY,
                                                 "the ledger has too much to do: try again"));
        return;
    }
    request = new_request(session, VCH_REQUEST_PUT_BLOB, put->id, (size_t)put->size);
    if (request != NULL) request->blob = vch_arena_alloc(&request->arena, (size_t)put->size, 1);
    if (request == NULL || request->blob == NULL) {
        end(session, VCH_CODE_NO_MEMORY, "no memory for a request");
        return;
    }
    request->blob_size = (size_t)put->size;
    session->receiving = request;
    session->host->set_owed(session->transport, true);
}

static void receive_put(struct vch_ledger_session *session, const Vouch__LedgerBlobPut *put)
{
    if (!is_new_id(session, put->id)) return;
    if (count_requests(session, VCH_REQUEST_PUT_BLOB) > 0)
        end(session, VCH_CODE_LIMIT, "one blob after the other, please");
    else if (put->size == 0 || put->size > VCH_STORE_BLOB_SIZE_MAX)
        note_sent(session, vch_ledger_answer_put(session, put->id, VCH_CODE_LIMIT,
                                                 "a registry has 1 byte to 2 MiB"));
    else
        admit_put(session, put);
}

static void receive_chunk(struct vch_ledger_session *session, const Vouch__Chunk *chunk)
{
    struct vch_request *request = session->receiving;

    if (chunk->id > session->last_id) {
        end(session, VCH_CODE_MALFORMED, "a chunk of what was never announced");
    } else if (request == NULL || request->id != chunk->id) {
        return; // of a blob that was refused
    } else if (chunk->data.len == 0 || chunk->data.len > VCH_FRAME_CHUNK_MAX ||
               chunk->data.len > request->blob_size - request->moved) {
        end(session, VCH_CODE_MALFORMED, "a chunk of a wrong size");
    } else {
        memcpy(request->blob + request->moved, chunk->data.data, chunk->data.len);
        request->moved += chunk->data.len;
        if (request->moved < request->blob_size) return;
        session->receiving = NULL;
        session->host->set_owed(session->transport, false);
        submit(session, request);
    }
}

static void receive_ping(struct vch_ledger_session *session, const Vouch__Ping *ping)
{
    if (has_room(session)) note_sent(session, vch_ledger_answer_pong(session, ping->token));
}

void vch_ledger_session_release(struct vch_ledger_session *session)
{
    struct vch_request *receiving = session->receiving, *sending = session->sending;

    for (uint32_t i = 0; i < VCH_LEDGER_SESSION_REQUESTS_MAX; i++)
        if (session->requests[i] != NULL) session->requests[i]->session = NULL;
    memset(session->requests, 0, sizeof session->requests);
    session->receiving = session->sending = NULL;
    session->is_following = false;
    session->watch_count = 0;
    // Nobody else has these.
    if (receiving != NULL) vch_ledger_session_free_request(session->host, receiving);
    if (sending != NULL) vch_ledger_session_free_request(session->host, sending);
}

static void leave(struct vch_ledger_session *session)
{
    session->is_leaving = true;
    vch_ledger_session_release(session);
}

static void dispatch(struct vch_ledger_session *session, const Vouch__Frame *frame)
{
    switch ((int)frame->body_case) { // generated with a value more, for some compilers
    case VOUCH__FRAME__BODY_HELLO: receive_hello(session, frame->hello); break;
    case VOUCH__FRAME__BODY_LEDGER_APPEND: receive_append(session, frame->ledger_append); break;
    case VOUCH__FRAME__BODY_LEDGER_FOLLOW: receive_follow(session, frame->ledger_follow); break;
    case VOUCH__FRAME__BODY_LEDGER_WATCH: receive_watch(session, frame->ledger_watch); break;
    case VOUCH__FRAME__BODY_LEDGER_PROVE: receive_prove(session, frame->ledger_prove); break;
    case VOUCH__FRAME__BODY_LEDGER_BLOB_GET: receive_get(session, frame->ledger_blob_get); break;
    case VOUCH__FRAME__BODY_LEDGER_BLOB_PUT: receive_put(session, frame->ledger_blob_put); break;
    case VOUCH__FRAME__BODY_CHUNK: receive_chunk(session, frame->chunk); break;
    case VOUCH__FRAME__BODY_PING: receive_ping(session, frame->ping); break;
    case VOUCH__FRAME__BODY_PONG: break;
    case VOUCH__FRAME__BODY_GOODBYE: session->is_leaving = true; break;
    case VOUCH__FRAME__BODY_REFUSAL: leave(session); break;
    default: end(session, VCH_CODE_MALFORMED, WRITERS_ONLY, vch_frame_name(frame)); break;
    }
}

void vch_ledger_session_receive(struct vch_ledger_session *session, const Vouch__Frame *frame,
                                struct vch_ledger_session_time now)
{
    session->now = now;
    if (session->end_code != VCH_CODE_NONE) return;
    if (!session->has_greeted && frame->body_case != VOUCH__FRAME__BODY_HELLO) {
        end(session, VCH_CODE_MALFORMED, "a %s frame before the hello", vch_frame_name(frame));
        return;
    }
    dispatch(session, frame);
    vch_ledger_session_pump(session, now);
}

// As many as fit one frame, but one at least.
static uint32_t fit(const struct vch_store_entry *entries, uint32_t count)
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
    uint32_t fitting = fit(entries, count);

    note_sent(session, vch_ledger_answer_entries(session, session->follow_next, entries, fitting));
    session->follow_next += fitting;
    session->host->counts.entries_sent += fitting;
}

static bool ask_to_read(struct vch_ledger_session *session, enum vch_request_kind kind,
                        struct vch_request **out)
{
    if (count_requests(session, kind) > 0) return false;
    *out = new_request(session, kind, 0, 0);
    if (*out == NULL) end(session, VCH_CODE_NO_MEMORY, "no memory to read entries");
    return *out != NULL;
}

static void pump_follow(struct vch_ledger_session *session)
{
    const struct vch_ledger_session_host *host = session->host;
    struct vch_store_entry entries[VCH_LEDGER_ANSWER_ENTRIES_MAX];
    struct vch_request *request = NULL;

    while (session->is_following && session->follow_next < host->entry_count && has_room(session)) {
        uint32_t count = host->recent(host->context, session->follow_next,
                                      VCH_LEDGER_ANSWER_ENTRIES_MAX, entries);
        if (count > 0) {
            send_entries(session, entries, count);
            continue;
        }
        if (!ask_to_read(session, VCH_REQUEST_FOLLOW, &request)) return;
        request->from = session->follow_next;
        request->end = host->entry_count;
        submit(session, request);
        return;
    }
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
    uint32_t fitting = fit(entries, count);

    note_sent(session,
              vch_ledger_answer_events(session, &watch->subject, positions, entries, fitting));
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

    if (!ask_to_read(session, VCH_REQUEST_WATCH, &request)) return;
    request->positions = VCH_ARENA_NEW(&request->arena, uint64_t, count);
    if (request->positions == NULL) {
        drop(session, request);
        end(session, VCH_CODE_NO_MEMORY, "no memory to read entries");
        return;
    }
    memcpy(request->positions, positions, count * sizeof *positions);
    request->count = count;
    request->digest = watch->subject;
    submit(session, request);
}

// False: nothing of it can be sent now.
static bool pump_watch(struct vch_ledger_session *session, struct vch_ledger_session_watch *watch)
{
    struct vch_store_entry entries[VCH_LEDGER_SESSION_BATCH_MAX];
    const uint64_t *positions = NULL;
    uint32_t due = due_events(session, watch, &positions);

    if (due == 0 || !has_room(session)) return false;
    uint32_t found = recall(session, positions, due, entries);
    if (found > 0)
        send_events(session, watch, positions, entries, found);
    else
        read_events(session, watch, positions, due);
    return found > 0;
}

static void pump_watches(struct vch_ledger_session *session)
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

static void pump_blob(struct vch_ledger_session *session)
{
    while (session->sending != NULL && has_room(session)) {
        struct vch_request *request = session->sending;
        note_sent(session, request->is_header_sent ? vch_ledger_answer_chunk(session, request)
                                                   : vch_ledger_answer_blob(session, request));
        if (request->is_header_sent && request->moved == request->blob_size) drop(session, request);
    }
}

void vch_ledger_session_pump(struct vch_ledger_session *session, struct vch_ledger_session_time now)
{
    session->now = now;
    if (session->end_code != VCH_CODE_NONE || !session->has_greeted) return;
    pump_blob(session);
    pump_watches(session);
    pump_follow(session);
}

static void count_drafts(struct vch_ledger_session_host *host, const struct vch_request *request)
{
    for (uint32_t i = 0; i < request->count; i++) {
        if (vch_is_ok(request->drafts[i].status))
            host->counts.drafts_taken++;
        else
            host->counts.drafts_refused++;
    }
}

// Entries that were read for a follower, unless it has moved meanwhile.
static void finish_follow(struct vch_ledger_session *session, const struct vch_request *request)
{
    uint32_t sent = 0;

    if (!session->is_following || session->follow_next != request->from) return;
    if (!vch_is_ok(request->job.status) || request->entries.count == 0) {
        end(session, VCH_CODE_UNAVAILABLE, "entries cannot be read now: %s",
            vch_code_text(request->job.status.code));
        return;
    }
    while (sent < request->entries.count && session->end_code == VCH_CODE_NONE) {
        uint64_t before = session->follow_next;
        send_entries(session, request->entries.entries + sent, request->entries.count - sent);
        sent += (uint32_t)(session->follow_next - before);
    }
}

static void finish_watch(struct vch_ledger_session *session, const struct vch_request *request)
{
    struct vch_ledger_session_watch *watch = find_watch(session, &request->digest);
    const uint64_t *positions = NULL;

    if (watch == NULL || due_events(session, watch, &positions) < request->count) return;
    if (!vch_is_ok(request->job.status)) {
        end(session, VCH_CODE_UNAVAILABLE, "entries cannot be read now: %s",
            vch_code_text(request->job.status.code));
        return;
    }
    if (positions[0] != request->positions[0]) return;
    send_events(session, watch, request->positions, request->entries.entries, request->count);
}

static void finish_get(struct vch_ledger_session *session, struct vch_request *request)
{
    if (!vch_is_ok(request->job.status)) request->blob_size = 0;
    if (request->blob == NULL) request->blob_size = 0;
    session->sending = request;
    pump_blob(session);
}

static vch_status answer(struct vch_ledger_session *session, const struct vch_request *request)
{
    const char *text = request->job.complaint.text;
    enum vch_code code = request->job.status.code;

    if (code != VCH_CODE_NONE && text[0] == '\0') text = vch_code_text(code);
    switch ((int)request->kind) {
    case VCH_REQUEST_APPEND: return vch_ledger_answer_appended(session, request);
    case VCH_REQUEST_PUT_BLOB: return vch_ledger_answer_put(session, request->id, code, text);
    default: break;
    }
    session->host->counts.proofs++;
    if (code != VCH_CODE_NONE) return vch_ledger_answer_no_proof(session, request->id, code, text);
    return vch_ledger_answer_proof(session, request);
}

void vch_ledger_session_finish(struct vch_ledger_session_host *host, struct vch_request *request,
                               struct vch_ledger_session_time now)
{
    struct vch_ledger_session *session = request->session;

    if (request->kind == VCH_REQUEST_APPEND) count_drafts(host, request);
    if (session == NULL) {
        vch_ledger_session_free_request(host, request);
        return;
    }
    session->now = now;
    if (request->kind == VCH_REQUEST_GET_BLOB) {
        finish_get(session, request);
        return;
    }
    if (request->kind == VCH_REQUEST_FOLLOW)
        finish_follow(session, request);
    else if (request->kind == VCH_REQUEST_WATCH)
        finish_watch(session, request);
    else if (session->end_code == VCH_CODE_NONE)
        note_sent(session, answer(session, request));
    drop(session, request);
    vch_ledger_session_pump(session, now);
}

bool vch_ledger_session_is_idle(const struct vch_ledger_session *session)
{
    for (uint32_t i = 0; i < VCH_LEDGER_SESSION_REQUESTS_MAX; i++)
        if (session->requests[i] != NULL) return false;
    return true;
}

void vch_ledger_session_send_goodbye(struct vch_ledger_session *session)
{
    if (session->end_code == VCH_CODE_NONE) note_sent(session, vch_ledger_answer_goodbye(session));
}
