// One number of an output, as a whole number: arithmetic on these is the same on every machine.
//
// A coordinate is the value in units of 2^-32, between -2^52 and 2^52 (a value of 2^20). What lies
// beyond, infinities included, is held at that limit.
#pragma once

#include <stdint.h>

#define VCH_COORDINATE_LIMIT ((int64_t)1 << 52)
#define VCH_COORDINATE_NOWHERE INT64_MIN         // not a number
#define VCH_COORDINATE_APART ((uint64_t)1 << 53) // no two coordinates are further apart

// From the bits of an IEEE binary32; the nearest one, halves away from zero.
int64_t vch_coordinate_from_binary32(uint32_t bits);

// The middle of 1 or more, which end up sorted; of an even count the mean of the two in the middle,
// rounded down. What is not a number counts as the lowest one.
int64_t vch_coordinate_median(int64_t *values, uint32_t count);

// How far apart; VCH_COORDINATE_APART where either is not a number.
uint64_t vch_coordinate_distance(int64_t a, int64_t b);
