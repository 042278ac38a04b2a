// A member's connection to a ledger: appends, follows, watches, proves, and comes back by itself.
//
// The ledger may be hostile: entries are checked by the follower, events by their writers'
// signatures, proofs by the charter's witnesses. Every request has an end: an answer, or an error
// after `patience_ms`, or when the connection is lost. What was appended when that happens may be
// in the log or not. Sending it again is safe, as no statement counts twice: then the second is
// refused.
//
// Runs on the owner's event loop; callbacks come from there, never from inside a call, except those
// of vch_ledger_link_wait and what waits below.
#pragma once

#include <event2/dns.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "entry/charter.h"
#include "entry/entry.h"
#include "member/follower.h"
#include "net/stream.h"
#include "net/tls.h"
#include "tlog/tree.h"

#define VCH_LEDGER_LINK_DRAFTS_MAX 64u     // in one append
#define VCH_LEDGER_LINK_UNANSWERED_MAX 16u // appends
#define VCH_LEDGER_LINK_REQUESTS_MAX 64u   // of all kinds, those that wait to be sent included
#define VCH_LEDGER_LINK_WATCHES_MAX 16u
#define VCH_LEDGER_LINK_POSITIONS_MAX 512u // in one proof

struct vch_ledger_link;

enum vch_ledger_link_state {
    VCH_LEDGER_LINK_DOWN, // tries again after a pause that grows to some seconds
    VCH_LEDGER_LINK_CONNECTING,
    VCH_LEDGER_LINK_READY,
    VCH_LEDGER_LINK_BROKEN, // the ledger lied: for good; vch_ledger_link_trouble says how
};

struct vch_ledger_link_setup {
    struct event_base *base;
    struct evdns_base *dns; // NULL: addresses only
    struct vch_tls *tls;    // the member's identity; NULL: made of `signer`
    const struct vch_signer *signer;
    uint32_t *live_count;            // as in net/stream.h
    struct vch_stream_limits limits; // window_ms 0: vch_stream_default_limits
    uint32_t patience_ms;            // for one answer; 0: 30 s
    const char *host;                // copied
    uint16_t port;
    struct vch_charter charter;
    // NULL, or fed for as long as the link lives; registries that it lacks are fetched.
    struct vch_follower *follower;
    // Of events only the clerk's, but for anchors, are verified: for those who act on nothing else,
    // and have a proof of the rest before they rely on it.
    bool trusts_members;
    // Each may be NULL. on_progress: the follower took entries. on_change: the link's state.
    void (*on_progress)(void *context);
    void (*on_change)(void *context, enum vch_ledger_link_state state);
    void *context;
};

// Begins to connect at once.
vch_status vch_ledger_link_new(struct vch_ledger_link **out,
                               const struct vch_ledger_link_setup *setup,
                               struct vch_complaint *complaint);
// No callback comes any more. The loop must run until *live_count is 0.
void vch_ledger_link_free(struct vch_ledger_link *link);

enum vch_ledger_link_state vch_ledger_link_state(const struct vch_ledger_link *link);
const char *vch_ledger_link_trouble(const struct vch_ledger_link *link); // why it is not READY

// What became of one draft. `text` is for people and printable.
struct vch_ledger_link_taken {
    vch_status status;
    uint64_t position; // when OK
    char text[VCH_COMPLAINT_SIZE];
};

// Answers. `status` other than OK: there is none (UNAVAILABLE, TIMEOUT, or what the ledger said).
typedef void (*vch_ledger_link_on_appended)(void *context, vch_status status,
                                            const struct vch_ledger_link_taken *results,
                                            uint32_t count);
// `text` says why there is no answer.
typedef void (*vch_ledger_link_on_blob)(void *context, vch_status status, const uint8_t *bytes,
                                        size_t size, const char *text);
typedef void (*vch_ledger_link_on_put)(void *context, vch_status status, const char *text);
struct vch_ledger_link_proof {
    const char *checkpoint; // cosigned by enough of the charter's witnesses
    size_t checkpoint_size;
    uint64_t size; // of its tree
    struct vch_digest root;
    uint32_t count;
    const struct vch_ledger_link_proven {
        uint64_t position;
        const uint8_t *entry;
        size_t entry_size;
        struct vch_tree_path path;
    } * entries; // in the order asked for; each was verified under the root
};
typedef void (*vch_ledger_link_on_proof)(void *context, vch_status status,
                                         const struct vch_ledger_link_proof *proof,
                                         const char *text);
// The writer's signature was verified (but see trusts_members); that it is in the log is for a
// proof, or a follower, to show.
typedef void (*vch_ledger_link_on_event)(void *context, uint64_t position,
                                         const struct vch_entry *entry, const uint8_t *bytes,
                                         size_t size);

// Drafts are copied. Requests made while the link is not READY wait for it, within their patience.
// BUSY: too many wait already. USAGE: too many or too large at once.
vch_status vch_ledger_link_append(struct vch_ledger_link *link,
                                  const struct vch_follower_bytes *drafts, uint32_t count,
                                  vch_ledger_link_on_appended answer, void *context);
vch_status vch_ledger_link_prove(struct vch_ledger_link *link, const uint64_t *positions,
                                 uint32_t count, vch_ledger_link_on_proof answer, void *context);
vch_status vch_ledger_link_get_blob(struct vch_ledger_link *link, const struct vch_digest *digest,
                                    vch_ledger_link_on_blob answer, void *context);
vch_status vch_ledger_link_put_blob(struct vch_ledger_link *link, const uint8_t *bytes, size_t size,
                                    vch_ledger_link_on_put answer, void *context);
// Events come in the order of their positions, each once, also over reconnections.
vch_status vch_ledger_link_watch(struct vch_ledger_link *link, const struct vch_digest *subject,
                                 vch_ledger_link_on_event event, void *context);
void vch_ledger_link_unwatch(struct vch_ledger_link *link, const struct vch_digest *subject);

// For those who have nothing else to do: turn the loop until an end.
// Until is_done says so; TIMEOUT after `limit_ms`, BAD_PROOF when the link is BROKEN.
vch_status vch_ledger_link_wait(struct vch_ledger_link *link, bool (*is_done)(void *context),
                                void *context, uint32_t limit_ms);
vch_status vch_ledger_link_wait_ready(struct vch_ledger_link *link, uint32_t limit_ms,
                                      struct vch_complaint *complaint);
// Fills results[count]. Not OK: there is no answer.
vch_status vch_ledger_link_append_now(struct vch_ledger_link *link,
                                      const struct vch_follower_bytes *drafts, uint32_t count,
                                      struct vch_ledger_link_taken *results,
                                      struct vch_complaint *complaint);
// Everything of the proof lives in the arena.
vch_status vch_ledger_link_prove_now(struct vch_ledger_link *link, const uint64_t *positions,
                                     uint32_t count, struct vch_ledger_link_proof *out,
                                     struct vch_arena *arena, struct vch_complaint *complaint);
vch_status vch_ledger_link_put_blob_now(struct vch_ledger_link *link, const uint8_t *bytes,
                                        size_t size, struct vch_complaint *complaint);
