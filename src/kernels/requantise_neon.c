#include <arm_neon.h>
#include <string.h>

#include "kernels/variants.h"

struct lanes {
    int64x2_t bias, half, lo, hi, shift;
    uint32x2_t multiplier;
};

static struct lanes spread(int64_t bias, const struct vch_requantise *how)
{
    return (struct lanes){
        .bias = vdupq_n_s64(bias),
        .half = vdupq_n_s64((int64_t)1 << (how->shift - 1)),
        .lo = vdupq_n_s64(how->lo),
        .hi = vdupq_n_s64(how->hi),
        .shift = vdupq_n_s64(-(int64_t)how->shift), // to the right
        .multiplier = vdup_n_u32((uint32_t)how->multiplier),
    };
}

// Two accumulators. The product is put together from its halves modulo 2^64, which is exact
// because the true product fits.
static int64x2_t requantise(int64x2_t acc, const struct lanes *l)
{
    const uint64x2_t x = vreinterpretq_u64_s64(vaddq_s64(acc, l->bias));
    const uint64x2_t low = vmull_u32(vmovn_u64(x), l->multiplier);
    const uint64x2_t high = vmull_u32(vshrn_n_u64(x, 32), l->multiplier);
    const int64x2_t product = vreinterpretq_s64_u64(vaddq_u64(low, vshlq_n_u64(high, 32)));
    int64x2_t value = vshlq_s64(vaddq_s64(product, l->half), l->shift);

    value = vbslq_s64(vcgtq_s64(l->lo, value), l->lo, value);
    return vbslq_s64(vcgtq_s64(value, l->hi), l->hi, value);
}

static int32x4_t four_i64(const int64_t *acc, const struct lanes *l)
{
    return vcombine_s32(vmovn_s64(requantise(vld1q_s64(acc), l)),
                        vmovn_s64(requantise(vld1q_s64(acc + 2), l)));
}

static int32x4_t four_i32(const int32_t *acc, const struct lanes *l)
{
    const int32x4_t x = vld1q_s32(acc);
    return vcombine_s32(vmovn_s64(requantise(vmovl_s32(vget_low_s32(x)), l)),
                        vmovn_s64(requantise(vmovl_high_s32(x), l)));
}

static void store_i8(int8_t *out, int32x4_t value)
{
    const int16x4_t words = vmovn_s32(value);
    const int8x8_t bytes = vmovn_s16(vcombine_s16(words, words));
    const int32_t four = vget_lane_s32(vreinterpret_s32_s8(bytes), 0);
    memcpy(out, &four, sizeof four);
}

static void store_i16(int16_t *out, int32x4_t value)
{
    vst1_s16(out, vmovn_s32(value));
}

static void store_i32(int32_t *out, int32x4_t value)
{
    vst1q_s32(out, value);
}

#define REQUANTISE(from, to, from_type, to_type) \
    void vch_requantise_##from##_to_##to##_neon(to_type *out, const from_type *acc, size_t count, \
                                                int64_t bias, const struct vch_requantise *how) \
    { \
        size_t i = 0; \
        if (how->multiplier >= 0) { /* the halves above are unsigned */ \
            const struct lanes l = spread(bias, how); \
            for (; i + 4 <= count; i += 4) \
                store_##to(out + i, four_##from(acc + i, &l)); \
        } \
        vch_requantise_##from##_to_##to##_portable(out + i, acc + i, count - i, bias, how); \
    }

REQUANTISE(i32, i8, int32_t, int8_t)
REQUANTISE(i32, i16, int32_t, int16_t)
REQUANTISE(i64, i8, int64_t, int8_t)
REQUANTISE(i64, i16, int64_t, int16_t)
REQUANTISE(i64, i32, int64_t, int32_t)
