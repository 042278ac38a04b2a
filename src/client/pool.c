#include "client/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "host/clock.h"
#include "net/loop.h"

enum {
    TICK_MS = 20, // what comes wakes the loop at once; this is for what does not come
    PROBE_AFTER_MS = 5000,
    RETRY_MS = 100, // doubles with each failure
    RETRY_DOUBLINGS_MAX = 7,
};

static void on_tick(evutil_socket_t unused, short what, void *context)
{
    (void)unused, (void)what, (void)context; // the loop has turned: that was all
}

static void on_answer(void *context, struct vch_link *link, const struct vch_vote *vote,
                      uint64_t compute_us)
{
    struct vch_pool *pool = context;

    if (pool->events.on_answer != NULL)
        pool->events.on_answer(pool->context, link, vote, compute_us);
}

static void on_fault(void *context, struct vch_link *link, enum vch_fault_kind kind,
                     const char *why)
{
    struct vch_pool *pool = context;

    if (pool->events.on_fault != NULL) pool->events.on_fault(pool->context, link, kind, why);
}

static void on_proof(void *context, struct vch_link *link, const struct vch_link_proof *proof)
{
    struct vch_pool *pool = context;

    if (pool->events.on_proof != NULL) pool->events.on_proof(pool->context, link, proof);
}

// Operators get the index of their first member, which is stable for one registry.
static uint32_t operator_index_of(const struct vch_registry *registry,
                                  const struct vch_member *member)
{
    for (uint32_t i = 0; i < registry->member_count; i++)
        if (strcmp(registry->members[i].operator_name, member->operator_name) == 0) return i;
    return registry->member_count;
}

static void init_nodes(struct vch_pool *pool, const struct vch_pool_setup *setup)
{
    struct vch_link_setup link = {
        .stream = {.base = pool->base,
                   .dns = pool->dns,
                   .tls = pool->tls,
                   .live_count = &pool->live_streams,
                   .limits = setup->limits},
        .events = {on_answer, on_fault, on_proof},
        .context = pool,
        .model = setup->model,
        .registry = setup->registry->digest,
        .operator_count = setup->operator_count,
        .policy = setup->policy,
        .attester = pool->attester,
    };

    for (uint32_t i = 0; i < setup->peer_count; i++) {
        struct vch_pool_node *node = &pool->nodes[i];
        const struct vch_member *member = vch_registry_find(setup->registry, &setup->peers[i].key);
        vch_link_init(&node->link, &link, &setup->peers[i]);
        node->is_member = member != NULL && member->role == VCH_ROLE_NODE;
        if (node->is_member) node->own_operator = operator_index_of(setup->registry, member);
        node->operator_index = node->own_operator;
    }
    pool->count = setup->peer_count;
}

static bool needs_names(const struct vch_pool_setup *setup)
{
    uint8_t address[16];

    for (uint32_t i = 0; i < setup->peer_count; i++)
        if (evutil_inet_pton(AF_INET, setup->peers[i].host, address) != 1 &&
            evutil_inet_pton(AF_INET6, setup->peers[i].host, address) != 1)
            return true;
    return false;
}

static vch_status start_attester(struct vch_pool *pool, const struct vch_pool_setup *setup,
                                 struct vch_complaint *complaint)
{
    if (setup->attester == NULL) return VCH_OK;
    struct vch_attester_setup attester = *setup->attester;
    attester.base = pool->base;
    attester.node = setup->key->public_key;
    return vch_attester_new(&pool->attester, &attester, complaint);
}

static vch_status start(struct vch_pool *pool, const struct vch_pool_setup *setup,
                        struct vch_complaint *complaint)
{
    const struct vch_signer signer = vch_signer_local(setup->key);
    VCH_TRY(vch_tls_new(&pool->tls, &signer, complaint));
    pool->base = vch_loop_new();
    pool->nodes = calloc(setup->peer_count + 1, sizeof *pool->nodes);
    if (pool->base == NULL || pool->nodes == NULL) return VCH_FAIL(NO_MEMORY);
    if (needs_names(setup)) {
        pool->dns = evdns_base_new(pool->base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
                                                   EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        if (pool->dns == NULL)
            return vch_complain(complaint, VCH_CODE_IO,
                                "cannot set up name resolution: write the peers' addresses as "
                                "numbers");
    }
    pool->tick = event_new(pool->base, -1, 0, on_tick, pool);
    if (pool->tick == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(start_attester(pool, setup, complaint));
    if (setup->parser != NULL) VCH_TRY(vch_parser_join(setup->parser, pool->base));
    pool->parser = setup->parser;
    init_nodes(pool, setup);
    return VCH_OK;
}

vch_status vch_pool_init(struct vch_pool *pool, const struct vch_pool_setup *setup,
                         struct vch_complaint *complaint)
{
    *pool = (struct vch_pool){0};
    vch_status status = start(pool, setup, complaint);
    if (!vch_is_ok(status)) vch_pool_release(pool);
    return status;
}

vch_status vch_pool_wait(struct vch_pool *pool, uint32_t time_ms)
{
    const struct timeval time = {time_ms / 1000, (suseconds_t)(time_ms % 1000) * 1000};

    if (event_add(pool->tick, &time) != 0) return VCH_FAIL(NO_MEMORY);
    if (event_base_loop(pool->base, EVLOOP_ONCE) < 0) return VCH_FAIL(IO);
    for (uint32_t i = 0; i < pool->count; i++)
        vch_link_tick(&pool->nodes[i].link);
    return VCH_OK;
}

vch_status vch_pool_turn(struct vch_pool *pool)
{
    return vch_pool_wait(pool, TICK_MS);
}

static bool is_due(const struct vch_pool_node *node)
{
    uint32_t doublings =
        node->failures < RETRY_DOUBLINGS_MAX ? node->failures : RETRY_DOUBLINGS_MAX;
    uint64_t pause_ms = node->failures == 0 ? 0 : (uint64_t)RETRY_MS << doublings;

    return node->is_member && node->link.state == VCH_LINK_DOWN &&
           vch_clock_monotonic_ms() - node->link.down_since_ms >= pause_ms;
}

static void wake(struct vch_pool_node *node)
{
    vch_link_tick(&node->link);
    if (is_due(node))
        vch_link_connect(&node->link);
    else if (node->link.state == VCH_LINK_READY &&
             vch_clock_monotonic_ms() - node->link.heard_ms >= PROBE_AFTER_MS)
        vch_link_probe(&node->link);
}

static bool are_settled(const struct vch_pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++)
        if (!vch_link_is_settled(&pool->nodes[i].link)) return false;
    return true;
}

static void note_outcome(struct vch_pool_node *node)
{
    if (!vch_link_is_settled(&node->link))
        vch_link_close(&node->link, node->link.state == VCH_LINK_ATTESTING ? "no evidence in time"
                                                                           : "no greeting in time");
    if (node->link.state == VCH_LINK_READY)
        node->failures = 0;
    else if (node->failures < UINT32_MAX)
        node->failures++;
}

vch_status vch_pool_settle(struct vch_pool *pool, uint32_t time_ms)
{
    uint64_t end_ms = vch_clock_monotonic_ms() + time_ms;
    bool was_woken[VCH_PEERS_MAX] = {false};

    VCH_ASSERT(pool->count <= VCH_PEERS_MAX);
    if (event_base_loop(pool->base, EVLOOP_NONBLOCK) < 0) return VCH_FAIL(IO); // old news first
    for (uint32_t i = 0; i < pool->count; i++) {
        wake(&pool->nodes[i]);
        was_woken[i] = !vch_link_is_settled(&pool->nodes[i].link);
    }
    while (!are_settled(pool) && vch_clock_monotonic_ms() < end_ms)
        VCH_TRY(vch_pool_turn(pool));
    for (uint32_t i = 0; i < pool->count; i++)
        if (was_woken[i]) note_outcome(&pool->nodes[i]);
    return VCH_OK;
}

uint32_t vch_pool_index(const struct vch_pool *pool, const struct vch_link *link)
{
    for (uint32_t i = 0; i < pool->count; i++)
        if (&pool->nodes[i].link == link) return i;
    return VCH_PEERS_MAX;
}

void vch_pool_release(struct vch_pool *pool)
{
    pool->events = (struct vch_link_events){0};
    for (uint32_t i = 0; i < pool->count; i++)
        vch_link_release(&pool->nodes[i].link);
    while (pool->live_streams > 0) // each ends within its linger
        if (event_base_loop(pool->base, EVLOOP_ONCE) != 0) break;
    vch_attester_free(pool->attester);
    if (pool->parser != NULL) vch_parser_leave(pool->parser);
    if (pool->tick != NULL) event_free(pool->tick);
    if (pool->dns != NULL) evdns_base_free(pool->dns, 0);
    if (pool->base != NULL) event_base_free(pool->base);
    vch_tls_free(pool->tls);
    free(pool->nodes);
    *pool = (struct vch_pool){0};
}
