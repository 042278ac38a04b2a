// What the parts of a link share: ledger_link.c is the connection, ledger_link_queue.c the requests
// on their way, ledger_link_append.c, _prove.c and _blob.c one kind of request each, from asking to
// answer, ledger_link_follow.c and _watch.c what comes unasked, ledger_link_now.c a link for those
// who wait.
#pragma once

#include "entry/charter_notes.h"
#include "member/ledger_link.h"

enum vch_ledger_link_kind {
    VCH_LEDGER_LINK_APPEND,
    VCH_LEDGER_LINK_PROVE,
    VCH_LEDGER_LINK_GET,
    VCH_LEDGER_LINK_PUT,
};

struct vch_ledger_link_request {
    struct vch_ledger_link_request *next;
    enum vch_ledger_link_kind kind;
    uint64_t id; // 0: not sent yet
    uint64_t end_ms;
    union {
        vch_ledger_link_on_appended appended;
        vch_ledger_link_on_proof proof;
        vch_ledger_link_on_blob blob;
        vch_ledger_link_on_put put;
    } answer;
    void *context;
    uint32_t count; // drafts or positions
    struct vch_follower_bytes *drafts;
    uint64_t *positions;
    struct vch_digest digest;
    uint8_t *bytes; // of a blob to put, or one that comes
    size_t size, moved;
    struct vch_arena arena; // all of the above
};

struct vch_ledger_link_watch {
    struct vch_digest subject;
    uint64_t next; // the position after the last event
    vch_ledger_link_on_event event;
    void *context;
};

struct vch_ledger_link {
    struct vch_ledger_link_setup setup;
    struct vch_charter_notes notes;
    char *host;
    struct vch_tls *own_tls;
    enum vch_ledger_link_state state;
    struct vch_stream *stream;
    struct event *tick;
    char trouble[VCH_COMPLAINT_SIZE];
    bool is_leaving; // the ledger said goodbye
    uint32_t failures;
    uint64_t retry_ms, since_ms, heard_ms, pinged_ms;
    uint64_t last_id;
    uint32_t request_count;
    struct vch_ledger_link_request *first, **last;
    bool is_fetching;  // a registry for the follower
    uint64_t fetch_ms; // not again before
    uint32_t watch_count;
    struct vch_ledger_link_watch watches[VCH_LEDGER_LINK_WATCHES_MAX];
    struct vch_arena scratch;
};

// The connection.
// The ledger lied: it is not asked again.
void vch_ledger_link_parts_break_off(struct vch_ledger_link *link, const char *why);
// A stream that takes no frame is about to say that it ended.
void vch_ledger_link_parts_send(struct vch_ledger_link *link, const Vouch__Frame *frame);

// The queue.
// UNAVAILABLE, BUSY, NO_MEMORY.
vch_status vch_ledger_link_parts_new_request(struct vch_ledger_link_request **out,
                                             struct vch_ledger_link *link,
                                             enum vch_ledger_link_kind kind, void *context);
// Takes the request; one that is not whole found no memory, and is freed.
vch_status vch_ledger_link_parts_enqueue(struct vch_ledger_link *link,
                                         struct vch_ledger_link_request *request, bool is_whole);
// Sends what can be sent now.
void vch_ledger_link_parts_pump(struct vch_ledger_link *link);
// One that was sent; NULL: none of this kind.
struct vch_ledger_link_request *vch_ledger_link_parts_find(const struct vch_ledger_link *link,
                                                           uint64_t id,
                                                           enum vch_ledger_link_kind kind);
// Answers to what has expired meanwhile are no lies.
bool vch_ledger_link_parts_is_known(const struct vch_ledger_link *link, uint64_t id);
// Before a request is answered, as its answer may make new ones; then it is to be freed.
void vch_ledger_link_parts_take_out(struct vch_ledger_link *link,
                                    struct vch_ledger_link_request *request);
void vch_ledger_link_parts_free_request(struct vch_ledger_link_request *request);
// All of that, with an answer that there is none.
void vch_ledger_link_parts_fail(struct vch_ledger_link *link,
                                struct vch_ledger_link_request *request, vch_status status,
                                const char *why);
// A code that we do not know is a refusal all the same.
vch_status vch_ledger_link_parts_status(uint32_t code);
void vch_ledger_link_parts_fail_all(struct vch_ledger_link *link, vch_status status,
                                    const char *why);
// Those that were sent and have no answer.
void vch_ledger_link_parts_fail_sent(struct vch_ledger_link *link, vch_status status,
                                     const char *why);
// Those whose time is over.
void vch_ledger_link_parts_expire(struct vch_ledger_link *link, uint64_t now_ms);
bool vch_ledger_link_parts_are_sent(const struct vch_ledger_link *link); // any unanswered
void vch_ledger_link_parts_drop(struct vch_ledger_link *link); // all requests, without an answer

// How each kind is sent.
vch_status vch_ledger_link_parts_send_append(struct vch_ledger_link *link,
                                             const struct vch_ledger_link_request *request);
vch_status vch_ledger_link_parts_send_prove(struct vch_ledger_link *link,
                                            const struct vch_ledger_link_request *request);
vch_status vch_ledger_link_parts_send_get(struct vch_ledger_link *link,
                                          const struct vch_ledger_link_request *request);
vch_status vch_ledger_link_parts_send_put(struct vch_ledger_link *link,
                                          const struct vch_ledger_link_request *request);
// Frames that answer requests. False: the frame answers nothing that was asked for.
bool vch_ledger_link_parts_appended(struct vch_ledger_link *link,
                                    const Vouch__LedgerAppended *appended);
bool vch_ledger_link_parts_proof(struct vch_ledger_link *link, const Vouch__LedgerProof *proof);
bool vch_ledger_link_parts_blob(struct vch_ledger_link *link, const Vouch__LedgerBlob *blob);
bool vch_ledger_link_parts_chunk(struct vch_ledger_link *link, const Vouch__Chunk *chunk);
bool vch_ledger_link_parts_result(struct vch_ledger_link *link,
                                  const Vouch__LedgerBlobResult *result);

// What comes unasked. On a new stream it is asked for again.
void vch_ledger_link_parts_follow(struct vch_ledger_link *link);
void vch_ledger_link_parts_receive_entries(struct vch_ledger_link *link,
                                           const Vouch__LedgerEntries *body);
// The registry that the follower lacks, if it is time to ask.
void vch_ledger_link_parts_fetch_missing(struct vch_ledger_link *link);
void vch_ledger_link_parts_watch_all(struct vch_ledger_link *link);
void vch_ledger_link_parts_receive_events(struct vch_ledger_link *link,
                                          const Vouch__LedgerEvents *body);
