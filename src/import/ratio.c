#include "import/ratio.h"

#include <math.h>

// The shift that leaves the largest multiplier below 2^15, or what comes nearest to it.
static bool find_shift(uint32_t *shift, double real)
{
    int exponent = 0;

    if (!isfinite(real)) return false;
    (void)frexp(real, &exponent); // real = f * 2^exponent, f in [0.5, 1)
    int wanted = VCH_RATIO_BITS - exponent;
    if (wanted < 1) return false;
    *shift = real == 0 || wanted > VCH_RATIO_SHIFT_MAX ? VCH_RATIO_SHIFT_MAX : (uint32_t)wanted;
    return true;
}

static bool round_to(struct vch_ratio *out, double real, double (*rounding)(double))
{
    uint32_t shift = 0;

    if (!find_shift(&shift, real)) return false;
    double multiplier = rounding(ldexp(real, (int)shift));
    if (fabs(multiplier) >= 1 << VCH_RATIO_BITS) { // rounded up to a power of two
        if (shift == 1) return false;
        shift--;
        multiplier /= 2;
    }
    *out = (struct vch_ratio){(int32_t)multiplier, shift};
    return true;
}

bool vch_ratio_nearest(struct vch_ratio *out, double real)
{
    return round_to(out, real, round);
}

bool vch_ratio_saturating(struct vch_ratio *out, double real)
{
    const struct vch_ratio largest = {(1 << VCH_RATIO_BITS) - 1, 1};

    if (vch_ratio_nearest(out, real)) return true;
    *out = largest;
    return real > vch_ratio_value(largest) && isfinite(real);
}

bool vch_ratio_above(struct vch_ratio *out, double real)
{
    return round_to(out, real, ceil);
}

bool vch_ratio_shared(int32_t *multipliers, uint32_t *shift, const double *reals, uint32_t count)
{
    double largest = 0;
    struct vch_ratio ratio = {0};

    for (uint32_t i = 0; i < count; i++)
        if (fabs(reals[i]) > largest) largest = fabs(reals[i]);
    if (!vch_ratio_nearest(&ratio, largest)) return false;
    *shift = ratio.shift;
    for (uint32_t i = 0; i < count; i++)
        multipliers[i] = (int32_t)round(ldexp(reals[i], (int)ratio.shift));
    return true;
}

double vch_ratio_value(struct vch_ratio ratio)
{
    return ldexp((double)ratio.multiplier, -(int)ratio.shift);
}
