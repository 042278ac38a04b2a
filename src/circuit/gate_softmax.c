// SOFTMAX: the largest of each row, exponentials from a table, their sum, quotients by it.
#include "circuit/column.h"
#include "circuit/gadgets.h"
#include "circuit/gate.h"
#include "circuit/ratio.h"

// A table is short where what it saves is more than what its end costs.
enum { COST_OF_END = 4 };

struct softmax {
    struct vch_builder *builder;
    uint32_t rows, n, elements;
    struct vch_view largest, e, is_largest, inverse, sum;
    struct vch_form gap; // the row's largest less the element
};

static struct vch_cells whole(struct vch_view view)
{
    return (struct vch_cells){.first = view.first, .row_step = 1};
}

static void hint(const struct softmax *s, enum vch_hint_kind kind, struct vch_view cells,
                 struct vch_expression expression, const struct vch_gate *gate)
{
    struct vch_hint *out = vch_builder_hint(s->builder, kind, (struct vch_grid){cells.count, 1});

    out->cells = cells.first;
    out->expression = expression;
    out->lanes_read = s->n;
    out->table = gate->operator_->table;
}

static struct vch_cells by_element(const struct softmax *s, struct vch_view view)
{
    return vch_column_repeat(s->builder, whole(view), s->rows, s->n);
}

// Some is_largest is not 0, and there the gap is.
static void relate_largest(const struct softmax *s, const struct vch_expression *count)
{
    struct vch_builder *b = s->builder;
    struct vch_expression one = vch_terms_constant(vch_terms_scalar(-1));

    vch_column_zero_product(b, s->elements, VCH_COLUMN_FORM(b, 0, {1, whole(s->is_largest)}),
                            s->gap);
    vch_column_add_product(b, &one, 1, VCH_COLUMN_FORM(b, 0, {1, whole(s->inverse)}), count->form);
    vch_column_zero(b, s->rows, one);
}

static void relate_sum(const struct softmax *s, const struct vch_expression *sum)
{
    struct vch_builder *b = s->builder;
    struct vch_expression less = vch_terms_cells(b, whole(s->sum));

    vch_terms_add(b, (struct vch_grid){s->rows, 1}, &less, vch_terms_scalar(-1), sum);
    vch_column_zero(b, s->rows, less);
}

// The least gap from which on the exponential is always the same.
static int64_t end_of(const struct vch_table *table)
{
    const int64_t reach = vch_tensor_type_max(table->input);
    const int32_t *entries = table->entries + reach + 1; // entries[x] is T[x]
    int64_t end = reach;

    while (end > 0 && entries[1 - end] == entries[-reach])
        end--;
    return end;
}

// The gap less what it is beyond the end, which is 0 or leads to the end.
static struct vch_form cut(const struct softmax *s, int64_t end, int64_t most)
{
    struct vch_builder *b = s->builder;
    struct vch_expression gap = vch_column_expression(s->gap), rest = gap;

    vch_terms_add_constant(b, (struct vch_grid){s->elements, 1}, &gap, vch_terms_scalar(-end));
    const struct vch_cells beyond = vch_column_clamped(b, s->elements, gap, 0, most);
    vch_terms_add_cells(b, &rest, vch_terms_scalar(-1), beyond);
    vch_terms_add_cells(b, &gap, vch_terms_scalar(-1), beyond);
    vch_column_zero_product(b, s->elements, VCH_COLUMN_FORM(b, 0, {1, beyond}), gap.form);
    vch_column_range(b, s->elements, vch_terms_cells(b, beyond),
                     vch_gadgets_bits((uint64_t)(most - end)));
    return rest.form;
}

static void relate_exponentials(const struct softmax *s, const struct vch_gate *gate)
{
    struct vch_builder *b = s->builder;
    const uint32_t index = gate->operator_->table;
    const struct vch_table *table = &gate->graph->tables[index];
    const int64_t end = end_of(table);
    const uint64_t cost = (uint64_t)COST_OF_END * s->elements * gate->batch;
    struct vch_expression pair[2] = {vch_column_expression(s->gap),
                                     vch_terms_cells(b, whole(s->e))};
    int64_t most = 2 * vch_tensor_type_max(table->input);

    if (cost < (uint64_t)(most - end)) {
        pair[0] = vch_column_expression(cut(s, end, most));
        most = end;
    }
    vch_builder_lookup(b, (struct vch_grid){s->elements, 1},
                       vch_builder_exponential(b, gate->graph, index, most), pair, 2);
}

// The largest that the table holds for what is not positive.
static uint64_t largest_entry(const struct vch_table *table)
{
    const int32_t reach = (int32_t)vch_tensor_type_max(table->input);
    int32_t most = 0;

    for (int32_t i = 1; i <= reach + 1; i++) // entry 0 is never used
        if (table->entries[i] > most) most = table->entries[i];
    return (uint64_t)most;
}

static vch_status divide(const struct softmax *s, const struct vch_gate *gate)
{
    struct vch_builder *b = s->builder;
    const uint64_t entry = largest_entry(&gate->graph->tables[gate->operator_->table]);
    const int64_t one = vch_tensor_type_max(vch_gate_output(gate)->type);
    const struct vch_cells sum = by_element(s, s->sum);

    return vch_ratio_floor(b, &(struct vch_ratio){
                                  .rows = s->elements,
                                  .n = VCH_COLUMN_FORM(b, 0, {2 * one, whole(s->e)}, {1, sum}),
                                  .d = VCH_COLUMN_FORM(b, 0, {2, sum}),
                                  .n_bound = (2 * (uint64_t)one + s->n) * entry,
                                  .d_bound = 2 * (uint64_t)s->n * entry,
                                  .y = whole(gate->y),
                                  .lo = 0,
                                  .hi = one,
                              });
}

vch_status vch_gate_softmax(struct vch_gate *gate)
{
    struct vch_builder *b = gate->builder;
    const struct vch_shape *shape = &vch_gate_input(gate, 0)->shape;
    struct softmax s = {.builder = b, .elements = gate->y.count, .n = shape->dims[shape->rank - 1]};
    const struct vch_cells x = vch_column_of(b, vch_gate_operand(gate, 0), 0, 1, s.elements);

    s.rows = s.elements / s.n;
    s.largest = vch_builder_cells(b, s.rows);
    s.e = vch_builder_cells(b, s.elements);
    s.is_largest = vch_builder_cells(b, s.elements);
    s.inverse = vch_builder_cells(b, s.rows);
    s.sum = vch_builder_cells(b, s.rows);
    s.gap = VCH_COLUMN_FORM(b, 0, {1, by_element(&s, s.largest)}, {-1, x});
    VCH_TRY(vch_builder_status(b));

    const struct vch_expression count =
        vch_column_expression(vch_column_sum(b, s.is_largest, s.n, s.rows));
    const struct vch_expression sum = vch_column_expression(vch_column_sum(b, s.e, s.n, s.rows));
    const struct vch_cells rows_of_x =
        vch_builder_spread(vch_gate_operand(gate, 0), (struct vch_grid){s.rows, s.n});
    hint(&s, VCH_HINT_LARGEST, s.largest, vch_terms_cells(b, rows_of_x), gate);
    hint(&s, VCH_HINT_EXPONENTIAL, s.e, vch_column_expression(s.gap), gate);
    hint(&s, VCH_HINT_IS_ZERO, s.is_largest, vch_column_expression(s.gap), gate);
    hint(&s, VCH_HINT_INVERSE, s.inverse, count, gate);
    hint(&s, VCH_HINT_EXPRESSION, s.sum, sum, gate);

    relate_largest(&s, &count);
    relate_sum(&s, &sum);
    relate_exponentials(&s, gate);
    return divide(&s, gate);
}
