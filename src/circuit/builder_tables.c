// Tables: where a statement asks for one, and what its rows are.
#include <string.h>

#include "base/check.h"
#include "circuit/builder.h"
#include "circuit/builder_parts.h"
#include "circuit/terms.h"
#include "field/field.h"

// The number of the table that is like this one, or 0; `table` gets its digest.
static uint32_t find_table(const struct vch_builder *builder, struct vch_builder_table *table)
{
    table->digest = vch_builder_parts_digest(table);
    return vch_builder_parts_find(builder, &table->digest);
}

// `table` was looked for, and not found.
static uint32_t add_table(struct vch_builder *builder, const struct vch_builder_table *table)
{
    if (builder->table_count + 1 == VCH_STATEMENT_TABLES_MAX) { // RANGE is one
        vch_builder_fail(builder,
                         vch_complain(builder->complaint, VCH_CODE_LIMIT,
                                      "a proof would have more than %u tables: prove fewer "
                                      "operators or samples at once",
                                      VCH_STATEMENT_TABLES_MAX));
        return 0;
    }
    if (!VCH_BUILDER_PARTS_GROW(builder, tables, table_count, table_room)) return 0;
    builder->tables[builder->table_count++] = *table;
    if (!vch_builder_parts_enter(builder, builder->table_count))
        vch_builder_fail(builder, VCH_FAIL(NO_MEMORY));
    return builder->table_count;
}

// Two columns of so many constants; false: no memory.
static bool make_pairs(struct vch_builder *builder, struct vch_builder_table *table, uint32_t count,
                       uint64_t **first, uint64_t **second)
{
    struct vch_expression *entries = VCH_ARENA_NEW(builder->arena, struct vch_expression, 2);

    *first = vch_builder_scalars(builder, count);
    *second = vch_builder_scalars(builder, count);
    if (entries == NULL) vch_builder_fail(builder, VCH_FAIL(NO_MEMORY));
    if (entries == NULL || *first == NULL || *second == NULL) return false;
    entries[0] = vch_terms_constant((struct vch_scalar){.lanes = *first});
    entries[1] = vch_terms_constant((struct vch_scalar){.lanes = *second});
    table->grid = (struct vch_grid){1, count};
    table->entry_count = 2;
    table->entries = entries;
    return true;
}

bool vch_builder_parts_range(struct vch_builder *builder, struct vch_builder_table *out,
                             uint32_t limb_width)
{
    const uint32_t count = (2u << limb_width) - 1;
    uint64_t *widths, *values;
    uint32_t at = 0;

    *out = (struct vch_builder_table){.kind = VCH_TABLE_RANGE};
    if (!make_pairs(builder, out, count, &widths, &values)) return false;
    for (uint32_t w = 0; w <= limb_width; w++)
        for (uint32_t v = 0; v < 1u << w; v++, at++) {
            widths[at] = w;
            values[at] = v;
        }
    return true;
}

uint32_t vch_builder_clamp(struct vch_builder *builder, int64_t lo, int64_t hi)
{
    struct vch_builder_table table = {.kind = VCH_TABLE_CLAMP, .lo = lo, .hi = hi};
    const uint32_t found = find_table(builder, &table);
    const uint32_t length = (uint32_t)(hi - lo + 1);
    uint64_t *values, *signs;

    if (found != 0) return found;
    VCH_ASSERT(lo <= hi && hi - lo < INT32_MAX);
    if (!make_pairs(builder, &table, length + 2, &values, &signs)) return 0;
    for (uint32_t i = 0; i < length; i++)
        values[i] = vch_fp_from_i64(lo + i);
    values[length] = vch_fp_from_i64(hi);
    values[length + 1] = vch_fp_from_i64(lo);
    signs[length] = 1;
    signs[length + 1] = vch_fp_from_i64(-1);
    return add_table(builder, &table);
}

uint32_t vch_builder_saturated(struct vch_builder *builder, int64_t lo, int64_t hi, uint32_t bits)
{
    struct vch_builder_table table = {.kind = VCH_TABLE_SATURATION, .lo = lo, .hi = hi};
    const uint32_t found = find_table(builder, &table);
    const int64_t most = ((int64_t)1 << bits) - 1;
    uint64_t *quotients, *values;

    VCH_ASSERT(bits <= VCH_BUILDER_SATURATION_BITS);
    if (found != 0) return found;
    if (!make_pairs(builder, &table, (uint32_t)(2 * most + 1), &quotients, &values)) return 0;
    for (int64_t q = -most; q <= most; q++) {
        quotients[q + most] = vch_fp_from_i64(q);
        values[q + most] = vch_fp_from_i64(q < lo ? lo : q > hi ? hi : q);
    }
    return add_table(builder, &table);
}

uint32_t vch_builder_saturation(struct vch_builder *builder, int64_t lo, int64_t hi, uint32_t bits,
                                uint64_t saving)
{
    struct vch_builder_saturations *all = &builder->saturations;
    uint32_t i = 0;

    if (bits > VCH_BUILDER_SATURATION_BITS) return 0;
    while (i < all->count && (all->items[i].lo != lo || all->items[i].hi != hi))
        i++;
    if (i == VCH_BUILDER_SATURATIONS_MAX) return 0;
    if (i == all->count)
        all->items[all->count++] = (struct vch_builder_saturation){.lo = lo, .hi = hi};
    all->items[i].savings[bits] += saving;
    return bits <= all->items[i].bits ? all->items[i].bits : 0;
}

void vch_builder_choose(struct vch_builder_saturations *out, const struct vch_builder *builder)
{
    *out = builder->saturations;
    for (uint32_t i = 0; i < out->count; i++) {
        struct vch_builder_saturation *item = &out->items[i];
        int64_t saved = 0, best = 0;
        item->bits = 0;
        for (uint32_t bits = 0; bits <= VCH_BUILDER_SATURATION_BITS; bits++) {
            saved += (int64_t)item->savings[bits];
            const int64_t rest = saved - 2 * (((int64_t)2 << bits) - 1);
            if (rest <= best) continue;
            best = rest;
            item->bits = bits;
        }
    }
}

// (x, T[x]) or (d, T[-min(d, R)]) for numbers lo .. hi.
static uint32_t add_function(struct vch_builder *builder, const struct vch_graph *graph,
                             struct vch_builder_table table)
{
    const struct vch_table *function = &graph->tables[table.function];
    const int64_t reach = vch_tensor_type_max(function->input);
    const int32_t *entries = function->entries + reach + 1; // entries[x] is T[x]
    const uint32_t found = find_table(builder, &table);
    uint64_t *from, *to;

    if (found != 0) return found;
    if (!make_pairs(builder, &table, (uint32_t)(table.hi - table.lo + 1), &from, &to)) return 0;
    for (int64_t i = table.lo; i <= table.hi; i++) {
        const int64_t x = table.kind == VCH_TABLE_FUNCTION ? i : -(i < reach ? i : reach);
        from[i - table.lo] = vch_fp_from_i64(i);
        to[i - table.lo] = vch_fp_from_i64(entries[x]);
    }
    return add_table(builder, &table);
}

uint32_t vch_builder_function(struct vch_builder *builder, const struct vch_graph *graph,
                              uint32_t table, int64_t lo, int64_t hi)
{
    return add_function(builder, graph,
                        (struct vch_builder_table){
                            .kind = VCH_TABLE_FUNCTION, .function = table, .lo = lo, .hi = hi});
}

uint32_t vch_builder_exponential(struct vch_builder *builder, const struct vch_graph *graph,
                                 uint32_t table, int64_t most)
{
    return add_function(
        builder, graph,
        (struct vch_builder_table){.kind = VCH_TABLE_EXPONENTIAL, .function = table, .hi = most});
}

uint32_t vch_builder_committed(struct vch_builder *builder, struct vch_grid grid,
                               const struct vch_expression *entries, uint32_t entry_count)
{
    struct vch_builder_table table = {
        .kind = VCH_TABLE_COMMITTED, .grid = grid, .entry_count = entry_count, .entries = entries};

    VCH_ASSERT(entry_count >= 1 && entry_count <= VCH_STATEMENT_ENTRIES_MAX);
    if (!vch_is_ok(vch_builder_status(builder))) return 0; // lists may be missing
    for (uint32_t e = 0; e < entry_count; e++)
        VCH_ASSERT(entries[e].product_count == 0 && entries[e].matrix_count == 0);
    const uint32_t found = find_table(builder, &table);
    if (found != 0) return found;
    struct vch_expression *copy = VCH_ARENA_NEW(builder->arena, struct vch_expression, entry_count);
    if (copy == NULL) {
        vch_builder_fail(builder, VCH_FAIL(NO_MEMORY));
        return 0;
    }
    memcpy(copy, entries, entry_count * sizeof *copy);
    table.entries = copy;
    return add_table(builder, &table);
}
