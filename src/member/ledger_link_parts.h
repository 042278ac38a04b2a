// The inside of a link: for ledger_link.c and ledger_link_ask.c.
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
    uint32_t count;                    // drafts or positions
    struct vch_follower_bytes *drafts; // all of it in one piece of memory
    uint64_t *positions;
    struct vch_digest digest;
    uint8_t *bytes; // of a blob to put, or one that comes
    size_t size, moved;
    struct vch_arena arena;
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

// Sends what can be sent now.
void vch_ledger_link_parts_pump(struct vch_ledger_link *link);
// Answers all requests that were sent, or with `all` every one, with this status.
void vch_ledger_link_parts_fail(struct vch_ledger_link *link, bool all, vch_status status,
                                const char *why);
// Answers those whose time is over.
void vch_ledger_link_parts_expire(struct vch_ledger_link *link, uint64_t now_ms);
bool vch_ledger_link_parts_are_sent(const struct vch_ledger_link *link); // any unanswered
void vch_ledger_link_parts_drop(struct vch_ledger_link *link); // all requests, without an answer
// Frames that answer requests. False: the frame answers nothing that was asked for.
bool vch_ledger_link_parts_appended(struct vch_ledger_link *link,
                                    const Vouch__LedgerAppended *appended);
bool vch_ledger_link_parts_proof(struct vch_ledger_link *link, const Vouch__LedgerProof *proof);
bool vch_ledger_link_parts_blob(struct vch_ledger_link *link, const Vouch__LedgerBlob *blob);
bool vch_ledger_link_parts_chunk(struct vch_ledger_link *link, const Vouch__Chunk *chunk);
bool vch_ledger_link_parts_result(struct vch_ledger_link *link,
                                  const Vouch__LedgerBlobResult *result);
