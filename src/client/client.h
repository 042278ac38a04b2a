// The client: plans, keeps both ends of the model, asks nodes, checks every answer, and makes the
// voucher.
//
// Nodes are not trusted for anything but what a majority of different operators says. A tensor is
// taken over only when it opens a vote that was signed for this very job, segment and input, and
// when more than half of max(k, votes) agree with it. Slow, dead, lying and refusing nodes are
// replaced by other operators' nodes that hold the same operators, for as long as there are any.
// Every wait has an end.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "annex/annex_source.h"
#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "channel/asker.h"
#include "channel/attester.h"
#include "consensus/job.h"
#include "crypto/sign.h"
#include "entry/charter.h"
#include "kernels/kernels.h"
#include "model/package.h"
#include "model/tensor.h"
#include "net/peers.h"
#include "net/stream.h"
#include "voucher/voucher.h"

struct vch_client;

struct vch_client_options {
    const struct vch_package *package; // borrowed; holds the client's own ends at least
    const struct vch_secret_key *key;  // borrowed
    const uint8_t *registry_bytes;     // a SignedRegistry; borrowed
    size_t registry_size;
    struct vch_public_key founder; // whose registry counts
    const struct vch_peer *peers;
    uint32_t peer_count;
    // A ledger, for agreed jobs; `ledger_host` NULL: none.
    const char *ledger_host; // borrowed
    uint16_t ledger_port;
    const struct vch_charter *charter; // borrowed
    // With which the client proves what it runs itself; NULL: its own segments stay unproven.
    const struct vch_annex_source *annex;
    // What nodes have to show before anything private is sent to them, and what we show them; NULL:
    // nothing.
    const struct vch_asker_policy *policy;
    struct vch_parser *parser; // whom the policy has judge; borrowed, or NULL: it judges here
    const struct vch_attester_setup *attester;
    const struct vch_kernels *kernels;
    struct vch_workers *workers;     // NULL: alone
    uint32_t connect_ms;             // for all connections together; 0: 3,000, attested 20,000
    struct vch_stream_limits limits; // all zero: vch_stream_default_limits
};

struct vch_client_request {
    const struct vch_tensor *input; // of the graph's only input port, `batch` samples
    uint32_t batch;
    uint32_t quorum; // k: votes wanted per segment
    bool proves;     // each segment is proven too: by a node of its majority, or with an own annex
    bool agrees;     // on the ledger: by committees drawn there, in place of direct votes
    uint64_t fee;    // then: for each seat
    uint32_t excluded_count;
    const char *const *excluded;         // operators that may have no seat, ascending
    uint32_t keep_first, keep_last;      // parametric layers the client computes itself
    uint32_t segments_min, segments_max; // on nodes; 0: 1 and as many as help
    uint32_t share_percent_max;          // of all layers, for one operator; 0: no limit
    bool adjacency_is_strict;            // see split/plan.h
    // Instead of a plan: the segments themselves. NULL: planned.
    const struct vch_job_segment *segments;
    uint32_t segment_count;
    uint32_t deadline_ms; // from now; 0: 60,000, or with proofs 600,000
    uint32_t patience_ms; // before someone else is asked as well; 0: from the plan's estimate
    uint32_t grace_ms;    // for stragglers, once there is a majority; 0: from how long it took
    // Random bytes, fresh for every job and secret: handed in.
    uint8_t secret[32];
    struct vch_digest nonce;
};

struct vch_client_segment { // what happened on one network segment
    struct vch_segment_result result;
    uint32_t first, last;
    struct vch_digest output; // the majority's
    uint32_t agreeing, needed;
    uint64_t elapsed_us, compute_us; // compute: of the first vote of the majority
    uint32_t round;                  // of an agreed job: the committee that decided, from 0
    // Where it is proven: by whom, and how long the client waited for it and the node worked on it.
    bool is_proven;
    struct vch_public_key prover;
    uint64_t proof_elapsed_us, proof_us;
};

struct vch_client_answer {
    struct vch_tensor outputs[VCH_GRAPH_PORTS_MAX]; // of the graph's output ports
    uint8_t *voucher, *opening;
    size_t voucher_size, opening_size;
    struct vch_digest job_id;
    // Also filled, as far as it got, when there is no answer.
    uint32_t segment_count;
    struct vch_client_segment *segments;
    uint32_t operator_count; // different ones that were asked
    uint64_t plan_us, ends_us, network_us, total_us, bytes_in, bytes_out;
    uint64_t proof_us; // of our own segments
    uint64_t
        agreement_us; // of an agreed job: from its last verdict to proofs that it is in the log
};

// Checks the registry and the peers; connects to nobody yet.
vch_status vch_client_new(struct vch_client **out, const struct vch_client_options *options,
                          struct vch_complaint *complaint);

// How many nodes can be asked now, after connecting to whoever is down. Also done by infer.
vch_status vch_client_connect(struct vch_client *client, uint32_t *ready_count);

// Why a peer is not connected, or NULL when it is.
const char *vch_client_peer_trouble(const struct vch_client *client, uint32_t peer_index);

// Whether anything of a job was sent to it, since this client is there.
bool vch_client_peer_was_told(const struct vch_client *client, uint32_t peer_index);

// What a peer has shown, as it was accepted; NULL: it was asked for nothing, or nothing was.
const struct vch_asker_kept *vch_client_peer_evidence(const struct vch_client *client,
                                                      uint32_t peer_index);

// One job over the client's connections; call again for the next. Everything in the answer lives
// in the arena.
//
// UNAVAILABLE (no nodes for a segment), BAD_PROOF (no majority), TIMEOUT (the deadline), or what
// planning and running refuse, each with a complaint that says who did what.
vch_status vch_client_infer(struct vch_client *client, const struct vch_client_request *request,
                            struct vch_client_answer *answer, struct vch_arena *arena,
                            struct vch_complaint *complaint);

// Who runs the node with this key; "unknown" for others.
const char *vch_client_operator(const struct vch_client *client, const struct vch_public_key *key);

void vch_client_free(struct vch_client *client);
