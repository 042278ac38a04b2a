// Bands of an image, laid out for windows to slide over: a few rows of outputs with the rows of the
// image that they see, channel-last, zeros where a window leaves the image, as the level's kernels
// like elements.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"
#include "model/graph.h"

struct vch_bands_image {
    enum vch_type type;
    bool is_channel_last;
    size_t channels, height, width;
};

struct vch_bands {
    struct vch_bands_image image;
    const struct vch_window *window;
    const struct vch_kernels *kernels;
    size_t channels; // in a band: all of the image's, or those of a group
    size_t copies;   // of each channel, side by side
    size_t out_height, out_width;
    size_t element_size;     // laid out
    bool is_raw;             // int8 elements as they are, not flipped nor widened
    size_t width, row_size;  // of a laid out row: places and bytes
    size_t rows;             // of outputs in a band; the last may have fewer
    size_t count;            // bands of an image
    size_t size, spare_size; // bytes of a band, and of what laying it out needs
};

// The image that a value is.
struct vch_bands_image vch_bands_image(const struct vch_value *value, bool is_channel_last);

// Works out rows, count and sizes from the rest. False where even one row of outputs would take
// more than a sensible amount of memory: windows with wide gaps.
bool vch_bands_plan(struct vch_bands *bands, size_t least_places);

// Lays out band `index` of an image, its channels from `first_channel` on, at `out`; `spare` is
// spare_size bytes. Tells how many rows of outputs it is for.
size_t vch_bands_lay_out(const struct vch_bands *bands, size_t first_channel, void *out,
                         void *spare, const void *image, size_t index);
