// What the parts of a node share.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/http.h"
#include "node/clients.h"
#include "node/node.h"
#include "node/openings.h"
#include "node/session.h"
#include "node/worker.h"

struct vch_node {
    struct vch_node_options options;
    char host[128];
    struct vch_arena arena;
    struct vch_models models;
    struct vch_provers provers;
    struct vch_registry registry;
    struct vch_metrics metrics;
    struct vch_session_host session_host;
    struct vch_worker *worker;
    struct vch_tls *tls;
    struct event_base *base;
    struct evconnlistener *listener;
    struct vch_http *http;
    struct event *tick, *results, *opened, *control, *terminate, *interrupt, *lost;
    bool is_lost; // whoever holds the keys
    int control_descriptor;
    uint16_t port;
    struct vch_clients clients;
    struct vch_openings openings;
    struct vch_ballot *ballot;     // NULL: on none
    struct vch_attester *attester; // NULL: nothing is shown
    struct vch_weights *weights;   // that lie sealed; NULL: none
    uint64_t drain_end_ms;
};

vch_status vch_node_parts_add_event(struct event **out, struct event_base *base, evutil_socket_t fd,
                                    short what, event_callback_fn callback, void *context,
                                    const struct timeval *interval);

// In this order, as far as the options ask for it. Weights that lie sealed, before any session; who
// computes, and with it the sessions' host; the loop, which starts all that follows.
vch_status vch_node_parts_load_weights(struct vch_node *node, struct vch_complaint *complaint);
vch_status vch_node_parts_start_engine(struct vch_node *node, struct vch_complaint *complaint);
vch_status vch_node_parts_start_loop(struct vch_node *node, struct vch_complaint *complaint);
void vch_node_parts_admit_clients(struct vch_node *node);
vch_status vch_node_parts_join_ledger(struct vch_node *node, struct vch_complaint *complaint);
vch_status vch_node_parts_await_weights(struct vch_node *node);
vch_status vch_node_parts_start_listening(struct vch_node *node, struct vch_complaint *complaint);
vch_status vch_node_parts_start_monitoring(struct vch_node *node, struct vch_complaint *complaint);

// The worker has something.
void vch_node_parts_on_results(evutil_socket_t unused, short what, void *context);
// The ledger has moved, or time has passed.
void vch_node_parts_advance_orphans(struct vch_node *node);
