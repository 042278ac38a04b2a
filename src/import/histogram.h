// How large the numbers of one tensor are, over all samples, and the range that suits them.
//
// Magnitudes lie in bins below 2^exponent. Counts are whole numbers and a bin's width is a power of
// two, so that neither the order of numbers nor the moment of growing shows in the result.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "import/import.h"

#define VCH_HISTOGRAM_BINS 4096
#define VCH_HISTOGRAM_NUMBER_MAX 1e30 // what is larger is no activation

struct vch_histogram {
    uint64_t counts[VCH_HISTOGRAM_BINS], zeros; // zeros are in no bin
    int exponent;
    bool is_started, is_negative; // is_negative: any of them
    double largest;
};

// Gives `count`, or the index of the first number that is none or beyond NUMBER_MAX.
size_t vch_histogram_count(struct vch_histogram *histogram, const double *x, size_t count);

// The range (largest |x| that is not cut off) for a grid of `steps` steps on either side of zero,
// and the squared error to expect of it in all. The histogram is not empty.
double vch_histogram_range(const struct vch_histogram *histogram, struct vch_import_range how,
                           double steps, double *error);

// Sum of squares.
double vch_histogram_power(const struct vch_histogram *histogram);
