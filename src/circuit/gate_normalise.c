// NORMALISE: the sum of a row and its root as cells, then quotients by twice the root.
#include "circuit/column.h"
#include "circuit/gadgets.h"
#include "circuit/gate.h"
#include "circuit/ratio.h"

struct normalise {
    struct vch_builder *builder;
    const struct vch_norm *norm;
    uint32_t rows, n, elements, root_bits;
    uint64_t bound; // on radicand and dividend
    struct vch_view x;
    struct vch_cells sum, root, rest; // by row; no sum where nothing is centred
};

static struct vch_form cell(const struct normalise *s, struct vch_cells cells)
{
    return VCH_COLUMN_FORM(s->builder, 0, {1, cells});
}

static struct vch_cells column_of(const struct normalise *s, uint32_t j)
{
    return vch_column_of(s->builder, s->x, j, s->n, s->rows);
}

// D 4^k + E
static struct vch_expression radicand_of(const struct normalise *s)
{
    struct vch_builder *b = s->builder;
    const int64_t unit = (int64_t)1 << 2 * s->norm->root_shift;
    struct vch_product *squares = VCH_ARENA_NEW(b->arena, struct vch_product, s->n + 2);
    struct vch_expression sum = vch_terms_constant(vch_terms_scalar((int64_t)s->norm->epsilon));

    if (squares == NULL) {
        vch_builder_fail(b, VCH_FAIL(NO_MEMORY));
        return sum;
    }
    for (uint32_t j = 0; j < s->n; j++) {
        const struct vch_form x = cell(s, column_of(s, j));
        squares[j] = (struct vch_product){vch_terms_scalar(s->n * unit), x, x};
    }
    sum.product_count = s->n;
    sum.products = squares;
    if (s->norm->is_centred)
        vch_column_add_product(b, &sum, -unit, cell(s, s->sum), cell(s, s->sum));
    return sum;
}

// floor(sqrt(a)) for a < 2^62.
static uint64_t root_of(uint64_t a)
{
    uint64_t root = 0;

    for (uint64_t bit = (uint64_t)1 << 30; bit > 0; bit >>= 1)
        if ((root | bit) * (root | bit) <= a) root |= bit;
    return root;
}

// The radicand is root^2 + rest with 0 <= rest <= 2 root.
static void relate_root(struct normalise *s)
{
    struct vch_builder *b = s->builder;
    struct vch_expression rest = radicand_of(s);

    s->root = vch_column_new(b, VCH_HINT_ROOT, s->rows, rest).cells;
    vch_column_add_product(b, &rest, -1, cell(s, s->root), cell(s, s->root));
    s->rest = vch_column_new(b, VCH_HINT_EXPRESSION, s->rows, rest).cells;
    vch_terms_add_cells(b, &rest, vch_terms_scalar(-1), s->rest);
    vch_column_zero(b, s->rows, rest);
    vch_column_range(b, s->rows, vch_column_expression(cell(s, s->root)), s->root_bits);
    vch_column_range(b, s->rows, vch_column_expression(cell(s, s->rest)), s->root_bits + 1);
    vch_column_range(b, s->rows,
                     vch_column_expression(VCH_COLUMN_FORM(b, 0, {2, s->root}, {-1, s->rest})),
                     s->root_bits + 1);
}

static void relate_sum(struct normalise *s)
{
    struct vch_expression sum =
        vch_column_expression(vch_column_sum(s->builder, s->x, s->n, s->rows));

    s->sum = vch_column_new(s->builder, VCH_HINT_EXPRESSION, s->rows, sum).cells;
    vch_terms_scale(s->builder, (struct vch_grid){s->rows, 1}, &sum, vch_terms_scalar(-1));
    vch_terms_add_cells(s->builder, &sum, vch_terms_scalar(1), s->sum);
    vch_column_zero(s->builder, s->rows, sum);
}

// Bits of the largest dividend: |d| < sqrt(n) 2^(31 - k), by what the root is.
static uint32_t dividend_bits(const struct normalise *s)
{
    uint64_t side = root_of(s->n), reach = 0;

    if (side * side < s->n) side++;
    if (__builtin_mul_overflow(side << (32 - s->norm->root_shift), s->norm->factor, &reach) ||
        reach > s->bound)
        return vch_gadgets_bits(s->bound);
    reach += (uint64_t)1 << 31;
    return vch_gadgets_bits(reach < s->bound ? reach : s->bound);
}

static vch_status divide(const struct normalise *s, const struct vch_gate *gate)
{
    struct vch_builder *b = s->builder;
    const int64_t most = vch_tensor_type_max(vch_gate_output(gate)->type);
    const int64_t twice = 2 * (int64_t)s->norm->factor;
    const struct vch_cells x = vch_column_of(b, s->x, 0, 1, s->elements);
    const struct vch_cells root = vch_column_repeat(b, s->root, s->rows, s->n);
    const struct vch_expression y =
        vch_terms_cells(b, vch_column_of(b, gate->y, 0, 1, s->elements));
    struct vch_column_term terms[3] = {{twice * s->n, x}, {1, root}};
    uint32_t count = 2;

    if (s->norm->is_centred)
        terms[count++] =
            (struct vch_column_term){-twice, vch_column_repeat(b, s->sum, s->rows, s->n)};
    vch_gadgets_interval(b, (struct vch_grid){s->elements, 1}, &y, -most, most);
    return vch_ratio_clamped(b,
                             &(struct vch_ratio){
                                 .rows = s->elements,
                                 .n = vch_column_form(b, 0, terms, count),
                                 .d = VCH_COLUMN_FORM(b, 0, {2, root}),
                                 .n_bound = s->bound,
                                 .d_bound = (uint64_t)2 << s->root_bits,
                                 .y = vch_column_of(b, gate->y, 0, 1, s->elements),
                                 .lo = -most,
                                 .hi = most,
                             },
                             &(struct vch_ratio_clamp){
                                 .lo = vch_column_form(b, -most, NULL, 0),
                                 .hi = vch_column_form(b, most, NULL, 0),
                                 .width = dividend_bits(s),
                             });
}

vch_status vch_gate_normalise(struct vch_gate *gate)
{
    const struct vch_value *value = vch_gate_input(gate, 0);
    struct normalise s = {
        .builder = gate->builder,
        .norm = &gate->operator_->norm,
        .elements = gate->y.count,
        .n = value->shape.dims[value->shape.rank - 1],
        .bound = gate->operator_->public_bound,
        .x = vch_gate_operand(gate, 0),
    };
    const uint64_t sum = s.n * (uint64_t)vch_tensor_type_max(value->type);

    s.rows = s.elements / s.n;
    s.root_bits =
        vch_gadgets_bits(root_of((sum * sum << 2 * s.norm->root_shift) + s.norm->epsilon));
    if (s.norm->is_centred) relate_sum(&s);
    relate_root(&s);
    return divide(&s, gate);
}
