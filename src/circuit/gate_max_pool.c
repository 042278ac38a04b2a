// MAX_POOL: the larger one of two, from tap to tap.
#include "base/check.h"
#include "circuit/column.h"
#include "circuit/gate.h"
#include "circuit/gate_window.h"

// A row for each step and output element: `after` is the larger one of `before` and `tap`.
struct chain {
    uint32_t elements, rows;
    uint32_t *before, *tap, *after;
};

// Outside the image a window's first tap inside stands in, which is in the window anyway.
static uint32_t tap_cell(const struct vch_gate *gate, const struct vch_gate_window *w,
                         uint32_t element, uint32_t tap)
{
    const uint32_t channel = element / w->places, place = element % w->places;
    uint32_t at = vch_gate_window_tap(gate, w, place, tap);

    if (at == VCH_STATEMENT_NONE)
        at = vch_gate_window_tap(gate, w, place, vch_gate_window_first_tap(gate, w, place));
    VCH_ASSERT(at != VCH_STATEMENT_NONE); // vch_graph_check has seen to it
    return vch_builder_cell(vch_gate_operand(gate, 0), channel * w->height * w->width + at);
}

// New cells for what is neither the first tap nor the output.
static void fill_step(struct chain *chain, const struct vch_gate *gate,
                      const struct vch_gate_window *w, uint32_t tap)
{
    const uint32_t first = (tap - 1) * chain->elements;
    struct vch_view after = gate->y;

    if (tap + 1 < w->taps) after = vch_builder_cells(gate->builder, chain->elements);
    for (uint32_t e = 0; e < chain->elements; e++) {
        const uint32_t at = first + e;
        chain->before[at] = tap == 1 ? tap_cell(gate, w, e, 0) : chain->after[at - chain->elements];
        chain->tap[at] = tap_cell(gate, w, e, tap);
        chain->after[at] = vch_builder_cell(after, e);
    }
}

static void hint_step(const struct chain *chain, const struct vch_gate *gate, uint32_t tap)
{
    const struct vch_grid grid = {chain->elements, 1};
    const uint32_t first = (tap - 1) * chain->elements;
    uint32_t *pairs = vch_builder_list(gate->builder, 2 * (size_t)chain->elements);

    for (uint32_t e = 0; pairs != NULL && e < chain->elements; e++) {
        pairs[2 * (size_t)e] = chain->before[first + e];
        pairs[2 * (size_t)e + 1] = chain->tap[first + e];
    }
    struct vch_hint *hint = vch_builder_hint(gate->builder, VCH_HINT_LARGEST, grid);
    hint->cells = chain->after[first];
    hint->lanes_read = 2;
    hint->expression = vch_terms_cells(gate->builder, (struct vch_cells){.list = pairs});
}

// after is one of the two, and at least half their sum.
static void relate(const struct chain *chain, const struct vch_gate *gate, uint32_t span)
{
    struct vch_builder *b = gate->builder;
    const struct vch_cells before = {.list = chain->before}, tap = {.list = chain->tap};
    const struct vch_cells after = {.list = chain->after};

    vch_column_zero_product(b, chain->rows, VCH_COLUMN_FORM(b, 0, {1, after}, {-1, before}),
                            VCH_COLUMN_FORM(b, 0, {1, after}, {-1, tap}));
    vch_column_range(
        b, chain->rows,
        vch_column_expression(VCH_COLUMN_FORM(b, 0, {2, after}, {-1, before}, {-1, tap})), span);
}

static void copy(const struct vch_gate *gate)
{
    struct vch_builder *b = gate->builder;
    const struct vch_gate_window w = vch_gate_window(gate);
    uint32_t *taps = vch_builder_list(b, gate->y.count);

    for (uint32_t e = 0; taps != NULL && e < gate->y.count; e++)
        taps[e] = tap_cell(gate, &w, e, 0);
    vch_column_zero(b, gate->y.count,
                    vch_column_expression(
                        VCH_COLUMN_FORM(b, 0, {1, vch_column_of(b, gate->y, 0, 1, gate->y.count)},
                                        {-1, (struct vch_cells){.list = taps}})));
}

vch_status vch_gate_max_pool(struct vch_gate *gate)
{
    struct vch_builder *b = gate->builder;
    const struct vch_gate_window w = vch_gate_window(gate);
    const uint32_t span = vch_gate_span_bits(gate, gate->operator_->inputs[0]);
    struct chain chain = {.elements = gate->y.count};

    if (w.taps == 1) {
        copy(gate);
        return vch_builder_status(b);
    }
    if (span > VCH_BUILDER_WIDTH_MAX) return VCH_FAIL(UNSUPPORTED);
    chain.rows = vch_column_rows(b, (uint64_t)(w.taps - 1) * chain.elements);
    chain.before = vch_builder_list(b, chain.rows);
    chain.tap = vch_builder_list(b, chain.rows);
    chain.after = vch_builder_list(b, chain.rows);
    VCH_TRY(vch_builder_status(b));
    for (uint32_t tap = 1; tap < w.taps; tap++) {
        fill_step(&chain, gate, &w, tap);
        if (tap + 1 < w.taps) hint_step(&chain, gate, tap);
    }
    relate(&chain, gate, span);
    return vch_builder_status(b);
}
