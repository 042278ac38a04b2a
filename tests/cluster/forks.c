// Logs, the clerk that writes them, the witnesses, and the groups of nodes that follow.
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

static void push(struct cluster_log *log, const uint8_t *bytes, size_t size)
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

static void tell_followers(struct cluster *world, uint32_t fork)
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

static void make_checkpoint(struct cluster *world, const struct cluster_event *event);

static void want_checkpoint(struct cluster *world, uint32_t index)
{
    struct cluster_fork *fork = &world->forks[index];

    if (fork->is_checkpoint_due || fork->news == fork->news_at_settled) return;
    fork->is_checkpoint_due = true;
    cluster_at(world, world->now_ms + 40,
               (struct cluster_event){.happen = make_checkpoint, .a = index});
}

static uint64_t clerk_time(const struct cluster *world, const struct cluster_fork *fork)
{
    const uint64_t clock = (uint64_t)((int64_t)world->now_ms + world->clerk_skew_ms);
    const uint64_t last = vch_state_time(fork->state);

    return clock > last ? clock : last;
}

// A draft with the clerk's time: applied, and if it is taken, in the log.
static vch_status append(struct cluster *world, uint32_t index, const uint8_t *draft,
                         size_t draft_size)
{
    struct cluster_fork *fork = &world->forks[index];
    struct vch_entry entry;
    uint8_t *bytes = NULL;
    size_t size = 0;

    world->complaint.text[0] = '\0';
    VCH_TRY(
        vch_entry_stamp(&bytes, &size, draft, draft_size, clerk_time(world, fork), &world->work));
    VCH_TRY(vch_entry_decode(&entry, bytes, size, &world->work, &world->complaint));
    cluster_check_before(world, index, &entry);
    VCH_TRY(vch_state_apply(fork->state, &entry, bytes, size, &world->complaint));
    push(&fork->log, bytes, size);
    world->figures.entries++;
    if (entry.kind == VCH_ENTRY_ANCHOR)
        world->figures.anchors++;
    else
        fork->news++;
    if (fork->log.count % 8192 == 0) {
        fork->digest_at = fork->log.count;
        fork->digest = vch_state_digest(fork->state);
    }
    cluster_check_entry(world, index, &entry);
    tell_followers(world, index);
    want_checkpoint(world, index);
    return VCH_OK;
}

static vch_status append_own(struct cluster *world, uint32_t index, struct vch_entry *entry,
                             const struct vch_secret_key *key)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    entry->time_ms = 0;
    if (!cluster_sign(world, entry, key)) return VCH_FAIL(MALFORMED);
    VCH_TRY(vch_entry_encode(&bytes, &size, entry, &world->work, &world->complaint));
    return append(world, index, bytes, size);
}

void cluster_append_now(struct cluster *world, struct vch_entry *entry,
                        const struct vch_secret_key *key)
{
    const struct vch_arena_mark mark = vch_arena_mark(&world->work);

    if (!vch_is_ok(append_own(world, 0, entry, key)))
        cluster_fail(world, "the clerk refuses %s: %s", vch_entry_kind_text(entry->kind),
                     world->complaint.text);
    vch_arena_rewind(&world->work, mark);
}

static void wake(struct cluster *world, const struct cluster_event *event)
{
    cluster_clerk(world, event->a);
}

// All that is due, and a clock set for what is next. What the clerk's part says is due must be
// taken.
void cluster_clerk(struct cluster *world, uint32_t index)
{
    struct cluster_fork *fork = &world->forks[index];

    if (world->now_ms < world->clerk_down_until) {
        cluster_at(world, world->clerk_down_until,
                   (struct cluster_event){.happen = wake, .a = index});
        return;
    }
    for (uint32_t i = 0; i < 100000 && !world->is_broken; i++) {
        const struct vch_arena_mark mark = vch_arena_mark(&world->work);
        struct vch_entry entry;
        bool is_due = vch_clerk_next(&entry, fork->state, clerk_time(world, fork), &world->work);
        if (is_due && !vch_is_ok(append_own(world, index, &entry, &world->clerk)))
            cluster_fail(world, "the clerk's own %s is refused: %s",
                         vch_entry_kind_text(entry.kind), world->complaint.text);
        vch_arena_rewind(&world->work, mark);
        if (!is_due) break;
    }
    const uint64_t next = vch_clerk_wake_ms(fork->state);
    if (next == UINT64_MAX) return;
    const uint64_t real = (uint64_t)((int64_t)next - world->clerk_skew_ms);
    if (fork->wake_ms > world->now_ms && fork->wake_ms <= real) return;
    fork->wake_ms = real <= world->now_ms ? world->now_ms + 1 : real;
    cluster_at(world, fork->wake_ms, (struct cluster_event){.happen = wake, .a = index});
}

void cluster_take(struct cluster *world, uint32_t index, const uint8_t *draft, size_t size)
{
    const struct vch_arena_mark mark = vch_arena_mark(&world->work);

    if (world->now_ms < world->clerk_down_until) return; // lost with what was in its memory
    world->figures.drafts++;
    if (!vch_is_ok(append(world, index, draft, size))) world->figures.refused++;
    vch_arena_rewind(&world->work, mark);
    cluster_clerk(world, index);
}

static uint8_t *copy_of(const void *bytes, size_t size)
{
    uint8_t *copy = calloc(size, 1);

    if (copy == NULL) abort();
    memcpy(copy, bytes, size);
    return copy;
}

static void arrive(struct cluster *world, const struct cluster_event *event)
{
    cluster_take(world, event->a, event->bytes, event->size);
}

static void post(struct cluster *world, uint32_t fork, const uint8_t *bytes, size_t size,
                 uint64_t delay_ms)
{
    cluster_at(world, world->now_ms + delay_ms,
               (struct cluster_event){
                   .happen = arrive, .a = fork, .bytes = copy_of(bytes, size), .size = size});
}

// Signs a draft and sends it, after some thought, over a network that drops, delays, doubles and
// reorders.
void cluster_send(struct cluster *world, uint32_t group, struct vch_entry *entry,
                  const struct vch_secret_key *key, uint32_t think_ms)
{
    const struct cluster_replica *replica = &world->replicas[group];
    const struct cluster_plan *plan = &world->plan;
    const struct vch_arena_mark mark = vch_arena_mark(&world->work);
    uint8_t *bytes = NULL;
    size_t size = 0;

    entry->time_ms = 0;
    if (!cluster_sign(world, entry, key) ||
        !vch_is_ok(vch_entry_encode(&bytes, &size, entry, &world->work, &world->complaint))) {
        cluster_fail(world, "%s cannot be signed: %s", vch_entry_kind_text(entry->kind),
                     world->complaint.text);
        return;
    }
    const bool is_cut = world->now_ms < replica->cut_until;
    const uint32_t copies = cluster_random_chance(&world->random, plan->twice_permille) ? 2 : 1;
    for (uint32_t i = 0; i < copies; i++) {
        const uint64_t delay =
            think_ms + 5 + cluster_random_below(&world->random, plan->delay_ms + 1);
        if (is_cut || cluster_random_chance(&world->random, plan->drop_permille)) continue;
        post(world, replica->fork, bytes, size, delay);
    }
    vch_arena_rewind(&world->work, mark);
}

enum { SEND_AGAIN_MS = 1000, SEND_TIMES = 12 };

// A job's draft, once more, while the log does not have it. Its id comes before the draft.
static void send_again(struct cluster *world, const struct cluster_event *event)
{
    const struct cluster_replica *replica = &world->replicas[event->a];
    struct cluster_event again = *event;
    struct vch_digest job;

    memcpy(&job, event->bytes, sizeof job);
    world->jobs_under_way--;
    if (event->b == 0 || vch_state_job(replica->state, &job) != NULL) return;
    if (world->now_ms >= replica->cut_until &&
        !cluster_random_chance(&world->random, world->plan.drop_permille))
        post(world, replica->fork, event->bytes + sizeof job, event->size - sizeof job,
             5 + cluster_random_below(&world->random, world->plan.delay_ms + 1));
    again.bytes = copy_of(event->bytes, event->size);
    again.b--;
    world->jobs_under_way++;
    cluster_at(world, world->now_ms + SEND_AGAIN_MS, again);
}

void cluster_send_until_open(struct cluster *world, uint32_t group, struct vch_entry *entry,
                             const struct vch_secret_key *key, const struct vch_digest *job)
{
    const struct vch_arena_mark mark = vch_arena_mark(&world->work);
    struct cluster_event event = {.happen = send_again, .a = group, .b = SEND_TIMES};
    uint8_t *bytes = NULL;
    size_t size = 0;

    entry->time_ms = 0;
    if (!cluster_sign(world, entry, key) ||
        !vch_is_ok(vch_entry_encode(&bytes, &size, entry, &world->work, &world->complaint))) {
        cluster_fail(world, "a job cannot be signed: %s", world->complaint.text);
        return;
    }
    event.size = sizeof *job + size;
    event.bytes = calloc(event.size, 1);
    if (event.bytes == NULL) abort();
    memcpy(event.bytes, job, sizeof *job);
    memcpy(event.bytes + sizeof *job, bytes, size);
    world->jobs_under_way++;
    cluster_at(world, world->now_ms, event);
    vch_arena_rewind(&world->work, mark);
}

static void cosigned(struct cluster *world, const struct cluster_event *event)
{
    struct cluster_fork *fork = &world->forks[event->a];
    struct cluster_checkpoint *checkpoint = &fork->checkpoint;
    struct vch_entry entry = {.kind = VCH_ENTRY_ANCHOR};

    if (!checkpoint->is_open || checkpoint->size != event->c) return;
    if (world->now_ms < world->clerk_down_until) return;
    if (!checkpoint->has[event->b]) checkpoint->count++;
    checkpoint->has[event->b] = true;
    memcpy(&checkpoint->cosignatures[event->b], event->bytes, event->size);
    if (checkpoint->count < vch_charter_quorum(&world->charter)) return;
    entry.anchor.size = checkpoint->size;
    entry.anchor.root = checkpoint->root;
    for (uint32_t i = 0; i < CLUSTER_WITNESSES; i++)
        if (checkpoint->has[i])
            entry.anchor.cosignatures[entry.anchor.count++] = checkpoint->cosignatures[i];
    checkpoint->is_open = false;
    const struct vch_arena_mark mark = vch_arena_mark(&world->work);
    if (!vch_is_ok(append_own(world, event->a, &entry, &world->clerk)))
        cluster_fail(world, "an anchor is refused: %s", world->complaint.text);
    vch_arena_rewind(&world->work, mark);
    fork->news_at_settled = checkpoint->news;
    cluster_clerk(world, event->a);
    want_checkpoint(world, event->a);
}

// An honest witness cosigns what extends the last tree that it cosigned. Roots of earlier sizes
// stand for the proof of consistency.
static bool extends(const struct cluster_witness *witness, const struct cluster_fork *fork,
                    uint64_t size)
{
    struct vch_digest root;

    if (witness->is_dishonest || witness->size == 0) return true;
    if (size < witness->size) return false;
    if (!vch_state_root_at(&root, fork->state, witness->size)) return false;
    return vch_hash_is_equal(&root, &witness->root);
}

static void ask_witness(struct cluster *world, const struct cluster_event *event)
{
    struct cluster_fork *fork = &world->forks[event->a];
    struct cluster_witness *witness = &world->witnesses[event->b];
    struct cluster_event answer = *event;
    struct vch_entry_cosignature made = {.witness = event->b};
    struct vch_digest root;

    memcpy(&root, event->bytes, sizeof root);
    if (world->now_ms < witness->down_until || !extends(witness, fork, event->c)) return;
    if (!witness->is_dishonest) {
        witness->size = event->c;
        witness->root = root;
    }
    made.time_s = (uint64_t)((int64_t)world->now_ms + witness->skew_ms) / 1000;
    cluster_cosign(world, event->b, made.time_s, event->c, &root, &made.signature);
    answer.happen = cosigned;
    answer.size = sizeof made;
    answer.bytes = copy_of(&made, sizeof made);
    cluster_at(world,
               world->now_ms + 5 + cluster_random_below(&world->random, world->plan.delay_ms + 1),
               answer);
}

static void make_checkpoint(struct cluster *world, const struct cluster_event *event)
{
    struct cluster_fork *fork = &world->forks[event->a];
    struct cluster_checkpoint *checkpoint = &fork->checkpoint;

    fork->is_checkpoint_due = false;
    if (world->now_ms < world->clerk_down_until ||
        (checkpoint->is_open && world->now_ms < checkpoint->since_ms + 3000)) {
        if (world->is_over) return;
        fork->is_checkpoint_due = true;
        cluster_at(world, world->now_ms + 200, *event);
        return;
    }
    if (fork->news == fork->news_at_settled) return;
    *checkpoint = (struct cluster_checkpoint){.is_open = true,
                                              .size = vch_state_size(fork->state),
                                              .root = vch_state_root(fork->state),
                                              .since_ms = world->now_ms};
    checkpoint->news = fork->news;
    for (uint32_t i = 0; i < CLUSTER_WITNESSES; i++) {
        struct cluster_event ask = {.happen = ask_witness, .a = event->a, .b = i};
        if (cluster_random_chance(&world->random, world->plan.drop_permille)) continue;
        // A clerk with two logs shows each witness one of them, but for the one that helps it.
        if (world->forks[1].exists && !world->witnesses[i].is_dishonest && i % 2 != event->a)
            continue;
        ask.c = checkpoint->size;
        ask.size = sizeof checkpoint->root;
        ask.bytes = copy_of(&checkpoint->root, sizeof checkpoint->root);
        cluster_at(world,
                   world->now_ms + 5 +
                       cluster_random_below(&world->random, world->plan.delay_ms + 1),
                   ask);
    }
    // If too few answer: once more, later.
    cluster_at(world, world->now_ms + 3100, *event);
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
        push(&second->log, bytes, size);
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
