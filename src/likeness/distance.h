// How far an output is from a centre, in units of a noise floor, and the score of that distance.
//
// A deviation counts in 1/256 of its coordinate's scale, up to 4096 scales. The score weighs the
// mean of their squares, which sees small changes everywhere, and the largest of their squares,
// which sees one large change: each in units of what is typical of honest runs.
#pragma once

#include <stdint.h>

#define VCH_DISTANCE_ONE 256u                     // one scale
#define VCH_DISTANCE_MAX ((uint64_t)1 << 20)      // 4096 scales
#define VCH_DISTANCE_UNIT_MIN ((uint64_t)1 << 10) // of the units of the score
#define VCH_DISTANCE_UNIT_MAX (VCH_DISTANCE_MAX * VCH_DISTANCE_MAX)
#define VCH_DISTANCE_SCORE_MAX (2 * ((VCH_DISTANCE_UNIT_MAX << 16) / VCH_DISTANCE_UNIT_MIN))

struct vch_distance {
    uint64_t sum;  // of squares, in 1/65536 of a scale squared
    uint64_t peak; // the largest square
    uint32_t count;
};

struct vch_distance_units {
    uint64_t mean, peak; // VCH_DISTANCE_UNIT_MIN to VCH_DISTANCE_UNIT_MAX
};

// One more coordinate; at most 65,536 of them.
void vch_distance_add(struct vch_distance *distance, uint64_t deviation, uint64_t scale);

// The mean square; 0 of no coordinates.
uint64_t vch_distance_mean(const struct vch_distance *distance);

// In 1/65536; at most VCH_DISTANCE_SCORE_MAX.
uint64_t vch_distance_score(const struct vch_distance *distance,
                            const struct vch_distance_units *units);
