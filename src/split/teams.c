#include "split/teams.h"

#include "base/check.h"

enum { STEPS_PER_TEAM = 64 }; // of enumeration, so that dead ends cost little

vch_status vch_teams_new(struct vch_teams **out, const struct vch_cost *cost,
                         const struct vch_usage *usage, uint32_t team_max, struct vch_arena *arena)
{
    struct vch_teams *teams = VCH_ARENA_NEW(arena, struct vch_teams, 1);

    if (teams == NULL) return VCH_FAIL(NO_MEMORY);
    *teams = (struct vch_teams){
        .cost = cost,
        .usage = usage,
        .team_max = team_max,
        .members = VCH_ARENA_NEW(arena, uint16_t, cost->problem->quorum),
        .is_taken = VCH_ARENA_NEW(arena, bool, cost->operator_count),
        .orders = VCH_ARENA_NEW(arena, uint16_t *, (size_t)cost->cut_count * cost->cut_count),
    };
    if (teams->members == NULL || teams->is_taken == NULL || teams->orders == NULL)
        return VCH_FAIL(NO_MEMORY);
    *out = teams;
    return VCH_OK;
}

struct ranked {
    uint64_t time_us;
    uint16_t node;
};

static bool is_faster(struct ranked a, struct ranked b)
{
    return a.time_us != b.time_us ? a.time_us < b.time_us : a.node < b.node;
}

static void sift_down(struct ranked *heap, uint32_t count, uint32_t at)
{
    for (;;) {
        uint32_t slowest = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
            if (is_faster(heap[slowest], heap[child])) slowest = child;
        if (slowest == at) return;
        struct ranked moved = heap[at];
        heap[at] = heap[slowest];
        heap[slowest] = moved;
        at = slowest;
    }
}

static void sort(struct ranked *nodes, uint32_t count)
{
    for (uint32_t i = count / 2; i > 0; i--)
        sift_down(nodes, count, i - 1);
    for (uint32_t end = count; end > 1; end--) {
        struct ranked last = nodes[end - 1];
        nodes[end - 1] = nodes[0];
        nodes[0] = last;
        sift_down(nodes, end - 1, 0);
    }
}

// Made once per segment, when first asked for.
static vch_status make_order(uint16_t **out, const struct vch_cost *cost, uint32_t i, uint32_t j,
                             struct vch_arena *arena)
{
    struct ranked ranked[VCH_PLAN_NODES_MAX];
    uint16_t count = 0;

    for (uint32_t n = 0; n < cost->problem->node_count; n++) {
        if (!vch_cost_is_servable(cost, i, j, n)) continue;
        ranked[count++] = (struct ranked){vch_cost_on_node(cost, i, j, n), (uint16_t)n};
    }
    sort(ranked, count);
    uint16_t *order = VCH_ARENA_NEW(arena, uint16_t, (size_t)count + 1);
    if (order == NULL) return VCH_FAIL(NO_MEMORY);
    order[0] = count;
    for (uint32_t k = 0; k < count; k++)
        order[k + 1] = ranked[k].node;
    *out = order;
    return VCH_OK;
}

struct question {
    struct vch_teams *teams;
    uint32_t i, j;
    const uint16_t *order; // after the count
    uint32_t order_count;
    uint32_t offered, steps;
};

// Has the node room for one segment more, and its operator a share left?
static bool has_room(const struct question *question, uint32_t node)
{
    const struct vch_teams *teams = question->teams;
    const struct vch_cost *cost = teams->cost;
    const struct vch_plan_node *facts = &cost->problem->nodes[node];
    uint32_t operator_ = cost->operators[node];
    uint32_t layers = vch_cost_layers(cost, question->i, question->j);

    if (teams->usage->layers[operator_] + layers > vch_cost_share_limit(cost)) return false;
    if (facts->memory == 0) return true;
    uint64_t alive = cost->activations[question->i][question->j];
    if (teams->usage->activations[node] > alive) alive = teams->usage->activations[node];
    // Below the memory both, by vch_cost_is_servable: this cannot overflow.
    uint64_t parameters = vch_cost_parameters(cost, question->i, question->j);
    return teams->usage->parameters[node] <= facts->memory - parameters &&
           teams->usage->parameters[node] + parameters <= facts->memory - alive;
}

static uint64_t team_time(const struct question *question)
{
    const struct vch_teams *teams = question->teams;
    uint32_t slowest = teams->members[teams->cost->problem->quorum - 1];

    return vch_cost_on_node(teams->cost, question->i, question->j, slowest);
}

static void offer(struct question *question)
{
    struct vch_teams *teams = question->teams;

    question->offered++;
    teams->offer(teams->context, teams->members, team_time(question));
}

static void drop_last(struct vch_teams *teams, uint32_t *at, uint32_t *chosen)
{
    (*chosen)--;
    teams->is_taken[teams->cost->operators[teams->members[*chosen]]] = false;
    at[*chosen]++; // the next choice for this place
}

// All sets in order of their fastest members, until `limit` were offered or the steps are used up.
// The next question sets `is_taken` anew.
static void enumerate(struct question *question, uint32_t limit)
{
    struct vch_teams *teams = question->teams;
    uint32_t quorum = teams->cost->problem->quorum, chosen = 0;
    uint32_t at[VCH_PLAN_QUORUM_MAX + 1] = {0}; // by place: where in the order it stands

    for (;;) {
        if (chosen == quorum) {
            offer(question);
            drop_last(teams, at, &chosen);
        } else if (at[chosen] + (quorum - chosen) > question->order_count) {
            if (chosen == 0) return;
            drop_last(teams, at, &chosen);
        } else if (question->offered >= limit || question->steps == 0) {
            teams->is_cut_short = true;
            return;
        } else {
            uint32_t node = question->order[at[chosen]];
            uint32_t operator_ = teams->cost->operators[node];
            question->steps--;
            if (teams->is_taken[operator_] || !has_room(question, node)) {
                at[chosen]++;
                continue;
            }
            teams->members[chosen] = (uint16_t)node;
            teams->is_taken[operator_] = true;
            at[chosen + 1] = at[chosen] + 1;
            chosen++;
        }
    }
}

// The fastest set there is, in one pass: of each operator, the first node with room. It leaves
// `is_taken` as it was.
static bool pick_fastest(struct question *question)
{
    struct vch_teams *teams = question->teams;
    const struct vch_cost *cost = teams->cost;
    uint32_t chosen = 0;

    for (uint32_t at = 0; at < question->order_count && chosen < cost->problem->quorum; at++) {
        uint32_t node = question->order[at], operator_ = cost->operators[node];
        if (teams->is_taken[operator_] || !has_room(question, node)) continue;
        teams->members[chosen++] = (uint16_t)node;
        teams->is_taken[operator_] = true;
    }
    for (uint32_t k = 0; k < chosen; k++)
        teams->is_taken[cost->operators[teams->members[k]]] = false;
    return chosen == cost->problem->quorum;
}

// The fastest set, then the fastest without each of its operators: what a neighbour that shares
// none of them may need.
static void offer_fastest(struct question *question)
{
    struct vch_teams *teams = question->teams;
    const struct vch_cost *cost = teams->cost;
    uint32_t quorum = cost->problem->quorum;
    uint16_t fastest[VCH_PLAN_QUORUM_MAX];

    if (!pick_fastest(question)) return;
    offer(question);
    for (uint32_t k = 0; k < quorum; k++)
        fastest[k] = teams->members[k];
    for (uint32_t k = 0; k < quorum && k < teams->team_max; k++) {
        teams->is_taken[cost->operators[fastest[k]]] = true;
        if (pick_fastest(question)) offer(question);
        teams->is_taken[cost->operators[fastest[k]]] = false;
    }
}

static vch_status ask(struct question *out, struct vch_teams *teams, uint32_t i, uint32_t j,
                      bool avoid_neighbours, struct vch_arena *arena)
{
    const struct vch_cost *cost = teams->cost;
    uint16_t **order = &teams->orders[i * cost->cut_count + j];

    VCH_ASSERT(i < j);
    if (*order == NULL) VCH_TRY(make_order(order, cost, i, j, arena));
    *out = (struct question){
        .teams = teams, .i = i, .j = j, .order = *order + 1, .order_count = **order};
    for (uint32_t o = 0; o < cost->operator_count; o++)
        teams->is_taken[o] = avoid_neighbours && teams->usage->is_neighbour[o];
    return VCH_OK;
}

vch_status vch_teams_find(struct vch_teams *teams, uint32_t i, uint32_t j, bool avoid_neighbours,
                          struct vch_arena *arena)
{
    struct question question;

    VCH_TRY(ask(&question, teams, i, j, avoid_neighbours, arena));
    offer_fastest(&question);
    if (question.offered == 0) return VCH_OK;
    question.steps = STEPS_PER_TEAM * teams->team_max;
    enumerate(&question, question.offered + teams->team_max);
    return VCH_OK;
}

vch_status vch_teams_fastest_us(uint64_t *out, struct vch_teams *teams, uint32_t i, uint32_t j,
                                struct vch_arena *arena)
{
    struct question question;

    VCH_TRY(ask(&question, teams, i, j, false, arena));
    *out = pick_fastest(&question) ? team_time(&question) : UINT64_MAX;
    return VCH_OK;
}
