#include "audit/audit.h"

#include <string.h>

#include "base/check.h"

// Accumulators of so many bytes are looked at together: they stay in the caches from one step to
// the next.
enum { CHUNK_SIZE = 1 << 20, SAMPLES_MAX = 64, LINE = 64 };

struct work {
    struct vch_audit *audit;
    const struct vch_audit_order *order;
    struct vch_arena *arena;
    bool *is_given; // per value
};

static size_t round_up(size_t size)
{
    return (size + LINE - 1) / LINE * LINE;
}

static const struct vch_operator *operator_at(const struct vch_audit *a, uint32_t layer)
{
    return &a->plan.graph->operators[a->plan.layers[layer].operator_];
}

static vch_status copy_plan(struct work *w)
{
    struct vch_accumulators_plan *plan = &w->audit->plan;

    *plan = *w->order->plan;
    const size_t size = plan->layer_count * sizeof *plan->layers;
    plan->layers = VCH_ARENA_NEW(w->arena, struct vch_accumulators_layer, plan->layer_count);
    if (plan->layers == NULL) return VCH_FAIL(NO_MEMORY);
    if (size > 0) memcpy(plan->layers, w->order->plan->layers, size);
    return VCH_OK;
}

static uint32_t choose_samples(const struct vch_accumulators_plan *plan)
{
    size_t size = 1;

    for (uint32_t i = 0; i < plan->layer_count; i++)
        size += plan->layers[i].count * sizeof(int32_t);
    return size >= CHUNK_SIZE                 ? 1
           : size * SAMPLES_MAX <= CHUNK_SIZE ? SAMPLES_MAX
                                              : (uint32_t)(CHUNK_SIZE / size);
}

// Everything but the linear operators of the range; what these would write is given.
static vch_status make_graph(struct work *w)
{
    struct vch_audit *a = w->audit;
    const struct vch_graph *graph = a->plan.graph;

    a->graph = *graph;
    a->graph.operator_count = 0;
    a->graph.operators = VCH_ARENA_NEW(w->arena, struct vch_operator, a->plan.last);
    if (a->graph.operators == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t p = 0; p < a->plan.last; p++) {
        if (p == a->plan.first) a->run_first = a->graph.operator_count;
        if (p >= a->plan.first && vch_accumulators_is_linear(graph->operators[p].kind)) continue;
        a->graph.operators[a->graph.operator_count++] = graph->operators[p];
    }
    a->run_last = a->graph.operator_count;
    return VCH_OK;
}

static void give(struct work *w, uint32_t value)
{
    if (w->is_given[value]) return;
    w->is_given[value] = true;
    w->audit->given[w->audit->given_count++] = value;
}

static void want(struct work *w, uint32_t value)
{
    struct vch_audit *a = w->audit;

    if (w->is_given[value]) return;
    for (uint32_t i = 0; i < a->wanted_count; i++)
        if (a->wanted[i] == value) return;
    a->wanted[a->wanted_count++] = value;
}

static vch_status list_values(struct work *w)
{
    struct vch_audit *a = w->audit;
    const uint32_t count = a->plan.graph->value_count;

    w->is_given = VCH_ARENA_NEW(w->arena, bool, count);
    a->given = VCH_ARENA_NEW(w->arena, uint32_t, count);
    a->wanted = VCH_ARENA_NEW(w->arena, uint32_t, count);
    if (w->is_given == NULL || a->given == NULL || a->wanted == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < a->plan.input_count; i++)
        give(w, a->plan.inputs[i]);
    for (uint32_t i = 0; i < a->plan.layer_count; i++)
        give(w, operator_at(a, i)->output);
    for (uint32_t i = 0; i < a->plan.layer_count; i++)
        for (uint32_t k = 0; k < operator_at(a, i)->input_count; k++)
            want(w, operator_at(a, i)->inputs[k]);
    for (uint32_t i = 0; i < a->plan.output_count; i++)
        want(w, a->plan.outputs[i]);
    return VCH_OK;
}

static vch_status place(struct vch_audit *a, uint32_t value)
{
    const struct vch_value *v = &a->plan.graph->values[value];
    const size_t size = vch_tensor_shape_count(&v->shape) * vch_tensor_type_size(v->type);

    a->places[value] = a->lane_size;
    return __builtin_add_overflow(a->lane_size, round_up(size * a->samples), &a->lane_size)
               ? VCH_FAIL(LIMIT)
               : VCH_OK;
}

// A lane's memory: values, what the program takes, scratch of the largest layer.
static vch_status place_all(struct work *w)
{
    struct vch_audit *a = w->audit;
    size_t scratch = 0, run = 0;

    a->places = VCH_ARENA_NEW(w->arena, size_t, a->plan.graph->value_count);
    a->sums_places = VCH_ARENA_NEW(w->arena, size_t, a->plan.layer_count);
    if (a->places == NULL || a->sums_places == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < a->given_count; i++)
        VCH_TRY(place(a, a->given[i]));
    for (uint32_t i = 0; i < a->wanted_count; i++)
        VCH_TRY(place(a, a->wanted[i]));
    VCH_TRY(vch_program_memory(&run, &a->program, a->samples, false));
    for (uint32_t i = 0; i < a->plan.layer_count; i++) {
        const size_t size = vch_layer_scratch(&a->layers[i], a->samples);
        if (size > scratch) scratch = size;
        a->sums_places[i] = a->lane_size;
        a->lane_size += round_up(a->layers[i].units * a->samples * sizeof(uint64_t));
    }
    a->tensors_place = a->lane_size;
    a->run_place = a->tensors_place +
                   round_up(((size_t)a->given_count + a->wanted_count) * sizeof(struct vch_tensor));
    a->scratch_place = a->run_place + round_up(run);
    a->lane_size = a->scratch_place + round_up(scratch);
    a->memory = vch_arena_alloc(w->arena, a->lanes, a->lane_size);
    return a->memory == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

static vch_status prepare_layers(struct work *w)
{
    struct vch_audit *a = w->audit;
    const struct vch_field_kernels field = vch_field_kernels_select(a->kernels->level);

    a->layers = VCH_ARENA_NEW(w->arena, struct vch_layer, a->plan.layer_count);
    if (a->layers == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < a->plan.layer_count; i++) {
        const struct vch_layer_order order = {
            .graph = a->plan.graph,
            .operator_ = a->plan.layers[i].operator_,
            .identity = &a->plan.identity,
            .secret = w->order->secret,
            .field = &field,
        };
        VCH_TRY(vch_layer_prepare(&a->layers[i], &order, w->arena));
    }
    return VCH_OK;
}

vch_status vch_audit_prepare(struct vch_audit *out, const struct vch_audit_order *order,
                             struct vch_arena *arena)
{
    struct work w = {.audit = out, .order = order, .arena = arena};

    VCH_ASSERT(order->lanes >= 1 && order->lanes <= VCH_AUDIT_LANES_MAX);
    *out = (struct vch_audit){.kernels = order->kernels, .lanes = order->lanes};
    VCH_TRY(copy_plan(&w));
    out->samples = choose_samples(&out->plan);
    VCH_TRY(make_graph(&w));
    VCH_TRY(list_values(&w));
    VCH_TRY(prepare_layers(&w));
    VCH_TRY(vch_program_prepare(&out->program, &out->graph, out->run_first, out->run_last,
                                out->samples, out->kernels, arena));
    return place_all(&w);
}

uint64_t vch_audit_tests(const struct vch_audit *audit, uint32_t batch)
{
    return (uint64_t)audit->plan.layer_count * batch;
}
