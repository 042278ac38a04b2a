// Where windows lie in an image: CONVOLUTION and pooling.
#pragma once

#include "circuit/gate.h"

struct vch_gate_window {
    uint32_t axis;                    // of the channels
    uint32_t channels, height, width; // of the operand
    uint32_t places, out_width;       // of the output's plane
    uint32_t taps;                    // of a window
};

struct vch_gate_window vch_gate_window(const struct vch_gate *gate);

// The element of a channel's plane that tap `tap` of the window at `place` meets, or
// VCH_STATEMENT_NONE outside the image.
uint32_t vch_gate_window_tap(const struct vch_gate *gate, const struct vch_gate_window *window,
                             uint32_t place, uint32_t tap);
// The first tap, row by row, that meets the image; there is one in windows of pooling.
uint32_t vch_gate_window_first_tap(const struct vch_gate *gate,
                                   const struct vch_gate_window *window, uint32_t place);
