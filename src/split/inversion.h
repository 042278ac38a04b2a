// What an inverter learns from, and what it gives: the terms that both kinds share.
//
// Samples come dealt: the first `training` are learnt from, the next `validation` choose between
// settings, the last `test` are guessed and never looked at. Inputs are in standard units: the
// mean of the training samples taken off, so that zero is what one guesses without an activation.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/workers.h"
#include "split/image_quality.h"

struct vch_inversion {
    size_t training, validation, test; // each at least 1
    size_t features, targets;          // numbers of one activation, of one input
    const float *activations;          // (samples, features)
    const float *inputs;               // (samples, targets)
    const float *mean;                 // (targets): what was taken off, in the same units
    struct vch_image_shape image;      // of the inputs, planar; channels 0: they are no image
    struct vch_image_shape activation; // of the activations, planar; 1 x 1 where there is no plane
    uint32_t steps;                    // of the convolutional inverter's training
    uint64_t seed;
    struct vch_workers *workers; // NULL works alone; never changes a result
    struct vch_arena *arena;     // rewound
    void *progress_context;
    void (*progress)(void *context, uint64_t done); // NULL, or told of parts of
                                                    // vch_..._part_count, on the caller's thread
};

struct vch_inversion_result {
    double validation_error; // mean of the squares, in standard units, with the setting chosen
    double ridge;            // linear, images: the strength chosen
    float *guesses;          // (test, targets), the caller's memory
};
