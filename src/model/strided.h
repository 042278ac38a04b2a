// Walking tensors by strides: the shared part of broadcasting and of moving elements.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/tensor.h"

#define VCH_STRIDED_AXES_MAX (VCH_RANK_MAX + 1) // samples are the outermost axis
#define VCH_STRIDED_ARRAYS_MAX 65u              // operands and the output

// `count` arrays walked in step over the same axes. Strides are in bytes and may be 0 or negative.
struct vch_strided {
    uint32_t axes, count;
    size_t dims[VCH_STRIDED_AXES_MAX];
    int64_t strides[VCH_STRIDED_ARRAYS_MAX][VCH_STRIDED_AXES_MAX];
};

// Drops axes of size 1 and joins neighbours that every array walks as one. At least one axis
// stays, so that the last one is the inner loop.
void vch_strided_simplify(struct vch_strided *walk);
// Rows: everything but the last axis.
size_t vch_strided_row_count(const struct vch_strided *walk);
// Byte offset of a row in an array.
int64_t vch_strided_row(const struct vch_strided *walk, uint32_t array, size_t row);
// Byte strides of a batch of row-major tensors: samples, then the shape's axes.
void vch_strided_of_tensor(int64_t *strides, const struct vch_shape *shape, size_t element_size);
