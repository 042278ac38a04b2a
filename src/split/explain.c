#include "split/explain.h"

#include "model/segment.h"
#include "split/cost.h"
#include "split/search.h"

static vch_status try_search(uint32_t *segments, const struct vch_plan_problem *problem,
                             bool is_strict, struct vch_arena *arena)
{
    struct vch_plan *plan = VCH_ARENA_NEW(arena, struct vch_plan, 1);
    struct vch_search search = {.is_strict = is_strict, .any_will_do = true};
    struct vch_cost *cost = NULL;

    if (plan == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_cost_new(&cost, problem, arena));
    search.cost = cost;
    VCH_TRY(vch_search_run(plan, &search, arena));
    for (uint32_t s = 0; s < plan->segment_count; s++)
        *segments += !plan->segments[s].by_client;
    return VCH_OK;
}

// Of how many segments on nodes there is a plan; 0 where there is none.
static uint32_t count_segments(const struct vch_plan_problem *problem, bool is_strict,
                               struct vch_arena *arena)
{
    struct vch_arena_mark mark = vch_arena_mark(arena);
    uint32_t segments = 0;
    vch_status status = try_search(&segments, problem, is_strict, arena);

    vch_arena_rewind(arena, mark);
    return vch_is_ok(status) ? segments : 0;
}

static bool has_plan(const struct vch_plan_problem *problem, bool is_strict,
                     struct vch_arena *arena)
{
    return count_segments(problem, is_strict, arena) > 0;
}

static uint32_t count_operators(const struct vch_plan_problem *problem)
{
    uint32_t count = 0;

    for (uint32_t n = 0; n < problem->node_count; n++) {
        uint32_t same = 0;
        while (problem->nodes[same].operator_index != problem->nodes[n].operator_index)
            same++;
        count += same == n;
    }
    return count;
}

// The nodes, without what one of two constraints says about them.
static struct vch_plan_node *copy_nodes(const struct vch_plan_problem *problem, bool keeps_ranges,
                                        bool keeps_memory, struct vch_arena *arena)
{
    struct vch_plan_node *nodes = VCH_ARENA_NEW(arena, struct vch_plan_node, problem->node_count);

    for (uint32_t n = 0; nodes != NULL && n < problem->node_count; n++) {
        nodes[n] = problem->nodes[n];
        if (!keeps_ranges) nodes[n].range_count = 0;
        if (!keeps_memory) nodes[n].memory = 0;
    }
    return nodes;
}

static bool is_held_by(const struct vch_plan_node *node, uint32_t position)
{
    bool is_held = node->range_count == 0;

    for (uint32_t r = 0; r < node->range_count && !is_held; r++)
        is_held = node->ranges[r].first <= position && position < node->ranges[r].last;
    return is_held;
}

// How many different operators have a node that holds this position.
static uint32_t count_holders(const struct vch_plan_problem *problem, uint32_t position)
{
    uint32_t count = 0;

    for (uint32_t n = 0; n < problem->node_count; n++) {
        const struct vch_plan_node *node = &problem->nodes[n];
        bool is_first = is_held_by(node, position);
        for (uint32_t m = 0; m < n && is_first; m++)
            is_first = problem->nodes[m].operator_index != node->operator_index ||
                       !is_held_by(&problem->nodes[m], position);
        count += is_first;
    }
    return count;
}

static vch_status blame_ranges(const struct vch_plan_problem *problem,
                               struct vch_complaint *complaint)
{
    const struct vch_graph *graph = problem->graph;
    uint32_t layers = vch_segment_layer_count(graph, 0, graph->operator_count), passed = 0;

    for (uint32_t p = 0; p < graph->operator_count; p++) {
        if (!vch_graph_is_parametric(graph->operators[p].kind)) continue;
        passed++;
        if (passed <= problem->keep_first || passed > layers - problem->keep_last) continue;
        uint32_t holders = count_holders(problem, p);
        if (holders < problem->quorum)
            return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                                "operator %u of the model is held by nodes of %u operators; a "
                                "quorum of %u needs %u: give more nodes ranges that include it",
                                p, holders, problem->quorum, problem->quorum);
    }
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "the ranges that the nodes hold cannot be joined into a chain with a "
                        "quorum of %u: let them begin and end at common cuts, or overlap",
                        problem->quorum);
}

static vch_status blame_memory(const struct vch_plan_problem *problem,
                               struct vch_complaint *complaint)
{
    const struct vch_graph *graph = problem->graph;
    uint64_t largest_layer = 0, largest_node = 0;

    for (uint32_t p = 0; p < graph->operator_count; p++) {
        uint64_t size = vch_segment_parameter_size(graph, p, p + 1);
        if (size > largest_layer) largest_layer = size;
    }
    for (uint32_t n = 0; n < problem->node_count; n++)
        if (problem->nodes[n].memory > largest_node) largest_node = problem->nodes[n].memory;
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "the nodes have too little memory: the largest operator has %llu bytes of "
                        "parameters, the largest limited node %llu bytes for parameters and "
                        "activations of batch %u; add nodes or memory, or lower the batch",
                        (unsigned long long)largest_layer, (unsigned long long)largest_node,
                        problem->batch);
}

// The least share with which there is a plan: known to exist at 100.
static vch_status blame_share(struct vch_plan_problem problem, bool is_strict,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    uint32_t asked = problem.share_percent_max, refused = asked, granted = 100;

    while (granted - refused > 1) {
        problem.share_percent_max = refused + (granted - refused) / 2;
        if (has_plan(&problem, is_strict, arena))
            granted = problem.share_percent_max;
        else
            refused = problem.share_percent_max;
    }
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "no operator may serve more than %u %% of the layers, but with these nodes "
                        "a plan needs %u %%: allow that, or add nodes of other operators than the "
                        "%u there are",
                        asked, granted, count_operators(&problem));
}

// Whatever else there is, can anything be planned if this much may leak?
static bool has_plan_within(struct vch_plan_problem problem, double leak_max, bool is_strict,
                            struct vch_arena *arena)
{
    problem.leak_max = leak_max;
    return has_plan(&problem, is_strict, arena);
}

// The cut that comes closest: the least that must be allowed to leak.
static vch_status blame_leaks(const struct vch_plan_problem *problem, bool is_strict,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_plan_leak *closest = NULL;

    for (uint32_t i = 0; i < problem->leak_count; i++) {
        const struct vch_plan_leak *cut = &problem->leaks[i];
        bool is_worth_trying =
            cut->leak > problem->leak_max && (closest == NULL || cut->leak < closest->leak);
        if (is_worth_trying && has_plan_within(*problem, cut->leak, is_strict, arena))
            closest = cut;
    }
    if (closest == NULL) return VCH_OK;
    const struct vch_graph *graph = problem->graph;
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "what nodes see may leak at most %.3f, and no plan keeps to that; the cut "
                        "that comes closest is at position %u (before %.80s) and leaks %.3f: allow "
                        "that, or keep fewer layers at the client's last end",
                        problem->leak_max, closest->position,
                        closest->position < graph->operator_count
                            ? graph->operators[closest->position].name
                            : "the end",
                        closest->leak);
}

static vch_status blame_segments(const struct vch_plan_problem *problem, uint32_t possible,
                                 struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "no chain of %u to %u segments is possible on these nodes, but one of %u "
                        "is: allow that number",
                        problem->segments_min, problem->segments_max, possible);
}

static bool has_ranges(const struct vch_plan_problem *problem)
{
    bool found = false;

    for (uint32_t n = 0; n < problem->node_count; n++)
        found |= problem->nodes[n].range_count > 0;
    return found;
}

static bool has_limits(const struct vch_plan_problem *problem)
{
    bool found = false;

    for (uint32_t n = 0; n < problem->node_count; n++)
        found |= problem->nodes[n].memory > 0;
    return found;
}

// Each in turn without the others; OK where the constraint is not the one to blame.
static vch_status blame_nodes(const struct vch_plan_problem *problem, bool is_strict,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_plan_problem relaxed = *problem;

    relaxed.nodes = copy_nodes(problem, false, true, arena);
    if (relaxed.nodes == NULL) return VCH_FAIL(NO_MEMORY);
    if (has_ranges(problem) && has_plan(&relaxed, is_strict, arena))
        return blame_ranges(problem, complaint);
    relaxed.nodes = copy_nodes(problem, true, false, arena);
    if (relaxed.nodes == NULL) return VCH_FAIL(NO_MEMORY);
    if (has_limits(problem) && has_plan(&relaxed, is_strict, arena))
        return blame_memory(problem, complaint);
    return VCH_OK;
}

static vch_status blame_policy(const struct vch_plan_problem *problem, bool is_strict,
                               struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_plan_problem relaxed = *problem;

    if (is_strict && has_plan(problem, false, arena))
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "neighbouring segments may not share an operator, and the nodes of %u "
                            "operators cannot be arranged so: add nodes of other operators%s",
                            count_operators(problem),
                            problem->adjacency_is_strict ? ", or only prefer it" : "");
    relaxed.share_percent_max = 100;
    if (problem->share_percent_max < 100 && has_plan(&relaxed, is_strict, arena))
        return blame_share(*problem, is_strict, arena, complaint);
    relaxed = *problem;
    relaxed.segments_min = 1;
    relaxed.segments_max = VCH_PLAN_SEGMENTS_MAX;
    bool is_tied = problem->segments_min > 1 || problem->segments_max < VCH_PLAN_SEGMENTS_MAX;
    uint32_t possible = is_tied ? count_segments(&relaxed, is_strict, arena) : 0;
    if (possible > 0) return blame_segments(problem, possible, complaint);
    relaxed = *problem;
    relaxed.quorum = 1;
    if (problem->quorum > 1 && has_plan(&relaxed, is_strict, arena))
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "a quorum of %u cannot be had for every segment on these nodes: lower "
                            "it, or add nodes of other operators",
                            problem->quorum);
    return VCH_OK;
}

// Is there any place at all for segments on nodes?
static vch_status blame_model(const struct vch_plan_problem *problem, struct vch_arena *arena,
                              struct vch_complaint *complaint)
{
    struct vch_cost *cost = NULL;

    VCH_TRY(vch_cost_new(&cost, problem, arena));
    for (uint32_t i = 0; i < cost->cut_count; i++)
        for (uint32_t j = i + 1; j < cost->cut_count; j++)
            if (cost->cuts[i].is_start && cost->cuts[j].is_end && vch_cost_layers(cost, i, j) > 0)
                return VCH_OK;
    return vch_complain(
        complaint, VCH_CODE_UNSUPPORTED,
        "the model has %u legal cuts, and none two of them leave at least %u layers "
        "before, %u after and one between them%s: keep fewer layers at the client",
        cost->cut_count, problem->keep_first, problem->keep_last,
        problem->client_runs_held_only ? " with the client's ends held by it" : "");
}

static vch_status explain(const struct vch_plan_problem *problem, bool is_strict, bool is_complete,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    if (problem->leak_count > 0) VCH_TRY(blame_leaks(problem, is_strict, arena, complaint));
    VCH_TRY(blame_model(problem, arena, complaint));
    VCH_TRY(blame_nodes(problem, is_strict, arena, complaint));
    VCH_TRY(blame_policy(problem, is_strict, arena, complaint));
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "%s with a quorum of %u, %u to %u segments, at most %u %% per operator and "
                        "the nodes' memory and ranges together: loosen more than one of them, or "
                        "add nodes",
                        is_complete ? "there is no plan" : "no plan was found", problem->quorum,
                        problem->segments_min, problem->segments_max, problem->share_percent_max);
}

vch_status vch_explain_refusal(const struct vch_plan_problem *problem, bool is_strict,
                               bool is_complete, struct vch_arena *arena,
                               struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(arena);
    vch_status status = explain(problem, is_strict, is_complete, arena, complaint);

    vch_arena_rewind(arena, mark);
    return status;
}
