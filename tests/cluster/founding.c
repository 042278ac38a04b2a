// The founder who sets a network up: keys, charter, registries, and what everyone starts with.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster.h"
#include "crypto/transcript.h"

void cluster_make_seed(uint8_t out[static 32], uint64_t seed, const char *what, uint64_t index)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "cluster/seed");
    vch_transcript_absorb_u64(&transcript, "seed", seed);
    vch_transcript_absorb(&transcript, "what", what, strlen(what));
    vch_transcript_absorb_u64(&transcript, "index", index);
    const struct vch_digest digest = vch_transcript_final(&transcript);
    memcpy(out, digest.bytes, 32);
}

static struct vch_secret_key make_key(uint64_t seed, const char *what, uint64_t index)
{
    struct vch_secret_key key;
    uint8_t bytes[32];

    cluster_make_seed(bytes, seed, what, index);
    vch_sign_key(&key, bytes);
    return key;
}

uint32_t cluster_model_operators(const struct cluster *world)
{
    return 4 + (uint32_t)(world->plan.seed % 9);
}
static enum cluster_role role_of(struct cluster *world, uint32_t index)
{
    enum cluster_role role = CLUSTER_HONEST;

    if (world->plan.is_plain) // an exact number of them
        return index < world->plan.nodes * world->plan.dishonest_permille / 1000 ? CLUSTER_COLLUDE
                                                                                 : CLUSTER_HONEST;
    if (!cluster_random_chance(&world->random, world->plan.dishonest_permille))
        return CLUSTER_HONEST;
    do
        role = (enum cluster_role)cluster_random_below(&world->random, CLUSTER_ROLE_COUNT);
    while (role == CLUSTER_HONEST || !world->plan.roles[role]);
    return role;
}

static void make_nodes(struct cluster *world)
{
    const uint32_t n = world->plan.nodes;
    const uint32_t operators = 1 + (n - 1) * world->plan.operators_per_mille / 1000;

    world->by_key_mask = 1;
    while (world->by_key_mask < 4 * n)
        world->by_key_mask *= 2;
    world->by_key = calloc(world->by_key_mask, sizeof *world->by_key);
    world->nodes = calloc(n, sizeof *world->nodes);
    if (world->by_key == NULL || world->nodes == NULL) abort();
    memset(world->by_key, 0xff, world->by_key_mask * sizeof *world->by_key);
    world->by_key_mask--;
    for (uint32_t i = 0; i < n; i++) {
        struct cluster_node *node = &world->nodes[i];
        uint8_t seed[32];
        node->key = make_key(world->plan.seed, "node", i);
        node->seat.node = node->key.public_key;
        cluster_make_seed(seed, world->plan.seed, "vrf", i);
        vch_vrf_key(&node->seat.vrf, seed);
        cluster_make_seed(node->seat.secret, world->plan.seed, "nonces", i);
        node->role = role_of(world, i);
        node->group = cluster_random_below(&world->random, world->plan.groups);
        node->operator_ = i < operators ? i : cluster_random_below(&world->random, operators);
        node->is_censored = cluster_random_chance(&world->random, world->plan.censor_permille);
        uint32_t at = 0;
        memcpy(&at, node->key.public_key.bytes, sizeof at);
        for (at &= world->by_key_mask; world->by_key[at] != UINT32_MAX;)
            at = (at + 1) & world->by_key_mask;
        world->by_key[at] = i;
    }
}

static void make_charter(struct cluster *world)
{
    struct vch_charter *charter = &world->charter;
    uint8_t *bytes = NULL;
    size_t size = 0;

    *charter = (struct vch_charter){.origin = "cluster.example/ledger",
                                    .founder = world->founder.public_key,
                                    .clerk = world->clerk.public_key,
                                    .witness_count = CLUSTER_WITNESSES,
                                    .parameters = world->plan.parameters};
    for (uint32_t i = 0; i < CLUSTER_WITNESSES; i++) {
        struct cluster_witness witness = {.key = make_key(world->plan.seed, "witness", i)};
        uint32_t at = i;
        for (; at > 0 && memcmp(&world->witnesses[at - 1].key.public_key, &witness.key.public_key,
                                sizeof witness.key.public_key) > 0;
             at--)
            world->witnesses[at] = world->witnesses[at - 1];
        world->witnesses[at] = witness;
    }
    for (uint32_t i = 0; i < CLUSTER_WITNESSES; i++) {
        struct cluster_witness *witness = &world->witnesses[i];
        (void)snprintf(charter->witnesses[i].name, sizeof charter->witnesses[i].name, "w%u", i);
        charter->witnesses[i].key = witness->key.public_key;
        witness->skew_ms = (int64_t)cluster_random_below(&world->random, 600) - 300;
    }
    world->witnesses[cluster_random_below(&world->random, CLUSTER_WITNESSES)].is_dishonest = true;
    if (!vch_is_ok(vch_charter_encode(&bytes, &size, charter, &world->arena, &world->complaint)))
        cluster_fail(world, "charter: %s", world->complaint.text);
}

// All members but `without` of the nodes, who were dropped.
void cluster_enter_registry(struct cluster *world, uint32_t without)
{
    struct vch_registry *registry = &world->registries[world->registry_count];
    struct vch_entry entry = {.kind = VCH_ENTRY_REGISTRY, .number = ++world->founder_number};
    const uint32_t n = world->plan.nodes;
    uint8_t *bytes = NULL;
    size_t size = 0;

    *registry =
        (struct vch_registry){.network = "cluster.example", .serial = world->registry_count + 1};
    registry->members = VCH_ARENA_NEW(&world->arena, struct vch_member, n + CLUSTER_CLIENTS);
    if (registry->members == NULL) abort();
    for (uint32_t i = without; i < n; i++) {
        struct vch_member *member = &registry->members[registry->member_count++];
        member->key = world->nodes[i].key.public_key;
        member->role = VCH_ROLE_NODE;
        member->has_vrf = true;
        member->vrf = world->nodes[i].seat.vrf.public_key;
        (void)snprintf(member->operator_name, sizeof member->operator_name, "party-%u",
                       world->nodes[i].operator_);
    }
    for (uint32_t i = 0; i < CLUSTER_CLIENTS; i++) {
        struct vch_member *client = &registry->members[registry->member_count++];
        *client = (struct vch_member){.key = world->clients[i].public_key, .role = VCH_ROLE_CLIENT};
        (void)snprintf(client->operator_name, sizeof client->operator_name, "ward-%u", i);
    }
    if (!vch_is_ok(vch_registry_encode(&bytes, &size, registry, &world->founder, &world->arena,
                                       &world->complaint))) {
        cluster_fail(world, "registry: %s", world->complaint.text);
        return;
    }
    world->registry_count++;
    entry.registry.digest = registry->digest;
    entry.registry.serial = registry->serial;
    cluster_append_now(world, &entry, &world->founder);
}

static void deposit(struct cluster *world, const struct vch_public_key *account, uint64_t amount)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_DEPOSIT, .number = ++world->founder_number};

    entry.deposit.account = *account;
    entry.deposit.amount = amount;
    cluster_append_now(world, &entry, &world->founder);
}

static void stake_now(struct cluster *world, struct cluster_node *node, uint64_t amount)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_STAKE, .number = ++node->number, .amount = amount};
    cluster_append_now(world, &entry, &node->key);
}

static void hold_now(struct cluster *world, struct cluster_node *node, uint32_t first,
                     uint32_t last)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_HOLD, .number = ++node->number};

    entry.hold = (struct vch_entry_hold){CLUSTER_MODEL, first, last, false};
    cluster_append_now(world, &entry, &node->key);
}

static uint64_t first_stake(struct cluster *world)
{
    const uint64_t least = world->plan.parameters.stake_min;

    if (world->plan.is_plain) return least * 1000;
    return least + cluster_random_below(&world->random, (uint32_t)(3 * least));
}

static void endow(struct cluster *world)
{
    for (uint32_t i = 0; i < CLUSTER_CLIENTS; i++)
        deposit(world, &world->clients[i].public_key, UINT64_C(1) << 40);
    deposit(world, &world->founder.public_key, UINT64_C(1) << 40);
    for (uint32_t i = 0; i < world->plan.nodes && !world->is_broken; i++) {
        struct cluster_node *node = &world->nodes[i];
        const uint64_t stake = first_stake(world);
        deposit(world, &node->key.public_key, stake + 2000);
        stake_now(world, node, stake);
        hold_now(world, node, 0, cluster_model_operators(world));
    }
}

void cluster_found(struct cluster *world)
{
    const struct cluster_plan *plan = &world->plan;
    struct vch_entry entry = {.kind = VCH_ENTRY_CHARTER, .number = ++world->founder_number};

    world->founder = make_key(plan->seed, "founder", 0);
    world->clerk = make_key(plan->seed, "clerk", 0);
    for (uint32_t i = 0; i < CLUSTER_CLIENTS; i++)
        world->clients[i] = make_key(plan->seed, "client", i);
    if (!plan->is_plain)
        world->clerk_skew_ms = (int64_t)cluster_random_below(&world->random, 600) - 300;
    make_nodes(world);
    make_charter(world);
    cluster_make_cores(world);
    world->forks[0].exists = true;
    world->forks[0].state = cluster_new_state(world, &world->forks[0].arena);
    for (uint32_t i = 0; i < plan->groups && !world->is_broken; i++)
        world->replicas[i].state = cluster_new_state(world, &world->replicas[i].arena);
    if (world->is_broken) return;
    entry.charter = &world->charter;
    cluster_append_now(world, &entry, &world->founder);
    cluster_enter_registry(world, 0);
    world->now_ms += 2 * plan->parameters.epoch_ms;
    endow(world);
}

// Who lost most of its stake gets some more, and stays in the game.
void cluster_restock(struct cluster *world, const struct cluster_event *event)
{
    const uint64_t least = world->plan.parameters.stake_min;

    for (uint32_t i = 0; i < world->plan.nodes && !world->is_broken && !world->plan.is_plain; i++) {
        struct cluster_node *node = &world->nodes[i];
        const struct vch_account *account =
            vch_state_account(world->forks[0].state, &node->key.public_key);
        if (account == NULL || account->stake >= least || world->forks[1].exists) continue;
        if (vch_registry_find(&world->registries[world->registry_count - 1],
                              &node->key.public_key) == NULL)
            continue;
        deposit(world, &node->key.public_key, least);
        stake_now(world, node, least);
    }
    if (world->jobs_left > 0) cluster_at(world, world->now_ms + 20000, *event);
}
