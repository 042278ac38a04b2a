// That p-values keep their promise, by counting every case and by drawing many.
#include "likeness/evidence.h"

#include <math.h>
#include <string.h>

#include "harness/test.h"

static struct vch_arena arena;

static struct vch_evidence_odds odds_of(uint32_t scores, uint32_t inputs)
{
    struct vch_evidence_odds odds;

    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 22);
    CHECK_OK(vch_evidence_odds_make(&odds, scores, inputs, &arena));
    return odds;
}

static struct vch_evidence_p after(const uint32_t *ranks, const struct vch_evidence_odds *odds)
{
    struct vch_evidence evidence = {0};

    for (uint32_t i = 0; i < odds->input_count; i++)
        vch_evidence_add(&evidence, ranks[i]);
    return vch_evidence_p(&evidence, odds);
}

TEST(one_input_is_flagged_exactly_where_its_p_value_is_at_most_alpha)
{
    static const struct {
        uint32_t rank, scores, alpha;
        bool is_flagged;
    } cases[] = {
        {0, 99, 10000, true},    // 1/100
        {0, 98, 10000, false},   // 1/99
        {1, 199, 10000, true},   // 2/200
        {2, 199, 10000, false},  // 3/200
        {0, 999, 1000, true},    // 1/1000
        {0, 998, 1000, false},   // 1/999
        {99, 199, 500000, true}, // 100/200
        {100, 199, 500000, false},
    };

    FOR_EACH(one, cases)
    {
        const struct vch_evidence_odds odds = odds_of(one->scores, 1);
        const struct vch_evidence_p p = after(&one->rank, &odds);
        CHECK(vch_evidence_p_is_within(p, one->alpha) == one->is_flagged);
        CHECK(p.numerator == one->rank + 1 && p.denominator == one->scores + 1);
    }
}

TEST(the_least_p_value_says_whether_anybody_could_be_flagged)
{
    static const struct {
        uint32_t scores, inputs, alpha;
        bool is_enough;
    } cases[] = {
        {99, 1, 10000, true},  {98, 1, 10000, false}, {999, 1, 1000, true},
        {998, 1, 1000, false}, {98, 4, 10000, true}, // several inputs are more than one
        {1, 2, 333333, false}, {1, 2, 333334, true}, // both above the only score: 1/3
    };

    FOR_EACH(one, cases)
    {
        const struct vch_evidence_odds odds = odds_of(one->scores, one->inputs);
        CHECK(vch_evidence_p_is_within(vch_evidence_p_least(&odds), one->alpha) == one->is_enough);
    }
}

// Every way in which the scores of calibration and batch can lie among each other, each once.
static void count_orders(uint32_t scores, uint32_t inputs, uint32_t alpha)
{
    const struct vch_evidence_odds odds = odds_of(scores, inputs);
    const uint32_t all = scores + inputs;
    uint32_t orders = 0, flagged = 0;

    for (uint32_t set = 0; set < 1u << all; set++) { // bit i: the i-th largest is of the batch
        uint32_t ranks[32], count = 0, above = 0;
        for (uint32_t i = 0; i < all; i++) {
            if ((set >> i & 1) != 0)
                ranks[count++] = above;
            else
                above++;
        }
        if (count != inputs) continue;
        orders++;
        flagged += vch_evidence_p_is_within(after(ranks, &odds), alpha);
    }
    CHECK((uint64_t)flagged * VCH_EVIDENCE_ALPHA_ONE <= (uint64_t)alpha * orders);
}

TEST(of_all_orders_in_which_honest_scores_can_fall_no_more_than_alpha_are_flagged)
{
    static const uint32_t alphas[] = {20000, 50000, 100000, 250000, 500000};

    FOR_EACH(alpha, alphas)
    for (uint32_t scores = 1; scores <= 10; scores++)
        for (uint32_t inputs = 1; inputs <= 5; inputs++)
            count_orders(scores, inputs, *alpha);
}

TEST(odds_are_the_written_ones)
{
    const struct vch_evidence_odds odds = odds_of(3, 2); // levels 1 and 2
    const double one = 0x1p46;

    CHECK_EQ(odds.level_count, 2);
    const double wanted[] = {1, 2.0 / 5, 1.0 / 10, 1, 7.0 / 10, 3.0 / 10};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const double got = (double)odds.tails[i] / one;
        CHECK(got >= wanted[i] * (1 - 1e-15) && got < wanted[i] + 1e-12);
    }
    CHECK_EQ(odds_of(1, 2).level_count, 1);
    CHECK_EQ(odds_of(65536, 2).level_count, VCH_EVIDENCE_LEVELS_MAX);
}

TEST(the_largest_calibration_and_batch_do_not_overflow)
{
    const struct vch_evidence_odds odds = odds_of(65536, VCH_EVIDENCE_INPUTS_MAX);

    for (uint32_t level = 0; level < odds.level_count; level++) {
        const uint64_t *tails = odds.tails + (size_t)level * (odds.input_count + 1);
        CHECK(tails[0] >= (uint64_t)1 << 46 && tails[0] < ((uint64_t)1 << 46) + (1 << 21));
        for (uint32_t r = 0; r < odds.input_count; r++)
            CHECK(tails[r] >= tails[r + 1]);
    }
    CHECK(vch_evidence_p_is_within(vch_evidence_p_least(&odds), 1));
}

// Scores of an honest member and of the calibration are draws of one kind.
static uint32_t rank_of(const uint32_t *held, uint32_t count, uint32_t score)
{
    uint32_t rank = 0;
    for (uint32_t i = 0; i < count; i++)
        rank += held[i] >= score;
    return rank;
}

struct rates {
    uint32_t flagged, trials;
};

static struct rates play(uint32_t trials, uint32_t scores, uint32_t inputs, uint32_t alpha,
                         uint32_t kinds)
{
    static uint32_t held[1000];
    struct rates rates = {.trials = trials};

    const struct vch_evidence_odds odds = odds_of(scores, inputs);

    for (uint32_t trial = 0; trial < trials; trial++) {
        uint32_t ranks[32];
        for (uint32_t i = 0; i < scores; i++)
            held[i] = test_below(kinds);
        for (uint32_t i = 0; i < inputs; i++)
            ranks[i] = rank_of(held, scores, test_below(kinds));
        rates.flagged += vch_evidence_p_is_within(after(ranks, &odds), alpha);
    }
    return rates;
}

static double deviation(const struct rates *rates, double p)
{
    return ((double)rates->flagged - p * rates->trials) / sqrt(p * (1 - p) * rates->trials);
}

TEST(one_input_of_an_honest_member_is_flagged_at_the_stated_rate_not_less_not_more)
{
    static const struct {
        uint32_t scores, alpha;
        double rate;
    } cases[] = {
        {99, 50000, 0.05},
        {199, 10000, 0.01},
        {150, 50000, 7.0 / 151}, // the largest p-value below alpha
    };

    FOR_EACH(one, cases)
    {
        struct rates rates = play(40000, one->scores, 1, one->alpha, UINT32_MAX);
        CHECK(fabs(deviation(&rates, one->rate)) < 5);
    }
}

TEST(several_inputs_of_an_honest_member_are_flagged_no_more_than_stated)
{
    static const struct {
        uint32_t scores, inputs, alpha, kinds;
    } cases[] = {
        {99, 2, 50000, UINT32_MAX},   {99, 8, 50000, UINT32_MAX}, {40, 20, 100000, UINT32_MAX},
        {300, 30, 20000, UINT32_MAX}, {99, 8, 50000, 7}, // many equal scores
    };

    FOR_EACH(one, cases)
    {
        struct rates rates = play(10000, one->scores, one->inputs, one->alpha, one->kinds);
        CHECK(deviation(&rates, one->alpha / 1e6) < 5);
    }
}

// So the tests above can fail: a calibration whose scores are one percent short.
TEST(scores_a_little_larger_than_the_calibration_are_noticed)
{
    const struct vch_evidence_odds odds = odds_of(199, 1);
    static uint32_t held[199];
    struct rates rates = {.trials = 20000};

    for (uint32_t trial = 0; trial < rates.trials; trial++) {
        for (uint32_t i = 0; i < 199; i++)
            held[i] = test_below(1000000);
        const uint32_t rank = rank_of(held, 199, test_below(1000000) + 10000);
        rates.flagged += vch_evidence_p_is_within(after(&rank, &odds), 10000);
    }
    CHECK(deviation(&rates, 0.01) > 5);
    vch_arena_release(&arena);
}
