// The clerk that writes a log and has it cosigned.
#include <string.h>

#include "cluster/cluster.h"

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
    cluster_push(&fork->log, bytes, size);
    cluster_grow(world, fork, bytes, size);
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
    cluster_tell_followers(world, index);
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

// What was cosigned too long ago would have the anchor refused: it is asked for again.
static void drop_stale(const struct cluster *world, const struct cluster_fork *fork,
                       struct cluster_checkpoint *checkpoint)
{
    const uint64_t now_ms = clerk_time(world, fork);

    for (uint32_t i = 0; i < CLUSTER_WITNESSES; i++) {
        const uint64_t cosigned_s = checkpoint->cosignatures[i].time_s;
        if (!checkpoint->has[i] || vch_charter_is_within_skew(&world->charter, cosigned_s, now_ms))
            continue;
        checkpoint->has[i] = false;
        checkpoint->count--;
    }
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
    drop_stale(world, fork, checkpoint);
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

static void ask_witness(struct cluster *world, const struct cluster_event *event)
{
    struct cluster_event answer = *event;
    struct vch_entry_cosignature made;
    struct vch_digest root;

    memcpy(&root, event->bytes, sizeof root);
    if (!cluster_ask_witness(world, event->a, event->b, event->c, &root, &made)) return;
    answer.happen = cosigned;
    answer.size = sizeof made;
    answer.bytes = cluster_copy(&made, sizeof made);
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
        ask.bytes = cluster_copy(&checkpoint->root, sizeof checkpoint->root);
        cluster_at(world,
                   world->now_ms + 5 +
                       cluster_random_below(&world->random, world->plan.delay_ms + 1),
                   ask);
    }
    // If too few answer: once more, later.
    cluster_at(world, world->now_ms + 3100, *event);
}
