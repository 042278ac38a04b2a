// Where the linear operators find what they multiply: geometry that the audited side and the
// auditor share, straight from specs/arithmetic.md.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/graph.h"

struct vch_linear_convolution {
    size_t channels, height, width; // of the image
    size_t outputs, rows, columns;  // channels, height and width of the output
    size_t taps;                    // kernel height times width
    size_t group_channels, group_outputs;
    struct vch_window window;
};

struct vch_linear_convolution vch_linear_convolution(const struct vch_graph *graph,
                                                     const struct vch_operator *operator_);

// The pixel that tap `tap` of output pixel `place` reads; false: it is outside the image.
bool vch_linear_pixel(size_t *out, const struct vch_linear_convolution *c, size_t place,
                      size_t tap);

struct vch_linear_matmul { // `matrices` products of (rows, depth) by (depth, columns) a sample
    size_t matrices, rows, depth, columns;
    uint32_t rank;                                               // of the axes before the last two
    size_t dims[VCH_RANK_MAX], a[VCH_RANK_MAX], b[VCH_RANK_MAX]; // strides, in matrices
};

struct vch_linear_matmul vch_linear_matmul(const struct vch_graph *graph,
                                           const struct vch_operator *operator_);
// Which matrices of a sample's operands meet in product `matrix`.
void vch_linear_operands(size_t *a, size_t *b, const struct vch_linear_matmul *m, size_t matrix);

// All accumulators of one sample, term by term. LINEAR and CONVOLUTION have their parameters held.
void vch_linear_accumulate(int64_t *out, const struct vch_graph *graph,
                           const struct vch_operator *operator_, const void *const operands[2]);
