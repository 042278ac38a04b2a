// A whole network inside a test: a founder, an owner's model, nodes on threads of this process, a
// client. Connections are real: TLS over loopback, ports that the kernel picks.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/client.h"
#include "consensus/registry.h"
#include "faults.h"
#include "model/package.h"
#include "model/segment.h"
#include "node/node.h"

#define NETWORK_NODES_MAX 16

struct network_node {
    struct network *network;
    struct vch_secret_key key;
    struct vch_signer signer;
    char operator_name[VCH_REGISTRY_NAME_MAX + 1];
    struct vch_node_package package;
    // With network_prove.
    struct vch_annex_source annex;
    uint8_t annex_seed[VCH_ANNEX_SEED_SIZE];
    _Atomic uint32_t openings;
    struct fault fault;
    struct vch_node *node;
    pthread_t thread;
    bool is_running;
    _Atomic bool has_crashed;
};

struct network {
    struct vch_arena arena;
    struct vch_kernels kernels;
    struct vch_secret_key founder, owner, client_key;
    uint8_t *package_bytes;
    struct vch_package package; // the whole model
    uint32_t cut_count;
    struct vch_cut *cuts;
    uint8_t *registry_bytes;
    size_t registry_size;
    uint64_t expires_ms;
    uint32_t node_count;
    struct network_node nodes[NETWORK_NODES_MAX];
    struct vch_peer peers[NETWORK_NODES_MAX];
    struct vch_stream_limits limits; // of both sides
    struct vch_client *client;
};

void network_key(struct vch_secret_key *out); // from test_below
// Signs the graph as the owner.
void network_init(struct network *network, struct vch_graph *graph);
// Before network_start. Holds operators [first, last).
struct network_node *network_add(struct network *network, const char *operator_name, uint32_t first,
                                 uint32_t last);
// Gives every node an annex of its segment, by the owner, with so many openings.
void network_prove(struct network *network, uint32_t log_columns, uint32_t openings);
// Makes the registry, starts every node, makes the client.
void network_start(struct network *network);
void network_start_node(struct network_node *node); // again, on its old port
void network_stop_node(struct network_node *node);  // drains
void network_kill_node(struct network_node *node);
// Once a crash fault has struck: waits for the node's end and starts it again.
void network_revive(struct network *network);
void network_release(struct network *network);

// Fills secret and nonce from test_below, the rest with what suits tests.
struct vch_client_request network_request(struct network *network, const struct vch_tensor *input,
                                          uint32_t batch, uint32_t quorum);
// The input from test_below, and what the whole model makes of it in one process.
struct vch_tensor network_input(struct network *network, uint32_t batch, struct vch_arena *arena);
struct vch_tensor network_reference(struct network *network, const struct vch_tensor *input,
                                    uint32_t batch, struct vch_arena *arena);
bool network_is_equal(const struct vch_tensor *a, const struct vch_tensor *b, uint32_t batch);
