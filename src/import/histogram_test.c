// Ranges: what they keep, and that neither order nor growth shows.
#include "import/histogram.h"

#include <math.h>
#include <string.h>

#include "harness/test.h"

enum { NUMBERS = 5000 };

static struct vch_histogram histogram, other;
static double numbers[NUMBERS];

static double any_real(void)
{
    return ldexp((double)test_below(2000001) * 1e-6 - 1, (int)test_below(12) - 6);
}

static void start(void)
{
    memset(&histogram, 0, sizeof histogram);
    memset(&other, 0, sizeof other);
}

TEST(histograms_do_not_depend_on_the_order_of_numbers)
{
    start();
    for (size_t i = 0; i < NUMBERS; i++)
        numbers[i] = i % 7 == 0 ? 0 : any_real();
    CHECK_EQ(vch_histogram_count(&histogram, numbers, NUMBERS), NUMBERS);
    for (size_t i = NUMBERS; i-- > 0;)
        CHECK_EQ(vch_histogram_count(&other, &numbers[i], 1), 1);
    CHECK_EQ(histogram.exponent, other.exponent);
    CHECK(histogram.largest == other.largest);
    CHECK_EQ(histogram.zeros, other.zeros);
    for (size_t i = 0; i < VCH_HISTOGRAM_BINS; i++)
        CHECK_EQ(histogram.counts[i], other.counts[i]);
}

TEST(histograms_stop_at_what_is_no_activation)
{
    const double beyond[] = {1, 1e30, NAN, INFINITY};

    start();
    for (size_t i = 1; i < 4; i++) {
        const double pair[] = {0.5, beyond[i]};
        CHECK_EQ(vch_histogram_count(&histogram, pair, 2), 1);
    }
}

// Squared error of rounding to a grid and cutting off, measured.
static double measured_error(double range, double steps)
{
    double sum = 0;

    for (size_t i = 0; i < NUMBERS; i++) {
        double kept = fmin(fmax(numbers[i], -range), range);
        double error = numbers[i] - floor(kept * steps / range + 0.5) * range / steps;
        sum += error * error;
    }
    return sum;
}

TEST(the_searched_range_loses_less_than_the_whole_one_and_what_it_says)
{
    const struct vch_import_range search = {.kind = VCH_IMPORT_RANGE_MSE};
    const struct vch_import_range whole = {.kind = VCH_IMPORT_RANGE_MAX};
    double error = 0, error_whole = 0;

    start();
    // Heavy tails, one number far above all others: to cut it off a little saves more than its own
    // bin is wide. Where the whole range is best, the search, which ends with a bin, may miss it.
    for (size_t i = 0; i < NUMBERS; i++) {
        double x = (double)test_below(2000001) * 1e-6 - 1;
        numbers[i] = i % 1000 == 0 ? copysign((double)i * 0.004 + 4, x) + x : x;
    }
    CHECK_EQ(vch_histogram_count(&histogram, numbers, NUMBERS), NUMBERS);
    double range = vch_histogram_range(&histogram, search, 127, &error);
    CHECK(vch_histogram_range(&histogram, whole, 127, &error_whole) == histogram.largest);
    CHECK(error <= error_whole);
    CHECK(measured_error(range, 127) <= measured_error(histogram.largest, 127) * 1.01);
    CHECK(fabs(measured_error(range, 127) / error - 1) < 0.2);
}

TEST(a_percentile_keeps_that_part_of_the_numbers)
{
    double error = 0, before = 0;

    start();
    for (size_t i = 0; i < NUMBERS; i++)
        numbers[i] = i % 2 == 0 ? 0 : any_real();
    CHECK_EQ(vch_histogram_count(&histogram, numbers, NUMBERS), NUMBERS);
    for (int percent = 60; percent <= 100; percent += 5) {
        const struct vch_import_range how = {VCH_IMPORT_RANGE_PERCENTILE, (double)percent};
        double range = vch_histogram_range(&histogram, how, 127, &error);
        size_t inside = 0;
        for (size_t i = 0; i < NUMBERS; i++)
            inside += fabs(numbers[i]) <= range;
        CHECK(inside * 100 >= (size_t)percent * NUMBERS);
        CHECK(range >= before);
        before = range;
    }
    CHECK(fabs(before / histogram.largest - 1) < 0.001);
    const struct vch_import_range half = {VCH_IMPORT_RANGE_PERCENTILE, 75};
    CHECK(vch_histogram_range(&histogram, half, 127, &error) < histogram.largest / 2);
}
