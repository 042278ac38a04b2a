// Who disputes what, and the moves of both sides.
#include "cluster/cluster.h"

static void dispute(struct cluster *world, uint32_t index, const struct vch_contest *contest,
                    const struct cluster_answer *answer)
{
    struct cluster_node *node = &world->nodes[index];
    struct vch_entry entry = {.kind = VCH_ENTRY_DISPUTE_OPEN};

    entry.dispute_open.job = contest->id.subject;
    entry.dispute_open.segment = contest->id.segment;
    entry.dispute_open.output = answer->output;
    entry.dispute_open.trace = answer->trace;
    struct vch_digest id =
        vch_entry_dispute_id(&contest->id.subject, contest->id.segment, &node->key.public_key,
                             &answer->output, &answer->trace);
    struct cluster_dispute *known = cluster_dispute_of(world, &id);
    known->disputer = index;
    cluster_node_send(world, node, &entry);
    if (cluster_random_chance(&world->random, 500)) cluster_node_send(world, node, &entry);
}

static bool is_right(const struct vch_contest *contest, const struct cluster_answer *right)
{
    return vch_hash_is_equal(&contest->output, &right->output) &&
           vch_hash_is_equal(&contest->trace, &right->trace);
}

// Any node of the group that has no seat may have run it again.
static void audit(struct cluster *world, uint32_t group, const struct vch_contest *contest,
                  const struct cluster_answer *right)
{
    for (uint32_t tries = 0; tries < 8; tries++) {
        const uint32_t index = cluster_random_below(&world->random, world->plan.nodes);
        const struct cluster_node *node = &world->nodes[index];
        if (node->group != group || vch_state_seat(contest, &node->key.public_key) != NULL)
            continue;
        if (node->role == CLUSTER_HONEST && !is_right(contest, right)) {
            dispute(world, index, contest, right);
            return;
        }
        if (node->role != CLUSTER_FRIVOLOUS) continue;
        struct cluster_recipe lie = {.salt = cluster_mix(index, world->now_ms)};
        struct cluster_answer answer;
        lie.lie_at = cluster_random_below(&world->random, right->count);
        cluster_compute(&answer, &contest->id, &contest->input, right->count, &lie);
        if (cluster_random_chance(&world->random, 200)) answer.trace = contest->trace;
        dispute(world, index, contest, &answer);
        struct vch_digest id =
            vch_entry_dispute_id(&contest->id.subject, contest->id.segment, &node->key.public_key,
                                 &answer.output, &answer.trace);
        cluster_dispute_of(world, &id)->recipes[0] = lie;
        return;
    }
}

void cluster_saw_verdict(struct cluster *world, uint32_t group, const struct vch_contest_id *id)
{
    const struct vch_contest *contest = vch_state_contest(world->replicas[group].state, id);
    const struct cluster_recipe honest = {.lie_at = UINT32_MAX};
    struct cluster_answer right;

    if (contest == NULL || contest->phase != VCH_CONTEST_DECIDED || contest->is_dispute ||
        contest->is_trial || world->plan.is_plain)
        return;
    cluster_compute(&right, id, &contest->input, contest->last - contest->first, &honest);
    for (uint32_t i = 0; i < contest->seat_count; i++) {
        const struct vch_seat *seat = &contest->seats[i];
        const uint32_t index = cluster_find_node(world, &seat->node);
        if (index == UINT32_MAX || world->nodes[index].group != group ||
            seat->state != VCH_SEAT_REVEALED || is_right(contest, &right))
            continue;
        if (world->nodes[index].role == CLUSTER_HONEST) dispute(world, index, contest, &right);
    }
    if (cluster_random_chance(&world->random, world->plan.audit_permille))
        audit(world, group, contest, &right);
}

static bool is_mute(struct cluster *world, uint32_t index, const struct vch_dispute *at)
{
    const enum cluster_role role = world->nodes[index].role;

    if (role == CLUSTER_MUTE_MOVES) return true;
    return role == CLUSTER_FRIVOLOUS && at->id.bytes[1] % 3 == 0;
}

static void move(struct cluster *world, uint32_t index, const struct vch_dispute *at,
                 const struct cluster_answer *answer)
{
    struct cluster_node *node = &world->nodes[index];
    const struct vch_contest_id step = {at->id, at->step, 0};
    struct vch_entry entry;

    if (!cluster_is_up(world, node) || is_mute(world, index, at)) return;
    if (!vch_seat_next_move(&entry, world->replicas[node->group].state, at, &node->key.public_key,
                            answer->leaves, answer->count))
        return;
    if (cluster_sends(world, cluster_node_key(index, &step, 3), CLUSTER_AGAIN_MS))
        cluster_node_send(world, node, &entry);
}

void cluster_argue(struct cluster *world, uint32_t group, const struct vch_dispute *at)
{
    const struct cluster_dispute *known = cluster_dispute_of(world, &at->id);
    struct cluster_answer answer;

    if (at->phase != VCH_DISPUTE_MOVING || known->count == 0 || known->disputer == UINT32_MAX)
        return;
    if (world->nodes[known->disputer].group == group && !at->has_moved[0]) {
        cluster_compute(&answer, &known->contest, &known->input, known->count, &known->recipes[0]);
        move(world, known->disputer, at, &answer);
    }
    if (at->has_moved[1]) return;
    const struct vch_contest *contest =
        vch_state_contest(world->replicas[group].state, &known->contest);
    cluster_compute(&answer, &known->contest, &known->input, known->count, &known->recipes[1]);
    for (uint32_t i = 0; contest != NULL && i < contest->seat_count; i++) {
        const uint32_t index = cluster_find_node(world, &contest->seats[i].node);
        if (index != UINT32_MAX && world->nodes[index].group == group)
            move(world, index, at, &answer);
    }
}
