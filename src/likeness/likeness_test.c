// The promise to honest members, kept on populations of which everything is known; and the lies
// that are caught.
#include "likeness/likeness.h"

#include <math.h>
#include <string.h>

#include "harness/test.h"
#include "likeness/calibration.h"
#include "likeness/coordinate.h"

enum { ENGINES = 5, WIDTH = 4, CALIBRATION = 132, BATCH = 6, MEMBERS = 5 };

#define FAR ((int64_t)1 << 40)

static struct vch_arena arena;
static struct vch_complaint complaint;

// Outputs of engines that differ by noise of their own sizes, on inputs drawn anew each time.
struct population {
    uint32_t engines;
    int64_t calibration[ENGINES][CALIBRATION * WIDTH];
    int64_t batch[ENGINES][BATCH * WIDTH];
    struct vch_floor floor;
};

static void draw(int64_t outputs[ENGINES][BATCH * WIDTH], uint32_t engines, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const int64_t base = (int64_t)test_below(1u << 30) * 64;
        for (uint32_t engine = 0; engine < engines; engine++) {
            int64_t noise = 0;
            for (int j = 0; j < 3; j++)
                noise += (int64_t)test_below(2001) - 1000;
            outputs[engine][i] = base + noise * (int64_t)(20 + 15 * engine);
        }
    }
}

static void calibrate(struct population *population)
{
    const int64_t *runs[ENGINES];
    struct vch_calibration_run *seen = NULL;
    struct vch_calibration of = {"population", population->engines, CALIBRATION, WIDTH, runs};

    for (uint32_t i = 0; i < population->engines; i++)
        runs[i] = population->calibration[i];
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 24);
    CHECK_OK(vch_calibration_floor(&population->floor, &seen, &of, &arena, &complaint));
}

static void draw_all(struct population *population, uint32_t engines)
{
    static int64_t few[ENGINES][BATCH * WIDTH];

    population->engines = engines;
    for (uint32_t input = 0; input < CALIBRATION; input++) {
        draw(few, engines, WIDTH);
        for (uint32_t engine = 0; engine < engines; engine++)
            memcpy(&population->calibration[engine][(size_t)input * WIDTH], few[engine],
                   WIDTH * sizeof(int64_t));
    }
    draw(population->batch, engines, BATCH * WIDTH);
    calibrate(population);
}

static vch_status judge(struct vch_likeness_finding *findings, const struct population *population,
                        uint32_t members, uint32_t inputs, uint32_t alpha,
                        const int64_t *const *outputs)
{
    const struct vch_likeness of = {&population->floor, alpha, members, inputs, outputs};

    complaint.text[0] = '\0';
    return vch_likeness_judge(findings, &of, &arena, &complaint);
}

static double deviation(uint32_t flagged, uint32_t trials, double p)
{
    return ((double)flagged - p * trials) / sqrt(p * (1 - p) * trials);
}

// Of two engines, one against two is as far from the median as can be: the rate is met exactly, so
// that a p-value which is wrong in either direction shows.
TEST(the_worst_placed_honest_member_is_flagged_at_the_stated_rate_not_less_not_more)
{
    static struct population population;
    struct vch_likeness_finding findings[3];
    const uint32_t trials = 6000;
    uint32_t flagged = 0;

    for (uint32_t trial = 0; trial < trials; trial++) {
        draw_all(&population, 2);
        const int64_t *outputs[] = {population.batch[1], population.batch[0], population.batch[0]};
        CHECK_OK(judge(findings, &population, 3, 1, 50000, outputs));
        flagged += findings[0].is_flagged;
        CHECK(!findings[1].is_flagged && !findings[2].is_flagged);
    }
    CHECK_EQ(population.floor.score_count, 99);
    CHECK(fabs(deviation(flagged, trials, 0.05)) < 5);
}

// Two liars who see every honest output drag each median as far from the target as they can.
static void frame(int64_t liar[BATCH * WIDTH], const int64_t *target, const int64_t *one,
                  const int64_t *other)
{
    for (size_t i = 0; i < (size_t)BATCH * WIDTH; i++) {
        const int64_t low = one[i] < other[i] ? one[i] : other[i];
        const int64_t high = one[i] < other[i] ? other[i] : one[i];
        liar[i] = target[i] - low > high - target[i] ? -FAR : FAR;
    }
}

static uint32_t times_framed(uint32_t target, uint32_t inputs, uint32_t trials, uint32_t alpha)
{
    static struct population population;
    static int64_t liar[BATCH * WIDTH];
    struct vch_likeness_finding findings[MEMBERS];
    uint32_t flagged = 0;

    for (uint32_t trial = 0; trial < trials; trial++) {
        draw_all(&population, ENGINES);
        const int64_t *honest = population.batch[target];
        const int64_t *one = population.batch[(target + 1) % ENGINES];
        const int64_t *other = population.batch[(target + 2) % ENGINES];
        frame(liar, honest, one, other);
        const int64_t *outputs[] = {liar, one, honest, other, liar};
        CHECK_OK(judge(findings, &population, MEMBERS, inputs, alpha, outputs));
        flagged += findings[2].is_flagged;
        CHECK(findings[0].is_flagged && findings[4].is_flagged);
    }
    return flagged;
}

TEST(a_minority_of_liars_cannot_have_an_honest_member_flagged_more_often)
{
    static const uint32_t targets[] = {0, 2, 4}; // the quietest, and the noisiest

    FOR_EACH(target, targets)
    {
        CHECK(deviation(times_framed(*target, 1, 2000, 50000), 2000, 0.05) < 5);
        CHECK(deviation(times_framed(*target, BATCH, 1000, 100000), 1000, 0.1) < 5);
    }
}

TEST(a_member_further_off_than_noise_is_flagged_and_nobody_else)
{
    static struct population population;
    static int64_t other_model[BATCH * WIDTH];
    struct vch_likeness_finding findings[MEMBERS];

    for (int trial = 0; trial < 50; trial++) {
        draw_all(&population, ENGINES);
        for (size_t i = 0; i < (size_t)BATCH * WIDTH; i++)
            other_model[i] = population.batch[0][i] + (int64_t)test_below(20000001) - 10000000;
        const int64_t *outputs[] = {population.batch[0], population.batch[1], population.batch[2],
                                    population.batch[3], other_model};
        CHECK_OK(judge(findings, &population, MEMBERS, BATCH, 10000, outputs));
        CHECK(findings[4].is_flagged && findings[4].distance > findings[0].distance);
        for (int i = 0; i < 4; i++)
            CHECK(findings[i].p.numerator > 0 && !findings[i].is_flagged);
    }
}

TEST(one_coordinate_that_is_off_is_enough)
{
    static struct population population;
    static int64_t off[BATCH * WIDTH];
    struct vch_likeness_finding findings[MEMBERS];

    draw_all(&population, ENGINES);
    memcpy(off, population.batch[1], sizeof off);
    for (size_t i = 0; i < BATCH; i++)
        off[i * WIDTH] += 1 << 22;
    const int64_t *outputs[] = {population.batch[0], off, population.batch[2], population.batch[3],
                                population.batch[4]};
    CHECK_OK(judge(findings, &population, MEMBERS, BATCH, 10000, outputs));
    for (int i = 0; i < MEMBERS; i++)
        CHECK(findings[i].is_flagged == (i == 1));
}

// What specs/likeness.md says that nobody can promise.
TEST(a_majority_that_lies_together_is_believed)
{
    static struct population population;
    static int64_t lie[BATCH * WIDTH];
    struct vch_likeness_finding findings[MEMBERS];

    draw_all(&population, ENGINES);
    for (size_t i = 0; i < (size_t)BATCH * WIDTH; i++)
        lie[i] = population.batch[0][i] + FAR;
    const int64_t *outputs[] = {lie, population.batch[1], lie, population.batch[3], lie};
    CHECK_OK(judge(findings, &population, MEMBERS, BATCH, 10000, outputs));
    for (int i = 0; i < MEMBERS; i++)
        CHECK(findings[i].is_flagged == (i % 2 == 1));
}

TEST(what_is_no_number_is_flagged_and_harms_nobody)
{
    static struct population population;
    static int64_t none[BATCH * WIDTH];
    struct vch_likeness_finding findings[MEMBERS];

    draw_all(&population, ENGINES);
    for (size_t i = 0; i < (size_t)BATCH * WIDTH; i++)
        none[i] = VCH_COORDINATE_NOWHERE;
    const int64_t *outputs[] = {population.batch[0], none, population.batch[2], population.batch[3],
                                population.batch[1]};
    CHECK_OK(judge(findings, &population, MEMBERS, BATCH, 10000, outputs));
    for (int i = 0; i < MEMBERS; i++)
        CHECK(findings[i].is_flagged == (i == 1));
}

TEST(where_honest_runs_agree_to_the_bit_any_difference_is_flagged)
{
    static struct population population;
    static int64_t off[BATCH * WIDTH];
    struct vch_likeness_finding findings[3];

    draw_all(&population, 2);
    memcpy(population.calibration[1], population.calibration[0], sizeof population.calibration[0]);
    calibrate(&population);
    memcpy(off, population.batch[0], sizeof off);
    off[0] += 1 << 9; // 2^-23: the last place of a float32 near 1
    const int64_t *outputs[] = {population.batch[0], off, population.batch[0]};
    CHECK_OK(judge(findings, &population, 3, 1, 10000, outputs));
    CHECK(findings[1].is_flagged && findings[1].p.numerator == 1);
    CHECK(!findings[0].is_flagged && findings[0].p.numerator == findings[0].p.denominator);
}

TEST(findings_do_not_depend_on_who_is_named_first)
{
    static struct population population;
    struct vch_likeness_finding findings[MEMBERS], again[MEMBERS];
    const int64_t *outputs[MEMBERS], *turned[MEMBERS];

    draw_all(&population, ENGINES);
    for (int i = 0; i < MEMBERS; i++) {
        outputs[i] = population.batch[i];
        turned[i] = population.batch[(i + 2) % MEMBERS];
    }
    CHECK_OK(judge(findings, &population, MEMBERS, BATCH, 10000, outputs));
    CHECK_OK(judge(again, &population, MEMBERS, BATCH, 10000, turned));
    for (int i = 0; i < MEMBERS; i++) {
        CHECK(again[i].distance == findings[(i + 2) % MEMBERS].distance);
        CHECK(again[i].p.numerator == findings[(i + 2) % MEMBERS].p.numerator);
    }
}

TEST(what_cannot_be_judged_is_refused_before_it_is)
{
    static struct population population;
    struct vch_likeness_finding findings[MEMBERS];

    draw_all(&population, ENGINES);
    const int64_t *outputs[] = {population.batch[0], population.batch[1], population.batch[2]};
    CHECK_FAILS(judge(findings, &population, 2, 1, 10000, outputs), USAGE);
    CHECK_FAILS(judge(findings, &population, 3, 0, 10000, outputs), USAGE);
    CHECK_FAILS(judge(findings, &population, 3, VCH_EVIDENCE_INPUTS_MAX + 1, 10000, outputs),
                USAGE);
    CHECK_FAILS(judge(findings, &population, 3, 1, 0, outputs), USAGE);
    CHECK_FAILS(judge(findings, &population, 3, 1, 500001, outputs), USAGE);
    CHECK_OK(judge(findings, &population, 3, 1, 10000, outputs));
    CHECK_FAILS(judge(findings, &population, 3, 1, 9999, outputs), USAGE); // 99 held out
    CHECK(strstr(complaint.text, "99 held-out scores") != NULL);
    vch_arena_release(&arena);
}

// The vectors of specs/likeness.md, section 9.
static int64_t example(int64_t run, int64_t input, int64_t i)
{
    const int64_t noise = run * ((5 * input + i) % 8 - 3);
    return ((7 * input + 3 * i) % 11) * ((int64_t)1 << 32) + noise * (1 << 16);
}

static void fill_example(int64_t *out, int64_t run, uint32_t first, uint32_t inputs)
{
    for (uint32_t input = 0; input < inputs; input++)
        for (uint32_t i = 0; i < 2; i++)
            out[2 * input + i] = example(run, first + input, i);
}

TEST(floor_and_verdicts_are_those_that_the_specification_gives)
{
    static int64_t runs[3][80], members[4][8];
    const int64_t *run[] = {runs[0], runs[1], runs[2]};
    const int64_t *member[] = {members[0], members[1], members[2], members[3]};
    struct vch_calibration_run *seen = NULL;
    struct vch_likeness_finding findings[4];
    struct vch_floor floor;
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 20);
    for (int i = 0; i < 3; i++)
        fill_example(runs[i], i, 0, 40);
    const struct vch_calibration calibration = {"example", 3, 40, 2, run};
    CHECK_OK(vch_calibration_floor(&floor, &seen, &calibration, &arena, &complaint));
    CHECK_OK(vch_floor_encode(&bytes, &size, &floor, &arena));
    CHECK_HEX(vch_floor_digest(bytes, size).bytes, VCH_DIGEST_SIZE,
              "20799d3cb99e1d2bbd5eb0a139a144c60551cae8648e69e12a55ce27ca44746a");

    for (int i = 0; i < 4; i++) {
        fill_example(members[i], i % 3, 40, 4);
        for (size_t input = 0; input < 4 && i == 3; input++)
            members[i][2 * input] += 1 << 20;
    }
    struct vch_likeness of = {&floor, 50000, 4, 1, member};
    CHECK_OK(vch_likeness_judge(findings, &of, &arena, &complaint));
    static const uint64_t numerators[] = {31, 31, 16, 1};
    for (int i = 0; i < 4; i++)
        CHECK(findings[i].p.numerator == numerators[i] && findings[i].p.denominator == 31 &&
              findings[i].is_flagged == (i == 3));
    of.input_count = 4;
    CHECK_OK(vch_likeness_judge(findings, &of, &arena, &complaint));
    for (int i = 0; i < 4; i++)
        CHECK(findings[i].is_flagged == (i == 3));
    const double p = (double)findings[3].p.numerator / (double)findings[3].p.denominator;
    CHECK(p >= 1.0 / 374 && p < 1.0 / 374 + 1e-11);
    vch_arena_release(&arena);
}
