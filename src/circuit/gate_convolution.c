// CONVOLUTION: a matrix for each group, whose rows are the output's pixels.
#include "circuit/gate.h"
#include "circuit/gate_window.h"

static struct vch_matrix group_of(const struct vch_gate *gate, const struct vch_gate_window *w,
                                  const uint32_t *taps, uint32_t group)
{
    const uint32_t groups = gate->operator_->window.groups;
    const uint32_t channels = w->channels / groups, plane = w->height * w->width;
    const uint32_t lanes = vch_gate_output(gate)->shape.dims[w->axis] / groups;
    const struct vch_view x = vch_gate_operand(gate, 0);
    const uint32_t first = group * channels * plane, depth = channels * w->taps;

    return (struct vch_matrix){
        .coefficient.one = 1,
        .row_count = w->places,
        .lane_first = group * lanes,
        .lane_count = lanes,
        .outer = channels,
        .inner = w->taps,
        .x = {.list = x.list != NULL ? x.list + first : NULL,
              .first = x.list != NULL ? 0 : x.first + first,
              .outer_step = plane,
              .table = taps},
        .w = {.first = vch_gate_parameter(gate, 0).first + group * lanes * depth,
              .row_step = depth,
              .outer_step = w->taps,
              .inner_step = 1},
    };
}

vch_status vch_gate_convolution(struct vch_gate *gate)
{
    struct vch_builder *b = gate->builder;
    const struct vch_gate_window w = vch_gate_window(gate);
    const uint32_t groups = gate->operator_->window.groups;
    const struct vch_grid grid = {w.places, vch_gate_output(gate)->shape.dims[w.axis]};
    uint32_t *taps = vch_builder_list(b, (size_t)w.places * w.taps);
    struct vch_matrix *matrices = VCH_ARENA_NEW(b->arena, struct vch_matrix, groups);

    if (taps == NULL || matrices == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t p = 0; p < w.places; p++)
        for (uint32_t t = 0; t < w.taps; t++)
            taps[(size_t)p * w.taps + t] = vch_gate_window_tap(gate, &w, p, t);
    for (uint32_t g = 0; g < groups; g++)
        matrices[g] = group_of(gate, &w, taps, g);
    struct vch_requantisation how = {
        .grid = grid,
        .acc = {.matrix_count = groups, .matrices = matrices},
        .bound = gate->operator_->public_bound,
        .scaling = gate->operator_->scaling,
        .y = {.first = gate->y.first, .row_step = 1, .lane_step = w.places},
    };
    if (gate->operator_->parameter_count > 1)
        vch_terms_add_cells(
            b, &how.acc, vch_terms_scalar(1),
            (struct vch_cells){.first = vch_gate_parameter(gate, 1).first, .lane_step = 1});
    return vch_gadgets_requantise(b, &how);
}
