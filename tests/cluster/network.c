// Messages to the clerk, over a network that drops, delays, doubles and reorders them.
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster.h"

uint8_t *cluster_copy(const void *bytes, size_t size)
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

void cluster_post(struct cluster *world, uint32_t fork, const uint8_t *bytes, size_t size,
                  uint64_t delay_ms)
{
    cluster_at(world, world->now_ms + delay_ms,
               (struct cluster_event){
                   .happen = arrive, .a = fork, .bytes = cluster_copy(bytes, size), .size = size});
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
        cluster_post(world, replica->fork, bytes, size, delay);
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
        cluster_post(world, replica->fork, event->bytes + sizeof job, event->size - sizeof job,
                     5 + cluster_random_below(&world->random, world->plan.delay_ms + 1));
    again.bytes = cluster_copy(event->bytes, event->size);
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
