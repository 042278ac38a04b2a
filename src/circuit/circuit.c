#include "circuit/circuit.h"

#include "base/check.h"
#include "circuit/builder.h"
#include "circuit/context.h"
#include "circuit/gate.h"
#include "model/bound.h"

// A run in the making.
struct run {
    const struct vch_circuit_claim *claim;
    const struct vch_graph *graph;
    struct vch_builder builder;
    struct vch_circuit_ends ends;
    struct vch_view *values, *parameters; // count 0: not there
    uint32_t next_input, next_output;     // cells of the boundaries
};

static vch_status check_claim(const struct vch_circuit_claim *claim,
                              struct vch_complaint *complaint)
{
    const struct vch_graph *graph = claim->model.graph;

    if (claim->first >= claim->last || claim->last > graph->operator_count)
        return vch_complain(complaint, VCH_CODE_USAGE, "operators %u to %u are no range of %u",
                            claim->first, claim->last, graph->operator_count);
    if (claim->batch < 1 || claim->batch > VCH_BATCH_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "a batch of %u, expected 1 to %u",
                            claim->batch, VCH_BATCH_MAX);
    return VCH_OK;
}

static vch_status find_ends(struct run *run, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    const struct vch_circuit_claim *claim = run->claim;
    const vch_status status =
        vch_circuit_ends(&run->ends, run->graph, claim->first, claim->last, arena);

    if (status.code != VCH_CODE_UNSUPPORTED) return status;
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "operators %u to %u cannot be proven by themselves: expected cuts where "
                        "exactly one value crosses",
                        claim->first, claim->last);
}

static void place_parameters(struct run *run)
{
    const struct vch_circuit_model *model = &run->claim->model;
    uint32_t next = 0;

    for (uint32_t i = 0; i < model->held_count; i++) {
        const uint32_t index = model->held[i];
        const struct vch_parameter *p = &run->graph->parameters[index];
        const uint32_t count = (uint32_t)vch_tensor_shape_count(&p->shape);
        run->parameters[index] = (struct vch_view){.first = next, .count = count};
        next += count;
    }
}

// An interval for each element that enters.
static vch_status enter(struct run *run, uint32_t value)
{
    struct vch_builder *b = &run->builder;
    const struct vch_value *v = &run->graph->values[value];
    const uint32_t count = vch_gate_count(v);
    const struct vch_grid grid = {count, 1};
    int64_t lo = vch_tensor_type_min(v->type), hi = vch_tensor_type_max(v->type);

    run->values[value] = (struct vch_view){.first = run->next_input, .count = count};
    run->next_input += count;
    if (v->type == VCH_TYPE_I64) {
        const uint64_t bound = vch_bound_value(run->graph, value);
        if (bound >> (VCH_BOUND_BITS_MAX - 1) > 0)
            return vch_complain(b->complaint, VCH_CODE_UNSUPPORTED,
                                "value %u is int64 without a bound, which no proof can keep from "
                                "wrapping around",
                                value);
        hi = (int64_t)bound;
        lo = -hi;
    }
    const struct vch_expression x =
        vch_terms_cells(b, vch_builder_spread(run->values[value], grid));
    vch_gadgets_interval(b, grid, &x, lo, hi);
    return vch_builder_status(b);
}

// Each element that leaves is its cell of the output.
static void leave(struct run *run, uint32_t value)
{
    struct vch_builder *b = &run->builder;
    const struct vch_view have = run->values[value];
    const struct vch_grid grid = {have.count, 1};
    const struct vch_view want = {.first = run->next_output, .count = have.count};
    struct vch_expression zero = vch_terms_cells(b, vch_builder_spread(have, grid));

    run->next_output += have.count;
    vch_terms_add_cells(b, &zero, vch_terms_scalar(-1), vch_builder_spread(want, grid));
    vch_builder_zero(b, grid, &zero);
}

static vch_status check_held(const struct run *run, const struct vch_operator *o)
{
    for (uint32_t i = 0; i < o->parameter_count; i++)
        if (run->parameters[o->parameters[i]].count == 0)
            return vch_complain(run->builder.complaint, VCH_CODE_USAGE,
                                "the annex does not hold parameter %u, which operator \"%s\" needs",
                                o->parameters[i], o->name);
    return VCH_OK;
}

static vch_status add_operator(struct run *run, uint32_t index, uint32_t sample)
{
    const struct vch_operator *o = &run->graph->operators[index];
    struct vch_gate gate = {
        .builder = &run->builder,
        .graph = run->graph,
        .operator_ = o,
        .sample = sample,
        .batch = run->claim->batch,
        .values = run->values,
        .parameters = run->parameters,
    };

    VCH_TRY(check_held(run, o));
    VCH_TRY(vch_gate_build(&gate));
    VCH_ASSERT(gate.y.count == vch_gate_count(vch_gate_output(&gate)));
    run->values[o->output] = gate.y;
    return VCH_OK;
}

static vch_status add_sample(struct run *run, uint32_t sample)
{
    for (uint32_t i = 0; i < run->ends.input_count; i++)
        VCH_TRY(enter(run, run->ends.inputs[i]));
    for (uint32_t p = run->claim->first; p < run->claim->last; p++)
        VCH_TRY(add_operator(run, p, sample));
    for (uint32_t i = 0; i < run->ends.output_count; i++)
        leave(run, run->ends.outputs[i]);
    return vch_builder_status(&run->builder);
}

static vch_status add_oracle(struct vch_statement *s, uint64_t cells, const struct vch_digest *root,
                             uint32_t *first, uint32_t *next, struct vch_complaint *complaint)
{
    const uint64_t rows = vch_circuit_rows(cells, s->log_columns);
    const uint64_t end = *next + (rows << s->log_columns);

    if (end > VCH_BUILDER_CELLS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a proof would have more than %u cells: prove fewer operators or "
                            "samples at once",
                            VCH_BUILDER_CELLS_MAX);
    s->oracles[s->oracle_count++] = (struct vch_oracle_shape){(uint32_t)rows, *root};
    *first = *next;
    *next = (uint32_t)end;
    return VCH_OK;
}

static vch_status start(struct run *run, struct vch_statement *s, struct vch_arena *arena,
                        struct vch_complaint *complaint)
{
    const struct vch_circuit_claim *claim = run->claim;
    const struct vch_circuit_ends *e = &run->ends;
    const uint64_t in =
        vch_circuit_boundary_cells(run->graph, e->inputs, e->input_count, claim->batch);
    const uint64_t out =
        vch_circuit_boundary_cells(run->graph, e->outputs, e->output_count, claim->batch);
    uint32_t annex, next = 0;

    VCH_TRY(add_oracle(s, vch_circuit_annex_cells(&claim->model), &claim->annex_root, &annex, &next,
                       complaint));
    VCH_TRY(add_oracle(s, in, &claim->input_root, &run->next_input, &next, complaint));
    VCH_TRY(add_oracle(s, out, &claim->output_root, &run->next_output, &next, complaint));
    vch_builder_init(&run->builder, next, arena, complaint);
    run->values = VCH_ARENA_NEW(arena, struct vch_view, run->graph->value_count);
    run->parameters = VCH_ARENA_NEW(arena, struct vch_view, run->graph->parameter_count);
    return run->values != NULL && run->parameters != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

// Everything but what vch_builder_finish does, with the tables that were chosen.
static vch_status add_samples(struct run *run, struct vch_circuit *out,
                              const struct vch_builder_saturations *saturations,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    *out = (struct vch_circuit){.statement.log_columns = run->claim->model.log_columns};
    VCH_TRY(start(run, &out->statement, arena, complaint));
    if (saturations != NULL) run->builder.saturations = *saturations;
    place_parameters(run);
    for (uint32_t i = 0; i < run->claim->batch; i++)
        VCH_TRY(add_sample(run, i));
    return VCH_OK;
}

vch_status vch_circuit_build(struct vch_circuit *out, const struct vch_circuit_claim *claim,
                             struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct run run = {.claim = claim, .graph = claim->model.graph};

    struct vch_builder_saturations saturations = {0};

    VCH_TRY(check_claim(claim, complaint));
    VCH_TRY(vch_context_check(&claim->model, complaint));
    VCH_TRY(find_ends(&run, arena, complaint));
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    VCH_TRY(add_samples(&run, out, NULL, arena, complaint));
    vch_builder_choose(&saturations, &run.builder);
    vch_arena_rewind(arena, mark);
    VCH_TRY(add_samples(&run, out, &saturations, arena, complaint));
    out->statement.context = vch_context_of_run(claim);
    VCH_TRY(vch_builder_finish(&run.builder, &out->statement));
    out->witness_cells = run.builder.cell_count;
    out->hint_count = run.builder.hint_count;
    out->hints = run.builder.hints;
    return VCH_OK;
}
