// A member's stream as the ledger sees it: a state machine over frames (specs/ledger.md, section
// 4).
//
//     Hello -> Welcome, then  LedgerAppend                  -> LedgerAppended
//                             LedgerFollow                  -> LedgerEntries...
//                             LedgerWatch                   -> LedgerEvents...
//                             LedgerProve                   -> LedgerProof
//                             LedgerBlobGet                 -> LedgerBlob, Chunk...
//                             LedgerBlobPut, Chunk...       -> LedgerBlobResult
//
// Frames and times come in, frames go out through `send`; no socket, clock or thread is here, so
// that tests can replay any bytes at any pace. Whatever a session holds for its peer is bounded,
// and what it asks the ledger for is a request that comes back through vch_ledger_session_finish.
// A peer that breaks the protocol ends its session.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "ledger/request.h"
#include "net/frame.h"

#define VCH_LEDGER_SESSION_APPENDS_MAX 16u
#define VCH_LEDGER_SESSION_PROVES_MAX 4u
#define VCH_LEDGER_SESSION_WATCHES_MAX 16u
#define VCH_LEDGER_SESSION_REQUESTS_MAX 24u       // check: 16 + 4 + 1 + 1 + 1 + 1
#define VCH_LEDGER_SESSION_BATCH_MAX 64u          // events in one frame
#define VCH_LEDGER_SESSION_BYTES_MAX (256u << 10) // of entries in one frame, but one at least
#define VCH_LEDGER_SESSION_PROOF_MS 60000u        // how long a proof waits for its checkpoint
#define VCH_LEDGER_SESSION_ANSWERS_MAX 64u        // waiting to be read, since there was room last

struct vch_ledger_session_time {
    uint64_t unix_ms, monotonic_ms;
};

struct vch_ledger_session_counts { // what all sessions of a ledger have seen
    uint64_t appends, drafts_taken, drafts_refused, entries_sent, events_sent, proofs, ended;
};

// What all sessions of a ledger share.
struct vch_ledger_session_host {
    const char *software;
    uint64_t entry_count;           // that may be shown: durable ones
    size_t memory_max, memory_used; // of requests
    bool is_draining;
    struct vch_ledger_session_counts counts;
    // How a session reaches the world; `transport` is the session's own.
    void *context;
    vch_status (*send)(void *transport, const Vouch__Frame *frame);
    bool (*has_room)(void *transport);
    void (*set_owed)(void *transport, bool is_owed); // a blob is incomplete
    // Takes the request until it is finished, which is never from inside this call.
    void (*submit)(void *context, struct vch_request *request);
    // Entries from position `from` on that are in memory, borrowed until the loop turns: 0 to
    // `count`. 0: they must be read.
    uint32_t (*recent)(void *context, uint64_t from, uint32_t count, struct vch_store_entry *out);
    // Positions of a subject's entries.
    size_t (*find)(void *context, const struct vch_digest *subject, const uint64_t **positions);
    // Whether nothing more can be said of it.
    bool (*is_over)(void *context, const struct vch_digest *subject);
};

struct vch_ledger_session_watch {
    struct vch_digest subject;
    size_t seen; // of its positions
};

struct vch_ledger_session {
    struct vch_ledger_session_host *host;
    void *transport;
    struct vch_public_key peer;
    struct vch_ledger_session_time now;
    bool has_greeted, is_leaving;
    uint64_t last_id;
    uint32_t answers_waiting;
    struct vch_request *requests[VCH_LEDGER_SESSION_REQUESTS_MAX]; // any order
    struct vch_request *receiving, *sending;                       // a blob
    bool is_following;
    uint64_t follow_next;
    uint32_t watch_count;
    struct vch_ledger_session_watch watches[VCH_LEDGER_SESSION_WATCHES_MAX];
    // Set when the peer broke the protocol: refuse the stream with this and close it.
    enum vch_code end_code;
    char end_text[200];
};

void vch_ledger_session_init(struct vch_ledger_session *session,
                             struct vch_ledger_session_host *host,
                             const struct vch_public_key *peer, void *transport);

// After each of these the caller looks at end_code.
void vch_ledger_session_receive(struct vch_ledger_session *session, const Vouch__Frame *frame,
                                struct vch_ledger_session_time now);
// There is room, or there are new entries.
void vch_ledger_session_pump(struct vch_ledger_session *session,
                             struct vch_ledger_session_time now);
// A request is done: answers it, or, when its session is gone, only frees it.
void vch_ledger_session_finish(struct vch_ledger_session_host *host, struct vch_request *request,
                               struct vch_ledger_session_time now);

bool vch_ledger_session_is_idle(const struct vch_ledger_session *session); // nothing is awaited
void vch_ledger_session_send_goodbye(struct vch_ledger_session *session);
// The stream is gone: disowns every request.
void vch_ledger_session_release(struct vch_ledger_session *session);
// Frees a request and gives its memory back.
void vch_ledger_session_free_request(struct vch_ledger_session_host *host,
                                     struct vch_request *request);
