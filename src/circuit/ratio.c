#include "circuit/ratio.h"

#include "circuit/gadgets.h"

#define WRAP_FREE ((vch_u128)3 << 62) // what differs by at most that is equal where it is modulo p

static uint64_t magnitude(const struct vch_ratio *ratio)
{
    const uint64_t lo = ratio->lo < 0 ? 0 - (uint64_t)ratio->lo : (uint64_t)ratio->lo;
    const uint64_t hi = ratio->hi < 0 ? 0 - (uint64_t)ratio->hi : (uint64_t)ratio->hi;

    return lo > hi ? lo : hi;
}

static vch_status check_wrap(const struct vch_ratio *ratio, uint32_t width)
{
    if (width > VCH_BUILDER_WIDTH_MAX) return VCH_FAIL(UNSUPPORTED);
    const vch_u128 reach = (vch_u128)ratio->d_bound * ((vch_u128)magnitude(ratio) + 1) +
                           ratio->n_bound + ((vch_u128)1 << width);
    return reach <= WRAP_FREE ? VCH_OK : VCH_FAIL(UNSUPPORTED);
}

// sum += k * form.
static void add_form(struct vch_builder *b, struct vch_expression *sum, int64_t k,
                     struct vch_form form)
{
    const struct vch_expression other = vch_column_expression(form);

    vch_terms_add(b, (struct vch_grid){1, 1}, sum, vch_terms_scalar(k), &other);
}

// constant + a - b
static struct vch_form difference(struct vch_builder *b, int64_t constant, struct vch_form a,
                                  struct vch_form c)
{
    struct vch_expression sum = vch_terms_constant(vch_terms_scalar(constant));

    add_form(b, &sum, 1, a);
    add_form(b, &sum, -1, c);
    return sum.form;
}

vch_status vch_ratio_floor(struct vch_builder *b, const struct vch_ratio *ratio)
{
    const uint32_t width = vch_gadgets_bits(ratio->d_bound - 1);
    const struct vch_form y = VCH_COLUMN_FORM(b, 0, {1, ratio->y});
    const struct vch_expression value = vch_column_expression(y);
    struct vch_expression rest = vch_column_expression(ratio->n);
    struct vch_expression gap = vch_column_expression(difference(b, -1, ratio->d, ratio->n));

    VCH_TRY(check_wrap(ratio, width));
    vch_gadgets_interval(b, (struct vch_grid){ratio->rows, 1}, &value, ratio->lo, ratio->hi);
    vch_column_add_product(b, &rest, -1, ratio->d, y);
    vch_column_add_product(b, &gap, 1, ratio->d, y);
    vch_column_range(b, ratio->rows, rest, width);
    vch_column_range(b, ratio->rows, gap, width);
    return VCH_OK;
}

// (1 - waiver - waived) * form is in 0 .. 2^width - 1.
static void add_side(struct vch_builder *b, const struct vch_ratio *ratio,
                     const struct vch_ratio_clamp *clamp, struct vch_cells waiver,
                     struct vch_form form)
{
    struct vch_expression side = vch_column_expression(form);
    struct vch_form open = VCH_COLUMN_FORM(b, 0, {1, waiver});

    if (clamp->waived != NULL) open = VCH_COLUMN_FORM(b, 0, {1, waiver}, {1, *clamp->waived});
    vch_column_add_product(b, &side, -1, open, form);
    vch_column_range(b, ratio->rows, side, clamp->width);
}

vch_status vch_ratio_clamped(struct vch_builder *b, const struct vch_ratio *ratio,
                             const struct vch_ratio_clamp *clamp)
{
    const struct vch_form y = VCH_COLUMN_FORM(b, 0, {1, ratio->y});
    const struct vch_form from_lo = difference(b, 0, y, clamp->lo);
    const struct vch_form from_hi = difference(b, 0, y, clamp->hi);
    struct vch_expression rest = vch_column_expression(ratio->n);

    VCH_TRY(check_wrap(ratio, clamp->width));
    vch_column_add_product(b, &rest, -1, ratio->d, y);
    const struct vch_cells left = vch_column_new(b, VCH_HINT_EXPRESSION, ratio->rows, rest).cells;
    const struct vch_cells low = vch_column_is_zero(b, ratio->rows, from_lo);
    const struct vch_cells high = vch_column_is_zero(b, ratio->rows, from_hi);
    const struct vch_form left_form = VCH_COLUMN_FORM(b, 0, {1, left});

    struct vch_expression relation = vch_column_expression(difference(b, 0, left_form, ratio->n));
    vch_column_add_product(b, &relation, 1, ratio->d, y);
    vch_column_zero(b, ratio->rows, relation);
    vch_column_zero_product(b, ratio->rows, VCH_COLUMN_FORM(b, 0, {1, low}), from_lo);
    vch_column_zero_product(b, ratio->rows, VCH_COLUMN_FORM(b, 0, {1, high}), from_hi);
    const struct vch_form at_least =
        clamp->zero == NULL ? left_form : VCH_COLUMN_FORM(b, 0, {1, left}, {-1, *clamp->zero});
    add_side(b, ratio, clamp, low, at_least);
    add_side(b, ratio, clamp, high, difference(b, -1, ratio->d, left_form));
    return VCH_OK;
}
