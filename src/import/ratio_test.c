// Real factors as multiplier and shift: nearest, never below, shared.
#include "import/ratio.h"

#include <math.h>
#include <stdlib.h>

#include "harness/test.h"

static double any_ratio(void)
{
    return ldexp(1 + (double)test_below(1u << 30) * 0x1p-30, (int)test_below(54) - 42);
}

TEST(ratio_nearest_is_within_half_a_unit_of_fifteen_bits)
{
    for (int i = 0; i < 20000; i++) {
        struct vch_ratio ratio = {0};
        double real = any_ratio() * (test_below(2) == 0 ? 1 : -1);
        CHECK(vch_ratio_nearest(&ratio, real));
        CHECK(ratio.shift >= 1 && ratio.shift <= VCH_RATIO_SHIFT_MAX);
        CHECK(abs(ratio.multiplier) >= 1 << 14 && abs(ratio.multiplier) < 1 << 15);
        CHECK(fabs(vch_ratio_value(ratio) / real - 1) <= 0x1p-15);
    }
}

TEST(ratio_above_is_never_smaller)
{
    for (int i = 0; i < 20000; i++) {
        struct vch_ratio ratio = {0};
        double real = any_ratio();
        CHECK(vch_ratio_above(&ratio, real));
        CHECK(vch_ratio_value(ratio) >= real);
        CHECK(vch_ratio_value(ratio) <= real * (1 + 0x1p-13));
        CHECK(ratio.multiplier < 1 << 15);
    }
}

TEST(ratio_knows_its_ends)
{
    struct vch_ratio ratio = {0};

    CHECK(vch_ratio_nearest(&ratio, 0));
    CHECK_EQ(ratio.multiplier, 0);
    CHECK(vch_ratio_nearest(&ratio, 1));
    CHECK(vch_ratio_value(ratio) == 1);
    CHECK(vch_ratio_nearest(&ratio, 1e-30)); // nothing is left of it
    CHECK_EQ(ratio.multiplier, 0);
    CHECK(!vch_ratio_nearest(&ratio, 16384));
    CHECK(!vch_ratio_nearest(&ratio, 16383.9999));
    CHECK(!vch_ratio_nearest(&ratio, (double)NAN));
    CHECK(!vch_ratio_above(&ratio, (double)INFINITY));
}

TEST(ratio_shared_gives_all_its_bits_to_the_largest)
{
    int32_t multipliers[3];
    uint32_t shift = 0;

    CHECK(vch_ratio_shared(multipliers, &shift, (const double[]){0.5, -3, 0.001}, 3));
    CHECK_EQ(multipliers[1], -3 * (1 << 13));
    CHECK_EQ(multipliers[0], 1 << 12);
    CHECK_EQ(shift, 13);
    CHECK_EQ(multipliers[2], 8); // 0.001 * 2^13, rounded
}
