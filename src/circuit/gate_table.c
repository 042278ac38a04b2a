// TABLE: a look-up for each element, in all of the table or in what lies between its ends.
#include "circuit/column.h"
#include "circuit/gadgets.h"
#include "circuit/gate.h"

// A table is short where what it saves is more than what its ends cost.
enum { COST_OF_ENDS = 8 };

// Where the function begins to differ from what it is at both ends.
struct middle {
    int64_t reach, lo, hi;
};

static struct middle middle_of(const struct vch_table *table)
{
    struct middle m = {.reach = vch_tensor_type_max(table->input)};
    const int32_t *entries = table->entries + m.reach + 1; // entries[x] is T[x]

    m.lo = -m.reach;
    m.hi = m.reach;
    while (m.lo < m.reach && entries[m.lo + 1] == entries[-m.reach])
        m.lo++;
    while (m.hi > m.lo && entries[m.hi - 1] == entries[m.reach])
        m.hi--;
    return m;
}

static bool is_short(const struct vch_gate *gate, const struct middle *m)
{
    const uint64_t cost = (uint64_t)COST_OF_ENDS * gate->y.count * gate->batch;

    return cost < (uint64_t)(2 * m->reach - (m->hi - m->lo));
}

// x moved into the middle: by `below` up, by `above` down, which are 0 unless that leads to the
// end.
static struct vch_form move_inside(const struct vch_gate *gate, const struct middle *m,
                                   struct vch_cells x)
{
    struct vch_builder *b = gate->builder;
    const uint32_t count = gate->y.count;
    const struct vch_cells below = vch_column_clamped(
        b, count, vch_column_expression(VCH_COLUMN_FORM(b, m->lo, {-1, x})), 0, 2 * m->reach);
    const struct vch_cells above = vch_column_clamped(
        b, count, vch_column_expression(VCH_COLUMN_FORM(b, -m->hi, {1, x})), 0, 2 * m->reach);

    vch_column_zero_product(b, count, VCH_COLUMN_FORM(b, 0, {1, below}),
                            VCH_COLUMN_FORM(b, -m->lo, {1, x}, {1, below}, {-1, above}));
    vch_column_zero_product(b, count, VCH_COLUMN_FORM(b, 0, {1, above}),
                            VCH_COLUMN_FORM(b, -m->hi, {1, x}, {1, below}, {-1, above}));
    vch_column_range(b, count, vch_terms_cells(b, below),
                     vch_gadgets_bits((uint64_t)(m->lo + m->reach)));
    vch_column_range(b, count, vch_terms_cells(b, above),
                     vch_gadgets_bits((uint64_t)(m->reach - m->hi)));
    return VCH_COLUMN_FORM(b, 0, {1, x}, {1, below}, {-1, above});
}

vch_status vch_gate_table(struct vch_gate *gate)
{
    struct vch_builder *b = gate->builder;
    const uint32_t index = gate->operator_->table, count = gate->y.count;
    const struct vch_cells x = vch_column_of(b, vch_gate_operand(gate, 0), 0, 1, count);
    const struct vch_cells y = vch_column_of(b, gate->y, 0, 1, count);
    struct middle m = middle_of(&gate->graph->tables[index]);
    struct vch_expression pair[2] = {vch_terms_cells(b, x), vch_terms_cells(b, y)};

    if (is_short(gate, &m)) {
        pair[0] = vch_column_expression(move_inside(gate, &m, x));
    } else {
        m.lo = -m.reach;
        m.hi = m.reach;
    }
    vch_builder_lookup(b, (struct vch_grid){count, 1},
                       vch_builder_function(b, gate->graph, index, m.lo, m.hi), pair, 2);
    return vch_builder_status(b);
}
