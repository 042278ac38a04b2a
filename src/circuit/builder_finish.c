// The last steps of a statement: limbs, tables, multiplicities, the list of sections.
#include "base/check.h"
#include "circuit/builder.h"
#include "circuit/builder_parts.h"
#include "circuit/terms.h"

enum { RANGE_ENTRIES = 2 };

// Limbs of a number of `width` bits; a number of no bits still has one, which must be 0.
static uint32_t limbs_of(uint32_t width, uint32_t limb_width)
{
    return width == 0 ? 1 : (width + limb_width - 1) / limb_width;
}

// Places and cells: a look-up for each limb, a cell for each but the first, and the table with its
// multiplicities.
static uint64_t cost_of(const struct vch_builder *builder, uint32_t limb_width)
{
    uint64_t cost = (uint64_t)4 << limb_width;

    for (uint32_t w = 0; w <= VCH_BUILDER_WIDTH_MAX; w++)
        cost += builder->range_counts[w] * (2 * limbs_of(w, limb_width) - 1);
    return cost;
}

static uint32_t choose_limb_width(const struct vch_builder *builder)
{
    uint32_t best = VCH_BUILDER_LIMB_MIN;

    for (uint32_t w = best + 1; w <= VCH_BUILDER_LIMB_MAX; w++)
        if (cost_of(builder, w) < cost_of(builder, best)) best = w;
    return best;
}

struct finish {
    struct vch_builder *builder;
    uint32_t limb_width;
    uint32_t table_count;
    struct vch_section *next;
};

static void add_section(struct finish *f, enum vch_section_kind kind, uint32_t table,
                        struct vch_grid grid, const struct vch_expression *entries,
                        uint32_t entry_count)
{
    *f->next++ = (struct vch_section){
        .kind = kind,
        .table = table,
        .rows = grid.rows,
        .lanes = grid.lanes,
        .entry_count = entry_count,
        .entries = entries,
    };
}

static uint64_t limb_width_at(const struct finish *f, uint64_t width, uint32_t limb)
{
    const uint64_t below = (uint64_t)limb * f->limb_width;
    const uint64_t left = width > below ? width - below : 0;

    return left < f->limb_width ? left : f->limb_width;
}

// The widths of a limb as a constant.
static struct vch_scalar limb_widths(struct finish *f, const struct vch_builder_item *item,
                                     uint32_t limb)
{
    const uint64_t *widths = item->widths.lanes;

    if (widths == NULL) return (struct vch_scalar){.one = limb_width_at(f, item->widths.one, limb)};
    uint64_t *lanes = vch_builder_scalars(f->builder, item->grid.lanes);
    for (uint32_t o = 0; lanes != NULL && o < item->grid.lanes; o++)
        lanes[o] = limb_width_at(f, widths[o], limb);
    return (struct vch_scalar){.lanes = lanes};
}

static struct vch_cells limb_cells(const struct vch_builder_item *item, uint32_t first,
                                   uint32_t limb)
{
    const uint32_t places = item->grid.rows * item->grid.lanes;

    return (struct vch_cells){
        .first = first + (limb - 1) * places, .row_step = item->grid.lanes, .lane_step = 1};
}

// The expression less all limbs but the lowest, which is left.
static struct vch_expression lowest_limb(struct finish *f, const struct vch_builder_item *item,
                                         uint32_t first, uint32_t count)
{
    struct vch_linear limbs[VCH_BUILDER_WIDTH_MAX];
    struct vch_expression lowest = item->entries[0];

    for (uint32_t i = 1; i < count; i++)
        limbs[i - 1] = (struct vch_linear){
            .coefficient = vch_terms_scalar(-((int64_t)1 << (i * f->limb_width))),
            .cells = limb_cells(item, first, i),
        };
    vch_terms_add_linears(f->builder, &lowest, limbs, count - 1);
    return lowest;
}

// A look-up for each limb.
static void add_range(struct finish *f, const struct vch_builder_item *item)
{
    struct vch_builder *b = f->builder;
    const uint32_t count = limbs_of(item->widest, f->limb_width);
    const uint32_t places = item->grid.rows * item->grid.lanes;
    const struct vch_view limbs = vch_builder_cells(b, (count - 1) * places);
    struct vch_expression *entries =
        VCH_ARENA_NEW(b->arena, struct vch_expression, (size_t)count * RANGE_ENTRIES);

    if (entries == NULL) {
        vch_builder_fail(b, VCH_FAIL(NO_MEMORY));
        return;
    }
    struct vch_hint *hint = &b->hints[item->hint];
    hint->cells = limbs.first;
    hint->blocks = count - 1;
    hint->limb_width = f->limb_width;
    for (uint32_t i = 0; i < count; i++) {
        struct vch_expression *pair = entries + (size_t)i * RANGE_ENTRIES;
        pair[0] = vch_terms_constant(limb_widths(f, item, i));
        pair[1] = i == 0 ? lowest_limb(f, item, limbs.first, count)
                         : vch_terms_cells(b, limb_cells(item, limbs.first, i));
        add_section(f, VCH_SECTION_LOOKUP, VCH_BUILDER_RANGE, item->grid, pair, RANGE_ENTRIES);
    }
}

static void add_lookups(struct finish *f)
{
    for (uint32_t i = 0; i < f->builder->item_count; i++) {
        const struct vch_builder_item *item = &f->builder->items[i];
        if (item->is_range)
            add_range(f, item);
        else if (item->kind == VCH_SECTION_LOOKUP)
            add_section(f, item->kind, item->table, item->grid, item->entries, item->entry_count);
    }
}

static void add_table(struct finish *f, uint32_t number, const struct vch_builder_table *table)
{
    const struct vch_view counts =
        vch_builder_cells(f->builder, table->grid.rows * table->grid.lanes);

    add_section(f, VCH_SECTION_TABLE, number, table->grid, table->entries, table->entry_count);
    f->next[-1].multiplicities = vch_builder_spread(counts, table->grid);
}

static uint32_t log_of(uint32_t count)
{
    return count <= 1 ? 0 : 32 - (uint32_t)__builtin_clz(count - 1);
}

// By their lanes, so that small tables fill what the places of large ones leave free before them.
static void add_tables(struct finish *f)
{
    struct vch_builder_table range;

    if (f->table_count == 0 || !vch_builder_parts_range(f->builder, &range, f->limb_width)) return;
    for (uint32_t log = 0; log <= VCH_STATEMENT_LOG_PLACES_MAX; log++)
        for (uint32_t number = 0; number < f->table_count; number++) {
            const struct vch_builder_table *table =
                number == VCH_BUILDER_RANGE ? &range : &f->builder->tables[number - 1];
            if (log_of(table->grid.lanes) == log) add_table(f, number, table);
        }
}

static void add_zeros(struct finish *f)
{
    for (uint32_t i = 0; i < f->builder->item_count; i++) {
        const struct vch_builder_item *item = &f->builder->items[i];
        if (item->kind == VCH_SECTION_ZERO)
            add_section(f, item->kind, 0, item->grid, item->entries, 1);
    }
}

static uint64_t count_sections(const struct finish *f)
{
    uint64_t count = f->table_count;

    for (uint32_t i = 0; i < f->builder->item_count; i++) {
        const struct vch_builder_item *item = &f->builder->items[i];
        count += item->is_range ? limbs_of(item->widest, f->limb_width) : 1;
    }
    return count;
}

static bool has_lookups(const struct vch_builder *builder)
{
    for (uint32_t i = 0; i < builder->item_count; i++)
        if (builder->items[i].kind == VCH_SECTION_LOOKUP) return true;
    return false;
}

static void add_witness(const struct vch_builder *builder, struct vch_statement *out)
{
    const uint64_t columns = (uint64_t)1 << out->log_columns;
    const uint64_t rows = (builder->cell_count + columns - 1) / columns;

    VCH_ASSERT(out->oracle_count < VCH_STATEMENT_ORACLES_MAX);
    out->oracles[out->oracle_count++].rows = rows == 0 ? 1 : (uint32_t)rows;
}

vch_status vch_builder_finish(struct vch_builder *builder, struct vch_statement *out)
{
    struct finish f = {.builder = builder, .limb_width = choose_limb_width(builder)};

    VCH_TRY(builder->status);
    if (has_lookups(builder)) f.table_count = builder->table_count + 1;
    const uint64_t count = count_sections(&f);
    if (count > UINT32_MAX) return VCH_FAIL(LIMIT);
    struct vch_section *sections = VCH_ARENA_NEW(builder->arena, struct vch_section, count);
    if (sections == NULL) return VCH_FAIL(NO_MEMORY);
    f.next = sections;
    add_lookups(&f);
    add_tables(&f);
    add_zeros(&f);
    VCH_TRY(builder->status);
    VCH_ASSERT(f.next == sections + count);
    add_witness(builder, out);
    out->public_count = builder->public_count;
    out->public_values = builder->public_values;
    out->section_count = (uint32_t)count;
    out->sections = sections;
    return vch_statement_seal(out, builder->complaint);
}
