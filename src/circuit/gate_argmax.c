// ARGMAX: a step down from 1 to 0 along the axis, at the index.
#include "circuit/column.h"
#include "circuit/gate.h"

// n numbers for each output element. Before the index c is 1, from there on 0; c of -1 and of
// n - 1 is public.
struct argmax {
    struct vch_builder *builder;
    uint32_t elements, n, rows; // rows: element by element, number by number
    struct vch_view c;          // n - 1 for each element
    uint32_t *x, *before, *after;
    struct vch_cells most; // by element
};

static void list_rows(const struct argmax *a, const struct vch_gate *gate)
{
    const struct vch_shape *shape = &vch_gate_input(gate, 0)->shape;
    const uint32_t one = vch_builder_public(a->builder, 1);
    const uint32_t none = vch_builder_public(a->builder, 0);
    uint32_t inner = 1;

    for (uint32_t i = gate->operator_->axis + 1; i < shape->rank; i++)
        inner *= shape->dims[i];
    for (uint32_t at = 0; at < a->rows; at++) {
        const uint32_t e = at / a->n, j = at % a->n, first = e * (a->n - 1);
        a->x[at] =
            vch_builder_cell(vch_gate_operand(gate, 0), (e / inner * a->n + j) * inner + e % inner);
        a->before[at] = j == 0 ? one : vch_builder_cell(a->c, first + j - 1);
        a->after[at] = j + 1 == a->n ? none : vch_builder_cell(a->c, first + j);
    }
}

// [j < index] for all j but the last.
static void hint_steps(const struct argmax *a, const struct vch_gate *gate)
{
    const struct vch_cells y = vch_column_of(a->builder, gate->y, 0, 1, a->elements);
    const uint32_t count = a->c.count;
    if (count == 0) return;
    struct vch_hint *hint =
        vch_builder_hint(a->builder, VCH_HINT_CLAMPED, (struct vch_grid){count, 1});

    hint->cells = a->c.first;
    hint->hi = 1;
    hint->expression = vch_column_expression(
        VCH_COLUMN_FORM(a->builder, 0, {1, vch_column_repeat(a->builder, y, a->elements, a->n - 1)},
                        {-1, vch_column_count(a->builder, count, 1, a->n - 1)}));
}

// The numbers j of all elements.
static struct vch_cells column_of(const struct argmax *a, const uint32_t *rows, uint32_t j)
{
    return vch_column_of(a->builder, (struct vch_view){.list = rows}, j, a->n, a->elements);
}

static void relate_index(const struct argmax *a, const struct vch_gate *gate)
{
    struct vch_builder *b = a->builder;
    struct vch_expression index = vch_terms_cells(b, vch_column_of(b, gate->y, 0, 1, a->elements));
    const struct vch_expression steps =
        vch_column_expression(vch_column_sum(b, a->c, a->n - 1, a->elements));

    vch_terms_add(b, (struct vch_grid){a->elements, 1}, &index, vch_terms_scalar(-1), &steps);
    vch_column_zero(b, a->elements, index);
}

// Sum of b_j (m - x_j), b_j = c_(j-1) - c_j.
static void relate_largest(const struct argmax *a)
{
    struct vch_builder *b = a->builder;
    struct vch_product *products = VCH_ARENA_NEW(b->arena, struct vch_product, a->n);

    if (products == NULL) {
        vch_builder_fail(b, VCH_FAIL(NO_MEMORY));
        return;
    }
    for (uint32_t j = 0; j < a->n; j++)
        products[j] = (struct vch_product){
            .coefficient = vch_terms_scalar(1),
            .a = VCH_COLUMN_FORM(b, 0, {1, column_of(a, a->before, j)},
                                 {-1, column_of(a, a->after, j)}),
            .b = VCH_COLUMN_FORM(b, 0, {1, a->most}, {-1, column_of(a, a->x, j)}),
        };
    vch_column_zero(b, a->elements,
                    (struct vch_expression){.product_count = a->n, .products = products});
}

static void relate(const struct argmax *a, const struct vch_gate *gate, uint32_t span)
{
    struct vch_builder *b = a->builder;
    const struct vch_cells x = {.list = a->x}, before = {.list = a->before};
    const struct vch_cells after = {.list = a->after};
    const struct vch_form step = VCH_COLUMN_FORM(b, 0, {1, before}, {-1, after});
    struct vch_expression bit =
        vch_column_expression(VCH_COLUMN_FORM(b, 0, {-1, before}, {1, after}));

    vch_terms_add_product(b, &bit, vch_terms_scalar(1), step, step);
    vch_column_zero(b, a->rows, bit);
    relate_index(a, gate);
    relate_largest(a);
    vch_column_range(
        b, a->rows,
        vch_column_expression(VCH_COLUMN_FORM(
            b, 0, {1, vch_column_repeat(b, a->most, a->elements, a->n)}, {-1, x}, {-1, after})),
        span);
}

vch_status vch_gate_argmax(struct vch_gate *gate)
{
    struct vch_builder *b = gate->builder;
    const uint32_t span = vch_gate_span_bits(gate, gate->operator_->inputs[0]);
    struct argmax a = {
        .builder = b,
        .elements = gate->y.count,
        .n = vch_gate_input(gate, 0)->shape.dims[gate->operator_->axis],
    };

    if (span > VCH_BUILDER_WIDTH_MAX) return VCH_FAIL(UNSUPPORTED);
    a.rows = vch_column_rows(b, (uint64_t)a.elements * a.n);
    a.x = vch_builder_list(b, a.rows);
    a.before = vch_builder_list(b, a.rows);
    a.after = vch_builder_list(b, a.rows);
    VCH_TRY(vch_builder_status(b));
    const struct vch_view most = vch_builder_cells(b, a.elements);
    a.most = vch_builder_spread(most, (struct vch_grid){a.elements, 1});
    a.c = vch_builder_cells(b, a.elements * (a.n - 1));
    list_rows(&a, gate);
    struct vch_hint *hint = vch_builder_hint(b, VCH_HINT_LARGEST, (struct vch_grid){a.elements, 1});
    hint->cells = most.first;
    hint->lanes_read = a.n;
    hint->expression = vch_terms_cells(b, (struct vch_cells){.list = a.x});
    hint_steps(&a, gate);
    relate(&a, gate, span);
    return vch_builder_status(b);
}
