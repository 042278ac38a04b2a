// What convolutions and pools have in common: kernels, strides, pads and 1-d pictures.
#pragma once

#include "import/translate.h"

// The picture, as (1, C, H, W): a (1, C, L) operand gets a height of 1.
vch_status vch_translate_window_image(struct vch_translate *at, uint32_t *value,
                                      struct vch_network_shape *shape);

// kernel_shape (or `kernel`, where it can be left out), strides, dilations, pads, auto_pad and
// ceil_mode; dims 2 and 3 of `shape` become the output's.
vch_status vch_translate_window(struct vch_window *window, struct vch_network_shape *shape,
                                struct vch_translate *at, const uint32_t *kernel);

// Into the node's output, without the height that vch_translate_window_image added.
vch_status vch_translate_window_finish(struct vch_translate *at, struct vch_layer *layer,
                                       const struct vch_network_shape *shape);
