// Walks from the roots of trees to leaves, all of them one step at a time.
#include "circuit/gate_trees.h"

enum { KEY_BITS = 32, NODE_ENTRIES = 1 + VCH_GATE_TREES_COLUMNS, KEY_ENTRIES = 4 };

// Where the walks are: a column of cells each.
struct walk {
    const struct vch_gate_trees *trees;
    struct vch_builder *builder;
    uint32_t count;
    struct vch_cells row;                          // of the operand: public
    struct vch_cells at;                           // the number of the node
    struct vch_cells node[VCH_GATE_TREES_COLUMNS]; // what it holds
    struct vch_cells key, is_leaf, goes_left, next;
};

static struct vch_form cell(const struct walk *w, struct vch_cells cells)
{
    return VCH_COLUMN_FORM(w->builder, 0, {1, cells});
}

static struct vch_cells new_cells(const struct walk *w)
{
    return (struct vch_cells){.first = vch_builder_cells(w->builder, w->count).first,
                              .row_step = 1};
}

static struct vch_hint *hint(const struct walk *w, enum vch_hint_kind kind, struct vch_cells cells,
                             struct vch_expression expression)
{
    struct vch_hint *out = vch_builder_hint(w->builder, kind, (struct vch_grid){w->count, 1});

    out->cells = cells.first;
    out->expression = expression;
    return out;
}

// What an entry of a table holds in the row with a number.
static void hint_picked(const struct walk *w, struct vch_cells cells,
                        const struct vch_gate_trees_table *table, uint32_t entry,
                        struct vch_form number)
{
    struct vch_hint *out = hint(w, VCH_HINT_PICKED, cells, vch_column_expression(number));

    out->source = table->entries[entry];
    out->source_grid = table->grid;
}

static void allocate_node(struct walk *w)
{
    for (uint32_t i = 0; i < VCH_GATE_TREES_COLUMNS; i++)
        w->node[i] = new_cells(w);
}

static void relate_node(const struct walk *w)
{
    const struct vch_gate_trees_table *nodes = &w->trees->nodes;
    struct vch_expression entries[NODE_ENTRIES] = {vch_terms_cells(w->builder, w->at)};

    for (uint32_t i = 0; i < VCH_GATE_TREES_COLUMNS; i++) {
        hint_picked(w, w->node[i], nodes, 1 + i, entries[0].form);
        entries[1 + i] = vch_terms_cells(w->builder, w->node[i]);
    }
    vch_builder_lookup(w->builder, (struct vch_grid){w->count, 1}, nodes->number, entries,
                       NODE_ENTRIES);
}

static void relate_key(const struct walk *w)
{
    struct vch_builder *b = w->builder;
    const struct vch_gate_trees_table *keys = &w->trees->keys;
    const struct vch_cells code = w->node[VCH_GATE_TREES_CODE];
    const struct vch_expression entries[KEY_ENTRIES] = {
        vch_terms_cells(b, w->row), vch_terms_cells(b, code), vch_terms_cells(b, w->key),
        vch_terms_cells(b, w->is_leaf)};
    const int64_t row_places = 2 * ((int64_t)w->trees->features + 1);
    const struct vch_form place = VCH_COLUMN_FORM(b, 2, {row_places, w->row}, {1, code});

    hint_picked(w, w->key, keys, 2, place);
    hint_picked(w, w->is_leaf, keys, 3, place);
    vch_builder_lookup(b, (struct vch_grid){w->count, 1}, keys->number, entries, KEY_ENTRIES);
}

// 0 or 1 at an inner node, 0 at a leaf.
static void relate_direction(const struct walk *w)
{
    struct vch_builder *b = w->builder;
    const struct vch_expression is_left = vch_column_expression(
        VCH_COLUMN_FORM(b, 1, {1, w->node[VCH_GATE_TREES_THRESHOLD]}, {-1, w->key},
                        {-2 * (int64_t)VCH_GATE_TREES_SPAN, w->is_leaf}));

    hint(w, VCH_HINT_CLAMPED, w->goes_left, is_left)->hi = 1;
    vch_column_zero_product(b, w->count, cell(w, w->goes_left),
                            VCH_COLUMN_FORM(b, -1, {1, w->goes_left}, {1, w->is_leaf}));
}

// right + goes_left (left - right) + is_leaf (at - right)
static void relate_next(const struct walk *w)
{
    struct vch_builder *b = w->builder;
    const struct vch_cells left = w->node[VCH_GATE_TREES_LEFT];
    const struct vch_cells right = w->node[VCH_GATE_TREES_RIGHT];
    struct vch_expression next = vch_terms_cells(b, right), relation;

    vch_column_add_product(b, &next, 1, cell(w, w->goes_left),
                           VCH_COLUMN_FORM(b, 0, {1, left}, {-1, right}));
    vch_column_add_product(b, &next, 1, cell(w, w->is_leaf),
                           VCH_COLUMN_FORM(b, 0, {1, w->at}, {-1, right}));
    hint(w, VCH_HINT_EXPRESSION, w->next, next);
    relation = vch_terms_cells(b, w->next);
    vch_terms_add(b, (struct vch_grid){w->count, 1}, &relation, vch_terms_scalar(-1), &next);
    vch_column_zero(b, w->count, relation);
}

// Who goes left has threshold - key of 0 or more, who goes right key - threshold - 1.
static void relate_comparison(const struct walk *w)
{
    struct vch_builder *b = w->builder;
    const struct vch_cells threshold = w->node[VCH_GATE_TREES_THRESHOLD];
    const struct vch_form right = VCH_COLUMN_FORM(b, -1, {1, w->key}, {-1, threshold});
    struct vch_expression gap = vch_column_expression(right);

    vch_column_add_product(b, &gap, 1, cell(w, w->goes_left),
                           VCH_COLUMN_FORM(b, 1, {2, threshold}, {-2, w->key}));
    vch_column_add_product(b, &gap, -1, cell(w, w->is_leaf), right);
    vch_column_range(b, w->count, gap, KEY_BITS);
}

static void take_step(struct walk *w)
{
    allocate_node(w);
    w->key = new_cells(w);
    w->is_leaf = new_cells(w);
    w->goes_left = new_cells(w);
    w->next = new_cells(w);
    relate_node(w);
    relate_key(w);
    relate_direction(w);
    relate_next(w);
    relate_comparison(w);
    w->at = w->next;
}

// Every row of the operand walks through every tree.
static void start(struct walk *w)
{
    const struct vch_view roots = vch_gate_parameter(w->trees->gate, 1);
    uint32_t *list = vch_builder_list(w->builder, w->count);

    for (uint32_t i = 0; list != NULL && i < w->count; i++)
        list[i] = vch_builder_cell(roots, i % w->trees->trees);
    w->at = (struct vch_cells){.list = list};
    w->row = vch_column_count(w->builder, w->count, w->trees->trees, w->trees->rows);
}

struct vch_cells vch_gate_trees_walk(const struct vch_gate_trees *trees)
{
    struct vch_builder *b = trees->builder;
    struct walk w = {.trees = trees, .builder = b, .count = trees->walks};
    const struct vch_cells *code = &w.node[VCH_GATE_TREES_CODE];

    start(&w);
    for (uint32_t step = 0; step < trees->gate->operator_->depth_max; step++) {
        if (!vch_is_ok(vch_builder_status(b))) return w.at;
        take_step(&w);
    }
    allocate_node(&w);
    relate_node(&w);
    vch_column_zero_product(b, w.count, VCH_COLUMN_FORM(b, 1, {1, *code}),
                            VCH_COLUMN_FORM(b, 2, {1, *code})); // its feature is -1
    return w.node[VCH_GATE_TREES_LEFT];
}
