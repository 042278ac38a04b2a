#include "circuit/witness_fill.h"

#include <string.h>

#include "base/check.h"
#include "circuit/witness_sums.h"
#include "field/field.h"

// A hint at work: its expression's values, if it has one, and where its cells begin.
struct work {
    const struct vch_witness_fill *fill;
    const struct vch_hint *hint;
    const uint64_t *values; // row by row
    size_t places;          // of the hint's grid
    uint64_t *out;
    struct vch_witness_ranges *ranges;
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

// The grid on which a hint's expression is read.
static struct vch_grid grid_read(const struct vch_hint *hint)
{
    if (hint->kind != VCH_HINT_LARGEST) return hint->grid;
    return (struct vch_grid){hint->grid.rows, hint->lanes_read};
}

static uint32_t range_rows(const struct vch_statement *statement)
{
    for (uint32_t i = 0; i < statement->section_count; i++) {
        const struct vch_section *section = &statement->sections[i];
        if (section->kind == VCH_SECTION_TABLE && section->table == 0) return section->lanes;
    }
    return 0;
}

vch_status vch_witness_fill_init(struct vch_witness_fill *fill,
                                 const struct vch_statement *statement,
                                 const struct vch_hint *hints, uint32_t hint_count)
{
    const uint32_t rows = range_rows(statement); // 2^(W + 1) - 1
    size_t most = 0, most_sums = 0;

    for (uint32_t i = 0; i < hint_count; i++) {
        const size_t places = places_of(grid_read(&hints[i]));
        if (places > most) most = places;
        if (hints[i].expression.matrix_count > 0 && places > most_sums) most_sums = places;
    }
    fill->read = VCH_ARENA_NEW(fill->arena, uint64_t, most);
    fill->sums = VCH_ARENA_NEW(fill->arena, uint64_t, most_sums);
    fill->ranges = (struct vch_witness_ranges){
        .counts = VCH_ARENA_NEW(fill->arena, uint32_t, rows),
        .limb_width = rows == 0 ? 0 : (uint32_t)__builtin_ctz(rows + 1) - 1,
    };
    return fill->read != NULL && fill->sums != NULL && fill->ranges.counts != NULL
               ? VCH_OK
               : VCH_FAIL(NO_MEMORY);
}

static vch_status evaluate(struct vch_witness_fill *fill, const struct vch_expression *e,
                           struct vch_grid grid)
{
    struct vch_expression rest = *e;

    if (e->matrix_count > 0 && fill->matrices != e->matrices) {
        VCH_TRY(vch_witness_sums(fill->sums, e->matrices, e->matrix_count, grid, &fill->source,
                                 fill->kernels, fill->arena));
        fill->matrices = e->matrices;
    }
    rest.matrix_count = 0;
    VCH_TRY(vch_expression_values(fill->read, &rest, grid.lanes, 0, grid.rows, &fill->source,
                                  fill->arena));
    for (size_t i = 0; e->matrix_count > 0 && i < places_of(grid); i++)
        fill->read[i] = vch_fp_add(fill->read[i], fill->sums[i]);
    return VCH_OK;
}

static void fill_value(const struct work *w)
{
    const struct vch_tensor *tensor = &w->fill->values[w->hint->value];

    for (size_t i = 0; i < w->places; i++)
        w->out[i] = vch_fp_from_i64(
            vch_tensor_load(tensor->type, tensor->data, w->hint->sample * w->places + i));
}

static void fill_expression(const struct work *w)
{
    memcpy(w->out, w->values, w->places * sizeof *w->out);
}

// Limb 0 is what the others leave: looked up, but no cell.
static void fill_limbs(const struct work *w)
{
    const uint32_t limb_width = w->hint->limb_width, last = w->hint->blocks;

    for (uint32_t limb = 0; limb <= last; limb++) {
        const uint32_t below = limb * limb_width;
        const uint64_t mask = limb < last ? ((uint64_t)1 << limb_width) - 1 : UINT64_MAX;
        uint64_t *out = limb > 0 ? w->out + (limb - 1) * w->places : NULL;
        for (size_t i = 0; i < w->places; i++) {
            const uint32_t width = scalar_at(w, i), left = width > below ? width - below : 0;
            const uint64_t value = w->values[i] >> below & mask;
            if (out != NULL) out[i] = value;
            vch_witness_count_note(w->ranges, left < limb_width ? left : limb_width, value);
        }
    }
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

vch_status vch_witness_fill_hint(struct vch_witness_fill *fill, const struct vch_hint *hint)
{
    const struct work work = {
        .fill = fill,
        .hint = hint,
        .values = fill->read,
        .places = places_of(hint->grid),
        .out = fill->cells + hint->cells,
        .ranges = &fill->ranges,
    };

    VCH_ASSERT(hint->kind < VCH_HINT_COUNT);
    if (hint->kind != VCH_HINT_VALUE) VCH_TRY(evaluate(fill, &hint->expression, grid_read(hint)));
    fillers[hint->kind](&work);
    return VCH_OK;
}
