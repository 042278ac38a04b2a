#include "circuit/gate_window.h"

struct vch_gate_window vch_gate_window(const struct vch_gate *gate)
{
    const struct vch_shape *x = &vch_gate_input(gate, 0)->shape;
    const struct vch_shape *y = &vch_gate_output(gate)->shape;
    const struct vch_window *w = &gate->operator_->window;
    const uint32_t axis = x->rank - 3;

    return (struct vch_gate_window){
        .axis = axis,
        .channels = x->dims[axis],
        .height = x->dims[axis + 1],
        .width = x->dims[axis + 2],
        .places = y->dims[axis + 1] * y->dims[axis + 2],
        .out_width = y->dims[axis + 2],
        .taps = w->kernel[0] * w->kernel[1],
    };
}

uint32_t vch_gate_window_tap(const struct vch_gate *gate, const struct vch_gate_window *window,
                             uint32_t place, uint32_t tap)
{
    const struct vch_window *w = &gate->operator_->window;
    const int64_t row = (int64_t)(place / window->out_width) * w->stride[0] +
                        (int64_t)(tap / w->kernel[1]) * w->dilation[0] - w->pad_begin[0];
    const int64_t column = (int64_t)(place % window->out_width) * w->stride[1] +
                           (int64_t)(tap % w->kernel[1]) * w->dilation[1] - w->pad_begin[1];

    if (row < 0 || row >= window->height || column < 0 || column >= window->width)
        return VCH_STATEMENT_NONE;
    return (uint32_t)(row * window->width + column);
}
