#include "base/check.h"
#include "kernels/variants.h"

int64_t vch_requantise_one(int64_t acc, const struct vch_requantise *how)
{
    VCH_VERIFY_ASSERT(how->shift >= 1 && how->shift <= 62 && how->lo <= how->hi);
    // A right shift of a negative number is arithmetic with every compiler we build with, which is
    // exactly the floor; a test pins it.
    int64_t value = (acc * how->multiplier + ((int64_t)1 << (how->shift - 1))) >> how->shift;
    return value < how->lo ? how->lo : value > how->hi ? how->hi : value;
}

#define REQUANTISE(from, to, from_type, to_type) \
    void vch_requantise_##from##_to_##to##_portable(to_type *out, const from_type *acc, \
                                                    size_t count, int64_t bias, \
                                                    const struct vch_requantise *how) \
    { \
        for (size_t i = 0; i < count; i++) \
            out[i] = (to_type)vch_requantise_one(acc[i] + bias, how); \
    }

REQUANTISE(i32, i8, int32_t, int8_t)
REQUANTISE(i32, i16, int32_t, int16_t)
REQUANTISE(i64, i8, int64_t, int8_t)
REQUANTISE(i64, i16, int64_t, int16_t)
REQUANTISE(i64, i32, int64_t, int32_t)
