#include "network.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "annex/annex_prove.h"
#include "harness/graphs.h"
#include "harness/test.h"
#include "model/run.h"

static void random_bytes(void *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = (uint8_t)test_below(256);
}

void network_key(struct vch_secret_key *out)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE];

    random_bytes(seed, sizeof seed);
    vch_sign_key(out, seed);
}

void network_init(struct network *network, struct vch_graph *graph)
{
    struct vch_complaint complaint = {""};
    size_t size = 0;

    memset(network, 0, sizeof *network);
    (void)signal(SIGPIPE, SIG_IGN); // as vch_process_harden does for programs
    vch_arena_init(&network->arena, (size_t)1 << 30);
    network->kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    network->limits = vch_stream_default_limits();
    network_key(&network->founder);
    network_key(&network->owner);
    network_key(&network->client_key);
    struct vch_salt *salts =
        VCH_ARENA_NEW(&network->arena, struct vch_salt, graph->parameter_count);
    random_bytes(salts, graph->parameter_count * sizeof *salts);
    CHECK_OK(vch_package_encode(&network->package_bytes, &size, graph, salts, &network->owner,
                                &network->arena, NULL, &complaint));
    CHECK_OK(vch_package_decode(&network->package, network->package_bytes, size, &network->arena,
                                NULL, &complaint));
    network->cuts =
        VCH_ARENA_NEW(&network->arena, struct vch_cut, network->package.graph->operator_count + 1);
    CHECK_OK(vch_segment_cuts(network->cuts, &network->cut_count, network->package.graph,
                              &network->arena));
}

struct network_node *network_add(struct network *network, const char *operator_name, uint32_t first,
                                 uint32_t last)
{
    struct network_node *node = &network->nodes[network->node_count++];
    struct vch_complaint complaint = {""};
    uint8_t *bytes = NULL;

    CHECK(network->node_count <= NETWORK_NODES_MAX);
    network_key(&node->key);
    node->network = network;
    (void)snprintf(node->operator_name, sizeof node->operator_name, "%s", operator_name);
    CHECK_OK(vch_package_extract(&bytes, &node->package.size, &network->package, first, last,
                                 &network->arena, &complaint));
    node->package.bytes = bytes;
    return node;
}

static vch_status read_seed(void *context, uint8_t seed[static VCH_ANNEX_SEED_SIZE],
                            struct vch_complaint *complaint)
{
    const struct network_node *node = context;

    (void)complaint;
    memcpy(seed, node->annex_seed, VCH_ANNEX_SEED_SIZE);
    return VCH_OK;
}

static vch_status take_opening(void *context, struct vch_complaint *complaint)
{
    struct network_node *node = context;

    if (node->openings == 0)
        return vch_complain(complaint, VCH_CODE_REFUSED, "no opening of the annex is left");
    node->openings--;
    return VCH_OK;
}

static void make_annex(struct network_node *node, uint32_t log_columns)
{
    struct network *network = node->network;
    struct vch_complaint complaint = {""};
    struct vch_package package;
    uint8_t *bytes = NULL;

    CHECK_OK(vch_package_decode(&package, node->package.bytes, node->package.size, &network->arena,
                                NULL, &complaint));
    uint32_t *held = VCH_ARENA_NEW(&network->arena, uint32_t, package.graph->parameter_count);
    struct vch_annex_order order = {.model = {.graph = package.graph,
                                              .identity = package.identity,
                                              .log_columns = log_columns,
                                              .held = held},
                                    .level = network->kernels.level};
    for (uint32_t i = 0; i < package.graph->parameter_count; i++)
        if (package.graph->parameters[i].data != NULL) held[order.model.held_count++] = i;
    random_bytes(node->annex_seed, sizeof node->annex_seed);
    memcpy(order.seed, node->annex_seed, sizeof order.seed);
    CHECK_OK(vch_annex_prove(&bytes, &node->annex.size, &order, 0, &network->owner, &network->arena,
                             &complaint));
    node->annex.bytes = bytes;
    node->annex.context = node;
    node->annex.read = read_seed;
    node->annex.take = take_opening;
}

void network_prove(struct network *network, uint32_t log_columns, uint32_t openings)
{
    for (uint32_t i = 0; i < network->node_count; i++) {
        make_annex(&network->nodes[i], log_columns);
        network->nodes[i].openings = openings;
    }
}

static void make_registry(struct network *network)
{
    struct vch_complaint complaint = {""};
    struct vch_registry registry = {.network = "test",
                                    .serial = 1,
                                    .expires_ms = network->expires_ms,
                                    .member_count = network->node_count + 1};

    registry.members = VCH_ARENA_NEW(&network->arena, struct vch_member, registry.member_count);
    for (uint32_t i = 0; i < network->node_count; i++) {
        registry.members[i] =
            (struct vch_member){.key = network->nodes[i].key.public_key, .role = VCH_ROLE_NODE};
        memcpy(registry.members[i].operator_name, network->nodes[i].operator_name,
               sizeof registry.members[i].operator_name);
    }
    registry.members[network->node_count] = (struct vch_member){
        .key = network->client_key.public_key, .operator_name = "us", .role = VCH_ROLE_CLIENT};
    CHECK_OK(vch_registry_encode(&network->registry_bytes, &network->registry_size, &registry,
                                 &network->founder, &network->arena, &complaint));
}

static void *serve(void *context)
{
    struct network_node *node = context;

    (void)vch_node_run(node->node);
    return NULL;
}

static void crash(void *context)
{
    struct network_node *node = context;

    atomic_store(&node->has_crashed, true);
    vch_node_abort(node->node);
}

void network_start_node(struct network_node *node)
{
    struct network *network = node->network;
    uint32_t index = (uint32_t)(node - network->nodes);
    struct vch_complaint complaint = {""};
    struct vch_node_options options = {.signer = &node->signer,
                                       .packages = &node->package,
                                       .package_count = 1,
                                       .annexes = &node->annex,
                                       .annex_count = node->annex.bytes != NULL,
                                       .registry_bytes = network->registry_bytes,
                                       .registry_size = network->registry_size,
                                       .founder = network->founder.public_key,
                                       .kernels = &network->kernels,
                                       .port = network->peers[index].port,
                                       .limits = network->limits};

    node->signer = vch_signer_local(&node->key);
    node->fault.crash = crash;
    node->fault.crash_context = node;
    fault_install(&node->fault, &options);
    vch_status status = vch_node_new(&node->node, &options, &complaint);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
    network->peers[index] =
        (struct vch_peer){.key = node->key.public_key, .port = vch_node_port(node->node)};
    (void)snprintf(network->peers[index].host, sizeof network->peers[index].host, "%s",
                   vch_node_host(node->node));
    CHECK(pthread_create(&node->thread, NULL, serve, node) == 0);
    node->is_running = true;
}

static void join(struct network_node *node)
{
    if (!node->is_running) return;
    (void)pthread_join(node->thread, NULL);
    vch_node_free(node->node);
    node->node = NULL;
    node->is_running = false;
}

void network_stop_node(struct network_node *node)
{
    if (node->is_running) vch_node_stop(node->node);
    join(node);
}

void network_kill_node(struct network_node *node)
{
    if (node->is_running) vch_node_abort(node->node);
    join(node);
}

void network_revive(struct network *network)
{
    for (uint32_t i = 0; i < network->node_count; i++) {
        struct network_node *node = &network->nodes[i];
        if (!atomic_load(&node->has_crashed)) continue;
        join(node);
        atomic_store(&node->has_crashed, false);
        network_start_node(node);
    }
}

void network_start(struct network *network)
{
    struct vch_complaint complaint = {""};

    make_registry(network);
    for (uint32_t i = 0; i < network->node_count; i++)
        network_start_node(&network->nodes[i]);
    struct vch_client_options options = {.package = &network->package,
                                         .key = &network->client_key,
                                         .registry_bytes = network->registry_bytes,
                                         .registry_size = network->registry_size,
                                         .founder = network->founder.public_key,
                                         .peers = network->peers,
                                         .peer_count = network->node_count,
                                         .kernels = &network->kernels,
                                         .limits = network->limits};
    vch_status status = vch_client_new(&network->client, &options, &complaint);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
}

void network_release(struct network *network)
{
    vch_client_free(network->client);
    for (uint32_t i = 0; i < network->node_count; i++) {
        network_kill_node(&network->nodes[i]);
        fault_release(&network->nodes[i].fault);
    }
    vch_arena_release(&network->arena);
}

struct vch_client_request network_request(struct network *network, const struct vch_tensor *input,
                                          uint32_t batch, uint32_t quorum)
{
    struct vch_client_request request = {.input = input,
                                         .batch = batch,
                                         .quorum = quorum,
                                         .keep_first = 1,
                                         .keep_last = 1,
                                         .deadline_ms = 20000};

    (void)network;
    random_bytes(request.secret, sizeof request.secret);
    random_bytes(&request.nonce, sizeof request.nonce);
    return request;
}

struct vch_tensor network_input(struct network *network, uint32_t batch, struct vch_arena *arena)
{
    const struct vch_graph *graph = network->package.graph;

    return graphs_random_tensor(graph, graph->inputs[0].value, batch, arena);
}

struct vch_tensor network_reference(struct network *network, const struct vch_tensor *input,
                                    uint32_t batch, struct vch_arena *arena)
{
    const struct vch_graph *graph = network->package.graph;
    struct vch_tensor outputs[VCH_GRAPH_PORTS_MAX];
    struct vch_complaint complaint = {""};
    struct vch_run run = {.graph = graph,
                          .last = graph->operator_count,
                          .batch = batch,
                          .kernels = &network->kernels};

    for (uint32_t i = 0; i < graph->output_count; i++)
        outputs[i] = graphs_empty_tensor(graph, graph->outputs[i].value, batch, arena);
    CHECK_OK(vch_run_graph(&run, input, outputs, arena, &complaint));
    return outputs[0];
}

bool network_is_equal(const struct vch_tensor *a, const struct vch_tensor *b, uint32_t batch)
{
    return a->type == b->type && vch_tensor_size(a) == vch_tensor_size(b) &&
           memcmp(a->data, b->data, vch_tensor_size(a) * batch) == 0;
}
