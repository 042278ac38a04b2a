// All the nodes that a client knows, and the event loop that their connections live on.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "channel/parser.h"
#include "client/link.h"
#include "consensus/registry.h"
#include "crypto/sign.h"

struct vch_pool_node {
    struct vch_link link;      // first: a link is its node
    bool is_member;            // a node of the registry; others are never asked
    uint32_t operator_index;   // equal for nodes of one operator, or of one machine (machines.h)
    uint32_t own_operator;     // equal for nodes of one operator
    uint32_t failures;         // connections in a row that led nowhere
    uint32_t penalties;        // faults of late; halves with each good answer
    uint64_t bytes_per_second; // measured; 0: not yet
};

struct vch_pool_setup {
    const struct vch_secret_key *key;
    const struct vch_registry *registry;
    const struct vch_peer *peers;
    uint32_t peer_count;
    struct vch_stream_limits limits;
    struct vch_digest model;
    uint32_t operator_count;
    const struct vch_asker_policy *policy;     // as in client/link.h
    struct vch_parser *parser;                 // who judges under it elsewhere; NULL: nobody does
    const struct vch_attester_setup *attester; // what we show; NULL: nothing. Its loop and identity
                                               // are filled in
};

struct vch_pool {
    struct event_base *base;
    struct evdns_base *dns;
    struct vch_tls *tls;
    struct vch_attester *attester; // NULL: nothing is shown
    struct vch_parser *parser;     // NULL: it has not joined
    struct event *tick;            // so that a turn of the loop never takes long
    uint32_t live_streams, count;
    struct vch_pool_node *nodes;
    // Who listens now; may be changed between turns.
    struct vch_link_events events;
    void *context;
};

// The pool must stay where it is until released.
vch_status vch_pool_init(struct vch_pool *pool, const struct vch_pool_setup *setup,
                         struct vch_complaint *complaint);

// Connects whoever is down (with growing pauses for those who stay down) and measures round trips
// again, until every node is settled or the time is over.
vch_status vch_pool_settle(struct vch_pool *pool, uint32_t time_ms);

// Handles what has happened, waiting for a few milliseconds at most.
vch_status vch_pool_turn(struct vch_pool *pool);
// Likewise, for whoever knows when to look again though nothing happens.
vch_status vch_pool_wait(struct vch_pool *pool, uint32_t time_ms);

// VCH_PEERS_MAX when it is none of the pool's.
uint32_t vch_pool_index(const struct vch_pool *pool, const struct vch_link *link);
void vch_pool_release(struct vch_pool *pool);
