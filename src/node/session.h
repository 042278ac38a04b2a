// A client's stream as the node sees it: a state machine over frames.
//
//     Hello -> Welcome, then per request:  RunRequest, Chunk...  ->  RunResult, Chunk...
//                                          Cancel, or Refusal instead of a result
//
// Where clients are held to a policy, no request is listened to before its verdict
// (channel/channel.h).
//
// Frames and times come in, frames go out through `send`; no socket, clock or thread is here, so
// that tests can replay any bytes at any pace. Everything a peer sends is checked against the
// node's own models, registry and limits. A peer that breaks the protocol ends its session; a
// request that cannot be served is refused and the session goes on.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agreement/state.h"
#include "base/status.h"
#include "channel/channel.h"
#include "consensus/registry.h"
#include "crypto/sign.h"
#include "net/frame.h"
#include "node/metrics.h"
#include "node/models.h"
#include "node/provers.h"
#include "node/task.h"

#define VCH_SESSION_REQUESTS_MAX 8u
#define VCH_SESSION_REFUSALS_MAX 64u      // waiting to be read, while there is no room
#define VCH_SESSION_BUDGET_MS_MAX 600000u // however long a client may be willing to wait

struct vch_session_time {
    uint64_t unix_ms, monotonic_ms;
};

// What a ledger says about a task of an agreed job.
enum vch_session_leave {
    VCH_SESSION_NOT_YET, // not that anybody knows
    VCH_SESSION_OWED,    // this node has the seat, and has to wait
    VCH_SESSION_GO,
    VCH_SESSION_NEVER,
};

// What all sessions of a node share.
struct vch_session_host {
    const struct vch_models *models;
    const struct vch_provers *provers; // never NULL
    const struct vch_registry *registry;
    const struct vch_kernels *kernels; // that the worker runs on
    struct vch_workers *workers;       // likewise; NULL: alone
    struct vch_metrics *metrics;
    const char *software;
    uint64_t work_per_second;
    size_t memory_max, memory_used; // for requests
    uint64_t keep_max;              // node/admission.h
    bool is_draining;
    // How a session reaches the world; `transport` is the session's own.
    void *context;
    vch_status (*send)(void *transport, const Vouch__Frame *frame);
    bool (*has_room)(void *transport);
    void (*set_owed)(void *transport, bool is_owed);            // a tensor is incomplete
    vch_status (*submit)(void *context, struct vch_task *task); // BUSY: not taken
    uint32_t (*queue_room)(void *context);
    // Attestation. What clients are held to, and what this node shows; NULL: nothing. `tie` is of
    // a transport, as is `look`: something came of it that no frame and no tick has brought.
    const struct vch_asker_policy *client_policy;
    struct vch_attester *attester;
    vch_status (*tie)(void *transport, struct vch_transport_ties *out,
                      const uint8_t nonce[static 32]);
    void (*look)(void *transport);
    // Of agreed jobs; `may_work` is NULL at a node that is on no ledger. Whether this node has the
    // seat that the task is for (and then what input the ledger names); whether the answer may be
    // shown, as nobody can commit any more. NEVER comes with a complaint. `computed` hands over
    // what the task's vote and trace say, to be committed to.
    enum vch_session_leave (*may_work)(void *context, struct vch_task *task,
                                       struct vch_complaint *complaint);
    enum vch_session_leave (*may_show)(void *context, const struct vch_task *task,
                                       struct vch_complaint *complaint);
    vch_status (*computed)(void *context, const struct vch_task *task,
                           struct vch_complaint *complaint);
    // What a task for an opening came to.
    void (*opened)(void *context, const struct vch_task *task);
    const struct vch_state *(*state)(void *context); // of the ledger
    const struct vch_public_key *self;               // this node, for its seats
    // Of sealed weights (node/weights.h); `take_grant` is NULL at a node that has none. `shown`
    // is the block that this end's last answer on the stream was bound to. OK: it has begun with
    // the weights at `place`. Then `ask_grant` says how they stand: BUSY for as long as they are
    // being opened.
    vch_status (*take_grant)(void *context, const uint8_t *shown, const Vouch__Grant *grant,
                             uint32_t *place, struct vch_complaint *complaint);
    vch_status (*ask_grant)(void *context, uint32_t place, struct vch_complaint *complaint);
    struct vch_task *orphans; // node/orphans.h
    uint32_t orphan_count;
};

struct vch_session {
    struct vch_session_host *host;
    void *transport;
    struct vch_public_key peer;
    struct vch_session_time now;
    bool has_greeted;
    bool is_leaving; // the client said Goodbye
    struct vch_channel channel;
    uint32_t counted_shown, counted_accepted; // of the channel's, in the metrics
    bool owes_pong;                           // until the client has been accepted
    uint64_t pong;
    uint64_t last_id;
    uint32_t refusals_waiting;                          // since there was room last
    struct vch_task *tasks[VCH_SESSION_REQUESTS_MAX];   // any order
    struct vch_task *sending[VCH_SESSION_REQUESTS_MAX]; // results in the order they were made
    uint32_t sending_count;
    uint64_t grant_id; // of the release that is being opened; 0: none
    uint32_t grant_place;
    // Set when the peer broke the protocol: refuse the stream with this and close it.
    enum vch_code end_code;
    char end_text[200];
};

void vch_session_init(struct vch_session *session, struct vch_session_host *host,
                      const struct vch_public_key *peer, void *transport);

// After each of these the caller looks at end_code.
void vch_session_receive(struct vch_session *session, const Vouch__Frame *frame,
                         struct vch_session_time now);
void vch_session_tick(struct vch_session *session, struct vch_session_time now);
void vch_session_pump(struct vch_session *session, struct vch_session_time now); // there is room
// The ledger has moved: what waited for it may go on.
void vch_session_advance(struct vch_session *session, struct vch_session_time now);

// The worker is done with a task. `task->session` may be NULL: then it is only freed.
void vch_session_finish(struct vch_session_host *host, struct vch_task *task,
                        struct vch_session_time now);

bool vch_session_is_idle(const struct vch_session *session); // no request in any state
void vch_session_send_goodbye(struct vch_session *session);

// The stream is gone: frees or disowns every task.
void vch_session_release(struct vch_session *session);

// Memory for what was asked, within the host's limit; the task takes over what `asked` owns. BUSY,
// NO_MEMORY.
vch_status vch_session_set_aside(struct vch_task **out, struct vch_session_host *host,
                                 const struct vch_task *asked, struct vch_complaint *complaint);
// Frees a task that no session has, and gives its memory back to the host.
void vch_session_free_task(struct vch_session_host *host, struct vch_task *task);
