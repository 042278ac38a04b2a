#include "circuit/witness_fill.h"

#include <string.h>

#include "base/check.h"
#include "field/field.h"

// A hint at work: its expression's values, if it has one, and where its cells begin.
struct work {
    const struct vch_witness_fill *fill;
    const struct vch_hint *hint;
    const uint64_t *values; // row by row
    size_t places;          // of the hint's grid
    uint64_t *out;
};

static size_t places_of(struct vch_grid grid)
{
    return (size_t)grid.rows * grid.lanes;
}

static uint32_t scalar_at(const struct work *w, size_t place)
{
    const struct vch_scalar *s = &w->hint->shifts;
    return (uint32_t)(s->lanes != NULL ? s->lanes[place % w->hint->grid.lanes] : s->one);
}

static vch_status sum_up(struct vch_witness_fill *fill, const struct vch_expression *e,
                         struct vch_grid grid)
{
    const struct vch_expression matrices = {.matrix_count = e->matrix_count,
                                            .matrices = e->matrices};
    const size_t places = places_of(grid);

    if (fill->matrices == e->matrices) return VCH_OK;
    if (fill->sum_room < places) {
        fill->sums = VCH_ARENA_NEW(fill->arena, uint64_t, places);
        fill->sum_room = places;
        if (fill->sums == NULL) return VCH_FAIL(NO_MEMORY);
    }
    fill->matrices = e->matrices;
    return vch_expression_values(fill->sums, &matrices, grid.lanes, 0, grid.rows, &fill->source,
                                 fill->arena);
}

static vch_status evaluate(uint64_t *out, struct vch_witness_fill *fill,
                           const struct vch_expression *e, struct vch_grid grid)
{
    struct vch_expression rest = *e;

    rest.matrix_count = 0;
    VCH_TRY(
        vch_expression_values(out, &rest, grid.lanes, 0, grid.rows, &fill->source, fill->arena));
    for (size_t i = 0; e->matrix_count > 0 && i < places_of(grid); i++)
        out[i] = vch_fp_add(out[i], fill->sums[i]);
    return VCH_OK;
}

static int64_t load(const struct vch_tensor *tensor, size_t i)
{
    switch (tensor->type) {
    case VCH_TYPE_I8: return ((const int8_t *)tensor->data)[i];
    case VCH_TYPE_I16: return ((const int16_t *)tensor->data)[i];
    case VCH_TYPE_I32: return ((const int32_t *)tensor->data)[i];
    case VCH_TYPE_I64: return ((const int64_t *)tensor->data)[i];
    }
    return 0;
}

static void fill_value(const struct work *w)
{
    const struct vch_tensor *tensor = &w->fill->values[w->hint->value];

    for (size_t i = 0; i < w->places; i++)
        w->out[i] = vch_fp_from_i64(load(tensor, w->hint->sample * w->places + i));
}

static void fill_expression(const struct work *w)
{
    memcpy(w->out, w->values, w->places * sizeof *w->out);
}

static void fill_limbs(const struct work *w)
{
    const uint64_t mask = ((uint64_t)1 << w->hint->limb_width) - 1;

    for (uint32_t limb = 1; limb <= w->hint->blocks; limb++)
        for (size_t i = 0; i < w->places; i++)
            w->out[(limb - 1) * w->places + i] =
                w->values[i] >> (limb * w->hint->limb_width) & mask;
}

static void fill_quotient(const struct work *w)
{
    for (size_t i = 0; i < w->places; i++)
        w->out[i] = vch_fp_from_i64(vch_fp_to_i64(w->values[i]) >> scalar_at(w, i));
}

static void fill_signs(const struct work *w)
{
    uint64_t *signs = w->out, *excesses = w->out + w->places;

    for (size_t i = 0; i < w->places; i++) {
        const int64_t q = vch_fp_to_i64(w->values[i]) >> scalar_at(w, i);
        const int64_t sign = (q > w->hint->hi) - (q < w->hint->lo);
        signs[i] = vch_fp_from_i64(sign);
        excesses[i] = (uint64_t)(sign > 0 ? q - w->hint->hi : sign < 0 ? w->hint->lo - q : 0);
    }
}

static void fill_flags(const struct work *w)
{
    uint64_t *above = w->out, *below = above + w->places, *excess = below + w->places;

    for (size_t i = 0; i < w->places; i++) {
        const int64_t q = vch_fp_to_i64(w->values[i]) >> scalar_at(w, i);
        above[i] = q > w->hint->hi;
        below[i] = q < w->hint->lo;
        excess[i] = (uint64_t)(above[i] ? q - w->hint->hi : below[i] ? w->hint->lo - q : 0);
    }
}

static void fill_largest(const struct work *w)
{
    const uint32_t lanes = w->hint->lanes_read;

    for (size_t p = 0; p < w->places; p++) {
        int64_t largest = vch_fp_to_i64(w->values[p * lanes]);
        for (uint32_t o = 1; o < lanes; o++) {
            const int64_t value = vch_fp_to_i64(w->values[p * lanes + o]);
            if (value > largest) largest = value;
        }
        w->out[p] = vch_fp_from_i64(largest);
    }
}

// T[x]; 0 outside the table, which is no row of it.
static uint64_t entry_of(const struct work *w, int64_t x)
{
    const struct vch_table *table = &w->fill->graph->tables[w->hint->table];
    const int64_t reach = vch_tensor_type_max(table->input);

    return x < -reach || x > reach ? 0 : vch_fp_from_i64(table->entries[x + reach + 1]);
}

static void fill_entry(const struct work *w)
{
    for (size_t i = 0; i < w->places; i++)
        w->out[i] = entry_of(w, vch_fp_to_i64(w->values[i]));
}

static void fill_exponential(const struct work *w)
{
    const int64_t reach = vch_tensor_type_max(w->fill->graph->tables[w->hint->table].input);

    for (size_t i = 0; i < w->places; i++) {
        const int64_t d = vch_fp_to_i64(w->values[i]);
        w->out[i] = entry_of(w, -(d < reach ? d : reach));
    }
}

static void fill_clamped(const struct work *w)
{
    for (size_t i = 0; i < w->places; i++) {
        const int64_t x = vch_fp_to_i64(w->values[i]), lo = w->hint->lo, hi = w->hint->hi;
        w->out[i] = vch_fp_from_i64(x < lo ? lo : x > hi ? hi : x);
    }
}

static void fill_is_zero(const struct work *w)
{
    for (size_t i = 0; i < w->places; i++)
        w->out[i] = w->values[i] == 0;
}

static void fill_inverse(const struct work *w)
{
    for (size_t i = 0; i < w->places; i++)
        w->out[i] = vch_fp_inverse(w->values[i]);
}

// Bit by bit from the highest, so that no square passes 64 bits.
static uint64_t root_of(uint64_t x)
{
    uint64_t root = 0;

    for (uint32_t bit = 32; bit-- > 0;) {
        const uint64_t trial = root | (uint64_t)1 << bit;
        if (trial * trial <= x) root = trial;
    }
    return root;
}

static void fill_root(const struct work *w)
{
    for (size_t i = 0; i < w->places; i++)
        w->out[i] = root_of(w->values[i]);
}

static void fill_picked(const struct work *w)
{
    const struct vch_hint *h = w->hint;

    for (size_t i = 0; i < w->places; i++) {
        const uint64_t place = w->values[i];
        const bool is_there = place < places_of(h->source_grid);
        const uint32_t lanes = h->source_grid.lanes;
        w->out[i] = !is_there ? 0
                              : vch_expression_value(&h->source, lanes, (uint32_t)(place / lanes),
                                                     (uint32_t)(place % lanes), &w->fill->source);
    }
}

static void (*const fillers[VCH_HINT_COUNT])(const struct work *) = {
#define X(NAME, name) [VCH_HINT_##NAME] = fill_##name,
    VCH_HINTS(X)
#undef X
};

static vch_status carry_out(struct vch_witness_fill *fill, const struct vch_hint *hint)
{
    struct vch_grid read = hint->grid;
    struct work work = {
        .fill = fill,
        .hint = hint,
        .places = places_of(hint->grid),
        .out = fill->cells + hint->cells,
    };

    VCH_ASSERT(hint->kind < VCH_HINT_COUNT);
    if (hint->kind == VCH_HINT_LARGEST) read.lanes = hint->lanes_read;
    if (hint->kind != VCH_HINT_VALUE) {
        uint64_t *values = VCH_ARENA_NEW(fill->arena, uint64_t, places_of(read));
        if (values == NULL) return VCH_FAIL(NO_MEMORY);
        VCH_TRY(evaluate(values, fill, &hint->expression, read));
        work.values = values;
    }
    fillers[hint->kind](&work);
    return VCH_OK;
}

vch_status vch_witness_fill_hint(struct vch_witness_fill *fill, const struct vch_hint *hint)
{
    if (hint->kind == VCH_HINT_LIMBS && hint->blocks == 0) return VCH_OK;
    if (hint->expression.matrix_count > 0)
        VCH_TRY(sum_up(fill, &hint->expression, hint->grid)); // stays after the mark
    const struct vch_arena_mark mark = vch_arena_mark(fill->arena);
    vch_status status = carry_out(fill, hint);
    vch_arena_rewind(fill->arena, mark);
    return status;
}
