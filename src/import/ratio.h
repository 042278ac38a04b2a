// Real factors as a multiplier and a shift.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VCH_RATIO_BITS 15
#define VCH_RATIO_SHIFT_MAX 62

struct vch_ratio {
    int32_t multiplier; // 2^14 <= |multiplier| < 2^15, less where the shift is at its end, or 0
    uint32_t shift;     // 1..62
};

// The nearest multiplier / 2^shift. False where |real| is 2^14 or more, or no number.
bool vch_ratio_nearest(struct vch_ratio *out, double real);

// The same, but the largest there is where `real` is more: what saturates may as well.
bool vch_ratio_saturating(struct vch_ratio *out, double real);

// The same, but never smaller than `real` > 0: for weights, whose scale then follows the ratio.
bool vch_ratio_above(struct vch_ratio *out, double real);

// Multipliers that share one shift, none above its limit; the largest has all its bits.
bool vch_ratio_shared(int32_t *multipliers, uint32_t *shift, const double *reals, uint32_t count);

double vch_ratio_value(struct vch_ratio ratio);
