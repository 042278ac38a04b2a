// One convolution of the inverter, in float32, forwards and backwards.
//
// Arrays are (pixels, channels), pixels in row-major order; the kernel is odd and pads keep the
// size. A layer's parameters are its weights (kernel * kernel * in, out), then its biases (out).
// The result is the same on every machine: see split/matrix.h.
#pragma once

#include <stddef.h>

struct vch_convolution {
    size_t height, width;
    size_t in, out; // channels; out is a multiple of VCH_MATRIX_COLUMNS
    size_t kernel;
};

size_t vch_convolution_parameter_count(const struct vch_convolution *layer);
size_t vch_convolution_patch_count(const struct vch_convolution *layer); // numbers of all patches

// `patches` becomes what each output pixel sees of x (pixels, kernel * kernel * in): the backward
// pass reads it again.
void vch_convolution_forward(float *y, float *patches, const float *x, const float *parameters,
                             const struct vch_convolution *layer);

// Adds to `gradient`, laid out as the parameters, what dy asks of them.
void vch_convolution_learn(float *gradient, const float *patches, const float *dy,
                           const struct vch_convolution *layer);

// dx for dy. `across` are the weights transposed, (out, kernel * kernel * in); `patches` is
// scratch. The inner channels are a multiple of VCH_MATRIX_COLUMNS.
void vch_convolution_backward(float *dx, float *patches, const float *dy, const float *across,
                              const struct vch_convolution *layer);

void vch_convolution_transpose(float *across, const float *parameters,
                               const struct vch_convolution *layer);
