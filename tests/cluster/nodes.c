// What nodes do when they see their state: the honest through seat.h, the others as their role has
// it.
#include <string.h>

#include "cluster/cluster.h"

enum { THINK_MS = 300, DRAW_AGAIN_MS = 700, DRAWS_MAX = 12, DRAWERS_MAX = 240 };

uint64_t cluster_node_key(uint32_t node, const struct vch_contest_id *id, uint32_t what)
{
    return cluster_mix(cluster_hash_contest(id), (uint64_t)node << 8 | what);
}

static uint32_t think(struct cluster *world)
{
    return cluster_random_below(&world->random, THINK_MS);
}

bool cluster_is_up(const struct cluster *world, const struct cluster_node *node)
{
    return world->now_ms >= node->down_until;
}

void cluster_node_send(struct cluster *world, struct cluster_node *node, struct vch_entry *entry)
{
    if (node->is_censored && cluster_random_chance(&world->random, 700)) return;
    cluster_send(world, node->group, entry, &node->key, think(world));
}

static void send_stake(struct cluster *world, struct cluster_node *node, uint64_t amount)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_STAKE, .number = ++node->number, .amount = amount};

    cluster_send(world, node->group, &entry, &node->key, 0);
}

// A sortition through seat.h where proofs are real; else the same two questions and an ideal proof.
static bool next_sortition(struct cluster *world, struct vch_entry *out,
                           const struct vch_state *state, const struct vch_contest *contest,
                           const struct cluster_node *node)
{
    const struct vch_seat_answer none = {0};
    struct vch_vrf_beta beta;

    if (world->plan.is_real)
        return vch_seat_next(out, state, contest, &node->seat, &none,
                             cluster_ledger_ms(world, node->group));
    if (!vch_state_may_draw(state, contest, &node->key.public_key)) return false;
    *out = (struct vch_entry){.kind = VCH_ENTRY_SORTITION, .contest = contest->id};
    cluster_prove(world, node, &contest->alpha, &out->sortition.proof, &beta);
    return vch_state_is_within_limit(state, contest, &node->key.public_key, &beta,
                                     cluster_ledger_ms(world, node->group));
}

static void draw_one(struct cluster *world, uint32_t index, const struct vch_contest *contest,
                     struct cluster_contest *known)
{
    struct cluster_node *node = &world->nodes[index];
    const uint32_t group = node->group;
    struct vch_entry entry;

    if (!cluster_is_up(world, node)) return;
    if (!next_sortition(world, &entry, world->replicas[group].state, contest, node)) return;
    if (known->draws[group] == 1 && known->drawer_count[group] < DRAWERS_MAX)
        known->drawers[group][known->drawer_count[group]++] = index;
    if (node->role == CLUSTER_GRIND && cluster_random_chance(&world->random, 200) &&
        cluster_sends(world, cluster_node_key(index, &contest->id, 9), UINT64_MAX / 2))
        send_stake(world, node, 1 + cluster_random_below(&world->random, 50));
    cluster_node_send(world, node, &entry);
}

// All at first; then those again who were inside the limit; once the limit is gone, all.
static void draw(struct cluster *world, uint32_t group, const struct vch_contest *contest)
{
    struct cluster_contest *known = cluster_contest_of(world, &contest->id);
    const uint64_t open_ms = contest->phase_ms + world->plan.parameters.draw_ms;
    const bool is_open = cluster_ledger_ms(world, group) >= open_ms;

    if (contest->is_trial || world->now_ms < known->draw_again_ms[group] ||
        known->draws[group] >= DRAWS_MAX)
        return;
    known->draw_again_ms[group] = world->now_ms + DRAW_AGAIN_MS;
    if (known->drawers[group] == NULL)
        known->drawers[group] = VCH_ARENA_NEW(&world->arena, uint32_t, DRAWERS_MAX);
    if (known->drawers[group] == NULL) {
        cluster_fail(world, "no memory for who drew");
        return;
    }
    if (++known->draws[group] == 1 || is_open) {
        for (uint32_t i = 0; i < world->plan.nodes; i++)
            if (world->nodes[i].group == group) draw_one(world, i, contest, known);
        return;
    }
    for (uint32_t i = 0; i < known->drawer_count[group]; i++)
        draw_one(world, known->drawers[group][i], contest, known);
}

static struct vch_seat_answer answer_of(struct cluster *world, uint32_t index,
                                        const struct vch_contest *contest)
{
    struct vch_seat_answer out = {.is_there = true};
    struct cluster_answer answer;

    if (contest->is_dispute) {
        const struct vch_dispute *dispute = vch_state_dispute(
            world->replicas[world->nodes[index].group].state, &contest->id.subject);
        const struct cluster_dispute *known = cluster_dispute_of(world, &contest->id.subject);
        if (dispute == NULL || known->count == 0) return (struct vch_seat_answer){0};
        out.output = cluster_referee(known, dispute->place);
        const enum cluster_role role = world->nodes[index].role;
        if (role == CLUSTER_COLLUDE || role == CLUSTER_MUTE_MOVES)
            out.output = dispute->claims[known->is_honest[1] ? 0 : 1];
        if (role == CLUSTER_LONE) out.output.bytes[0] ^= (uint8_t)(1 + index % 255);
        return out;
    }
    if (!contest->has_input || !cluster_has_input(world, index, contest))
        return (struct vch_seat_answer){0};
    const struct cluster_recipe recipe = cluster_recipe_of(world, index, contest);
    cluster_compute(&answer, &contest->id, &contest->input, contest->last - contest->first,
                    &recipe);
    out.output = answer.output;
    out.trace = answer.trace;
    return out;
}

static const struct vch_seat *somebody_who(const struct vch_contest *contest,
                                           enum vch_seat_state state,
                                           const struct vch_public_key *not_this)
{
    for (uint32_t i = 0; i < contest->seat_count; i++)
        if (contest->seats[i].state == state &&
            memcmp(&contest->seats[i].node, not_this, sizeof *not_this) != 0)
            return &contest->seats[i];
    return NULL;
}

// Evidence by whoever saw both commits: a neighbour.
static void convict(struct cluster *world, const struct vch_entry *first,
                    const struct vch_entry *second)
{
    struct cluster_node *watcher =
        &world->nodes[cluster_random_below(&world->random, world->plan.nodes)];
    struct vch_entry entry = {.kind = VCH_ENTRY_EVIDENCE};

    entry.evidence.first = first;
    entry.evidence.second = second;
    cluster_send(world, watcher->group, &entry, &watcher->key,
                 500 + cluster_random_below(&world->random, 1000));
}

// An honest node's only commit, shown twice: it must not pass for two.
static void accuse(struct cluster *world, const struct cluster_node *node, struct vch_entry *entry)
{
    const struct vch_arena_mark mark = vch_arena_mark(&world->work);

    if (cluster_sign(world, entry, &node->key)) convict(world, entry, entry);
    vch_arena_rewind(&world->work, mark);
}

static void commit_twice(struct cluster *world, struct cluster_node *node, struct vch_entry *first)
{
    struct vch_entry second = *first;
    const struct vch_arena_mark mark = vch_arena_mark(&world->work);

    second.commit.commitment.bytes[0] ^= 1;
    if (cluster_sign(world, first, &node->key) && cluster_sign(world, &second, &node->key)) {
        convict(world, first, &second);
        if (cluster_random_chance(&world->random, 300)) convict(world, &second, first);
        cluster_node_send(world, node, first);
        cluster_node_send(world, node, &second);
    }
    vch_arena_rewind(&world->work, mark);
}

static void commit(struct cluster *world, uint32_t index, const struct vch_contest *contest)
{
    struct cluster_node *node = &world->nodes[index];
    const struct vch_seat_answer answer = answer_of(world, index, contest);
    const struct vch_state *state = world->replicas[node->group].state;
    const struct vch_seat *other = NULL;
    struct vch_entry entry;

    if (node->role == CLUSTER_MUTE_COMMIT) return;
    if (!vch_seat_next(&entry, state, contest, &node->seat, &answer,
                       cluster_ledger_ms(world, node->group)))
        return;
    if (node->role == CLUSTER_COPY) {
        other = somebody_who(contest, VCH_SEAT_COMMITTED, &node->key.public_key);
        if (other == NULL) return;
        entry.commit.commitment = other->commitment;
    }
    if (!cluster_sends(world, cluster_node_key(index, &contest->id, 1), CLUSTER_AGAIN_MS)) return;
    if (node->role == CLUSTER_HONEST && cluster_random_chance(&world->random, 20))
        accuse(world, node, &entry);
    if (node->role == CLUSTER_EQUIVOCATE)
        commit_twice(world, node, &entry);
    else
        cluster_node_send(world, node, &entry);
}

static bool change_reveal(struct cluster *world, const struct cluster_node *node,
                          const struct vch_contest *contest, struct vch_entry *entry)
{
    const struct vch_seat *other = NULL;

    if (node->role == CLUSTER_GARBAGE) {
        entry->reveal.output.bytes[cluster_random_below(&world->random, 32)] ^= 1;
        return true;
    }
    other = somebody_who(contest, VCH_SEAT_REVEALED, &node->key.public_key);
    if (other == NULL) return false;
    entry->reveal.output = other->output;
    entry->reveal.trace = other->trace;
    const uint32_t from = cluster_find_node(world, &other->node);
    vch_seat_nonce(entry->reveal.nonce, &world->nodes[from].seat, &contest->id);
    return true;
}

static void reveal(struct cluster *world, uint32_t index, const struct vch_contest *contest)
{
    struct cluster_node *node = &world->nodes[index];
    struct vch_seat_answer answer = answer_of(world, index, contest);
    const struct vch_state *state = world->replicas[node->group].state;
    const struct vch_seat *seat = vch_state_seat(contest, &node->key.public_key);
    struct vch_entry entry = {.kind = VCH_ENTRY_REVEAL, .contest = contest->id};

    if (node->role == CLUSTER_MUTE_REVEAL || seat == NULL || seat->state != VCH_SEAT_COMMITTED)
        return;
    if (node->role == CLUSTER_COPY) {
        entry.reveal.has_trace = !contest->is_dispute;
        if (!change_reveal(world, node, contest, &entry)) return;
    } else if (!vch_seat_next(&entry, state, contest, &node->seat, &answer,
                              cluster_ledger_ms(world, node->group))) {
        return;
    } else if (node->role == CLUSTER_GARBAGE) {
        (void)change_reveal(world, node, contest, &entry);
    }
    if (cluster_sends(world, cluster_node_key(index, &contest->id, 2), CLUSTER_AGAIN_MS))
        cluster_node_send(world, node, &entry);
}

static bool has_to_act(struct cluster *world, const struct vch_contest *contest,
                       const struct vch_seat *seat, uint32_t index)
{
    const bool commits = contest->phase == VCH_CONTEST_COMMITTING;

    if (seat->state != (commits ? VCH_SEAT_DRAWN : VCH_SEAT_COMMITTED)) return false;
    return !cluster_sent(world, cluster_node_key(index, &contest->id, commits ? 1 : 2),
                         CLUSTER_AGAIN_MS);
}

static void sit(struct cluster *world, uint32_t group, const struct vch_contest *contest)
{
    for (uint32_t i = 0; i < contest->seat_count; i++) {
        const uint32_t index = cluster_find_node(world, &contest->seats[i].node);
        if (index == UINT32_MAX || world->nodes[index].group != group ||
            !cluster_is_up(world, &world->nodes[index]) ||
            !has_to_act(world, contest, &contest->seats[i], index))
            continue;
        if (contest->phase == VCH_CONTEST_COMMITTING)
            commit(world, index, contest);
        else
            reveal(world, index, contest);
    }
}

void cluster_react(struct cluster *world, uint32_t group)
{
    const struct vch_state *state = world->replicas[group].state;
    const struct vch_contest *contest = NULL;
    const struct vch_dispute *at = NULL;

    while ((contest = vch_state_next_contest(state, contest)) != NULL && !world->is_broken) {
        if (!contest->has_input && !contest->is_dispute) cluster_give_input(world, group, contest);
        if (contest->is_trial) cluster_tell_trial(world, group, contest);
        if (contest->phase == VCH_CONTEST_DRAWING) draw(world, group, contest);
        if (contest->phase == VCH_CONTEST_COMMITTING || contest->phase == VCH_CONTEST_REVEALING)
            sit(world, group, contest);
    }
    while ((at = vch_state_next_dispute(state, at)) != NULL && !world->is_broken)
        cluster_argue(world, group, at);
}
