// Captures: the known table, exact enumerations of small networks, and that no other choice of
// dishonest operators does better than the one we report.
#include "consensus/capture.h"

#include <stdio.h>
#include <string.h>

#include "harness/test.h"

static const struct vch_digest seed = {{1, 2, 3}};

static double as_double(uint64_t probability)
{
    return (double)probability / 18446744073709551616.0;
}

static double distance(double a, double b)
{
    return a > b ? a - b : b - a;
}

// 1,000 operators with equal weights.
TEST(capture_of_a_thousand_equal_operators_is_as_published)
{
    static const struct {
        uint32_t percent;
        const char *want[6];
    } rows[] = {
        {10, {"2.8e-2", "8.4e-3", "2.6e-3", "2.6e-4", "8.9e-7", "2.7e-9"}},
        {20, {"1.0e-1", "5.7e-2", "3.3e-2", "1.1e-2", "8.5e-4", "6.6e-5"}},
        {30, {"2.2e-1", "1.6e-1", "1.3e-1", "7.7e-2", "2.5e-2", "8.6e-3"}},
    };
    static const uint32_t committees[6] = {3, 5, 7, 11, 21, 31};
    char text[VCH_CAPTURE_TEXT_SIZE];

    FOR_EACH(row, rows)
    {
        for (uint32_t i = 0; i < 6; i++) {
            vch_capture_text(text, vch_capture_equal(1000, 10 * row->percent, committees[i]));
            if (strcmp(text, row->want[i]) != 0)
                test_fail(__FILE__, __LINE__, "%u %%, %u: %s, not %s", row->percent, committees[i],
                          text, row->want[i]);
        }
    }
}

static double choose(uint32_t n, uint32_t k)
{
    double ways = 1;

    for (uint32_t i = 0; i < k; i++)
        ways = ways * (n - i) / (i + 1);
    return ways;
}

TEST(capture_agrees_with_binomial_coefficients)
{
    for (int round = 0; round < 500; round++) {
        uint32_t operators = 1 + test_below(60), dishonest = test_below(operators + 1);
        uint32_t committee = 1 + test_below(40), seats = committee;
        double want = 0;
        if (seats > operators) seats = operators;
        for (uint32_t j = committee / 2 + 1; j <= seats && j <= dishonest; j++)
            if (seats - j <= operators - dishonest)
                want += choose(dishonest, j) * choose(operators - dishonest, seats - j) /
                        choose(operators, seats);
        double got = as_double(vch_capture_equal(operators, dishonest, committee));
        CHECK(distance(got, want) < 1e-12);
    }
}

TEST(capture_is_certain_or_impossible_where_it_should)
{
    CHECK_EQ(vch_capture_equal(10, 0, 5), 0);
    CHECK_EQ(vch_capture_equal(10, 2, 5), 0); // never three of five
    CHECK(vch_capture_equal(10, 10, 5) == VCH_CAPTURE_CERTAIN);
    CHECK(vch_capture_equal(10, 8, 5) == VCH_CAPTURE_CERTAIN); // two honest ones at most
    CHECK(vch_capture_equal(VCH_CAPTURE_OPERATORS_MAX, VCH_CAPTURE_OPERATORS_MAX,
                            VCH_CAPTURE_COMMITTEE_MAX) == VCH_CAPTURE_CERTAIN);
    CHECK_EQ(vch_capture_equal(3, 2, 5), 0); // three seats filled of five: two are no majority
    CHECK(vch_capture_equal(3, 3, 5) == VCH_CAPTURE_CERTAIN);
    CHECK_EQ(vch_capture_equal(0, 0, 5), 0);
    CHECK_EQ(vch_capture_equal(2, 1, 1), 1ull << 63);
}

static void fill(uint64_t *weights, uint32_t count, uint64_t most)
{
    for (uint32_t i = 0; i < count; i++)
        weights[i] = 1 + test_below((uint32_t)most);
}

TEST(capture_by_draws_is_near_the_exact_figure)
{
    static const struct {
        uint32_t percent, committee;
    } rows[] = {{10, 5}, {20, 5}, {20, 11}, {30, 7}, {30, 31}};

    FOR_EACH(row, rows)
    {
        struct vch_capture drawn;
        uint64_t weights[200];
        for (uint32_t i = 0; i < 200; i++)
            weights[i] = 1000000 + (i == 199); // not quite equal, so that it draws
        CHECK_OK(vch_capture_estimate(&drawn, weights, 200, row->committee, row->percent, &seed));
        CHECK(!drawn.is_exact);
        // The last one is a little heavier: the first 10 % hold a little less than 10 %.
        CHECK(drawn.dishonest == 2 * row->percent || drawn.dishonest == 2 * row->percent + 1);
        double exact = as_double(vch_capture_equal(200, drawn.dishonest, row->committee));
        CHECK(distance(as_double(drawn.probability), exact) < 6 * as_double(drawn.error));
    }
}

// --- a small network in full: the chance of every set of operators to be the one that is seated.

enum { SMALL = 8 };

static uint32_t count_bits(uint32_t set)
{
    uint32_t count = 0;

    for (; set != 0; set &= set - 1)
        count++;
    return count;
}

static double captured(const uint64_t *weights, uint32_t count, uint32_t dishonest,
                       uint32_t committee)
{
    double chances[1 << SMALL] = {1}, sum = 0;
    uint32_t seats = committee < count ? committee : count;

    for (uint32_t set = 0; set < 1u << count; set++) { // smaller sets come before larger ones
        double left = 0;
        if (count_bits(set) == seats && count_bits(set & dishonest) > committee / 2)
            sum += chances[set];
        for (uint32_t i = 0; i < count; i++)
            if ((set >> i & 1) == 0) left += (double)weights[i];
        for (uint32_t i = 0; i < count; i++)
            if ((set >> i & 1) == 0)
                chances[set | 1u << i] += chances[set] * (double)weights[i] / left;
    }
    return sum;
}

TEST(capture_by_draws_agrees_with_every_order_of_a_small_network)
{
    for (int round = 0; round < 12; round++) {
        uint64_t weights[SMALL], sorted[SMALL];
        uint32_t count = 3 + test_below(SMALL - 2), committee = 1 + 2 * test_below(3);
        struct vch_capture drawn;
        fill(weights, count, 1000);
        CHECK_OK(vch_capture_estimate(&drawn, weights, count, committee, 35, &seed));
        // The tree tells the sorted weights again, by differences of its sums.
        for (uint32_t i = 1; i <= count; i++) {
            sorted[i - 1] = weights[i - 1];
            for (uint32_t j = i - 1, stop = i - (i & (0u - i)); j > stop; j -= j & (0u - j))
                sorted[i - 1] -= weights[j - 1];
        }
        double want = captured(sorted, count, (1u << drawn.dishonest) - 1, committee);
        if (drawn.is_exact) continue;
        CHECK(distance(as_double(drawn.probability), want) < 6 * as_double(drawn.error));
    }
}

// Whoever holds at most the stated share cannot do better than the lightest operators that hold
// at least as much, whichever they choose.
TEST(capture_of_the_lightest_operators_is_the_worst_for_their_share)
{
    for (int round = 0; round < 60; round++) {
        uint64_t weights[SMALL], total = 0, held = 0;
        uint32_t count = 3 + test_below(SMALL - 3), committee = 1 + 2 * test_below(3);
        uint32_t percent = 10 + test_below(40), lightest = 0;
        fill(weights, count, 1 + test_below(50));
        for (uint32_t i = 0; i < count; i++) // insertion: ascending
            for (uint32_t j = i; j > 0 && weights[j] < weights[j - 1]; j--) {
                uint64_t kept = weights[j];
                weights[j] = weights[j - 1];
                weights[j - 1] = kept;
            }
        for (uint32_t i = 0; i < count; i++)
            total += weights[i];
        for (uint32_t i = 0; 100 * held < percent * total; i++) {
            held += weights[i];
            lightest |= 1u << i;
        }
        double reported = captured(weights, count, lightest, committee);
        for (uint32_t set = 0; set < 1u << count; set++) {
            uint64_t share = 0;
            for (uint32_t i = 0; i < count; i++)
                share += (set >> i & 1) * weights[i];
            if (100 * share > percent * total) continue;
            CHECK(captured(weights, count, set, committee) <= reported + 1e-12);
        }
    }
}

TEST(capture_counts_who_has_weight_and_takes_the_lightest)
{
    uint64_t weights[] = {50, 0, 10, 10, 0, 30};
    struct vch_capture out;

    CHECK_OK(vch_capture_estimate(&out, weights, 6, 3, 20, &seed));
    CHECK_EQ(out.operators, 4);
    CHECK_EQ(out.dishonest, 2); // 10 and 10
    CHECK(!out.is_exact);
    uint64_t equal[] = {7, 7, 0, 7, 7, 7, 7, 7, 7, 7, 7};
    CHECK_OK(vch_capture_estimate(&out, equal, 11, 3, 20, &seed));
    CHECK(out.is_exact);
    CHECK_EQ(out.error, 0);
    CHECK_EQ(out.dishonest, 2);
    CHECK(out.probability == vch_capture_equal(10, 2, 3));
    uint64_t nobody[] = {5, 4, 3};
    CHECK_OK(vch_capture_estimate(&out, nobody, 3, 3, 0, &seed));
    CHECK_EQ(out.dishonest, 0);
    CHECK_EQ(out.probability, 0);
    CHECK(out.error > 0); // not seen is not impossible
}

TEST(capture_figures_are_the_same_for_the_same_seed)
{
    static const struct vch_digest other = {{9}};
    struct vch_capture first, again, differently;
    uint64_t weights[3][50];

    fill(weights[0], 50, 1000);
    memcpy(weights[1], weights[0], sizeof weights[0]);
    memcpy(weights[2], weights[0], sizeof weights[0]);
    weights[0][0] = weights[1][0] = weights[2][0] = 5000;
    CHECK_OK(vch_capture_estimate(&first, weights[0], 50, 5, 30, &seed));
    CHECK_OK(vch_capture_estimate(&again, weights[1], 50, 5, 30, &seed));
    CHECK_OK(vch_capture_estimate(&differently, weights[2], 50, 5, 30, &other));
    CHECK(first.probability == again.probability && first.error == again.error);
    CHECK(first.probability != differently.probability);
}

// What a second program, in plain sums over the operators left, counts with the same stream.
TEST(capture_of_given_weights_is_the_same_everywhere)
{
    struct vch_capture out;
    uint64_t weights[20];

    for (uint64_t i = 0; i < 20; i++)
        weights[i] = 1000 + i * i * 10;
    CHECK_OK(vch_capture_estimate(&out, weights, 20, 5, 20, &seed));
    CHECK_EQ(out.dishonest, 8);
    CHECK_EQ(out.probability >> 48, 4016); // of 65,536 draws; by another program
}

TEST(capture_refuses_what_makes_no_sense)
{
    static uint64_t many[VCH_CAPTURE_OPERATORS_MAX + 1];
    struct vch_capture out;
    uint64_t weights[2] = {0, 0}, heavy[2] = {1ull << 62, 1ull << 62}, fine[2] = {1, 2};

    CHECK_FAILS(vch_capture_estimate(&out, weights, 2, 3, 10, &seed), USAGE);
    CHECK_FAILS(vch_capture_estimate(&out, weights, 0, 3, 10, &seed), USAGE);
    CHECK_FAILS(vch_capture_estimate(&out, heavy, 2, 3, 10, &seed), USAGE);
    CHECK_FAILS(vch_capture_estimate(&out, fine, 2, 0, 10, &seed), USAGE);
    CHECK_FAILS(vch_capture_estimate(&out, fine, 2, VCH_CAPTURE_COMMITTEE_MAX + 1, 10, &seed),
                USAGE);
    CHECK_FAILS(vch_capture_estimate(&out, fine, 2, 3, 101, &seed), USAGE);
    CHECK_FAILS(vch_capture_estimate(&out, many, VCH_CAPTURE_OPERATORS_MAX + 1, 3, 10, &seed),
                USAGE);
}

TEST(capture_bounds_add_up_to_certainty_at_most)
{
    CHECK_EQ(vch_capture_times(10, 5), 50);
    CHECK(vch_capture_times(VCH_CAPTURE_CERTAIN / 2 + 1, 2) == VCH_CAPTURE_CERTAIN);
    CHECK(vch_capture_times(UINT64_MAX, UINT64_MAX) == VCH_CAPTURE_CERTAIN);
    CHECK_EQ(vch_capture_times(7, 0), 0);
    CHECK_EQ(vch_capture_either(3, 4), 7);
    CHECK(vch_capture_either(VCH_CAPTURE_CERTAIN, 1) == VCH_CAPTURE_CERTAIN);
}

TEST(capture_is_written_with_two_digits)
{
    static const struct {
        uint64_t probability;
        const char *text;
    } rows[] = {
        {0, "0"},
        {1, "5.4e-20"},
        {1ull << 63, "5.0e-1"},
        {VCH_CAPTURE_CERTAIN, "1"},
        {VCH_CAPTURE_CERTAIN - 1, "1"},
        {1844674407370955162, "1.0e-1"},
        {1844674407370955161, "1.0e-1"}, // just below a tenth
        {1835450000000000000, "9.9e-2"}, // 0.0995
        {18354500000000000000ull, "9.9e-1"},
        {18446744073709552, "1.0e-3"},
    };
    char text[VCH_CAPTURE_TEXT_SIZE];

    FOR_EACH(row, rows)
    {
        vch_capture_text(text, row->probability);
        if (strcmp(text, row->text) != 0)
            test_fail(__FILE__, __LINE__, "%llu: %s, not %s", (unsigned long long)row->probability,
                      text, row->text);
    }
}
