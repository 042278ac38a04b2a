#include "split/plan.h"

#include "base/check.h"
#include "model/segment.h"
#include "split/cost.h"
#include "split/explain.h"
#include "split/search.h"

static bool is_strict(const struct vch_plan_problem *problem)
{
    bool has_choice = false; // two operators or more

    for (uint32_t n = 1; n < problem->node_count; n++)
        has_choice |= problem->nodes[n].operator_index != problem->nodes[0].operator_index;
    return problem->adjacency_is_strict || (problem->quorum == 1 && has_choice);
}

static vch_status check_node(const struct vch_plan_problem *problem, uint32_t n,
                             struct vch_complaint *complaint)
{
    const struct vch_plan_node *node = &problem->nodes[n];

    if (node->work_per_second == 0 || node->bytes_per_second == 0)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "node %u has no speed: measure its work and bytes per second", n);
    for (uint32_t r = 0; r < node->range_count; r++)
        if (node->ranges[r].first >= node->ranges[r].last ||
            node->ranges[r].last > problem->graph->operator_count)
            return vch_complain(
                complaint, VCH_CODE_USAGE, "node %u holds operators %u to %u, but the model has %u",
                n, node->ranges[r].first, node->ranges[r].last, problem->graph->operator_count);
    return VCH_OK;
}

static vch_status check_number(const char *name, uint64_t value, uint64_t least, uint64_t most,
                               struct vch_complaint *complaint)
{
    if (least <= value && value <= most) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_USAGE, "%s is %llu, not %llu to %llu", name,
                        (unsigned long long)value, (unsigned long long)least,
                        (unsigned long long)most);
}

static vch_status check_problem(const struct vch_plan_problem *problem,
                                struct vch_complaint *complaint)
{
    const struct {
        const char *name;
        uint64_t value, least, most;
    } rows[] = {
        {"the batch", problem->batch, 1, VCH_BATCH_MAX},
        {"the number of nodes", problem->node_count, 1, VCH_PLAN_NODES_MAX},
        {"the client's speed", problem->client_work_per_second, 1, UINT64_MAX},
        {"the quorum", problem->quorum, 1, VCH_PLAN_QUORUM_MAX},
        {"the most segments", problem->segments_max, 1, VCH_PLAN_SEGMENTS_MAX},
        {"the fewest segments", problem->segments_min, 1, problem->segments_max},
        {"an operator's share in percent", problem->share_percent_max, 1, 100},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        VCH_TRY(check_number(rows[i].name, rows[i].value, rows[i].least, rows[i].most, complaint));
    for (uint32_t n = 0; n < problem->node_count; n++)
        VCH_TRY(check_node(problem, n, complaint));
    return VCH_OK;
}

// What can be said without a search.
static vch_status check_counts(const struct vch_plan_problem *problem, const struct vch_cost *cost,
                               struct vch_complaint *complaint)
{
    uint64_t kept = (uint64_t)problem->keep_first + problem->keep_last;

    if (cost->layer_count <= kept)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the model has %u layers with weights; keeping %u and %u at the client "
                            "leaves none for nodes: keep fewer, or run it without a network",
                            cost->layer_count, problem->keep_first, problem->keep_last);
    if (cost->operator_count < problem->quorum)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "a quorum of %u needs nodes of %u different operators; there are %u: "
                            "lower the quorum, or add nodes of other operators",
                            problem->quorum, problem->quorum, cost->operator_count);
    return VCH_OK;
}

static vch_status solve(struct vch_plan *out, const struct vch_plan_problem *problem,
                        struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_search search = {.is_strict = is_strict(problem)};
    struct vch_cost *cost = NULL;

    VCH_TRY(vch_cost_new(&cost, problem, arena));
    VCH_TRY(check_counts(problem, cost, complaint));
    search.cost = cost;
    vch_status status = vch_search_run(out, &search, arena);
    if (status.code == VCH_CODE_UNSUPPORTED)
        return vch_explain_refusal(problem, search.is_strict, search.is_complete, arena, complaint);
    return status;
}

vch_status vch_plan_solve(struct vch_plan *out, const struct vch_plan_problem *problem,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(arena);

    VCH_TRY(check_problem(problem, complaint));
    vch_status status = solve(out, problem, arena, complaint);
    vch_arena_rewind(arena, mark);
    if (status.code == VCH_CODE_NO_MEMORY)
        return vch_complain(complaint, status.code, "not enough memory to plan");
    if (vch_is_ok(status)) {
        // A plan that breaks a constraint would be our bug, and a leak: better no plan.
        VCH_ASSERT(vch_is_ok(vch_plan_check(out, problem, arena, complaint)));
    }
    return status;
}
