// Loops over accumulators that the compiler makes vectors of. Private to this folder.
//
// Whoever includes this has defined VARIANT(name), the external name on its level.
#pragma once

#include <string.h>

#include "kernels/variants.h"

// Without early exits: in honest data nothing is outside.
bool VARIANT(is_within_i32)(const int32_t *x, size_t count, int32_t bound)
{
    int32_t outside = 0;

    for (size_t i = 0; i < count; i++)
        outside |= (x[i] > bound) | (x[i] < -bound);
    return outside == 0;
}

// With 2^15 added, what carries into the high half is right for a signed low one, and the
// exclusive-or takes it away again.
void VARIANT(halve_i32)(int16_t *out, const int32_t *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t halves = ((uint32_t)x[i] + 0x8000) ^ 0x8000;
        memcpy(out + 2 * i, &halves, sizeof halves);
    }
}
