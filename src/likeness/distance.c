#include "likeness/distance.h"

#include "base/check.h"

void vch_distance_add(struct vch_distance *distance, uint64_t deviation, uint64_t scale)
{
    VCH_ASSERT(scale > 0 && deviation <= (uint64_t)1 << 53 && distance->count < 65536);
    uint64_t ratio = deviation * VCH_DISTANCE_ONE / scale;

    if (ratio > VCH_DISTANCE_MAX) ratio = VCH_DISTANCE_MAX;
    const uint64_t square = ratio * ratio;
    distance->sum += square;
    if (square > distance->peak) distance->peak = square;
    distance->count++;
}

uint64_t vch_distance_mean(const struct vch_distance *distance)
{
    return distance->count == 0 ? 0 : distance->sum / distance->count;
}

uint64_t vch_distance_score(const struct vch_distance *distance,
                            const struct vch_distance_units *units)
{
    return (vch_distance_mean(distance) << 16) / units->mean + (distance->peak << 16) / units->peak;
}
