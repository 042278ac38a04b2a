#include "node/node.h"

#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "channel/parser.h"
#include "node/apart.h"
#include "node/node_parts.h"
#include "node/orphans.h"

enum { ARENA_MAX = INT32_MAX }; // manifests and programs of all models

static void use_defaults(struct vch_node_options *options)
{
    if (options->host == NULL) options->host = "127.0.0.1";
    if (options->memory_max == 0) options->memory_max = VCH_NODE_MEMORY_DEFAULT;
    if (options->prove_memory_max == 0 || options->prove_memory_max > options->memory_max)
        options->prove_memory_max = options->memory_max;
    if (options->queue_max == 0) options->queue_max = 64;
    if (options->connections_max == 0) options->connections_max = 256;
    if (options->connections_per_peer_max == 0) options->connections_per_peer_max = 8;
    if (options->drain_ms == 0) options->drain_ms = 30000;
    if (options->limits.window_ms == 0) options->limits = vch_stream_default_limits();
    if (options->execute != NULL) options->apart = NULL; // whoever lies does it here
    if (options->execute == NULL) {
        options->execute = options->apart != NULL ? vch_apart_execute : vch_engine_execute;
        options->execute_context = options->apart;
    }
}

static vch_status load_registry(struct vch_node *node, struct vch_complaint *complaint)
{
    const struct vch_node_options *options = &node->options;
    const struct vch_member *self = NULL;

    VCH_TRY(vch_registry_decode(&node->registry, options->registry_bytes, options->registry_size,
                                &node->arena, complaint));
    if (!vch_is_equal(&node->registry.founder, &options->founder, sizeof options->founder))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the registry of network %s is signed by another founder than the one "
                            "given",
                            node->registry.network);
    self = vch_registry_find(&node->registry, &options->signer->public_key);
    if (self == NULL || self->role != VCH_ROLE_NODE)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "this node's key is no node of the registry of network %s: its founder "
                            "must add it",
                            node->registry.network);
    return VCH_OK;
}

static vch_status load_models(struct vch_node *node, struct vch_complaint *complaint)
{
    const struct vch_node_options *options = &node->options;

    if (options->package_count == 0 && options->weights == NULL)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "a node needs at least one package, or sealed weights");
    for (uint32_t i = 0; i < options->package_count; i++)
        VCH_TRY(vch_models_add(&node->models, options->packages[i].bytes, options->packages[i].size,
                               &node->arena, options->workers, complaint));
    node->models.is_planned = options->apart != NULL;
    VCH_TRY(vch_models_settle(&node->models, options->kernels, &node->arena, complaint));
    node->provers.memory = options->prove_memory_max;
    for (uint32_t i = 0; i < options->annex_count; i++)
        VCH_TRY(vch_provers_add(&node->provers, &node->models, &options->annexes[i], &node->arena,
                                complaint));
    return VCH_OK;
}

static vch_status start(struct vch_node *node, struct vch_complaint *complaint)
{
    use_defaults(&node->options);
    (void)snprintf(node->host, sizeof node->host, "%s", node->options.host);
    vch_arena_init(&node->arena, ARENA_MAX);
    VCH_TRY(load_registry(node, complaint));
    VCH_TRY(load_models(node, complaint));
    VCH_TRY(vch_node_parts_load_weights(node, complaint));
    VCH_TRY(vch_tls_new(&node->tls, node->options.signer, complaint));
    VCH_TRY(vch_node_parts_start_engine(node, complaint));
    return vch_node_parts_start_loop(node, complaint);
}

vch_status vch_node_new(struct vch_node **out, const struct vch_node_options *options,
                        struct vch_complaint *complaint)
{
    struct vch_node *node = calloc(1, sizeof *node);

    if (node == NULL) return VCH_FAIL(NO_MEMORY);
    node->options = *options;
    node->control_descriptor = -1;
    vch_status status = start(node, complaint);
    if (!vch_is_ok(status)) {
        vch_node_free(node);
        return vch_complain(complaint, status.code, "cannot start: %s", vch_code_text(status.code));
    }
    *out = node;
    return VCH_OK;
}

const char *vch_node_host(const struct vch_node *node)
{
    return node->host;
}

uint16_t vch_node_port(const struct vch_node *node)
{
    return node->port;
}

uint16_t vch_node_http_port(const struct vch_node *node)
{
    return vch_http_port(node->http);
}

static void discard(void *context, struct vch_task *task)
{
    struct vch_node *node = context;

    vch_session_free_task(&node->session_host, task);
}

void vch_node_free(struct vch_node *node)
{
    if (node == NULL) return;
    struct event *events[] = {node->tick,      node->results,   node->opened, node->control,
                              node->terminate, node->interrupt, node->lost};

    if (node->listener != NULL) evconnlistener_free(node->listener);
    vch_http_free(node->http);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i] != NULL) event_free(events[i]);
    vch_guests_drop(&node->clients.guests);
    vch_orphans_release(&node->session_host);
    vch_worker_free(node->worker, discard, node);
    vch_ballot_free(node->ballot);
    vch_openings_release(&node->openings);
    vch_attester_free(node->attester);
    if (node->options.parser != NULL) vch_parser_leave(node->options.parser);
    vch_weights_free(node->weights);
    if (node->base != NULL) event_base_free(node->base);
    if (node->control_descriptor >= 0) (void)close(node->control_descriptor);
    vch_tls_free(node->tls);
    vch_arena_release(&node->arena);
    free(node);
}
