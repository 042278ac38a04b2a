// Turning matrices: rows become columns. Images change between row-major and channel-last that way.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernels/kernels.h"
#include "model/tensor.h"

// `count` matrices one after another, each (rows, columns), become (columns, rows).
void vch_turn(const struct vch_kernels *kernels, enum vch_type type, void *out, const void *x,
              size_t rows, size_t columns, size_t count);

// `samples` images of a row-major shape: into channel-last order, or back.
void vch_turn_image(const struct vch_kernels *kernels, enum vch_type type,
                    const struct vch_shape *row_major, void *out, const void *x, size_t samples,
                    bool to_channel_last);
