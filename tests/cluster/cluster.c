#include "cluster/cluster.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t cluster_random_next(struct cluster_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u; // SplitMix64
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t cluster_random_below(struct cluster_random *random, uint32_t bound)
{
    return bound == 0 ? 0 : (uint32_t)((cluster_random_next(random) >> 16) % bound);
}

bool cluster_random_chance(struct cluster_random *random, uint32_t permille)
{
    return cluster_random_below(random, 1000) < permille;
}

uint64_t cluster_mix(uint64_t a, uint64_t b)
{
    struct cluster_random random = {a * 0x2545f4914f6cdd1du + b};
    return cluster_random_next(&random);
}

void cluster_fail(struct cluster *world, const char *format, ...)
{
    va_list args;

    if (world->is_broken) return; // the first trouble stands
    world->is_broken = true;
    va_start(args, format);
    (void)vsnprintf(world->trouble, sizeof world->trouble, format, args);
    va_end(args);
}

// The events form a heap: the earliest first, those of one time in the order of their making.
static bool is_before(const struct cluster_event *a, const struct cluster_event *b)
{
    return a->time_ms != b->time_ms ? a->time_ms < b->time_ms : a->order < b->order;
}

static void *grow(void *old, size_t size, size_t *room, size_t item)
{
    const size_t wanted = *room == 0 ? 1024 : *room * 2;
    uint8_t *bigger = calloc(wanted, item);

    if (bigger == NULL) abort();
    if (size > 0) memcpy(bigger, old, size * item);
    free(old);
    *room = wanted;
    return bigger;
}

void cluster_at(struct cluster *world, uint64_t time_ms, struct cluster_event event)
{
    size_t at = world->event_count;

    if (at == world->event_room)
        world->events = grow(world->events, at, &world->event_room, sizeof event);
    event.time_ms = time_ms < world->now_ms ? world->now_ms : time_ms;
    event.order = world->orders++;
    world->event_count++;
    for (; at > 0 && is_before(&event, &world->events[(at - 1) / 2]); at = (at - 1) / 2)
        world->events[at] = world->events[(at - 1) / 2];
    world->events[at] = event;
}

static struct cluster_event take_event(struct cluster *world)
{
    const struct cluster_event first = world->events[0];
    const struct cluster_event last = world->events[--world->event_count];
    const size_t count = world->event_count;
    size_t at = 0;

    for (size_t next = 1; next < count; at = next, next = 2 * next + 1) {
        if (next + 1 < count && is_before(&world->events[next + 1], &world->events[next])) next++;
        if (!is_before(&world->events[next], &last)) break;
        world->events[at] = world->events[next];
        if (2 * next + 1 >= count) {
            at = next;
            break;
        }
    }
    if (count > 0) world->events[at] = last;
    return first;
}

static void tick(struct cluster *world, const struct cluster_event *event)
{
    cluster_react(world, event->a);
    if (!world->is_over) cluster_at(world, world->now_ms + 500, *event);
}

static void cut(struct cluster *world, const struct cluster_event *event)
{
    const uint32_t group = cluster_random_below(&world->random, world->plan.groups);
    const uint64_t longest = world->plan.parameters.commit_ms;

    world->replicas[group].cut_until =
        world->now_ms + 200 + cluster_random_below(&world->random, (uint32_t)longest);
    if (world->jobs_left == 0) return;
    cluster_at(world, world->now_ms + world->plan.partition_every_ms, *event);
}

static void crash(struct cluster *world, const struct cluster_event *event)
{
    const uint64_t until = world->now_ms + 100 + cluster_random_below(&world->random, 8000);

    if (cluster_random_chance(&world->random, 50))
        world->clerk_down_until = until;
    else if (cluster_random_chance(&world->random, 50))
        world->witnesses[cluster_random_below(&world->random, CLUSTER_WITNESSES)].down_until =
            until;
    else
        world->nodes[cluster_random_below(&world->random, world->plan.nodes)].down_until = until;
    if (world->jobs_left == 0) return;
    cluster_at(world, world->now_ms + world->plan.crash_every_ms, *event);
}

static void fork_off(struct cluster *world, const struct cluster_event *event)
{
    (void)event;
    cluster_fork_off(world);
}

static void begin(struct cluster *world)
{
    const struct cluster_plan *plan = &world->plan;
    const uint64_t lasts_ms = (uint64_t)plan->jobs * plan->job_every_ms;
    const uint32_t fork_within_ms = lasts_ms > 25000 ? 25000 : (uint32_t)lasts_ms;

    for (uint32_t i = 0; i < plan->groups; i++)
        cluster_at(world, world->now_ms + 13 * i, (struct cluster_event){.happen = tick, .a = i});
    cluster_at(world, world->now_ms, (struct cluster_event){.happen = cluster_open_job});
    cluster_at(world, world->now_ms, (struct cluster_event){.happen = cluster_restock});
    if (plan->partition_every_ms > 0)
        cluster_at(world, world->now_ms + plan->partition_every_ms,
                   (struct cluster_event){.happen = cut});
    if (plan->crash_every_ms > 0)
        cluster_at(world, world->now_ms + plan->crash_every_ms,
                   (struct cluster_event){.happen = crash});
    if (plan->lie_every_ms > 0)
        cluster_at(world, world->now_ms + plan->lie_every_ms,
                   (struct cluster_event){.happen = cluster_lie});
    if (plan->is_forking)
        cluster_at(world,
                   world->now_ms + 500 + cluster_random_below(&world->random, fork_within_ms),
                   (struct cluster_event){.happen = fork_off});
}

// How long after its last job a network has for everything to end, without new faults.
static uint64_t grace_ms(const struct cluster_plan *plan)
{
    const struct vch_parameters *p = &plan->parameters;
    const uint64_t round = 2 * p->draw_ms + p->commit_ms + p->reveal_ms + 4000;

    return p->job_ms_max + 8 * round * p->rounds + p->dispute_ms + 10 * p->move_ms;
}

static bool is_done(const struct cluster *world)
{
    const struct vch_state *state = world->forks[0].state;

    return world->jobs_left == 0 && world->jobs_under_way == 0 &&
           vch_state_next_contest(state, NULL) == NULL &&
           vch_state_next_dispute(state, NULL) == NULL;
}

static void run(struct cluster *world)
{
    uint64_t end_ms = 0;
    uint64_t fork_end = UINT64_MAX;

    while (world->event_count > 0 && !world->is_broken) {
        struct cluster_event event = take_event(world);
        world->now_ms = event.time_ms;
        event.happen(world, &event);
        free(event.bytes);
        if (world->jobs_left == 0 && end_ms == 0) end_ms = world->now_ms + grace_ms(&world->plan);
        if (world->forks[1].exists && fork_end == UINT64_MAX) fork_end = world->now_ms + 60000;
        if (world->now_ms > fork_end) break;
        if (end_ms > 0 && (is_done(world) || world->now_ms > end_ms)) break;
    }
    world->is_over = true;
}

bool cluster_run(struct cluster *world, const struct cluster_plan *plan)
{
    *world = (struct cluster){.plan = *plan, .random = {plan->seed}};
    world->now_ms = CLUSTER_START_MS;
    world->jobs_left = plan->jobs;
    vch_arena_init(&world->arena, (size_t)1 << 31);
    vch_arena_init(&world->work, (size_t)1 << 26);
    cluster_found(world);
    if (!world->is_broken) begin(world);
    run(world);
    if (!world->is_broken && world->forks[1].exists) cluster_finish_forks(world);
    if (!world->is_broken) cluster_check_end(world);
    return !world->is_broken;
}

void cluster_release(struct cluster *world)
{
    for (size_t i = 0; i < world->event_count; i++)
        free(world->events[i].bytes);
    for (uint32_t i = 0; i < CLUSTER_FORKS; i++) {
        vch_arena_release(&world->forks[i].arena);
        free(world->forks[i].log.bytes);
        free(world->forks[i].log.ends);
    }
    for (uint32_t i = 0; i < CLUSTER_GROUPS_MAX; i++)
        vch_arena_release(&world->replicas[i].arena);
    free(world->events);
    free(world->nodes);
    free(world->by_key);
    free(world->contests);
    free(world->disputes);
    free(world->sent);
    vch_arena_release(&world->arena);
    vch_arena_release(&world->work);
}
