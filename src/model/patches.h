// The patches of an image that a convolution's windows see, laid out as rows: channels, then rows,
// then taps, as weights lie. What is outside the image is 0.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/graph.h"

struct vch_patches {
    enum vch_type type;             // of the image: I8 or I16
    bool is_wide;                   // patches are int16; always so for an int16 image
    size_t channels, height, width; // of the image, or of one group of it
    size_t out_height, out_width;   // places of the window
    size_t depth;                   // channels * kernel
    const struct vch_window *window;
};

// The patches of `count` places from `first` on, counted row by row, one after another.
void vch_patches_lay_out(const struct vch_patches *patches, void *out, const void *image,
                         size_t first, size_t count);
