// Numbers of an output as whole numbers, against the processor's own arithmetic.
#include "likeness/coordinate.h"

#include <math.h>
#include <string.h>

#include "harness/test.h"
#include "likeness/sort.h"

static uint32_t bits_of(float value)
{
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

TEST(numbers_become_the_nearest_coordinate)
{
    static const struct {
        float value;
        int64_t coordinate;
    } cases[] = {
        {0, 0},
        {-0.0f, 0},
        {1, (int64_t)1 << 32},
        {-1, -((int64_t)1 << 32)},
        {0x1p-32f, 1},
        {0x1p-33f, 1}, // half, away from zero
        {-0x1p-33f, -1},
        {0x1.fffffep-34f, 0},
        {0x1p-149f, 0}, // the smallest there is
        {0x1.8p-32f, 2},
        {0x1.fffffep19f, (int64_t)0x1fffffe << 27},
        {0x1p20f, VCH_COORDINATE_LIMIT},
        {0x1.fffffep127f, VCH_COORDINATE_LIMIT},
        {INFINITY, VCH_COORDINATE_LIMIT},
        {-INFINITY, -VCH_COORDINATE_LIMIT},
        {NAN, VCH_COORDINATE_NOWHERE},
    };

    FOR_EACH(one, cases)
    CHECK_EQ(vch_coordinate_from_binary32(bits_of(one->value)), one->coordinate);
}

TEST(any_bits_become_what_binary64_arithmetic_says)
{
    for (int i = 0; i < 200000; i++) {
        const uint32_t bits = test_below(65536) << 16 | test_below(65536);
        float value = 0;
        memcpy(&value, &bits, sizeof value);
        if (isnan(value)) continue;
        const double scaled = fmax(-0x1p52, fmin(0x1p52, (double)value * 0x1p32)); // exact
        CHECK_EQ(vch_coordinate_from_binary32(bits), llround(scaled));
    }
}

TEST(a_median_has_half_on_either_side)
{
    for (int i = 0; i < 5000; i++) {
        int64_t values[9], sorted[9];
        const uint32_t count = 1 + test_below(9);
        for (uint32_t j = 0; j < count; j++)
            sorted[j] = values[j] = (int64_t)test_below(20) - 10;
        const int64_t median = vch_coordinate_median(sorted, count);
        uint32_t below = 0, above = 0;
        for (uint32_t j = 0; j < count; j++) {
            below += values[j] < median;
            above += values[j] > median;
        }
        CHECK(below <= count / 2 && above <= count / 2);
    }
    CHECK_EQ(vch_coordinate_median((int64_t[]){3, -4}, 2), -1); // -0.5, rounded down
    CHECK_EQ(vch_coordinate_median((int64_t[]){7, VCH_COORDINATE_NOWHERE, 9}, 3), 7);
    CHECK_EQ(vch_coordinate_median((int64_t[]){VCH_COORDINATE_NOWHERE}, 1), -VCH_COORDINATE_LIMIT);
}

TEST(what_is_not_a_number_is_as_far_off_as_can_be)
{
    CHECK_EQ(vch_coordinate_distance(VCH_COORDINATE_NOWHERE, -VCH_COORDINATE_LIMIT),
             VCH_COORDINATE_APART);
    CHECK_EQ(vch_coordinate_distance(VCH_COORDINATE_LIMIT, -VCH_COORDINATE_LIMIT),
             VCH_COORDINATE_APART);
    CHECK_EQ(vch_coordinate_distance(-5, 7), 12);
    CHECK_EQ(vch_coordinate_distance(7, -5), 12);
}

TEST(sorted_numbers_rise_and_are_the_same_numbers)
{
    static uint64_t values[3000];

    for (int i = 0; i < 200; i++) {
        const size_t count = test_below(i < 100 ? 10 : 3000);
        uint64_t sum = 0;
        for (size_t j = 0; j < count; j++)
            sum += values[j] = (uint64_t)test_below(i % 2 ? 5 : UINT32_MAX) << (i % 3 * 16);
        vch_sort_u64(values, count);
        for (size_t j = 0; j < count; j++) {
            CHECK(j == 0 || values[j - 1] <= values[j]);
            sum -= values[j];
        }
        CHECK(sum == 0);
    }
}
