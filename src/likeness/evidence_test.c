// That p-values and wagers keep their promise, by counting every case and by drawing many.
#include "likeness/evidence.h"

#include <math.h>
#include <string.h>

#include "harness/test.h"

static struct vch_evidence after(uint32_t inputs, uint32_t rank, uint32_t scores)
{
    struct vch_evidence evidence;

    vch_evidence_init(&evidence);
    for (uint32_t i = 0; i < inputs; i++)
        vch_evidence_add(&evidence, rank, scores);
    return evidence;
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
        struct vch_evidence evidence = after(1, one->rank, one->scores);
        CHECK(vch_evidence_is_flagged(&evidence, one->scores, one->alpha) == one->is_flagged);
    }
}

TEST(too_small_a_calibration_is_told_before_anybody_is_judged)
{
    CHECK(vch_evidence_is_enough(1, 99, 10000));
    CHECK(!vch_evidence_is_enough(1, 98, 10000));
    CHECK(vch_evidence_is_enough(1, 999, 1000));
    CHECK(!vch_evidence_is_enough(1, 998, 1000));
    CHECK(vch_evidence_is_enough(8, 98, 10000)); // several inputs are more than one
    CHECK(!vch_evidence_is_enough(1000, 1, 1));
    CHECK(!vch_evidence_is_enough(2, 999, 100));
}

// Where the p-value is uniform on 1/N .. N/N, the factor must not pay more than it costs.
TEST(no_wager_pays_more_than_fair_whatever_the_sizes)
{
    for (uint32_t scores = 1; scores < 1300; scores += 1 + scores / 16)
        for (uint32_t earlier = 0; earlier < 5; earlier++) {
            const uint32_t count = scores + earlier + 1; // places that the new score can take
            uint64_t sum = 0;
            for (uint32_t place = 1; place <= count; place++) {
                struct vch_evidence evidence = {.count = earlier, .wager = VCH_EVIDENCE_ONE};
                // The best places are paid as the worst of them: p cannot show which it was.
                vch_evidence_add(&evidence, place > earlier ? place - earlier - 1 : 0, scores);
                sum += evidence.wager;
            }
            CHECK(sum <= (uint64_t)count * VCH_EVIDENCE_ONE);
        }
}

TEST(wagers_are_the_written_ones)
{
    struct vch_evidence evidence = after(1, 0, 999); // nine wagers; p = 1/1000, below 2^-9
    const uint64_t first = VCH_EVIDENCE_ONE * (9 + 1022) / 18, second = first * (9 + 510) / 18;

    CHECK_EQ(evidence.wager, first);
    vch_evidence_add(&evidence, 0, 999); // 2/1001, below 2^-8
    CHECK_EQ(evidence.wager, second);
    vch_evidence_add(&evidence, 999, 999); // 1
    CHECK_EQ(evidence.wager, second / 2);
    CHECK_EQ(evidence.highest, second);
    CHECK_EQ(after(1, 0, 1).wager, VCH_EVIDENCE_ONE * 3 / 2);         // p = 1/2, one wager
    CHECK_EQ(after(1, 0, 65536).wager, VCH_EVIDENCE_ONE * 2056 / 20); // no more than ten
    CHECK_EQ(after(60000, 0, 65536).highest, (uint64_t)1 << 48);      // held, not wrapped
    CHECK_EQ(after(60000, 65536, 65536).wager, 0);
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

    for (uint32_t trial = 0; trial < trials; trial++) {
        struct vch_evidence evidence;
        vch_evidence_init(&evidence);
        for (uint32_t i = 0; i < scores; i++)
            held[i] = test_below(kinds);
        for (uint32_t i = 0; i < inputs; i++)
            vch_evidence_add(&evidence, rank_of(held, scores, test_below(kinds)), scores);
        rates.flagged += vch_evidence_is_flagged(&evidence, scores, alpha);
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
    static uint32_t held[199];
    struct rates rates = {.trials = 20000};

    for (uint32_t trial = 0; trial < rates.trials; trial++) {
        struct vch_evidence evidence = {.wager = VCH_EVIDENCE_ONE};
        for (uint32_t i = 0; i < 199; i++)
            held[i] = test_below(1000000);
        vch_evidence_add(&evidence, rank_of(held, 199, test_below(1000000) + 10000), 199);
        rates.flagged += vch_evidence_is_flagged(&evidence, 199, 10000);
    }
    CHECK(deviation(&rates, 0.01) > 5);
}
