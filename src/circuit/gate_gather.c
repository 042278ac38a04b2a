// GATHER: slices are rows of a table, looked up by the clamped index.
#include "circuit/column.h"
#include "circuit/gadgets.h"
#include "circuit/gate.h"
#include "model/bound.h"

enum { PACK = 4, NUMBERS = 2 }; // elements of a slice in one row, after its place and its index

struct gather {
    struct vch_builder *builder;
    const struct vch_gate *gate;
    uint32_t outer, size, inner; // x: before the axis, the axis, after it
    uint32_t picks;              // indices
    uint32_t packs, width;       // rows of a slice, and elements in each
    struct vch_cells clamped;    // the indices
};

// above and below are how far an index is past either end: index = clamped + above - below.
static void clamp_indices(struct gather *g)
{
    struct vch_builder *b = g->builder;
    const uint32_t value = g->gate->operator_->inputs[1];
    const uint32_t bits = vch_gadgets_bits(vch_bound_value(g->gate->graph, value));
    const struct vch_cells index = vch_column_of(b, vch_gate_operand(g->gate, 1), 0, 1, g->picks);
    const int64_t last = (int64_t)g->size - 1;

    g->clamped = vch_column_clamped(b, g->picks, vch_terms_cells(b, index), 0, last);
    const struct vch_cells above = vch_column_clamped(
        b, g->picks, vch_column_expression(VCH_COLUMN_FORM(b, 0, {1, index}, {-1, g->clamped})), 0,
        INT64_MAX >> 1);
    const struct vch_form below = VCH_COLUMN_FORM(b, 0, {1, above}, {-1, index}, {1, g->clamped});
    vch_column_zero_product(b, g->picks, VCH_COLUMN_FORM(b, 0, {1, above}),
                            VCH_COLUMN_FORM(b, -last, {1, g->clamped}));
    vch_column_zero_product(b, g->picks, below, VCH_COLUMN_FORM(b, 0, {1, g->clamped}));
    vch_column_range(b, g->picks, vch_terms_cells(b, above), bits);
    vch_column_range(b, g->picks, vch_column_expression(below), bits);
}

// Packs of the slices of a tensor (outer, count, inner), one row for each place and index: place,
// index, elements. What is past the end of a slice is 0.
static uint32_t pack(const struct gather *g, struct vch_expression *entries, struct vch_view view,
                     uint32_t count)
{
    struct vch_builder *b = g->builder;
    const uint32_t places = g->outer * g->packs;
    const uint32_t rows = vch_column_rows(b, (uint64_t)places * count);
    const uint32_t none = vch_builder_public(b, 0);

    for (uint32_t v = 0; v < g->width; v++) {
        uint32_t *list = vch_builder_list(b, rows);
        if (!vch_is_ok(vch_builder_status(b))) return rows;
        for (uint32_t p = 0; p < rows; p++) {
            const uint32_t place = p / count, at = place % g->packs * PACK + v;
            const uint32_t slice = place / g->packs * count + p % count;
            list[p] = at < g->inner ? vch_builder_cell(view, slice * g->inner + at) : none;
        }
        entries[NUMBERS + v] = vch_terms_cells(b, (struct vch_cells){.list = list});
    }
    entries[0] = vch_terms_cells(b, vch_column_count(b, rows, count, places));
    return rows;
}

static uint32_t product(const struct vch_shape *shape, uint32_t first, uint32_t end)
{
    uint32_t count = 1;

    for (uint32_t i = first; i < end; i++)
        count *= shape->dims[i];
    return count;
}

vch_status vch_gate_gather(struct vch_gate *gate)
{
    struct vch_builder *b = gate->builder;
    const struct vch_shape *shape = &vch_gate_input(gate, 0)->shape;
    const uint32_t axis = gate->operator_->axis;
    struct vch_expression entries[NUMBERS + PACK];
    struct gather g = {
        .builder = b,
        .gate = gate,
        .outer = product(shape, 0, axis),
        .size = shape->dims[axis],
        .inner = product(shape, axis + 1, shape->rank),
        .picks = vch_gate_count(vch_gate_input(gate, 1)),
    };

    g.packs = (g.inner + PACK - 1) / PACK;
    g.width = g.inner < PACK ? g.inner : PACK;
    clamp_indices(&g);
    uint32_t rows = pack(&g, entries, vch_gate_operand(gate, 0), g.size);
    entries[1] = vch_terms_cells(b, vch_column_count(b, rows, 1, g.size));
    const uint32_t table =
        vch_builder_committed(b, (struct vch_grid){rows, 1}, entries, NUMBERS + g.width);
    rows = pack(&g, entries, gate->y, g.picks);
    uint32_t *clamped = vch_builder_list(b, rows);
    for (uint32_t p = 0; clamped != NULL && p < rows; p++)
        clamped[p] = g.clamped.first + p % g.picks;
    entries[1] = vch_terms_cells(b, (struct vch_cells){.list = clamped});
    VCH_TRY(vch_builder_status(b));
    vch_builder_lookup(b, (struct vch_grid){rows, 1}, table, entries, NUMBERS + g.width);
    return vch_builder_status(b);
}
