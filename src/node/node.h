// The daemon: holds segments of models, admits clients of a registry, executes, signs, answers.
//
// One event loop (the caller's thread, inside vch_node_run), one worker thread that computes. What
// all clients together can make a node hold is bounded: connections_max streams (see
// net/stream.h), memory_max bytes for requests, queue_max waiting requests.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agreement/state.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "channel/asker.h"
#include "channel/attester.h"
#include "crypto/sign.h"
#include "crypto/signer.h"
#include "entry/charter.h"
#include "kernels/kernels.h"
#include "net/peers.h"
#include "net/stream.h"
#include "node/ballot.h"
#include "node/engine.h"
#include "node/provers.h"
#include "node/weights.h"

struct vch_apart;
struct vch_node;

#define VCH_NODE_MEMORY_DEFAULT ((size_t)1 << 30)

struct vch_node_package {
    const uint8_t *bytes; // M.vouch, 64-byte aligned, must outlive the node
    size_t size;
};

struct vch_node_options {
    const struct vch_signer *signer; // who signs for this node; borrowed
    int lifeline; // a descriptor, readable once nobody signs any more: the node ends; 0: none
    const struct vch_node_package *packages;
    uint32_t package_count;
    const struct vch_annex_source *annexes;
    uint32_t annex_count;
    const uint8_t *registry_bytes; // a SignedRegistry; copied
    size_t registry_size;
    struct vch_public_key founder; // whose registry counts
    const struct vch_kernels *kernels;
    struct vch_workers *workers; // NULL: one thread computes

    const char *host;   // where clients connect; NULL: 127.0.0.1
    uint16_t port;      // 0: the kernel picks
    uint16_t http_port; // on 127.0.0.1; 0: the kernel picks
    // Sockets that listen there already, for a node that may make none (net/listening.h); it takes
    // them. 0: it makes them.
    int listening, http_listening;

    // On a ledger, for agreed jobs; `ledger_host` NULL: on none.
    const char *ledger_host;
    uint16_t ledger_port;
    const struct vch_charter *charter; // borrowed
    struct vch_ballot_keys ballot_keys;
    const char *journal; // path; borrowed; the folder JOURNAL.runs is beside it
    uint64_t keep_max;   // bytes of runs there, for disputes; 0: 1 GiB
    bool disputes;
    const char *peers; // a file that says where other nodes listen, for disputes; borrowed, or NULL
    const char *const *witness_urls; // borrowed: handed this node's drafts, too
    uint32_t witness_count;
    uint32_t witness_after_ms; // those that the log does not have by then; member/handover.h

    // Attestation (channel/), each borrowed, or NULL: what this node shows (its loop, its identity
    // and the digest of its models are filled in), what its clients have to show, and what referees
    // have to before anything is opened to them.
    const struct vch_attester_setup *attest;
    const struct vch_asker_policy *client_policy, *peer_policy;
    struct vch_parser *parser; // whom these have judge; borrowed. NULL: they judge here

    // Sealed weights: files, owner, counters and who opens; the rest is filled in. Borrowed; NULL:
    // none. With them a node may have no package.
    const struct vch_weights_setup *weights;

    struct vch_apart *apart; // where tasks are computed, with the same packages, annexes and
                             // limits; borrowed. NULL: in this process

    // 0 means the default.
    size_t memory_max;                 // VCH_NODE_MEMORY_DEFAULT
    size_t prove_memory_max;           // of that, what one proof may take: all of it
    uint32_t queue_max;                // 64
    uint32_t connections_max;          // 256
    uint32_t connections_per_peer_max; // 8
    uint32_t drain_ms;                 // 30,000
    struct vch_stream_limits limits;   // all zero: vch_stream_default_limits
    bool handles_signals;              // SIGTERM and SIGINT drain; one node per process

    // For tests that lie; NULL in earnest.
    vch_engine_executor execute;
    void *execute_context;
    void (*on_send)(void *context, struct vch_stream *stream, const Vouch__Frame *frame,
                    struct evbuffer *bytes);
    void *on_send_context;
    // A look at each statement before it is signed and entered on the ledger: it may be changed, or
    // kept back (false).
    bool (*on_statement)(void *context, const struct vch_state *state, struct vch_entry *entry);
    void *on_statement_context;
};

// Loads, checks, listens. Clients may connect from now on, and are served by vch_node_run.
vch_status vch_node_new(struct vch_node **out, const struct vch_node_options *options,
                        struct vch_complaint *complaint);
const char *vch_node_host(const struct vch_node *node);
uint16_t vch_node_port(const struct vch_node *node);
uint16_t vch_node_http_port(const struct vch_node *node);

// Serves until stopped. Ends with every admitted request answered or its time over.
vch_status vch_node_run(struct vch_node *node);

// From any thread: drain (no new requests, finish what was admitted), then return from run.
void vch_node_stop(struct vch_node *node);
// From any thread: drop everything and return from run.
void vch_node_abort(struct vch_node *node);

void vch_node_free(struct vch_node *node); // not while it runs
