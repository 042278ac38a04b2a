// The tables that walks are looked up in.
#include "circuit/gate_trees.h"
#include "model/trees.h"

enum { NODE_ENTRIES = 5, KEY_ENTRIES = 4, NANS = KEY_ENTRIES, LISTS };

// is_nan (x - NaN) is 0, and so is (x - NaN) inverse + is_nan - 1.
static struct vch_view relate_nan(const struct vch_gate_trees *t, struct vch_cells x)
{
    struct vch_builder *b = t->builder;
    const uint32_t count = t->rows * t->features;
    const struct vch_form gap = VCH_COLUMN_FORM(b, -(int64_t)VCH_TREES_NAN, {1, x});
    const struct vch_cells is_nan = vch_column_is_zero(b, count, gap);
    const struct vch_cells inverse =
        vch_column_new(b, VCH_HINT_INVERSE, count, vch_column_expression(gap)).cells;
    struct vch_expression relation = vch_column_expression(VCH_COLUMN_FORM(b, -1, {1, is_nan}));

    vch_column_zero_product(b, count, VCH_COLUMN_FORM(b, 0, {1, is_nan}), gap);
    vch_column_add_product(b, &relation, 1, gap, VCH_COLUMN_FORM(b, 0, {1, inverse}));
    vch_column_zero(b, count, relation);
    return (struct vch_view){.first = is_nan.first, .count = count};
}

// The cells of both lanes: of a row's features, the one before the first is what leaves ask for.
static bool list_keys(const struct vch_gate_trees *t, uint32_t *lists[LISTS],
                      struct vch_view is_nan)
{
    struct vch_builder *b = t->builder;
    const struct vch_view x = vch_gate_operand(t->gate, 0);
    const uint32_t none = vch_builder_public(b, 0), one = vch_builder_public(b, 1);
    const size_t places = 2 * (size_t)t->keys.grid.rows;

    for (uint32_t e = 0; e < LISTS; e++)
        lists[e] = vch_builder_list(b, places);
    if (!vch_is_ok(vch_builder_status(b))) return false;
    for (size_t at = 0; at < places; at++) {
        const uint32_t p = (uint32_t)(at / 2), row = p / (t->features + 1);
        const uint32_t next = p % (t->features + 1), element = row * t->features + next - 1;
        lists[0][at] = vch_builder_public(b, row);
        lists[1][at] = vch_builder_public(b, vch_fp_from_i64(2 * ((int64_t)next - 1)));
        lists[2][at] = next == 0 ? none : vch_builder_cell(x, element);
        lists[3][at] = next == 0 ? one : none;
        lists[NANS][at] = next == 0 ? none : vch_builder_cell(is_nan, element);
    }
    return vch_is_ok(vch_builder_status(b));
}

// Two lanes, for nan_left 0 and 1: a NaN that goes left has the least key there is.
static void make_keys(struct vch_gate_trees *t)
{
    struct vch_builder *b = t->builder;
    struct vch_expression *entries = t->keys.entries;
    const struct vch_cells x =
        vch_column_of(b, vch_gate_operand(t->gate, 0), 0, 1, t->rows * t->features);
    const struct vch_view is_nan = relate_nan(t, x);
    uint64_t *lane = vch_builder_scalars(b, 2), *least = vch_builder_scalars(b, 2);
    uint32_t *lists[LISTS];

    t->keys.grid = (struct vch_grid){vch_column_rows(b, (uint64_t)t->rows * (t->features + 1)), 2};
    if (lane == NULL || least == NULL || !list_keys(t, lists, is_nan)) return;
    lane[0] = least[0] = 0;
    lane[1] = 1;
    least[1] = vch_fp_from_i64(-(int64_t)VCH_GATE_TREES_SPAN);
    for (uint32_t e = 0; e < KEY_ENTRIES; e++)
        entries[e] = vch_terms_cells(b, (struct vch_cells){.list = lists[e]});
    entries[1].form.constant = (struct vch_scalar){.lanes = lane};
    vch_terms_add_cells(b, &entries[2], (struct vch_scalar){.lanes = least},
                        (struct vch_cells){.list = lists[NANS]});
    t->keys.number = vch_builder_committed(b, t->keys.grid, entries, KEY_ENTRIES);
}

static struct vch_cells node_cells(const struct vch_gate_trees *t, enum vch_trees_column column)
{
    return vch_column_of(t->builder, vch_gate_parameter(t->gate, 0), column, VCH_TREES_COLUMNS,
                         t->nodes.grid.rows);
}

static void make_nodes(struct vch_gate_trees *t)
{
    struct vch_builder *b = t->builder;
    struct vch_expression *columns = t->nodes.entries + 1;
    const uint32_t count =
        vch_column_rows(b, vch_gate_parameter(t->gate, 0).count / VCH_TREES_COLUMNS);

    t->nodes.grid = (struct vch_grid){count, 1};
    t->nodes.entries[0] = vch_terms_cells(b, vch_column_count(b, count, 1, count));
    columns[VCH_GATE_TREES_CODE] = vch_column_expression(VCH_COLUMN_FORM(
        b, 0, {2, node_cells(t, VCH_TREES_FEATURE)}, {1, node_cells(t, VCH_TREES_NAN_LEFT)}));
    columns[VCH_GATE_TREES_THRESHOLD] = vch_terms_cells(b, node_cells(t, VCH_TREES_THRESHOLD));
    columns[VCH_GATE_TREES_LEFT] = vch_terms_cells(b, node_cells(t, VCH_TREES_LEFT));
    columns[VCH_GATE_TREES_RIGHT] = vch_terms_cells(b, node_cells(t, VCH_TREES_RIGHT));
    t->nodes.number = vch_builder_committed(b, t->nodes.grid, t->nodes.entries, NODE_ENTRIES);
}

void vch_gate_trees_tables(struct vch_gate_trees *trees)
{
    make_keys(trees);
    make_nodes(trees);
}
