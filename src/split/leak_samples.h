// The samples of a measurement: checked, dealt by the seed, and brought to standard units.
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "split/leak.h"

struct vch_leak_samples {
    bool is_channels_last; // the input is (height, width, channels); everything here is planar
    uint32_t *order;       // dealt sample i is the person's sample order[i]
    float *inputs;         // (samples, targets), dealt, less the mean, in units of the spread
    float *test_originals; // (test, targets), as the person has them
    float *means;          // (targets), of the training samples
    float *standard_means; // (targets): the same in units of the spread
    float *spreads;        // (targets): of each column, or one of all of an image; never 0
};

// Also fills `leak`: counts, image, range, originals.
vch_status vch_leak_samples_init(struct vch_leak_samples *out, struct vch_leak *leak,
                                 const struct vch_leak_problem *problem, struct vch_arena *arena,
                                 struct vch_complaint *complaint);

// Guesses (test, targets) from standard units to the person's, an image's inside the range.
void vch_leak_samples_restore(float *guesses, const struct vch_leak_samples *samples,
                              const struct vch_leak *leak);

// (channels, height, width) of a shape that has such planes, a leading 1 apart.
bool vch_leak_samples_planes(struct vch_image_shape *out, const struct vch_shape *shape);
