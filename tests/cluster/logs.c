// Logs, the groups of nodes that follow them, and a clerk that keeps two.
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster.h"

static const struct vch_registry *registry_of(void *context, const struct vch_digest *digest)
{
    const struct cluster *world = context;

    for (uint32_t i = 0; i < world->registry_count; i++)
        if (vch_hash_is_equal(&world->registries[i].digest, digest)) return &world->registries[i];
    return NULL;
}

struct vch_state *cluster_new_state(struct cluster *world, struct vch_arena *arena)
{
    const uint32_t n = world->plan.nodes;
    struct vch_state_setup setup = {.limits = {.accounts = n + CLUSTER_CLIENTS + 64,
                                               .jobs = 4096,
                                               .contests = 16384,
                                               .seats = 131072,
                                               .disputes = 1024,
                                               .candidates = 65536,
                                               .holdings = 2 * n + 64,
                                               .exclusions = 1024,
                                               .registries = 8},
                                    .checks = cluster_checks(world),
                                    .registry = registry_of,
                                    .context = world,
                                    .seeds = {world->plan.seed, n}};
    struct vch_state *state = NULL;

    vch_arena_init(arena, (size_t)1 << 31);
    if (!vch_is_ok(vch_state_new(&state, &setup, arena)))
        cluster_fail(world, "no memory for a state");
    return state;
}

void cluster_push(struct cluster_log *log, const uint8_t *bytes, size_t size)
{
    if (log->size + size > log->room) {
        const size_t room = 2 * log->room + (1 << 20);
        uint8_t *bigger = calloc(room, 1);
        if (bigger == NULL) abort();
        if (log->size > 0) memcpy(bigger, log->bytes, log->size);
        free(log->bytes);
        log->bytes = bigger;
        log->room = room;
    }
    if (log->count == log->ends_room) {
        const uint64_t room = 2 * log->ends_room + 4096;
        size_t *bigger = calloc(room, sizeof *bigger);
        if (bigger == NULL) abort();
        if (log->count > 0) memcpy(bigger, log->ends, log->count * sizeof *bigger);
        free(log->ends);
        log->ends = bigger;
        log->ends_room = room;
    }
    memcpy(log->bytes + log->size, bytes, size);
    log->size += size;
    log->ends[log->count++] = log->size;
}

static const uint8_t *entry_at(const struct cluster_log *log, uint64_t index, size_t *size)
{
    const size_t begin = index == 0 ? 0 : log->ends[index - 1];

    *size = log->ends[index] - begin;
    return log->bytes + begin;
}

// The next entry of a log onto a state, which it must take.
static bool follow(struct cluster *world, struct vch_state *state, const struct cluster_log *log,
                   struct vch_entry *entry)
{
    const uint64_t index = vch_state_size(state);
    size_t size = 0;
    const uint8_t *bytes = entry_at(log, index, &size);

    world->complaint.text[0] = '\0';
    if (vch_is_ok(vch_entry_decode(entry, bytes, size, &world->work, &world->complaint)) &&
        vch_is_ok(vch_state_apply(state, entry, bytes, size, &world->complaint)))
        return true;
    cluster_fail(world, "a follower refuses entry %llu: %s", (unsigned long long)index,
                 world->complaint.text);
    return false;
}

bool cluster_replay(struct cluster *world, struct vch_state *state, const struct cluster_log *log,
                    uint64_t count)
{
    const struct vch_arena_mark mark = vch_arena_mark(&world->work);
    struct vch_entry entry;

    while (vch_state_size(state) < count && follow(world, state, log, &entry))
        vch_arena_rewind(&world->work, mark);
    return !world->is_broken;
}

static void compare(struct cluster *world, const struct vch_state *state,
                    const struct cluster_fork *fork)
{
    const struct vch_digest digest = vch_state_digest(state);

    if (!vch_hash_is_equal(&digest, &fork->digest))
        cluster_fail(world, "replicas differ after entry %llu",
                     (unsigned long long)fork->digest_at);
}

uint64_t cluster_ledger_ms(const struct cluster *world, uint32_t group)
{
    const struct cluster_replica *replica = &world->replicas[group];
    return vch_state_time(replica->state) + (world->now_ms - replica->heard_ms);
}

static void deliver(struct cluster *world, const struct cluster_event *event)
{
    struct cluster_replica *replica = &world->replicas[event->a];
    const struct cluster_fork *fork = &world->forks[replica->fork];
    const struct vch_arena_mark mark = vch_arena_mark(&world->work);

    if (world->now_ms < replica->cut_until) { // once it can be reached again
        cluster_at(world, replica->cut_until, *event);
        return;
    }
    replica->is_delivery_due = false;
    replica->heard_ms = world->now_ms;
    while (vch_state_size(replica->state) < fork->log.count && !world->is_broken) {
        struct vch_entry entry;
        if (!follow(world, replica->state, &fork->log, &entry)) return;
        if (fork->digest_at == vch_state_size(replica->state)) compare(world, replica->state, fork);
        if (entry.kind == VCH_ENTRY_VERDICT) cluster_saw_verdict(world, event->a, &entry.contest);
        vch_arena_rewind(&world->work, mark);
    }
    cluster_react(world, event->a);
}

void cluster_tell_followers(struct cluster *world, uint32_t fork)
{
    for (uint32_t i = 0; i < world->plan.groups; i++) {
        struct cluster_replica *replica = &world->replicas[i];
        if (replica->fork != fork || replica->is_delivery_due || replica->state == NULL) continue;
        replica->is_delivery_due = true;
        cluster_at(world,
                   world->now_ms + 20 +
                       cluster_random_below(&world->random, world->plan.delay_ms + 1),
                   (struct cluster_event){.happen = deliver, .a = i});
    }
}
// From here on the clerk keeps two logs and shows each to a part of the network.
void cluster_fork_off(struct cluster *world)
{
    struct cluster_fork *first = &world->forks[0], *second = &world->forks[1];

    if (second->exists || world->plan.groups < 2) return;
    second->exists = true;
    second->begun = first->log.count;
    second->state = cluster_new_state(world, &second->arena);
    if (world->is_broken || !cluster_replay(world, second->state, &first->log, second->begun))
        return;
    for (uint64_t i = 0; i < second->begun; i++) {
        size_t size = 0;
        const uint8_t *bytes = entry_at(&first->log, i, &size);
        cluster_push(&second->log, bytes, size);
        cluster_grow(world, second, bytes, size);
    }
    second->news = first->news;
    second->news_at_settled = first->news_at_settled;
    for (uint32_t i = 0; i < world->plan.groups; i++)
        if (i % 2 == 1 && vch_state_size(world->replicas[i].state) <= second->begun)
            world->replicas[i].fork = 1;
    world->figures.forks++;
    cluster_clerk(world, 1);
}

// How many entries two logs share: at first the clerk may write the same into both.
static uint64_t shared_count(const struct cluster_log *a, const struct cluster_log *b)
{
    for (uint64_t i = 0; i < a->count && i < b->count; i++) {
        size_t size_a = 0, size_b = 0;
        const uint8_t *of_a = entry_at(a, i, &size_a), *of_b = entry_at(b, i, &size_b);
        if (size_a != size_b || memcmp(of_a, of_b, size_a) != 0) return i;
    }
    return a->count < b->count ? a->count : b->count;
}

void cluster_finish_forks(struct cluster *world)
{
    const struct cluster_fork *first = &world->forks[0], *second = &world->forks[1];
    const uint64_t shared = shared_count(&first->log, &second->log);
    const bool is_anchored[2] = {vch_state_anchored(first->state) > shared,
                                 vch_state_anchored(second->state) > shared};

    world->figures.forks_anchored += is_anchored[0] || is_anchored[1];
    if (is_anchored[0] && is_anchored[1])
        cluster_fail(world, "two logs were both cosigned beyond entry %llu where they part",
                     (unsigned long long)shared);
    for (uint32_t i = 0; i < world->plan.groups; i++) {
        struct cluster_replica *replica = &world->replicas[i];
        const struct cluster_fork *fork = &world->forks[replica->fork];
        if (!cluster_replay(world, replica->state, &fork->log, fork->log.count)) return;
        const struct vch_digest mine = vch_state_digest(replica->state);
        const struct vch_digest theirs = vch_state_digest(fork->state);
        if (!vch_hash_is_equal(&mine, &theirs))
            cluster_fail(world, "a follower differs from its own log's clerk");
    }
}
