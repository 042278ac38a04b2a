#include "likeness/coordinate.h"

#include <stdbool.h>

#include "base/check.h"

// value = mantissa * 2^(exponent - 150), so in units of 2^-32 the mantissa moves by this.
#define EXPONENT_OF_UNIT 118

int64_t vch_coordinate_from_binary32(uint32_t bits)
{
    const bool is_negative = bits >> 31 != 0;
    const uint32_t exponent = bits >> 23 & 255, fraction = bits & 0x7fffffu;
    const int shift = (int)(exponent == 0 ? 1 : exponent) - EXPONENT_OF_UNIT;
    int64_t size = exponent == 0 ? fraction : fraction | 0x800000u;

    if (exponent == 255 && fraction != 0) return VCH_COORDINATE_NOWHERE;
    if (shift > 28) // 2^23 * 2^29 is the limit
        size = VCH_COORDINATE_LIMIT;
    else if (shift >= 0)
        size <<= shift;
    else // from 25 places on, even the largest mantissa rounds to nothing
        size = shift < -25 ? 0 : (size + ((int64_t)1 << (-shift - 1))) >> -shift;
    return is_negative ? -size : size;
}

static int64_t held(int64_t value)
{
    if (value < -VCH_COORDINATE_LIMIT) return -VCH_COORDINATE_LIMIT; // also what is not a number
    return value > VCH_COORDINATE_LIMIT ? VCH_COORDINATE_LIMIT : value;
}

int64_t vch_coordinate_median(int64_t *values, uint32_t count)
{
    VCH_ASSERT(count > 0);
    for (uint32_t i = 0; i < count; i++) {
        const int64_t value = held(values[i]);
        uint32_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
    const int64_t low = values[(count - 1) / 2], high = values[count / 2];
    return low + (high - low) / 2; // which rounds down: high - low is not negative
}

uint64_t vch_coordinate_distance(int64_t a, int64_t b)
{
    if (a == VCH_COORDINATE_NOWHERE || b == VCH_COORDINATE_NOWHERE) return VCH_COORDINATE_APART;
    a = held(a);
    b = held(b);
    return (uint64_t)(a > b ? a - b : b - a);
}
