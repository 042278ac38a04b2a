#include "base/check.h"
#include "model/segment.h"
#include "split/plan.h"

// One plan against one problem, constraint by constraint, from the graph alone.
struct audit {
    const struct vch_plan *plan;
    const struct vch_plan_problem *problem;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

static vch_status refuse(const struct audit *audit, uint32_t segment, const char *what)
{
    return vch_complain(audit->complaint, VCH_CODE_REFUSED, "segment %u of the plan %s", segment,
                        what);
}

static uint32_t operator_of(const struct audit *audit, uint32_t node)
{
    return audit->problem->nodes[node].operator_index;
}

// The segments lie end to end over the whole graph, the client's outside, the nodes' inside.
static vch_status check_chain(const struct audit *audit)
{
    const struct vch_plan *plan = audit->plan;
    uint32_t position = 0, on_nodes = 0;

    if (plan->segment_count > VCH_PLAN_SEGMENTS_MAX + 2)
        return refuse(audit, plan->segment_count, "is one too many");
    for (uint32_t s = 0; s < plan->segment_count; s++) {
        const struct vch_plan_segment *segment = &plan->segments[s];
        bool is_end = s == 0 || s + 1 == plan->segment_count;
        if (segment->first != position || segment->last <= position)
            return refuse(audit, s, "does not begin where the one before ends");
        if (segment->by_client && !is_end) return refuse(audit, s, "is the client's, but inside");
        position = segment->last;
        on_nodes += !segment->by_client;
    }
    if (position != audit->problem->graph->operator_count)
        return refuse(audit, plan->segment_count, "is missing: the last operators are not served");
    if (on_nodes < audit->problem->segments_min || on_nodes > audit->problem->segments_max)
        return refuse(audit, on_nodes, "makes the wrong number of segments on nodes");
    return VCH_OK;
}

static vch_status check_ends(const struct audit *audit)
{
    const struct vch_plan *plan = audit->plan;
    const struct vch_plan_problem *problem = audit->problem;
    const struct vch_plan_segment *first = &plan->segments[0];
    const struct vch_plan_segment *last = &plan->segments[plan->segment_count - 1];
    uint32_t kept_first = 0, kept_last = 0;

    if (first->by_client)
        kept_first = vch_segment_layer_count(problem->graph, first->first, first->last);
    if (last->by_client)
        kept_last = vch_segment_layer_count(problem->graph, last->first, last->last);
    if (kept_first < problem->keep_first || kept_last < problem->keep_last)
        return refuse(audit, 0, "leaves the client too few layers at its ends");
    for (uint32_t s = 0; s < plan->segment_count; s++) {
        const struct vch_plan_segment *segment = &plan->segments[s];
        if (segment->by_client && problem->client_runs_held_only &&
            !vch_segment_is_held(problem->graph, segment->first, segment->last))
            return refuse(audit, s, "is the client's, which does not hold it");
    }
    return VCH_OK;
}

static vch_status check_boundary(const struct audit *audit, uint32_t s, uint32_t position,
                                 uint64_t expected)
{
    const struct vch_graph *graph = audit->problem->graph;
    struct vch_cut cut = {0};

    if (!vch_is_ok(vch_segment_cut_at(&cut, graph, position, audit->arena)))
        return refuse(audit, s, "begins or ends where the model cannot be cut");
    const struct vch_value *value = &graph->values[cut.value];
    uint64_t size = vch_tensor_shape_count(&value->shape) * vch_tensor_type_size(value->type);
    if (size * audit->problem->batch != expected)
        return refuse(audit, s, "says wrongly how many bytes cross its boundaries");
    return VCH_OK;
}

// Nothing that a node sees, at either end of its segment, leaks more than allowed.
static vch_status check_leaks(const struct audit *audit, uint32_t s)
{
    const struct vch_plan_problem *problem = audit->problem;
    const struct vch_plan_segment *segment = &audit->plan->segments[s];
    uint32_t measured = 0;

    if (problem->leak_count == 0) return VCH_OK;
    for (uint32_t i = 0; i < problem->leak_count; i++) {
        const struct vch_plan_leak *cut = &problem->leaks[i];
        if (cut->position != segment->first && cut->position != segment->last) continue;
        if (!(cut->leak <= problem->leak_max)) return refuse(audit, s, "shows its nodes too much");
        measured++;
    }
    return measured == 2 ? VCH_OK : refuse(audit, s, "shows its nodes what nobody measured");
}

static vch_status check_nodes(const struct audit *audit, uint32_t s)
{
    const struct vch_plan_segment *segment = &audit->plan->segments[s];

    if (segment->node_count != audit->problem->quorum)
        return refuse(audit, s, "does not have the quorum of nodes");
    for (uint32_t k = 0; k < segment->node_count; k++) {
        if (segment->nodes[k] >= audit->problem->node_count)
            return refuse(audit, s, "names a node that is not there");
        const struct vch_plan_node *node = &audit->problem->nodes[segment->nodes[k]];
        bool is_inside = node->range_count == 0;
        for (uint32_t r = 0; r < node->range_count; r++)
            is_inside |=
                node->ranges[r].first <= segment->first && segment->last <= node->ranges[r].last;
        if (!is_inside) return refuse(audit, s, "is not inside what its nodes hold");
        for (uint32_t l = 0; l < k; l++)
            if (operator_of(audit, segment->nodes[l]) == node->operator_index)
                return refuse(audit, s, "has two nodes of one operator");
    }
    if (vch_segment_layer_count(audit->problem->graph, segment->first, segment->last) == 0)
        return refuse(audit, s, "has no layer with weights");
    return VCH_OK;
}

static bool share_an_operator(const struct audit *audit, const struct vch_plan_segment *a,
                              const struct vch_plan_segment *b)
{
    for (uint32_t k = 0; k < a->node_count; k++)
        for (uint32_t l = 0; l < b->node_count; l++)
            if (operator_of(audit, a->nodes[k]) == operator_of(audit, b->nodes[l])) return true;
    return false;
}

static vch_status check_neighbours(const struct audit *audit)
{
    const struct vch_plan_problem *problem = audit->problem;
    bool has_choice = false;
    uint32_t shared = 0;

    for (uint32_t n = 1; n < problem->node_count; n++)
        has_choice |= operator_of(audit, n) != operator_of(audit, 0);
    bool is_strict = problem->adjacency_is_strict || (problem->quorum == 1 && has_choice);
    for (uint32_t s = 1; s < audit->plan->segment_count; s++) {
        const struct vch_plan_segment *segment = &audit->plan->segments[s];
        bool is_shared = share_an_operator(audit, segment - 1, segment);
        if (is_shared && is_strict)
            return refuse(audit, s, "shares an operator with its neighbour");
        shared += is_shared;
    }
    if (shared != audit->plan->shared_neighbours)
        return refuse(audit, 0, "comes with a wrong count of shared neighbours");
    return VCH_OK;
}

static bool serves(const struct audit *audit, const struct vch_plan_segment *segment,
                   uint32_t operator_)
{
    for (uint32_t k = 0; k < segment->node_count; k++)
        if (operator_of(audit, segment->nodes[k]) == operator_) return true;
    return false;
}

static vch_status check_shares(const struct audit *audit)
{
    const struct vch_graph *graph = audit->problem->graph;
    uint64_t all = vch_segment_layer_count(graph, 0, graph->operator_count), largest = 0;

    for (uint32_t n = 0; n < audit->problem->node_count; n++) {
        uint64_t layers = 0;
        for (uint32_t s = 0; s < audit->plan->segment_count; s++) {
            const struct vch_plan_segment *segment = &audit->plan->segments[s];
            if (serves(audit, segment, operator_of(audit, n)))
                layers += vch_segment_layer_count(graph, segment->first, segment->last);
        }
        if (layers > largest) largest = layers;
    }
    if (largest * 100 > all * audit->problem->share_percent_max)
        return refuse(audit, 0, "gives one operator too large a share of the layers");
    if ((largest * 100 + all - 1) / all != audit->plan->largest_share_percent)
        return refuse(audit, 0, "comes with a wrong largest share");
    return VCH_OK;
}

// Bytes of parameters alone: a bound from below that needs no model of how values live.
static vch_status check_memory(const struct audit *audit)
{
    for (uint32_t n = 0; n < audit->problem->node_count; n++) {
        uint64_t size = 0, memory = audit->problem->nodes[n].memory;
        for (uint32_t s = 0; s < audit->plan->segment_count; s++) {
            const struct vch_plan_segment *segment = &audit->plan->segments[s];
            bool is_on_node = false;
            for (uint32_t k = 0; k < segment->node_count; k++)
                is_on_node |= segment->nodes[k] == n;
            if (is_on_node)
                size += vch_segment_parameter_size(audit->problem->graph, segment->first,
                                                   segment->last);
        }
        if (memory != 0 && size > memory) return refuse(audit, 0, "overfills a node's memory");
    }
    return VCH_OK;
}

vch_status vch_plan_check(const struct vch_plan *plan, const struct vch_plan_problem *problem,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct audit audit = {plan, problem, arena, complaint};

    VCH_TRY(check_chain(&audit));
    VCH_TRY(check_ends(&audit));
    for (uint32_t s = 0; s < plan->segment_count; s++) {
        const struct vch_plan_segment *segment = &plan->segments[s];
        if (s > 0) VCH_TRY(check_boundary(&audit, s, segment->first, segment->bytes_in));
        if (s + 1 < plan->segment_count)
            VCH_TRY(check_boundary(&audit, s, segment->last, segment->bytes_out));
        if (segment->by_client && segment->node_count != 0)
            return refuse(&audit, s, "is the client's, but names nodes");
        if (segment->by_client) continue;
        VCH_TRY(check_nodes(&audit, s));
        VCH_TRY(check_leaks(&audit, s));
    }
    VCH_TRY(check_neighbours(&audit));
    VCH_TRY(check_shares(&audit));
    return check_memory(&audit);
}
