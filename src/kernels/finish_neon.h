// How sums of 8 channels leave the registers. Private to the NEON kernels.
#pragma once

#include <arm_neon.h>
#include <string.h>

#include "kernels/kernels.h"

#define ALWAYS static inline __attribute__((always_inline))

enum { PANEL = 8 };

// What the sums of one panel are finished with.
struct finish {
    int32x4_t multipliers[2];
    int64x2_t addends[4], shifts[4]; // shifts are negative: to the right
    int32x4_t lo, hi;
    size_t count; // channels that there are, at most PANEL
    uint32_t out_size;
};

ALWAYS struct finish finish_of(const struct vch_panels *p, size_t channel, size_t last)
{
    struct finish f = {
        .lo = vdupq_n_s32(p->lo),
        .hi = vdupq_n_s32(p->hi),
        .count = last - channel < PANEL ? last - channel : PANEL,
        .out_size = p->out_size,
    };

    for (size_t i = 0; i < 2; i++)
        f.multipliers[i] = vld1q_s32(p->multipliers + channel + 4 * i);
    for (size_t i = 0; i < 4; i++) {
        f.addends[i] = vld1q_s64(p->addends + channel + 2 * i);
        const int64x2_t shifts =
            vreinterpretq_s64_u64(vmovl_u32(vld1_u32(p->shifts + channel + 2 * i)));
        f.shifts[i] = vnegq_s64(shifts);
    }
    return f;
}

// From the products of four channels to outputs; `half` is which four. Narrowing saturates to
// int32, and the clamp that follows lies inside it, so that together they are the clamp alone.
ALWAYS int32x4_t scale(const struct finish *f, const size_t half, int64x2_t low, int64x2_t high)
{
    low = vshlq_s64(vaddq_s64(low, f->addends[2 * half]), f->shifts[2 * half]);
    high = vshlq_s64(vaddq_s64(high, f->addends[2 * half + 1]), f->shifts[2 * half + 1]);
    const int32x4_t value = vcombine_s32(vqmovn_s64(low), vqmovn_s64(high));

    return vminq_s32(vmaxq_s32(value, f->lo), f->hi);
}

ALWAYS int32x4_t finish_narrow(const struct finish *f, const size_t half, int32x4_t sums)
{
    const int32x4_t multipliers = f->multipliers[half];

    return scale(f, half, vmull_s32(vget_low_s32(sums), vget_low_s32(multipliers)),
                 vmull_high_s32(sums, multipliers));
}

// sum * multiplier from halves modulo 2^64, which is exact because the true product fits. The low
// half is taken for signed, so the high one is rounded; of it 32 bits count.
ALWAYS int64x2_t multiply_wide(int64x2_t sum, int32x2_t multiplier)
{
    const int64x2_t rounded = vaddq_s64(sum, vdupq_n_s64(1LL << 31));
    const int64x2_t high = vmull_s32(vshrn_n_s64(rounded, 32), multiplier);

    return vaddq_s64(vmull_s32(vmovn_s64(sum), multiplier), vshlq_n_s64(high, 32));
}

ALWAYS int32x4_t finish_wide(const struct finish *f, const size_t half, int64x2_t low,
                             int64x2_t high)
{
    return scale(f, half, multiply_wide(low, vget_low_s32(f->multipliers[half])),
                 multiply_wide(high, vget_high_s32(f->multipliers[half])));
}

// `out` is the place's; the first of the outputs goes to `channel`.
ALWAYS void store(const struct finish *f, uint8_t *out, size_t channel, int32x4_t low,
                  int32x4_t high)
{
    const int16x8_t words = vcombine_s16(vmovn_s32(low), vmovn_s32(high)); // in range already
    uint8_t bytes[4 * PANEL];
    uint8_t *to = out + channel * f->out_size;
    uint8_t *at = f->count == PANEL ? to : bytes;

    if (f->out_size == 1) {
        vst1_u8(at, vreinterpret_u8_s8(vmovn_s16(words)));
    } else if (f->out_size == 2) {
        vst1q_u8(at, vreinterpretq_u8_s16(words));
    } else {
        vst1q_u8(at, vreinterpretq_u8_s32(low));
        vst1q_u8(at + 16, vreinterpretq_u8_s32(high));
    }
    if (at == bytes) memcpy(to, bytes, f->count * f->out_size);
}
