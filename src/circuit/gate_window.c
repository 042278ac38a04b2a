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

// The first of an axis' taps that is not before the image.
static uint32_t first_inside(const struct vch_window *window, uint32_t axis, uint32_t place)
{
    const int64_t begin = (int64_t)place * window->stride[axis] - window->pad_begin[axis];
    const int64_t step = window->dilation[axis];

    return begin >= 0 ? 0 : (uint32_t)((-begin + step - 1) / step);
}

uint32_t vch_gate_window_first_tap(const struct vch_gate *gate,
                                   const struct vch_gate_window *window, uint32_t place)
{
    const struct vch_window *w = &gate->operator_->window;

    return first_inside(w, 0, place / window->out_width) * w->kernel[1] +
           first_inside(w, 1, place % window->out_width);
}
