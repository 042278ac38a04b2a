// Quotients by powers of two, clamped: specs/circuit.md, section 3, has the argument.
#include "base/check.h"
#include "circuit/gadgets.h"

// Look-ups and cells that a table of quotients saves at each place.
enum { NARROW_SAVING = 2, WIDE_SAVING = 6 };

#define WRAP_FREE ((uint64_t)1 << 63) // 2^62 and this are together below p

static uint64_t at(struct vch_scalar scalar, uint32_t lane)
{
    return scalar.lanes != NULL ? scalar.lanes[lane] : scalar.one;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

// The largest magnitude in lo .. lo + 2^width - 1.
static uint64_t magnitude(int64_t lo, uint32_t width)
{
    const int64_t hi = lo + (int64_t)(((uint64_t)1 << width) - 1);
    return (uint64_t)larger(lo < 0 ? -lo : lo, hi < 0 ? -hi : hi);
}

// A quotient with what follows from its bounds. Lanes that are all alike count as one.
struct plan {
    struct vch_builder *builder;
    const struct vch_quotient *of;
    uint32_t lanes;
    int64_t lo, hi;           // lo', hi' of the specification
    bool has_excess;          // in some lane
    struct vch_scalar excess; // its bits
    bool is_narrowed;
    struct vch_scalar from, width; // is_narrowed: -lo_o, and the bits of hi_o - lo_o
};

static int64_t reach_at(const struct plan *plan, uint32_t lane)
{
    return (int64_t)at(plan->of->reach, lane);
}

static void find_clamp(struct plan *plan)
{
    int64_t most = 0;

    for (uint32_t o = 0; o < plan->lanes; o++)
        most = larger(most, reach_at(plan, o));
    plan->lo = smaller(plan->of->hi, larger(plan->of->lo, -most));
    plan->hi = larger(plan->lo, smaller(plan->of->hi, most));
}

// One number for all lanes, or one for each: where to put those of lane o.
static uint64_t *make_lanes(const struct plan *plan, struct vch_scalar *out)
{
    if (plan->lanes == 1) return &out->one;
    uint64_t *lanes = vch_builder_scalars(plan->builder, plan->lanes);
    out->lanes = lanes;
    return lanes;
}

static vch_status find_excess(struct plan *plan)
{
    uint64_t *bits = make_lanes(plan, &plan->excess);

    if (bits == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t o = 0; o < plan->lanes; o++) {
        const int64_t above = reach_at(plan, o) - plan->hi, below = reach_at(plan, o) + plan->lo;
        bits[o] = vch_gadgets_bits((uint64_t)larger(0, larger(above, below)));
        if (bits[o] > VCH_BUILDER_WIDTH_MAX) return VCH_FAIL(UNSUPPORTED);
        plan->has_excess |= bits[o] > 0;
    }
    return VCH_OK;
}

static bool is_wrap_free(const struct plan *plan, uint32_t lane, uint64_t y)
{
    return y + ((uint64_t)1 << at(plan->excess, lane)) <= WRAP_FREE >> at(plan->of->shifts, lane);
}

// Whether the check on y, which is one for all lanes, bounds every quotient well enough.
static bool is_bounded(const struct plan *plan)
{
    const uint32_t width = vch_gadgets_bits((uint64_t)(plan->hi - plan->lo));
    const uint64_t y = plan->has_excess ? (uint64_t)larger(-plan->lo, larger(plan->lo, plan->hi))
                                        : magnitude(plan->lo, width);

    for (uint32_t o = 0; o < plan->lanes; o++)
        if (!is_wrap_free(plan, o, y)) return false;
    return true;
}

static vch_status narrow(struct plan *plan)
{
    uint64_t *from = make_lanes(plan, &plan->from), *width = make_lanes(plan, &plan->width);

    if (from == NULL || width == NULL) return VCH_FAIL(NO_MEMORY);
    plan->is_narrowed = true;
    for (uint32_t o = 0; o < plan->lanes; o++) {
        const int64_t reach = reach_at(plan, o);
        const int64_t lo = smaller(plan->hi, larger(plan->lo, -reach));
        const int64_t hi = larger(lo, smaller(plan->hi, reach));
        from[o] = vch_fp_from_i64(-lo);
        width[o] = vch_gadgets_bits((uint64_t)(hi - lo));
        if (!is_wrap_free(plan, o, magnitude(lo, (uint32_t)width[o]))) return VCH_FAIL(UNSUPPORTED);
    }
    return VCH_OK;
}

// factor * 2^shift in each lane.
static struct vch_scalar powers(const struct plan *plan, int64_t factor)
{
    struct vch_scalar out = {0};
    uint64_t *lanes = make_lanes(plan, &out);

    for (uint32_t o = 0; lanes != NULL && o < plan->lanes; o++)
        lanes[o] = vch_fp_mul((uint64_t)1 << at(plan->of->shifts, o), vch_fp_from_i64(factor));
    return out;
}

static void narrow_range(const struct plan *plan)
{
    struct vch_expression y = vch_terms_cells(plan->builder, plan->of->y);

    vch_terms_add_constant(plan->builder, plan->of->grid, &y, plan->from);
    vch_builder_range(plan->builder, plan->of->grid, &y, plan->width);
}

// a - 2^shift y: what is left of a but for the excess.
static struct vch_expression remainder_of(const struct plan *plan)
{
    struct vch_expression rest = plan->of->a;

    vch_terms_add_cells(plan->builder, &rest, powers(plan, -1), plan->of->y);
    return rest;
}

static void exact(const struct plan *plan)
{
    struct vch_builder *b = plan->builder;
    const struct vch_grid grid = plan->of->grid;
    struct vch_expression y = vch_terms_cells(b, plan->of->y), rest = remainder_of(plan);
    const uint32_t width = vch_gadgets_bits((uint64_t)(plan->hi - plan->lo));

    if (plan->is_narrowed) {
        narrow_range(plan);
    } else {
        vch_terms_add_constant(b, grid, &y, vch_terms_scalar(-plan->lo));
        vch_builder_range(b, grid, &y, (struct vch_scalar){.one = width});
    }
    vch_builder_range(b, grid, &rest, plan->of->shifts);
}

// A hint for `blocks` new blocks of cells; gives the last of them, the excess.
static struct vch_cells new_cells(const struct plan *plan, enum vch_hint_kind kind, uint32_t blocks,
                                  struct vch_cells *before)
{
    struct vch_builder *b = plan->builder;
    const struct vch_grid grid = plan->of->grid;
    struct vch_cells last = {0};

    struct vch_hint *hint = vch_builder_hint(b, kind, grid);
    hint->expression = plan->of->a;
    hint->shifts = plan->of->shifts;
    hint->lo = plan->lo;
    hint->hi = plan->hi;
    for (uint32_t i = 0; i < blocks; i++) {
        last = vch_builder_spread(vch_builder_cells(b, grid.rows * grid.lanes), grid);
        if (i == 0) hint->cells = last.first;
        if (i + 1 < blocks) before[i] = last;
    }
    return last;
}

static void add_product(const struct plan *plan, struct vch_expression *sum, int64_t factor,
                        struct vch_cells a, struct vch_cells b)
{
    vch_terms_add_product(plan->builder, sum, powers(plan, factor),
                          vch_terms_cells(plan->builder, a).form,
                          vch_terms_cells(plan->builder, b).form);
}

// y by a table from the quotient, which is a cell.
static void with_table(const struct plan *plan, uint32_t bits)
{
    struct vch_builder *b = plan->builder;
    const struct vch_grid grid = plan->of->grid;
    const struct vch_cells q = new_cells(plan, VCH_HINT_QUOTIENT, 1, NULL);
    const struct vch_expression pair[2] = {vch_terms_cells(b, q), vch_terms_cells(b, plan->of->y)};
    struct vch_expression rest = plan->of->a;

    vch_builder_lookup(b, grid, vch_builder_saturated(b, plan->lo, plan->hi, bits), pair, 2);
    vch_terms_add_cells(b, &rest, powers(plan, -1), q);
    vch_builder_range(b, grid, &rest, plan->of->shifts);
}

static void with_signs(const struct plan *plan)
{
    struct vch_builder *b = plan->builder;
    const struct vch_grid grid = plan->of->grid;
    struct vch_cells sign;
    const struct vch_cells excess = new_cells(plan, VCH_HINT_SIGNS, 2, &sign);
    const struct vch_expression beyond = vch_terms_cells(b, excess);
    const struct vch_expression pair[2] = {vch_terms_cells(b, plan->of->y),
                                           vch_terms_cells(b, sign)};
    struct vch_expression rest = remainder_of(plan);

    vch_builder_lookup(b, grid, vch_builder_clamp(b, plan->lo, plan->hi), pair, 2);
    if (plan->is_narrowed) narrow_range(plan);
    vch_builder_range(b, grid, &beyond, plan->excess);
    add_product(plan, &rest, -1, sign, excess);
    vch_builder_range(b, grid, &rest, plan->of->shifts);
}

// flag = 1 only where y is `end`.
static void flag_means(const struct plan *plan, struct vch_cells flag, int64_t end)
{
    struct vch_builder *b = plan->builder;
    struct vch_expression zero = {0};

    vch_terms_add_product(b, &zero, vch_terms_scalar(1), vch_terms_cells(b, flag).form,
                          vch_terms_cells(b, plan->of->y).form);
    vch_terms_add_cells(b, &zero, vch_terms_scalar(-end), flag);
    vch_builder_zero(b, plan->of->grid, &zero);
}

static void with_flags(const struct plan *plan)
{
    struct vch_builder *b = plan->builder;
    const struct vch_grid grid = plan->of->grid;
    struct vch_cells flags[2];
    const struct vch_cells excess = new_cells(plan, VCH_HINT_FLAGS, 3, flags);
    const struct vch_expression y = vch_terms_cells(b, plan->of->y);
    const struct vch_expression beyond = vch_terms_cells(b, excess);
    struct vch_expression rest = remainder_of(plan);

    for (uint32_t i = 0; i < 2; i++) {
        const struct vch_expression flag = vch_terms_cells(b, flags[i]);
        vch_builder_range(b, grid, &flag, vch_terms_scalar(1));
    }
    flag_means(plan, flags[0], plan->hi);
    flag_means(plan, flags[1], plan->lo);
    vch_gadgets_interval(b, grid, &y, plan->lo, plan->hi);
    if (plan->is_narrowed) narrow_range(plan);
    vch_builder_range(b, grid, &beyond, plan->excess);
    add_product(plan, &rest, -1, flags[0], excess);
    add_product(plan, &rest, 1, flags[1], excess);
    vch_builder_range(b, grid, &rest, plan->of->shifts);
}

// Bits of the table that clamps the quotient; 0: it has none. With these shifts and so few bits
// nothing wraps around.
static uint32_t table_bits(const struct plan *plan)
{
    const uint64_t places = (uint64_t)plan->of->grid.rows * plan->of->grid.lanes;
    const bool is_wide = plan->hi - plan->lo >= (int64_t)VCH_GADGETS_CLAMP_MAX;
    uint64_t shift = 0;
    int64_t most = 0;

    for (uint32_t o = 0; o < plan->lanes; o++) {
        most = larger(most, reach_at(plan, o));
        shift = at(plan->of->shifts, o) > shift ? at(plan->of->shifts, o) : shift;
    }
    if (!plan->has_excess || shift + VCH_BUILDER_SATURATION_BITS > 63) return 0;
    return vch_builder_saturation(plan->builder, plan->lo, plan->hi,
                                  vch_gadgets_bits((uint64_t)most),
                                  (is_wide ? WIDE_SAVING : NARROW_SAVING) * places);
}

vch_status vch_gadgets_quotient(struct vch_builder *builder, const struct vch_quotient *quotient)
{
    const bool is_uniform = quotient->shifts.lanes == NULL && quotient->reach.lanes == NULL;
    struct plan plan = {
        .builder = builder,
        .of = quotient,
        .lanes = is_uniform ? 1 : quotient->grid.lanes,
    };

    VCH_ASSERT(quotient->lo <= quotient->hi);
    find_clamp(&plan);
    VCH_TRY(find_excess(&plan));
    const uint32_t bits = table_bits(&plan);
    if (bits > 0) {
        with_table(&plan, bits);
        return vch_builder_status(builder);
    }
    if (!is_bounded(&plan)) VCH_TRY(narrow(&plan));
    if (!plan.has_excess)
        exact(&plan);
    else if (plan.hi - plan.lo < (int64_t)VCH_GADGETS_CLAMP_MAX)
        with_signs(&plan);
    else
        with_flags(&plan);
    return vch_builder_status(builder);
}
