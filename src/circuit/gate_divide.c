// DIVIDE: the divisor's sign and whether it is 0 as cells, then a clamped quotient by its size.
#include "circuit/column.h"
#include "circuit/gadgets.h"
#include "circuit/gate.h"
#include "circuit/ratio.h"

struct divide {
    struct vch_builder *builder;
    const struct vch_operator *operator_;
    uint32_t rows;
    struct vch_cells x, z, y;
    uint64_t x_most, z_most; // largest magnitudes
    uint64_t x_unit, z_unit; // what 1 of them counts
    // z < 0, z = 0, |z|, x with the sign that its rounding wants, x = z = 0.
    struct vch_cells negative, zero, size, dividend, both;
    // Where it is truncated: x < 0, whether the signs differ, y with its sign taken away.
    struct vch_cells x_negative, differ, quotient;
};

static struct vch_form cell(const struct divide *s, struct vch_cells cells)
{
    return VCH_COLUMN_FORM(s->builder, 0, {1, cells});
}

static bool is_truncating(const struct divide *s)
{
    return s->operator_->rounding == VCH_ROUNDING_TRUNCATE;
}

static struct vch_cells new_cells(const struct divide *s)
{
    return (struct vch_cells){.first = vch_builder_cells(s->builder, s->rows).first, .row_step = 1};
}

static void allocate(struct divide *s)
{
    s->negative = new_cells(s);
    s->zero = new_cells(s);
    s->size = new_cells(s);
    s->dividend = new_cells(s);
    s->both = new_cells(s);
    if (!is_truncating(s)) return;
    s->x_negative = new_cells(s);
    s->differ = new_cells(s);
    s->quotient = new_cells(s);
}

static struct vch_hint *hint(const struct divide *s, enum vch_hint_kind kind,
                             struct vch_cells cells, struct vch_expression expression)
{
    struct vch_hint *out = vch_builder_hint(s->builder, kind, (struct vch_grid){s->rows, 1});

    out->cells = cells.first;
    out->expression = expression;
    return out;
}

static void hint_negative(const struct divide *s, struct vch_cells bit, struct vch_cells a)
{
    struct vch_hint *out = hint(s, VCH_HINT_CLAMPED, bit,
                                vch_column_expression(VCH_COLUMN_FORM(s->builder, 0, {-1, a})));

    out->hi = 1;
}

// a - 2 bit a: a, or where the bit is 1, -a.
static struct vch_expression signed_by(const struct divide *s, struct vch_cells bit,
                                       struct vch_cells a)
{
    struct vch_expression sum = vch_terms_cells(s->builder, a);

    vch_column_add_product(s->builder, &sum, -2, cell(s, bit), cell(s, a));
    return sum;
}

static void hint_signed(const struct divide *s, struct vch_cells out, struct vch_cells bit,
                        struct vch_cells a)
{
    hint(s, VCH_HINT_EXPRESSION, out, signed_by(s, bit, a));
}

static void make_hints(const struct divide *s)
{
    struct vch_builder *b = s->builder;
    struct vch_expression squares = {0};

    vch_column_add_product(b, &squares, 1, cell(s, s->x), cell(s, s->x));
    vch_column_add_product(b, &squares, 1, cell(s, s->z), cell(s, s->z));
    hint_negative(s, s->negative, s->z);
    hint(s, VCH_HINT_IS_ZERO, s->zero, vch_column_expression(cell(s, s->z)));
    hint_signed(s, s->size, s->negative, s->z);
    hint(s, VCH_HINT_IS_ZERO, s->both, squares);
    if (!is_truncating(s)) {
        hint_signed(s, s->dividend, s->negative, s->x);
        return;
    }
    struct vch_expression differ =
        vch_column_expression(VCH_COLUMN_FORM(b, 0, {1, s->negative}, {1, s->x_negative}));
    hint_negative(s, s->x_negative, s->x);
    hint_signed(s, s->dividend, s->x_negative, s->x);
    vch_column_add_product(b, &differ, -2, cell(s, s->negative), cell(s, s->x_negative));
    hint(s, VCH_HINT_EXPRESSION, s->differ, differ);
    hint_signed(s, s->quotient, s->differ, s->y);
}

static void relate_bit(const struct divide *s, struct vch_cells bit)
{
    struct vch_expression relation = {0};

    vch_column_add_product(s->builder, &relation, 1, cell(s, bit), cell(s, bit));
    vch_terms_add_cells(s->builder, &relation, vch_terms_scalar(-1), bit);
    vch_column_zero(s->builder, s->rows, relation);
}

static void relate_product(const struct divide *s, struct vch_cells a, struct vch_form b)
{
    vch_column_zero_product(s->builder, s->rows, cell(s, a), b);
}

// flipped = a or -a, by the bit.
static void relate_signed(const struct divide *s, struct vch_cells flipped, struct vch_cells bit,
                          struct vch_cells a)
{
    struct vch_expression relation =
        vch_column_expression(VCH_COLUMN_FORM(s->builder, 0, {1, flipped}, {-1, a}));

    vch_column_add_product(s->builder, &relation, 2, cell(s, bit), cell(s, a));
    vch_column_zero(s->builder, s->rows, relation);
}

static int64_t quotient_of_nothing(const struct vch_scaling *scaling)
{
    return scaling->lo > 0 ? scaling->lo : scaling->hi < 0 ? scaling->hi : 0;
}

static void relate_divisor(const struct divide *s)
{
    struct vch_builder *b = s->builder;
    const struct vch_scaling *scaling = &s->operator_->scaling;
    const struct vch_expression y = vch_terms_cells(b, s->y);

    relate_bit(s, s->negative);
    relate_bit(s, s->zero);
    relate_signed(s, s->size, s->negative, s->z);
    relate_product(s, s->zero, cell(s, s->size));
    relate_product(s, s->zero, cell(s, s->negative));
    relate_product(s, s->both, cell(s, s->x));
    relate_product(s, s->both, cell(s, s->z));
    relate_product(s, s->both, VCH_COLUMN_FORM(b, -quotient_of_nothing(scaling), {1, s->y}));
    vch_column_range(b, s->rows,
                     vch_column_expression(VCH_COLUMN_FORM(b, -1, {1, s->size}, {1, s->zero})),
                     vch_gadgets_bits(s->z_most - 1));
    vch_gadgets_interval(b, (struct vch_grid){s->rows, 1}, &y, scaling->lo, scaling->hi);
}

static void relate_truncated(const struct divide *s)
{
    struct vch_builder *b = s->builder;
    struct vch_expression differ = vch_column_expression(
        VCH_COLUMN_FORM(b, 0, {1, s->differ}, {-1, s->negative}, {-1, s->x_negative}));

    relate_bit(s, s->x_negative);
    relate_signed(s, s->dividend, s->x_negative, s->x);
    vch_column_add_product(b, &differ, 2, cell(s, s->negative), cell(s, s->x_negative));
    vch_column_zero(b, s->rows, differ);
    relate_signed(s, s->quotient, s->differ, s->y);
    vch_column_range(b, s->rows, vch_column_expression(cell(s, s->dividend)),
                     vch_gadgets_bits(s->x_most));
}

// To the nearest, twice the dividend and the divisor once more, by twice the divisor.
static struct vch_ratio ratio_of(const struct divide *s)
{
    struct vch_builder *b = s->builder;
    const struct vch_scaling *scaling = &s->operator_->scaling;
    const bool is_nearest = s->operator_->rounding == VCH_ROUNDING_NEAREST;
    const uint64_t x = s->x_unit << is_nearest, z = s->z_unit << is_nearest;
    struct vch_column_term terms[2] = {{(int64_t)x, s->dividend}};

    if (is_nearest) terms[1] = (struct vch_column_term){(int64_t)s->z_unit, s->size};
    return (struct vch_ratio){
        .rows = s->rows,
        .n = vch_column_form(b, 0, terms, 1 + is_nearest),
        .d = VCH_COLUMN_FORM(b, 0, {(int64_t)z, s->size}),
        .n_bound = x * s->x_most + (is_nearest ? s->z_unit * s->z_most : 0),
        .d_bound = z * s->z_most,
        .y = is_truncating(s) ? s->quotient : s->y,
        .lo = scaling->lo,
        .hi = scaling->hi,
    };
}

// The clamp's end, or its mirror image's where the signs differ: lo becomes -hi, hi becomes -lo.
static struct vch_form end_of(const struct divide *s, int64_t end)
{
    const struct vch_scaling *scaling = &s->operator_->scaling;

    if (!is_truncating(s)) return vch_column_form(s->builder, end, NULL, 0);
    return VCH_COLUMN_FORM(s->builder, end, {-(scaling->lo + scaling->hi), s->differ});
}

// Bits of the largest rest: as far as the clamp is from 0, times the divisor, more than usual.
static uint32_t rest_bits(const struct divide *s, const struct vch_ratio *ratio)
{
    const struct vch_scaling *scaling = &s->operator_->scaling;
    const int64_t away = quotient_of_nothing(scaling);
    const uint64_t beyond = (uint64_t)(away < 0 ? -away : away);
    const vch_u128 largest = ratio->n_bound + ratio->d_bound * ((vch_u128)1 + beyond);

    return largest >> 62 != 0 ? VCH_BUILDER_WIDTH_MAX + 1 : vch_gadgets_bits((uint64_t)largest);
}

static uint64_t magnitude(const struct vch_value *value)
{
    return 0 - (uint64_t)vch_tensor_type_min(value->type);
}

vch_status vch_gate_divide(struct vch_gate *gate)
{
    const struct vch_scaling *scaling = &gate->operator_->scaling;
    const uint32_t *shifts = scaling->shifts;
    const uint32_t common = shifts[0] < shifts[1] ? shifts[0] : shifts[1];
    struct divide s = {
        .builder = gate->builder,
        .operator_ = gate->operator_,
        .rows = gate->y.count,
        .y = vch_column_of(gate->builder, gate->y, 0, 1, gate->y.count),
        .x_most = magnitude(vch_gate_input(gate, 0)),
        .z_most = magnitude(vch_gate_input(gate, 1)),
        .x_unit = (uint64_t)scaling->multipliers[0] << (shifts[0] - common),
        .z_unit = (uint64_t)1 << (shifts[1] - common),
    };

    VCH_TRY(vch_gate_broadcast(&s.x, gate, 0));
    VCH_TRY(vch_gate_broadcast(&s.z, gate, 1));
    allocate(&s);
    make_hints(&s);
    relate_divisor(&s);
    if (is_truncating(&s))
        relate_truncated(&s);
    else
        relate_signed(&s, s.dividend, s.negative, s.x);
    const struct vch_ratio ratio = ratio_of(&s);
    return vch_ratio_clamped(s.builder, &ratio,
                             &(struct vch_ratio_clamp){
                                 .lo = end_of(&s, scaling->lo),
                                 .hi = end_of(&s, scaling->hi),
                                 .width = rest_bits(&s, &ratio),
                                 .zero = &s.zero,
                                 .waived = &s.both,
                             });
}
