#include "client/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "client/machines.h"
#include "model/segment.h"
#include "model/tensor.h"

enum {
    CLIENT_WORK_PER_SECOND = 1000000000,
    LINK_BYTES_PER_SECOND = 100000000, // until measured
};

static uint64_t bytes_per_second(const struct vch_pool_node *node)
{
    return node->bytes_per_second != 0 ? node->bytes_per_second : LINK_BYTES_PER_SECOND;
}

static uint64_t held_size(const struct vch_graph *graph, const struct vch_link *link)
{
    uint64_t size = 0;

    for (uint32_t i = 0; i < link->range_count; i++)
        size += vch_segment_parameter_size(graph, link->ranges[i].first, link->ranges[i].last);
    return size;
}

static bool can_be_asked(const struct vch_pool_node *node)
{
    return node->link.state == VCH_LINK_READY && node->link.range_count > 0;
}

// The planner's view of the nodes that are ready; `indices` leads back to the pool.
static vch_status describe_nodes(struct vch_plan_node **out, uint32_t **indices, uint32_t *count,
                                 const struct vch_route *route, struct vch_arena *arena)
{
    const struct vch_pool *pool = route->pool;
    struct vch_plan_node *nodes = VCH_ARENA_NEW(arena, struct vch_plan_node, pool->count);
    *indices = VCH_ARENA_NEW(arena, uint32_t, pool->count);

    *count = 0;
    if (nodes == NULL || *indices == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < pool->count && *count < VCH_PLAN_NODES_MAX; i++) {
        const struct vch_pool_node *node = &pool->nodes[i];
        const struct vch_link *link = &node->link;
        if (!can_be_asked(node)) continue;
        struct vch_plan_range *ranges =
            VCH_ARENA_NEW(arena, struct vch_plan_range, link->range_count);
        if (ranges == NULL) return VCH_FAIL(NO_MEMORY);
        for (uint32_t j = 0; j < link->range_count; j++)
            ranges[j] = (struct vch_plan_range){link->ranges[j].first, link->ranges[j].last};
        (*indices)[*count] = i;
        nodes[(*count)++] = (struct vch_plan_node){
            .operator_index = node->operator_index,
            .memory = link->memory + held_size(route->graph, link), // those it has already
            .work_per_second = link->work_per_second != 0 ? link->work_per_second : 1,
            .latency_us = link->rtt_us * (1 + node->penalties), // the faulty seem far away
            .bytes_per_second = bytes_per_second(node),
            .range_count = link->range_count,
            .ranges = ranges,
        };
    }
    *out = nodes;
    return VCH_OK;
}

static vch_status take_plan(struct vch_route *route, const struct vch_plan *plan,
                            const uint32_t *indices, struct vch_arena *arena)
{
    VCH_ASSERT(plan->segment_count <= VCH_JOB_SEGMENTS_MAX);
    route->segment_count = plan->segment_count;
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct vch_plan_segment *segment = &plan->segments[i];
        uint32_t *nodes = VCH_ARENA_NEW(arena, uint32_t, segment->node_count);
        if (nodes == NULL) return VCH_FAIL(NO_MEMORY);
        for (uint32_t j = 0; j < segment->node_count; j++)
            nodes[j] = indices[segment->nodes[j]];
        route->segments[i] =
            (struct vch_job_segment){segment->first, segment->last,
                                     segment->by_client ? VCH_JOB_BY_CLIENT : VCH_JOB_BY_NODES};
        route->planned[i] = nodes;
        route->planned_counts[i] = segment->node_count;
    }
    return VCH_OK;
}

static const char *merged_text(const struct vch_route *route)
{
    return route->merged_count == 0 ? ""
                                    : "; nodes of different operators have shown that they are one "
                                      "machine, and count as one";
}

// With as many nodes a segment as the quorum, or else, while some are down, with as many as can
// still make its majority: the job's quorum, and with it the majority that counts, stay.
static vch_status solve(struct vch_plan *planned, struct vch_plan_problem *problem,
                        const struct vch_route *route, struct vch_arena *arena,
                        struct vch_complaint *complaint)
{
    const uint32_t quorum = problem->quorum;
    struct vch_complaint of_whole = {0};
    vch_status status = vch_plan_solve(planned, problem, arena, &of_whole);

    while (status.code == VCH_CODE_UNSUPPORTED && problem->quorum > quorum / 2 + 1) {
        problem->quorum--;
        status = vch_plan_solve(planned, problem, arena, NULL);
    }
    if (vch_is_ok(status)) return status;
    return vch_complain(complaint, status.code, "%s%s", of_whole.text, merged_text(route));
}

static vch_status plan(struct vch_route *route, struct vch_arena *arena,
                       struct vch_complaint *complaint)
{
    const struct vch_client_request *request = route->request;
    struct vch_plan *planned = VCH_ARENA_NEW(arena, struct vch_plan, 1);
    struct vch_plan_problem problem = {
        .graph = route->graph,
        .batch = request->batch,
        .client_work_per_second = CLIENT_WORK_PER_SECOND,
        .keep_first = request->keep_first,
        .keep_last = request->keep_last,
        .quorum = request->quorum,
        .segments_min = request->segments_min != 0 ? request->segments_min : 1,
        .segments_max = request->segments_max != 0 ? request->segments_max : VCH_PLAN_SEGMENTS_MAX,
        .share_percent_max = request->share_percent_max != 0 ? request->share_percent_max : 100,
        .adjacency_is_strict = request->adjacency_is_strict,
    };
    struct vch_plan_node *nodes = NULL;
    uint32_t *indices = NULL;

    if (planned == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(describe_nodes(&nodes, &indices, &problem.node_count, route, arena));
    problem.nodes = nodes;
    if (problem.node_count == 0)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                            "none of the %u peers can be asked for this model", route->pool->count);
    VCH_TRY(solve(planned, &problem, route, arena, complaint));
    return take_plan(route, planned, indices, arena);
}

static vch_status take_segments(struct vch_route *route, struct vch_complaint *complaint)
{
    const struct vch_client_request *request = route->request;

    if (request->segment_count == 0 || request->segment_count > VCH_JOB_SEGMENTS_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "a job has 1 to %u segments",
                            VCH_JOB_SEGMENTS_MAX);
    route->segment_count = request->segment_count;
    memcpy(route->segments, request->segments, request->segment_count * sizeof *request->segments);
    return VCH_OK;
}

vch_status vch_route_init(struct vch_route *route, struct vch_pool *pool,
                          const struct vch_graph *graph, uint32_t operator_room,
                          const struct vch_client_request *request, struct vch_arena *arena,
                          struct vch_complaint *complaint)
{
    *route = (struct vch_route){
        .pool = pool, .graph = graph, .request = request, .operator_room = operator_room};
    route->is_neighbour = VCH_ARENA_NEW(arena, bool, operator_room);
    route->was_asked = VCH_ARENA_NEW(arena, bool, operator_room);
    route->layers = VCH_ARENA_NEW(arena, uint32_t, operator_room);
    route->merged_count = vch_machines_merge(pool);
    if (route->is_neighbour == NULL || route->was_asked == NULL || route->layers == NULL)
        return VCH_FAIL(NO_MEMORY);
    return request->segments != NULL ? take_segments(route, complaint)
                                     : plan(route, arena, complaint);
}

static uint64_t boundary_size(const struct vch_route *route, uint32_t position,
                              struct vch_arena *arena)
{
    struct vch_cut cut = {0};

    if (!vch_is_ok(vch_segment_cut_at(&cut, route->graph, position, arena))) return 0;
    const struct vch_value *value = &route->graph->values[cut.value];
    struct vch_tensor tensor = {.type = value->type, .shape = value->shape};
    return vch_tensor_size(&tensor) * route->request->batch;
}

static uint64_t segment_work(const struct vch_route *route, const struct vch_job_segment *segment)
{
    uint64_t work = 0;

    for (uint32_t i = segment->first; i < segment->last; i++)
        work += vch_graph_work(route->graph, &route->graph->operators[i]);
    return work * route->request->batch;
}

static bool is_planned(const struct vch_route *route, uint32_t segment, uint32_t node)
{
    for (uint32_t i = 0; i < route->planned_counts[segment]; i++)
        if (route->planned[segment][i] == node) return true;
    return false;
}

static bool is_within_share(const struct vch_route *route, const struct vch_job_segment *segment,
                            uint32_t operator_index)
{
    const struct vch_graph *graph = route->graph;
    uint64_t percent = route->request->share_percent_max;
    uint64_t total = vch_segment_layer_count(graph, 0, graph->operator_count);
    uint64_t seen = route->layers[operator_index] +
                    vch_segment_layer_count(graph, segment->first, segment->last);

    return percent == 0 || percent >= 100 || 100 * seen <= percent * total;
}

struct ranked {
    struct vch_ask_candidate candidate;
    uint32_t rank; // smaller is better
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;

    if (left->rank != right->rank) return left->rank < right->rank ? -1 : 1;
    if (left->candidate.estimate_us != right->candidate.estimate_us)
        return left->candidate.estimate_us < right->candidate.estimate_us ? -1 : 1;
    return left->candidate.node < right->candidate.node ? -1 : 1; // no two are the same node
}

static bool can_prove(const struct vch_route *route, uint32_t segment, uint32_t index)
{
    const struct vch_job_segment *range = &route->segments[segment];

    return vch_link_proves(&route->pool->nodes[index].link, range->first, range->last,
                           route->log_columns);
}

static uint32_t rank_of(const struct vch_route *route, uint32_t segment, uint32_t index)
{
    const struct vch_pool_node *node = &route->pool->nodes[index];
    uint32_t rank = is_planned(route, segment, index) ? 0 : 1;

    if (route->log_columns != 0 && !can_prove(route, segment, index)) rank += 50;
    if (node->penalties > 0) rank += 2 + (node->penalties < 16 ? node->penalties : 16);
    if (route->is_neighbour[node->operator_index]) rank += 100;
    return rank;
}

static uint32_t count_operators(const struct vch_route *route, const struct ranked *ranked,
                                uint32_t count)
{
    uint32_t operators = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t own = route->pool->nodes[ranked[i].candidate.node].operator_index;
        bool is_new = true;
        for (uint32_t j = 0; j < i; j++)
            is_new &= route->pool->nodes[ranked[j].candidate.node].operator_index != own;
        operators += is_new;
    }
    return operators;
}

vch_status vch_route_candidates(struct vch_ask_candidate **out, uint32_t *count,
                                const struct vch_route *route, uint32_t index,
                                struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_job_segment *segment = &route->segments[index];
    const struct vch_pool *pool = route->pool;
    struct ranked *ranked = VCH_ARENA_NEW(arena, struct ranked, pool->count);
    uint64_t work = segment_work(route, segment), needed = route->request->quorum / 2 + 1;
    uint64_t bytes =
        boundary_size(route, segment->first, arena) + boundary_size(route, segment->last, arena);

    *count = 0;
    *out = VCH_ARENA_NEW(arena, struct vch_ask_candidate, pool->count);
    if (ranked == NULL || *out == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct vch_pool_node *node = &pool->nodes[i];
        bool is_neighbour = can_be_asked(node) && route->is_neighbour[node->operator_index];
        if (!can_be_asked(node) || !vch_link_holds(&node->link, segment->first, segment->last) ||
            !is_within_share(route, segment, node->operator_index) ||
            (is_neighbour && route->request->adjacency_is_strict))
            continue;
        uint64_t speed = node->link.work_per_second / 1000 + 1; // per millisecond: no overflow
        uint64_t estimate_us = work * 1000 / speed +
                               bytes * 1000 / (bytes_per_second(node) / 1000 + 1) +
                               node->link.rtt_us;
        ranked[(*count)++] = (struct ranked){{i, estimate_us}, rank_of(route, index, i)};
    }
    uint32_t operators = count_operators(route, ranked, *count);
    if (operators < needed)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                            "segment %u (operators %u to %u): only %u operators can be asked; a "
                            "majority of a quorum of %u needs %u%s",
                            index, segment->first, segment->last, operators, route->request->quorum,
                            (uint32_t)needed, merged_text(route));
    qsort(ranked, *count, sizeof *ranked, compare_ranked);
    for (uint32_t i = 0; i < *count; i++)
        (*out)[i] = ranked[i].candidate;
    return VCH_OK;
}

void vch_route_note(struct vch_route *route, uint32_t segment, const struct vch_ask *ask)
{
    uint32_t layers = vch_segment_layer_count(route->graph, route->segments[segment].first,
                                              route->segments[segment].last);

    memset(route->is_neighbour, 0, route->operator_room * sizeof *route->is_neighbour);
    for (uint32_t i = 0; i < ask->round.candidate_count; i++) {
        const struct vch_round_candidate *candidate = &ask->round.candidates[i];
        uint32_t operator_index = candidate->operator_index;
        if (candidate->state == VCH_ROUND_UNTRIED) continue;
        if (!route->is_neighbour[operator_index]) route->layers[operator_index] += layers;
        route->is_neighbour[operator_index] = route->was_asked[operator_index] = true;
    }
}

uint32_t vch_route_operator_count(const struct vch_route *route)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < route->operator_room; i++)
        count += route->was_asked[i];
    return count;
}

// The first segment by nodes that no node can prove; segment_count: there is none.
static uint32_t find_unprovable(const struct vch_route *route, uint32_t *provable_count)
{
    uint32_t found = route->segment_count;

    *provable_count = 0;
    for (uint32_t i = 0; i < route->segment_count; i++) {
        bool is_provable = route->segments[i].by == VCH_JOB_BY_CLIENT;
        for (uint32_t j = 0; j < route->pool->count; j++)
            is_provable |= can_be_asked(&route->pool->nodes[j]) && can_prove(route, i, j);
        *provable_count += is_provable;
        if (!is_provable && found == route->segment_count) found = i;
    }
    return found;
}

vch_status vch_route_columns(struct vch_route *route, uint32_t wanted,
                             struct vch_complaint *complaint)
{
    uint32_t best = wanted, best_count = 0, count = 0;

    for (uint32_t columns = VCH_COMMITMENT_LOG_COLUMNS_MIN;
         wanted == 0 && columns <= VCH_COMMITMENT_LOG_COLUMNS_MAX; columns++) {
        route->log_columns = columns;
        (void)find_unprovable(route, &count);
        if (count <= best_count) continue;
        best = columns;
        best_count = count;
    }
    route->log_columns = best;
    uint32_t unprovable = find_unprovable(route, &count);
    if (unprovable == route->segment_count) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                        "segment %u (operators %u to %u): no node that can be asked has an annex "
                        "of it with 2^%u columns, and so none can prove it",
                        unprovable, route->segments[unprovable].first,
                        route->segments[unprovable].last, best);
}
