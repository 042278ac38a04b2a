#include "split/cost.h"

#include "model/segment.h"
#include "split/cuts.h"

__extension__ typedef unsigned __int128 uint128;

uint64_t vch_cost_time_us(uint64_t amount, uint64_t per_second)
{
    uint128 time_us = ((uint128)amount * 1000000 + per_second - 1) / per_second;
    return time_us < VCH_COST_MAX ? (uint64_t)time_us : VCH_COST_MAX;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t value_size(const struct vch_plan_problem *problem, uint32_t value)
{
    const struct vch_value *facts = &problem->graph->values[value];
    return multiply(problem->batch,
                    vch_tensor_shape_count(&facts->shape) * vch_tensor_type_size(facts->type));
}

// What lies before each cut, by one walk over the operators.
static void fill_cuts(struct vch_cost *cost, const struct vch_cut *cuts)
{
    const struct vch_plan_problem *problem = cost->problem;
    const struct vch_graph *graph = problem->graph;
    uint32_t position = 0, layers = 0;
    uint64_t work = 0, parameters = 0;

    for (uint32_t i = 0; i < cost->cut_count; i++) {
        uint64_t passed = vch_segment_parameter_size(graph, position, cuts[i].position);
        layers += vch_segment_layer_count(graph, position, cuts[i].position);
        parameters = add(parameters, passed);
        for (; position < cuts[i].position; position++)
            work = add(work, vch_graph_work(graph, &graph->operators[position]));
        cost->cuts[i] = (struct vch_cost_cut){
            .position = position,
            .size = value_size(problem, cuts[i].value),
            .layers = layers,
            .work = multiply(work, problem->batch),
            .parameters = parameters,
        };
    }
}

static void fill_ends(struct vch_cost *cost)
{
    const struct vch_plan_problem *problem = cost->problem;
    const struct vch_graph *graph = problem->graph;
    uint32_t count = graph->operator_count;
    uint64_t work = 0;

    cost->layer_count = vch_segment_layer_count(graph, 0, count);
    for (uint32_t p = 0; p < count; p++)
        work = add(work, vch_graph_work(graph, &graph->operators[p]));
    work = multiply(work, problem->batch);
    for (uint32_t i = 0; i < cost->cut_count; i++) {
        struct vch_cost_cut *cut = &cost->cuts[i];
        bool is_free = !problem->client_runs_held_only;
        uint64_t speed = problem->client_work_per_second;
        cut->is_start = cut->layers >= problem->keep_first &&
                        (is_free || vch_segment_is_held(graph, 0, cut->position));
        cut->is_end = cost->layer_count - cut->layers >= problem->keep_last &&
                      (is_free || vch_segment_is_held(graph, cut->position, count));
        cut->start_cost_us = vch_cost_time_us(cut->work, speed);
        cut->end_cost_us = vch_cost_time_us(work - cut->work, speed);
    }
}

// alive[p]: bytes of the values that exist while operator p runs, its output included.
static void fill_alive(uint64_t *alive, uint32_t *last_use, const struct vch_plan_problem *problem)
{
    const struct vch_graph *graph = problem->graph;
    uint32_t count = graph->operator_count;
    uint64_t now = 0;

    for (uint32_t v = 0; v < graph->value_count; v++)
        last_use[v] = VCH_NONE;
    for (uint32_t p = 0; p < count; p++)
        for (uint32_t i = 0; i < graph->operators[p].input_count; i++)
            last_use[graph->operators[p].inputs[i]] = p;
    for (uint32_t i = 0; i < graph->output_count; i++)
        last_use[graph->outputs[i].value] = count;
    for (uint32_t i = 0; i < graph->input_count; i++)
        now = add(now, value_size(problem, graph->inputs[i].value));
    for (uint32_t p = 0; p < count; p++) {
        const struct vch_operator *operator_ = &graph->operators[p];
        now = add(now, value_size(problem, operator_->output));
        alive[p] = now;
        if (last_use[operator_->output] == VCH_NONE) now -= value_size(problem, operator_->output);
        for (uint32_t i = 0; i < operator_->input_count; i++) {
            if (last_use[operator_->inputs[i]] != p) continue;
            last_use[operator_->inputs[i]] = count + 1; // an operand given twice dies once
            now -= value_size(problem, operator_->inputs[i]);
        }
    }
}

static vch_status fill_activations(struct vch_cost *cost, struct vch_arena *arena)
{
    const struct vch_graph *graph = cost->problem->graph;
    uint64_t *alive = VCH_ARENA_NEW(arena, uint64_t, graph->operator_count);
    uint32_t *last_use = VCH_ARENA_NEW(arena, uint32_t, graph->value_count);

    cost->activations = vch_arena_alloc(arena, VCH_PLAN_CUTS_MAX, sizeof *cost->activations);
    if (alive == NULL || last_use == NULL || cost->activations == NULL) return VCH_FAIL(NO_MEMORY);
    fill_alive(alive, last_use, cost->problem);
    for (uint32_t i = 0; i < cost->cut_count; i++) {
        uint32_t p = cost->cuts[i].position;
        uint64_t most = 0;
        for (uint32_t j = i + 1; j < cost->cut_count; j++) {
            for (; p < cost->cuts[j].position; p++)
                if (alive[p] > most) most = alive[p];
            cost->activations[i][j] = most;
        }
    }
    return VCH_OK;
}

// Operators have arbitrary numbers outside and consecutive ones in here.
static void fill_operators(struct vch_cost *cost)
{
    const struct vch_plan_problem *problem = cost->problem;

    for (uint32_t n = 0; n < problem->node_count; n++) {
        uint32_t same = 0;
        while (problem->nodes[same].operator_index != problem->nodes[n].operator_index)
            same++;
        cost->operators[n] = same < n ? cost->operators[same] : (uint16_t)cost->operator_count++;
    }
}

vch_status vch_cost_new(struct vch_cost **out, const struct vch_plan_problem *problem,
                        struct vch_arena *arena)
{
    struct vch_cost *cost = VCH_ARENA_NEW(arena, struct vch_cost, 1);
    struct vch_cut cuts[VCH_PLAN_CUTS_MAX];

    if (cost == NULL) return VCH_FAIL(NO_MEMORY);
    cost->problem = problem;
    VCH_TRY(vch_cuts_select(cuts, &cost->cut_count, &cost->is_thinned, problem, arena));
    fill_cuts(cost, cuts);
    fill_ends(cost);
    fill_operators(cost);
    VCH_TRY(fill_activations(cost, arena));
    *out = cost;
    return VCH_OK;
}

uint32_t vch_cost_layers(const struct vch_cost *cost, uint32_t i, uint32_t j)
{
    return cost->cuts[j].layers - cost->cuts[i].layers;
}

uint64_t vch_cost_parameters(const struct vch_cost *cost, uint32_t i, uint32_t j)
{
    return cost->cuts[j].parameters - cost->cuts[i].parameters;
}

uint64_t vch_cost_on_node(const struct vch_cost *cost, uint32_t i, uint32_t j, uint32_t node)
{
    const struct vch_plan_node *facts = &cost->problem->nodes[node];
    const struct vch_cost_cut *from = &cost->cuts[i], *to = &cost->cuts[j];
    uint64_t latency = facts->latency_us < VCH_COST_MAX ? facts->latency_us : VCH_COST_MAX;

    return latency + vch_cost_time_us(add(from->size, to->size), facts->bytes_per_second) +
           vch_cost_time_us(to->work - from->work, facts->work_per_second);
}

bool vch_cost_is_servable(const struct vch_cost *cost, uint32_t i, uint32_t j, uint32_t node)
{
    const struct vch_plan_node *facts = &cost->problem->nodes[node];
    uint32_t first = cost->cuts[i].position, last = cost->cuts[j].position;
    bool is_inside = facts->range_count == 0;

    if (facts->memory != 0 &&
        add(vch_cost_parameters(cost, i, j), cost->activations[i][j]) > facts->memory)
        return false;
    for (uint32_t r = 0; r < facts->range_count && !is_inside; r++)
        is_inside = facts->ranges[r].first <= first && last <= facts->ranges[r].last;
    return is_inside;
}

uint32_t vch_cost_share_limit(const struct vch_cost *cost)
{
    return (uint32_t)((uint64_t)cost->layer_count * cost->problem->share_percent_max / 100);
}
