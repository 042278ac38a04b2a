#include "circuit/gadgets.h"

#include "base/check.h"

void vch_gadgets_interval(struct vch_builder *b, struct vch_grid grid,
                          const struct vch_expression *expression, int64_t lo, int64_t hi)
{
    const uint64_t span = (uint64_t)hi - (uint64_t)lo;
    const uint32_t width = vch_gadgets_bits(span);
    struct vch_expression from = *expression, to = {0};

    VCH_ASSERT(lo <= hi && width <= VCH_BUILDER_WIDTH_MAX);
    if (span < VCH_GADGETS_CLAMP_MAX) {
        const struct vch_expression pair[2] = {*expression};
        vch_builder_lookup(b, grid, vch_builder_clamp(b, lo, hi), pair, 2);
        return;
    }
    vch_terms_add_constant(b, grid, &from, vch_terms_scalar(-lo));
    vch_builder_range(b, grid, &from, (struct vch_scalar){.one = width});
    if (span == ((uint64_t)1 << width) - 1) return;
    vch_terms_add_constant(b, grid, &to, vch_terms_scalar(hi));
    vch_terms_add(b, grid, &to, vch_terms_scalar(-1), expression);
    vch_builder_range(b, grid, &to, (struct vch_scalar){.one = width});
}

enum { MULTIPLIERS, HALVES, SHIFTS, REACHES, SCALAR_COUNT };

// Multiplier, half, shift and reach of each lane, or of all: `count` of each.
static void fill(uint64_t *out, const struct vch_requantisation *how, uint32_t count)
{
    const struct vch_scaling *scaling = &how->scaling;

    for (uint32_t o = 0; o < count; o++) {
        const uint32_t i = scaling->count == 1 ? 0 : how->entry != NULL ? how->entry[o] : o;
        const int64_t multiplier = scaling->multipliers[i];
        const uint64_t half = (uint64_t)1 << (scaling->shifts[i] - 1);
        const uint64_t most = how->bound * (uint64_t)(multiplier < 0 ? -multiplier : multiplier);
        out[MULTIPLIERS * (size_t)count + o] = vch_fp_from_i64(multiplier);
        out[HALVES * (size_t)count + o] = half;
        out[SHIFTS * (size_t)count + o] = scaling->shifts[i];
        out[REACHES * (size_t)count + o] = (most + half) >> scaling->shifts[i];
    }
}

vch_status vch_gadgets_requantise(struct vch_builder *builder, const struct vch_requantisation *how)
{
    const uint32_t count = how->scaling.count == 1 ? 1 : how->grid.lanes;
    uint64_t *values = vch_builder_scalars(builder, (size_t)SCALAR_COUNT * count);
    struct vch_scalar scalars[SCALAR_COUNT] = {0};

    if (values == NULL) return VCH_FAIL(NO_MEMORY);
    fill(values, how, count);
    for (size_t i = 0; i < SCALAR_COUNT; i++)
        scalars[i] = count == 1 ? (struct vch_scalar){.one = values[i]}
                                : (struct vch_scalar){.lanes = values + i * count};
    struct vch_quotient quotient = {
        .grid = how->grid,
        .a = how->acc,
        .shifts = scalars[SHIFTS],
        .reach = scalars[REACHES],
        .y = how->y,
        .lo = how->scaling.lo,
        .hi = how->scaling.hi,
    };
    vch_terms_scale(builder, how->grid, &quotient.a, scalars[MULTIPLIERS]);
    vch_terms_add_constant(builder, how->grid, &quotient.a, scalars[HALVES]);
    return vch_gadgets_quotient(builder, &quotient);
}
