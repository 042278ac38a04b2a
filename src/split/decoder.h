// The network of the convolutional inverter: from an activation (height, width, channels) to an
// image.
//
//     activation ── convolution 3x3, stride^2 * K filters ── ReLU ── pixels dealt out, stride x
//     stride each (Shi et al., "Real-time single image and video super-resolution using an
//     efficient sub-pixel convolutional neural network", 2016: a transposed convolution) ── cut to
//     the image's size ── convolution 3x3, K filters ── ReLU ── convolution 3x3 ── image
//
// What is learnt are differences from a mean image, which a convolution, alike everywhere, could
// not know: so the mean image takes the place of the last of the K channels that were dealt out.
//
// The stride is the least with which the activation covers the image. An activation without a
// plane is one pixel, and its first convolution, 1x1, a dense layer. K is 16, or less where that
// would be more than VCH_DECODER_PARAMETERS_MAX.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "split/convolution.h"
#include "split/image_quality.h"

#define VCH_DECODER_PARAMETERS_MAX (1u << 20)
#define VCH_DECODER_PIXELS_MAX ((size_t)128 * 128)

enum { VCH_DECODER_LAYERS = 3 };

struct vch_decoder {
    struct vch_convolution layers[VCH_DECODER_LAYERS];
    size_t offsets[VCH_DECODER_LAYERS]; // of a layer's parameters
    size_t parameter_count;
    size_t stride, channels; // K
    size_t height, width;    // of the image
    size_t top, left;        // of the image in what the first layer covers
    size_t given;            // channels of the mean image; 0 where K is too few
    const float *mean;       // planar, borrowed; the caller sets it
};

// What one sample needs on its way; borrowed from an arena.
struct vch_decoder_scratch {
    float *patches[VCH_DECODER_LAYERS]; // each layer's
    float *outputs[VCH_DECODER_LAYERS]; // after ReLU; the last is the image
    float *dealt;                       // the first layer's output as pixels, cut
    float *returned;                    // gradients, on the way back: of the image first
    float *returned_before, *returned_first;
    float *returned_patches;
};

// False where no decoder of this kind is small enough.
bool vch_decoder_init(struct vch_decoder *out, const struct vch_image_shape *activation,
                      const struct vch_image_shape *image);
bool vch_decoder_scratch_init(struct vch_decoder_scratch *out, const struct vch_decoder *decoder,
                              struct vch_arena *arena); // false: no memory

// Uniform weights after He et al., "Delving deep into rectifiers", 2015; biases 0; the last layer a
// tenth of that, so that training starts near the blind guess.
void vch_decoder_seed(float *parameters, const struct vch_decoder *decoder, uint64_t seed);

size_t vch_decoder_image_channels(const struct vch_decoder *decoder); // padded: a multiple of 4

// The image, (pixels, image channels), is in scratch->outputs[2] until the next call.
void vch_decoder_forward(struct vch_decoder_scratch *scratch, const float *activation,
                         const float *parameters, const struct vch_decoder *decoder);

// After vch_decoder_forward, with the loss's gradient for the image in scratch->returned: adds its
// gradient for the parameters. `across` are the weights of layers 1 and 2, transposed.
void vch_decoder_backward(float *gradient, struct vch_decoder_scratch *scratch,
                          float *const across[VCH_DECODER_LAYERS],
                          const struct vch_decoder *decoder);
