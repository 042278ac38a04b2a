// AVERAGE_POOL: a sum over taps, with a multiplier for each number of taps inside the image.
#include "circuit/gate.h"
#include "circuit/gate_window.h"

// The cells of one tap, for each channel and place; 0 outside the image.
static const uint32_t *tap_cells(const struct vch_gate *gate, const struct vch_gate_window *w,
                                 uint32_t tap)
{
    const struct vch_view x = vch_gate_operand(gate, 0);
    const uint32_t plane = w->height * w->width;
    uint32_t *list = vch_builder_list(gate->builder, (size_t)w->channels * w->places);
    size_t at = 0;

    for (uint32_t c = 0; list != NULL && c < w->channels; c++)
        for (uint32_t p = 0; p < w->places; p++, at++) {
            const uint32_t element = vch_gate_window_tap(gate, w, p, tap);
            list[at] = element == VCH_STATEMENT_NONE ? vch_builder_public(gate->builder, 0)
                                                     : vch_builder_cell(x, c * plane + element);
        }
    return list;
}

static uint32_t count_inside(const struct vch_gate *gate, const struct vch_gate_window *w,
                             uint32_t place)
{
    uint32_t count = 0;

    for (uint32_t t = 0; t < w->taps; t++)
        count += vch_gate_window_tap(gate, w, place, t) != VCH_STATEMENT_NONE;
    return count;
}

vch_status vch_gate_average_pool(struct vch_gate *gate)
{
    struct vch_builder *b = gate->builder;
    const struct vch_gate_window w = vch_gate_window(gate);
    const struct vch_grid grid = {w.channels, w.places};
    struct vch_linear *linears = VCH_ARENA_NEW(b->arena, struct vch_linear, w.taps);
    uint32_t *entry = vch_builder_list(b, w.places);

    if (linears == NULL || entry == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t t = 0; t < w.taps; t++) {
        linears[t] =
            (struct vch_linear){.coefficient.one = 1, .cells.list = tap_cells(gate, &w, t)};
        if (linears[t].cells.list == NULL) return VCH_FAIL(NO_MEMORY);
    }
    for (uint32_t p = 0; p < w.places; p++)
        entry[p] = count_inside(gate, &w, p) - 1;
    return vch_gadgets_requantise(b, &(struct vch_requantisation){
                                         .grid = grid,
                                         .acc.form = {.linear_count = w.taps, .linears = linears},
                                         .bound = gate->operator_->public_bound,
                                         .scaling = gate->operator_->scaling,
                                         .entry = entry,
                                         .y = vch_builder_spread(gate->y, grid),
                                     });
}
