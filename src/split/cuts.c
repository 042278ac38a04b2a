#include "split/cuts.h"

// Why a cut is worth looking at, best reason first.
enum reason { NEEDED, NARROWEST, LEGAL, REASON_COUNT };

static uint64_t width(const struct vch_graph *graph, const struct vch_cut *cut)
{
    const struct vch_value *value = &graph->values[cut->value];
    return vch_tensor_shape_count(&value->shape) * vch_tensor_type_size(value->type);
}

// May a node see what crosses here?
static bool is_allowed(const struct vch_plan_problem *problem, uint32_t position)
{
    for (uint32_t i = 0; i < problem->leak_count; i++)
        if (problem->leaks[i].position == position)
            return problem->leaks[i].leak <= problem->leak_max;
    return problem->leak_count == 0;
}

static uint32_t drop_leaks(struct vch_cut *cuts, uint32_t count,
                           const struct vch_plan_problem *problem)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++)
        if (is_allowed(problem, cuts[i].position)) cuts[kept++] = cuts[i];
    return kept;
}

static bool is_range_end(const struct vch_plan_problem *problem, uint32_t position)
{
    for (uint32_t n = 0; n < problem->node_count; n++)
        for (uint32_t r = 0; r < problem->nodes[n].range_count; r++) {
            const struct vch_plan_range *range = &problem->nodes[n].ranges[r];
            if (range->first == position || range->last == position) return true;
        }
    return false;
}

// The first cut that keeps enough for the client's first end, the last one for its last end, and
// the ends of the nodes' ranges.
static void mark_needed(enum reason *reasons, const struct vch_cut *cuts, uint32_t count,
                        const struct vch_plan_problem *problem)
{
    const struct vch_graph *graph = problem->graph;
    uint32_t all = vch_segment_layer_count(graph, 0, graph->operator_count);
    uint32_t position = 0, layers = 0, last_end = count;
    bool has_start = false;

    for (uint32_t i = 0; i < count; i++) {
        layers += vch_segment_layer_count(graph, position, cuts[i].position);
        position = cuts[i].position;
        bool is_first_start = !has_start && layers >= problem->keep_first;
        has_start |= is_first_start;
        if (all - layers >= problem->keep_last) last_end = i;
        if (is_first_start || is_range_end(problem, position)) reasons[i] = NEEDED;
    }
    if (last_end < count) reasons[last_end] = NEEDED;
}

// Of several cuts between two layers, the one where the fewest bytes cross.
static void mark_narrowest(enum reason *reasons, const struct vch_cut *cuts, uint32_t count,
                           const struct vch_graph *graph)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i <= count; i++) {
        bool is_same_gap = i < count && vch_segment_layer_count(graph, cuts[i - 1].position,
                                                                cuts[i].position) == 0;
        if (is_same_gap) {
            if (width(graph, &cuts[i]) < width(graph, &cuts[best])) best = i;
            continue;
        }
        if (reasons[best] == LEGAL) reasons[best] = NARROWEST;
        best = i;
    }
}

// Chooses `room` of the cuts with this reason, evenly, or all where they fit.
static uint32_t choose(bool *is_chosen, const enum reason *reasons, uint32_t count,
                       enum reason reason, uint32_t room)
{
    uint64_t total = 0, seen = 0;
    uint32_t chosen = 0;

    for (uint32_t i = 0; i < count; i++)
        total += reasons[i] == reason;
    for (uint32_t i = 0; i < count; i++) {
        if (reasons[i] != reason) continue;
        is_chosen[i] = total <= room || (seen + 1) * room / total != seen * room / total;
        chosen += is_chosen[i];
        seen++;
    }
    return chosen;
}

static vch_status thin(struct vch_cut *cuts, uint32_t *count, const struct vch_cut *legal,
                       uint32_t legal_count, const struct vch_plan_problem *problem,
                       struct vch_arena *arena)
{
    enum reason *reasons = VCH_ARENA_NEW(arena, enum reason, legal_count);
    bool *is_chosen = VCH_ARENA_NEW(arena, bool, legal_count);
    uint32_t room = VCH_PLAN_CUTS_MAX;

    if (reasons == NULL || is_chosen == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < legal_count; i++)
        reasons[i] = LEGAL;
    mark_needed(reasons, legal, legal_count, problem);
    mark_narrowest(reasons, legal, legal_count, problem->graph);
    for (enum reason reason = NEEDED; reason < REASON_COUNT; reason++)
        room -= choose(is_chosen, reasons, legal_count, reason, room);

    for (uint32_t i = 0; i < legal_count; i++)
        if (is_chosen[i]) cuts[(*count)++] = legal[i];
    return VCH_OK;
}

vch_status vch_cuts_select(struct vch_cut *cuts, uint32_t *count, bool *is_thinned,
                           const struct vch_plan_problem *problem, struct vch_arena *arena)
{
    const struct vch_graph *graph = problem->graph;
    struct vch_cut *legal = VCH_ARENA_NEW(arena, struct vch_cut, (size_t)graph->operator_count + 1);
    uint32_t legal_count = 0;

    if (legal == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_segment_cuts(legal, &legal_count, graph, arena));
    legal_count = drop_leaks(legal, legal_count, problem);
    *count = 0;
    *is_thinned = legal_count > VCH_PLAN_CUTS_MAX;
    if (*is_thinned) return thin(cuts, count, legal, legal_count, problem, arena);
    for (; *count < legal_count; (*count)++)
        cuts[*count] = legal[*count];
    return VCH_OK;
}
