// Statements about the annex itself: its numbers are in range; two matrices hold the same ones.
#include "circuit/builder.h"
#include "circuit/circuit.h"
#include "circuit/column.h"
#include "circuit/context.h"
#include "circuit/gadgets.h"
#include "model/bound.h"
#include "model/trees.h"

// The least bias bound of the operators that have this int64 parameter.
static uint64_t least_bound(const struct vch_graph *graph, uint32_t parameter)
{
    uint64_t least = UINT64_MAX;

    for (uint32_t i = 0; i < graph->operator_count; i++) {
        const struct vch_operator *o = &graph->operators[i];
        for (uint32_t k = 0; k < o->parameter_count && o->kind != VCH_OPERATOR_CONSTANT; k++)
            if (o->parameters[k] == parameter && o->bias_bound < least) least = o->bias_bound;
    }
    return least;
}

static vch_status interval_of(int64_t *lo, int64_t *hi, const struct vch_graph *graph,
                              uint32_t parameter, struct vch_complaint *complaint)
{
    const enum vch_type type = graph->parameters[parameter].type;

    *lo = vch_tensor_type_min(type);
    *hi = vch_tensor_type_max(type);
    if (type != VCH_TYPE_I64) return VCH_OK;
    const uint64_t bound = least_bound(graph, parameter);
    if (bound >> (VCH_BOUND_BITS_MAX - 2) > 1)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "parameter %u is int64 without a bound, which no proof can keep from "
                            "wrapping around",
                            parameter);
    *hi = (int64_t)bound;
    *lo = -*hi;
    return VCH_OK;
}

static bool is_tree_nodes(const struct vch_graph *graph, uint32_t parameter)
{
    for (uint32_t i = 0; i < graph->operator_count; i++)
        if (graph->operators[i].kind == VCH_OPERATOR_TREES &&
            graph->operators[i].parameters[0] == parameter)
            return true;
    return false;
}

// Walks rest on it that nan_left is a bit.
static void relate_nodes(struct vch_builder *b, struct vch_view nodes)
{
    const uint32_t count = nodes.count / VCH_TREES_COLUMNS;
    const struct vch_cells nan_left =
        vch_column_of(b, nodes, VCH_TREES_NAN_LEFT, VCH_TREES_COLUMNS, count);

    vch_column_range(b, count, vch_terms_cells(b, nan_left), 1);
}

static vch_status finish(struct vch_circuit *out, struct vch_builder *builder)
{
    VCH_TRY(vch_builder_finish(builder, &out->statement));
    out->witness_cells = builder->cell_count;
    out->hint_count = builder->hint_count;
    out->hints = builder->hints;
    return VCH_OK;
}

static vch_status start(struct vch_circuit *out, struct vch_builder *builder,
                        const struct vch_circuit_model *model,
                        const struct vch_digest *const *roots, uint32_t root_count,
                        struct vch_arena *arena, struct vch_complaint *complaint)
{
    VCH_TRY(vch_context_check(model, complaint));
    const uint64_t rows = vch_circuit_rows(vch_circuit_annex_cells(model), model->log_columns);
    const uint64_t end = rows * root_count << model->log_columns;
    if (end > VCH_BUILDER_CELLS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "an annex of %llu rows is too large",
                            (unsigned long long)rows);
    *out = (struct vch_circuit){
        .statement = {.log_columns = model->log_columns, .oracle_count = root_count}};
    for (uint32_t i = 0; i < root_count; i++)
        out->statement.oracles[i] = (struct vch_oracle_shape){(uint32_t)rows, *roots[i]};
    vch_builder_init(builder, (uint32_t)end, arena, complaint);
    return VCH_OK;
}

vch_status vch_circuit_build_ranges(struct vch_circuit *out, const struct vch_circuit_model *model,
                                    const struct vch_digest *annex_root, struct vch_arena *arena,
                                    struct vch_complaint *complaint)
{
    struct vch_builder b;
    uint32_t next = 0;

    VCH_TRY(start(out, &b, model, &annex_root, 1, arena, complaint));
    out->statement.context = vch_context_of_ranges(model);
    for (uint32_t i = 0; i < model->held_count; i++) {
        const struct vch_parameter *p = &model->graph->parameters[model->held[i]];
        const struct vch_view view = {.first = next,
                                      .count = (uint32_t)vch_tensor_shape_count(&p->shape)};
        const struct vch_grid grid = {view.count, 1};
        const struct vch_expression x = vch_terms_cells(&b, vch_builder_spread(view, grid));
        int64_t lo, hi;
        VCH_TRY(interval_of(&lo, &hi, model->graph, model->held[i], complaint));
        vch_gadgets_interval(&b, grid, &x, lo, hi);
        if (is_tree_nodes(model->graph, model->held[i])) relate_nodes(&b, view);
        next += view.count;
    }
    return finish(out, &b);
}

vch_status vch_circuit_build_link(struct vch_circuit *out, const struct vch_circuit_model *model,
                                  const struct vch_digest *old_root,
                                  const struct vch_digest *new_root, struct vch_arena *arena,
                                  struct vch_complaint *complaint)
{
    const struct vch_digest *const roots[] = {old_root, new_root};
    struct vch_builder b;

    VCH_TRY(start(out, &b, model, roots, 2, arena, complaint));
    out->statement.context = vch_context_of_link(model);
    const struct vch_grid grid = {(uint32_t)vch_circuit_annex_cells(model), 1};
    const struct vch_view before = {.first = 0, .count = grid.rows};
    const struct vch_view after = {.first = out->statement.oracles[0].rows << model->log_columns,
                                   .count = grid.rows};
    struct vch_expression zero = vch_terms_cells(&b, vch_builder_spread(before, grid));
    vch_terms_add_cells(&b, &zero, vch_terms_scalar(-1), vch_builder_spread(after, grid));
    if (grid.rows > 0) vch_builder_zero(&b, grid, &zero);
    return finish(out, &b);
}

static vch_status measure(uint64_t *cells, const struct vch_graph *graph, uint32_t batch,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    uint32_t *held = VCH_ARENA_NEW(arena, uint32_t, graph->parameter_count);
    struct vch_circuit_claim claim = {
        .model = {.graph = graph,
                  .log_columns = VCH_STATEMENT_LOG_COLUMNS_MAX,
                  .held_count = graph->parameter_count,
                  .held = held},
        .last = graph->operator_count,
        .batch = batch,
    };
    struct vch_circuit circuit;
    struct vch_circuit_ends e;

    if (held == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < graph->parameter_count; i++)
        held[i] = i;
    VCH_TRY(vch_circuit_build(&circuit, &claim, arena, complaint));
    VCH_TRY(vch_circuit_ends(&e, graph, 0, graph->operator_count, arena));
    cells[VCH_CIRCUIT_ANNEX] = vch_circuit_annex_cells(&claim.model);
    cells[VCH_CIRCUIT_INPUT] = vch_circuit_boundary_cells(graph, e.inputs, e.input_count, batch);
    cells[VCH_CIRCUIT_OUTPUT] = vch_circuit_boundary_cells(graph, e.outputs, e.output_count, batch);
    cells[VCH_CIRCUIT_WITNESS] = circuit.witness_cells;
    return VCH_OK;
}

// Bytes of a proof that depend on the columns: two elements of K for each, and the symbols of each
// row in the opened ones.
static uint64_t size_of(const uint64_t *cells, uint32_t log_columns)
{
    uint64_t size = (uint64_t)32 << log_columns;

    for (uint32_t i = 0; i <= VCH_CIRCUIT_WITNESS; i++)
        size += 1200 * vch_circuit_rows(cells[i], log_columns);
    return size;
}

vch_status vch_circuit_suggest(uint32_t *log_columns, const struct vch_graph *graph, uint32_t batch,
                               struct vch_arena *scratch, struct vch_complaint *complaint)
{
    uint64_t cells[VCH_CIRCUIT_WITNESS + 1] = {0};
    const struct vch_arena_mark mark = vch_arena_mark(scratch);
    const vch_status status = measure(cells, graph, batch, scratch, complaint);

    vch_arena_rewind(scratch, mark);
    VCH_TRY(status);
    *log_columns = VCH_CIRCUIT_SUGGEST_MIN;
    for (uint32_t c = *log_columns + 1; c <= VCH_STATEMENT_LOG_COLUMNS_MAX; c++)
        if (size_of(cells, c) < size_of(cells, *log_columns)) *log_columns = c;
    return VCH_OK;
}
