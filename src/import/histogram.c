#include "import/histogram.h"

#include <math.h>

#define BINS VCH_HISTOGRAM_BINS
#define BIN_BITS 12      // check: 2**12 == 4096
#define RANGES_TRIED 160 // ranges from 1/RANGES_TRIED of the largest number to all of it

// Twice the range: two bins become one.
static void widen(struct vch_histogram *histogram)
{
    for (size_t i = 0; i < BINS / 2; i++)
        histogram->counts[i] = histogram->counts[2 * i] + histogram->counts[2 * i + 1];
    for (size_t i = BINS / 2; i < BINS; i++)
        histogram->counts[i] = 0;
    histogram->exponent++;
}

static void grow(struct vch_histogram *histogram, double size)
{
    int exponent = 0;

    histogram->largest = size;
    (void)frexp(size, &exponent); // size < 2^exponent
    if (!histogram->is_started) histogram->exponent = exponent;
    histogram->is_started = true;
    while (histogram->exponent < exponent)
        widen(histogram);
}

size_t vch_histogram_count(struct vch_histogram *histogram, const double *x, size_t count)
{
    double per_width = ldexp(1, BIN_BITS - histogram->exponent);

    for (size_t i = 0; i < count; i++) {
        double size = fabs(x[i]);
        if (!(size < VCH_HISTOGRAM_NUMBER_MAX)) return i;
        if (size == 0) {
            histogram->zeros++;
            continue;
        }
        histogram->is_negative = histogram->is_negative || x[i] < 0;
        if (size > histogram->largest) {
            grow(histogram, size);
            per_width = ldexp(1, BIN_BITS - histogram->exponent);
        }
        histogram->counts[(size_t)(size * per_width)]++;
    }
    return count;
}

static double width_of(const struct vch_histogram *histogram)
{
    return ldexp(1, histogram->exponent - BIN_BITS);
}

// Bins up to the one that holds the largest number.
static size_t used_bins(const struct vch_histogram *histogram)
{
    return (size_t)(histogram->largest / width_of(histogram)) + 1;
}

double vch_histogram_power(const struct vch_histogram *histogram)
{
    double width = width_of(histogram), sum = 0;

    for (size_t i = 0; i < BINS; i++)
        sum += (double)histogram->counts[i] * ((double)i + 0.5) * ((double)i + 0.5);
    return sum * width * width;
}

// Of one number in the bin around `middle`, spread evenly over it: what a grid of `step` rounds
// off.
static double rounding_error(double middle, double width, double step)
{
    double error = middle - step * floor(middle / step + 0.5);

    return width < step ? error * error + width * width / 12 : step * step / 12;
}

// Inside the range a number is rounded, outside cut off. Zeros are exact.
static double expected_error(const struct vch_histogram *histogram, double range, double steps)
{
    double width = width_of(histogram), step = range / steps, error = 0;
    size_t bins = used_bins(histogram);

    for (size_t i = 0; i < bins; i++) {
        double middle = ((double)i + 0.5) * width, excess = middle - range;
        if (histogram->counts[i] == 0) continue;
        error += (double)histogram->counts[i] *
                 (excess > 0 ? excess * excess : rounding_error(middle, width, step));
    }
    return error;
}

static double smallest_error(const struct vch_histogram *histogram, double largest, double steps)
{
    double best = largest, error = expected_error(histogram, largest, steps);

    for (int i = RANGES_TRIED - 1; i > 0; i--) {
        double range = largest * i / RANGES_TRIED;
        double tried = expected_error(histogram, range, steps);
        if (tried >= error) continue;
        error = tried;
        best = range;
    }
    return best;
}

// The end of the bin below which `percent` of all numbers lie.
static double percentile(const struct vch_histogram *histogram, double largest, double percent)
{
    uint64_t all = histogram->zeros, below = histogram->zeros;

    for (size_t i = 0; i < BINS; i++)
        all += histogram->counts[i];
    for (size_t i = 0; i < used_bins(histogram); i++) {
        below += histogram->counts[i];
        if (histogram->counts[i] > 0 && (double)below * 100 >= percent * (double)all)
            return fmin(largest, (double)(i + 1) * width_of(histogram));
    }
    return largest;
}

double vch_histogram_range(const struct vch_histogram *histogram, struct vch_import_range how,
                           double steps, double *error)
{
    double range = (double)used_bins(histogram) * width_of(histogram);

    if (how.kind == VCH_IMPORT_RANGE_MSE) range = smallest_error(histogram, range, steps);
    if (how.kind == VCH_IMPORT_RANGE_PERCENTILE) range = percentile(histogram, range, how.percent);
    if (how.kind == VCH_IMPORT_RANGE_MAX) range = histogram->largest;
    *error = expected_error(histogram, range, steps);
    return range;
}
