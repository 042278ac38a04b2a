#include "client/client.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/check.h"
#include "client/inference.h"
#include "host/clock.h"

enum { REGISTRY_MEMORY_MAX = 64 << 20, CONNECT_MS = 3000, ATTESTED_CONNECT_MS = 20000 };

static vch_status check_registry(struct vch_client *client, struct vch_complaint *complaint)
{
    const struct vch_client_options *options = &client->options;
    const struct vch_registry *registry = &client->registry;

    VCH_TRY(vch_registry_decode(&client->registry, options->registry_bytes, options->registry_size,
                                &client->arena, complaint));
    if (!vch_is_equal(&registry->founder, &options->founder, sizeof options->founder))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the registry of network %s is signed by another founder than the one "
                            "given",
                            registry->network);
    if (registry->expires_ms != 0 && vch_clock_unix_ms() >= registry->expires_ms)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the registry of network %s has expired: its founder must sign a new "
                            "one",
                            registry->network);
    if (vch_registry_find(registry, &options->key->public_key) == NULL)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "our own key is not in the registry of network %s: its founder must "
                            "add it",
                            registry->network);
    return VCH_OK;
}

static vch_status set_up(struct vch_client *client, struct vch_complaint *complaint)
{
    struct vch_client_options *options = &client->options;

    if (options->peer_count > VCH_PEERS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "more than %u peers", VCH_PEERS_MAX);
    bool waits = options->policy != NULL || options->attester != NULL; // hardware takes its time
    if (options->connect_ms == 0) options->connect_ms = waits ? ATTESTED_CONNECT_MS : CONNECT_MS;
    if (options->limits.window_ms == 0) options->limits = vch_stream_default_limits();
    vch_arena_init(&client->arena, REGISTRY_MEMORY_MAX);
    vch_own_init(&client->own, options->package->graph, options->kernels, options->workers);
    VCH_TRY(check_registry(client, complaint));
    if (options->annex != NULL)
        VCH_TRY(vch_annex_decode(&client->annex, options->annex->bytes, options->annex->size,
                                 &client->arena, complaint));
    if (options->policy != NULL) client->policy = *options->policy;
    struct vch_pool_setup setup = {.key = options->key,
                                   .registry = &client->registry,
                                   .peers = options->peers,
                                   .peer_count = options->peer_count,
                                   .limits = options->limits,
                                   .model = options->package->identity,
                                   .operator_count = options->package->graph->operator_count,
                                   .policy = options->policy != NULL ? &client->policy : NULL,
                                   .parser = options->parser,
                                   .attester = options->attester};
    VCH_TRY(vch_pool_init(&client->pool, &setup, complaint));
    if (options->ledger_host == NULL) return VCH_OK;
    const struct vch_agreed_setup agreed = {.pool = &client->pool,
                                            .key = options->key,
                                            .charter = *options->charter,
                                            .host = options->ledger_host,
                                            .port = options->ledger_port};
    return vch_agreed_new(&client->agreed, &agreed, complaint);
}

vch_status vch_client_new(struct vch_client **out, const struct vch_client_options *options,
                          struct vch_complaint *complaint)
{
    struct vch_client *client = calloc(1, sizeof *client);

    if (client == NULL) return VCH_FAIL(NO_MEMORY);
    client->options = *options;
    vch_status status = set_up(client, complaint);
    if (!vch_is_ok(status)) {
        vch_client_free(client);
        return status;
    }
    *out = client;
    return VCH_OK;
}

vch_status vch_client_connect(struct vch_client *client, uint32_t *ready_count)
{
    *ready_count = 0;
    VCH_TRY(vch_pool_settle(&client->pool, client->options.connect_ms));
    for (uint32_t i = 0; i < client->pool.count; i++)
        *ready_count += client->pool.nodes[i].link.state == VCH_LINK_READY;
    return VCH_OK;
}

const char *vch_client_peer_trouble(const struct vch_client *client, uint32_t peer_index)
{
    VCH_ASSERT(peer_index < client->pool.count);
    const struct vch_pool_node *node = &client->pool.nodes[peer_index];

    if (!node->is_member) return "its key is no node of the registry";
    if (node->link.state == VCH_LINK_READY) return NULL;
    return node->link.state == VCH_LINK_LEAVING ? "the node is about to stop"
                                                : node->link.down_reason;
}

bool vch_client_peer_was_told(const struct vch_client *client, uint32_t peer_index)
{
    VCH_ASSERT(peer_index < client->pool.count);
    return client->pool.nodes[peer_index].link.was_told;
}

const struct vch_asker_kept *vch_client_peer_evidence(const struct vch_client *client,
                                                      uint32_t peer_index)
{
    VCH_ASSERT(peer_index < client->pool.count);
    const struct vch_asker_kept *evidence = &client->pool.nodes[peer_index].link.evidence;

    return evidence->bytes != NULL ? evidence : NULL;
}

const char *vch_client_operator(const struct vch_client *client, const struct vch_public_key *key)
{
    const struct vch_member *member = vch_registry_find(&client->registry, key);

    return member != NULL ? member->operator_name : "unknown";
}

void vch_client_free(struct vch_client *client)
{
    if (client == NULL) return;
    vch_agreed_free(client->agreed);
    vch_pool_release(&client->pool);
    vch_own_release(&client->own);
    vch_arena_release(&client->arena);
    free(client);
}

static void count_bytes(const struct vch_client *client, uint64_t *in, uint64_t *out)
{
    *in = *out = 0;
    for (uint32_t i = 0; i < client->pool.count; i++) {
        *in += vch_link_bytes_in(&client->pool.nodes[i].link);
        *out += vch_link_bytes_out(&client->pool.nodes[i].link);
    }
}

vch_status vch_client_infer(struct vch_client *client, const struct vch_client_request *request,
                            struct vch_client_answer *answer, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    struct vch_inference *inference = VCH_ARENA_NEW(arena, struct vch_inference, 1);
    uint64_t in = 0, out = 0;

    *answer = (struct vch_client_answer){0};
    if (inference == NULL) return VCH_FAIL(NO_MEMORY);
    *inference = (struct vch_inference){.client = client,
                                        .request = request,
                                        .answer = answer,
                                        .arena = arena,
                                        .complaint = complaint,
                                        .start_us = vch_clock_monotonic_us()};
    count_bytes(client, &in, &out);
    vch_status status = vch_inference_run(inference);
    count_bytes(client, &answer->bytes_in, &answer->bytes_out);
    answer->bytes_in -= in;
    answer->bytes_out -= out;
    answer->total_us = vch_clock_monotonic_us() - inference->start_us;
    if (inference->route.was_asked != NULL)
        answer->operator_count = vch_route_operator_count(&inference->route);
    return status;
}
