// One output channel of a product, real to integer: weights at a scale of its own, which is tied to
// a ratio that multiplier and shift give exactly; the bias at the scale of the sums.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "import/ratio.h"

// Weights (channels, depth), as the float layer or a depthwise stand-in gives them.
struct vch_product {
    const double *weights, *bias;
    const double *scales; // per channel, where the model's file fixes them; or NULL
    const double *means;  // (groups, depth) of what the weights are multiplied with; or NULL
    size_t channels, depth, groups;
    double scale_in, scale_out;
    int32_t weight_max; // largest magnitude of an integer weight
};

struct vch_product_channel {
    struct vch_ratio ratio;
    double scale; // of the weights
    int64_t bias;
};

// `row`: the channel's integer weights. LIMIT where the scales are too far apart.
vch_status vch_product_quantise(struct vch_product_channel *out, int32_t *row,
                                const struct vch_product *product, size_t channel);

// The weight scale that the channel wants, before it is tied to a ratio.
double vch_product_scale(const struct vch_product *product, size_t channel);
