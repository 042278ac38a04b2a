#include "circuit/witness.h"

#include "base/check.h"
#include "circuit/witness_fill.h"
#include "model/run.h"

static uint64_t *new_cells(const struct vch_statement *statement, struct vch_arena *arena)
{
    return VCH_ARENA_NEW(arena, uint64_t,
                         (size_t)vch_witness_first(statement, statement->oracle_count));
}

static vch_status new_tensor(struct vch_tensor *out, const struct vch_graph *graph, uint32_t value,
                             uint32_t batch, struct vch_arena *arena)
{
    const struct vch_value *v = &graph->values[value];

    *out = (struct vch_tensor){.type = v->type, .shape = v->shape};
    out->data = vch_arena_alloc(arena, batch, vch_tensor_size(out));
    return out->data != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

// The values that hints and ends ask for, each once: numbers, and memory for all samples.
struct wanted {
    struct vch_tensor *values; // by value of the graph
    uint32_t *numbers;
    struct vch_tensor *tensors;
    uint32_t count;
};

static vch_status want(struct wanted *w, const struct vch_witness_order *order, uint32_t value,
                       struct vch_arena *arena)
{
    const struct vch_circuit_claim *claim = order->claim;

    if (w->values[value].data != NULL) return VCH_OK;
    VCH_TRY(new_tensor(&w->values[value], claim->model.graph, value, claim->batch, arena));
    w->numbers[w->count] = value;
    w->tensors[w->count++] = w->values[value];
    return VCH_OK;
}

static vch_status choose(struct wanted *w, const struct vch_witness_order *order,
                         const struct vch_circuit_ends *ends, struct vch_arena *arena)
{
    const uint32_t count = order->claim->model.graph->value_count;

    w->values = VCH_ARENA_NEW(arena, struct vch_tensor, count);
    w->numbers = VCH_ARENA_NEW(arena, uint32_t, count);
    w->tensors = VCH_ARENA_NEW(arena, struct vch_tensor, count);
    if (w->values == NULL || w->numbers == NULL || w->tensors == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < order->circuit->hint_count; i++)
        if (order->circuit->hints[i].kind == VCH_HINT_VALUE)
            VCH_TRY(want(w, order, order->circuit->hints[i].value, arena));
    for (uint32_t i = 0; i < ends->output_count; i++)
        VCH_TRY(want(w, order, ends->outputs[i], arena));
    return VCH_OK;
}

static vch_status run_model(const struct wanted *w, const struct vch_witness_order *order,
                            const struct vch_circuit_ends *ends, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    const struct vch_circuit_claim *claim = order->claim;
    const struct vch_run run = {
        .graph = claim->model.graph,
        .first = claim->first,
        .last = claim->last,
        .batch = claim->batch,
        .kernels = order->kernels,
        .workers = order->workers,
    };

    return vch_run_execute(&run, ends->inputs, order->inputs, ends->input_count, w->numbers,
                           w->tensors, w->count, arena, complaint);
}

static vch_status follow_hints(uint64_t *cells, const struct vch_circuit *circuit,
                               const struct vch_graph *graph, const struct vch_tensor *values,
                               const struct vch_kernels *kernels, struct vch_arena *arena,
                               struct vch_complaint *complaint)
{
    const struct vch_statement *s = &circuit->statement;
    struct vch_witness_fill fill = {
        .graph = graph,
        .values = values,
        .cells = cells,
        .source = {.cells = cells, .public_values = s->public_values},
        .kernels = kernels,
        .arena = arena,
    };

    VCH_TRY(vch_witness_fill_init(&fill, s, circuit->hints, circuit->hint_count));
    for (uint32_t i = 0; i < circuit->hint_count; i++)
        VCH_TRY(vch_witness_fill_hint(&fill, &circuit->hints[i]));
    return vch_witness_count(s, cells, &fill.ranges, arena, complaint);
}

static vch_status make(struct vch_witness *out, const struct vch_witness_order *order,
                       struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_circuit_claim *claim = order->claim;
    const struct vch_statement *s = &order->circuit->statement;
    struct vch_circuit_ends ends;
    struct wanted w = {0};

    VCH_TRY(vch_circuit_ends(&ends, claim->model.graph, claim->first, claim->last, arena));
    VCH_TRY(choose(&w, order, &ends, arena));
    VCH_TRY(run_model(&w, order, &ends, arena, complaint));
    out->cells = new_cells(s, arena);
    if (out->cells == NULL) return VCH_FAIL(NO_MEMORY);
    out->output_count = ends.output_count;
    for (uint32_t i = 0; i < ends.output_count; i++)
        out->outputs[i] = w.values[ends.outputs[i]];
    vch_circuit_fill_annex(out->cells, &claim->model);
    vch_circuit_fill_boundary(out->cells + vch_witness_first(s, VCH_CIRCUIT_INPUT), order->inputs,
                              ends.input_count, claim->batch, s->log_columns);
    vch_circuit_fill_boundary(out->cells + vch_witness_first(s, VCH_CIRCUIT_OUTPUT), out->outputs,
                              ends.output_count, claim->batch, s->log_columns);
    return follow_hints(out->cells, order->circuit, claim->model.graph, w.values, order->kernels,
                        arena, complaint);
}

vch_status vch_witness_make(struct vch_witness *out, const struct vch_witness_order *order,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    VCH_ASSERT(order->circuit->statement.oracle_count == VCH_CIRCUIT_WITNESS + 1);
    *out = (struct vch_witness){0};
    return make(out, order, arena, complaint);
}

vch_status vch_witness_make_ranges(uint64_t **cells, const struct vch_circuit *circuit,
                                   const struct vch_circuit_model *model, struct vch_arena *arena,
                                   struct vch_complaint *complaint)
{
    *cells = new_cells(&circuit->statement, arena);
    if (*cells == NULL) return VCH_FAIL(NO_MEMORY);
    vch_circuit_fill_annex(*cells, model);
    return follow_hints(*cells, circuit, model->graph, NULL, NULL, arena, complaint);
}

vch_status vch_witness_make_link(uint64_t **cells, const struct vch_circuit *circuit,
                                 const struct vch_circuit_model *model, struct vch_arena *arena,
                                 struct vch_complaint *complaint)
{
    *cells = new_cells(&circuit->statement, arena);
    if (*cells == NULL) return VCH_FAIL(NO_MEMORY);
    vch_circuit_fill_annex(*cells, model);
    vch_circuit_fill_annex(*cells + vch_witness_first(&circuit->statement, 1), model);
    return follow_hints(*cells, circuit, model->graph, NULL, NULL, arena, complaint);
}
