// Noise floors from honest runs: what they are made of, and from what none is made.
#include "likeness/calibration.h"

#include <string.h>

#include "harness/test.h"
#include "likeness/coordinate.h"

enum { RUNS = 4, INPUTS = 40, WIDTH = 3, COUNT = INPUTS * WIDTH };

static struct vch_arena arena;
static struct vch_complaint complaint;
static int64_t numbers[RUNS][COUNT];

static vch_status make(struct vch_floor *out, struct vch_calibration_run **seen,
                       struct vch_calibration of)
{
    complaint.text[0] = '\0';
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 20);
    return vch_calibration_floor(out, seen, &of, &arena, &complaint);
}

static void draw(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        const int64_t base = (int64_t)test_below(1u << 31);
        for (int run = 0; run < RUNS; run++) // the last coordinate is a hundred times as noisy
            numbers[run][i] = base + (int64_t)test_below(i % WIDTH == 2 ? 2000001 : 20001);
    }
}

TEST(scales_follow_each_coordinate)
{
    const int64_t *runs[] = {numbers[0], numbers[1], numbers[2], numbers[3]};
    struct vch_floor floor;
    struct vch_calibration_run *seen = NULL;

    draw();
    CHECK_OK(make(&floor, &seen, (struct vch_calibration){"x", RUNS, INPUTS, WIDTH, runs}));
    CHECK_EQ(floor.fitted_count, 10);
    CHECK_EQ(floor.score_count, 30);
    CHECK(floor.scales[0] >= 10000 && floor.scales[0] < floor.scales[2] / 2); // pulled to the pool
    CHECK(floor.scales[2] >= 1000000 && floor.scales[2] <= 2000000);
    for (int run = 0; run < RUNS; run++) {
        CHECK(seen[run].typical > 0 && seen[run].typical <= seen[run].largest);
        CHECK(seen[run].typical < (uint64_t)4 << 16); // about one scale
    }
}

TEST(the_order_of_runs_does_not_matter)
{
    const int64_t *runs[] = {numbers[0], numbers[1], numbers[2], numbers[3]};
    const int64_t *turned[] = {numbers[3], numbers[1], numbers[0], numbers[2]};
    struct vch_floor floor;
    struct vch_calibration_run *seen = NULL;
    uint8_t *bytes = NULL, kept[4096];
    size_t size = 0, kept_size = 0;

    draw();
    CHECK_OK(make(&floor, &seen, (struct vch_calibration){"x", RUNS, INPUTS, WIDTH, runs}));
    CHECK_OK(vch_floor_encode(&bytes, &kept_size, &floor, &arena));
    CHECK(kept_size <= sizeof kept);
    memcpy(kept, bytes, kept_size);
    CHECK_OK(make(&floor, &seen, (struct vch_calibration){"x", RUNS, INPUTS, WIDTH, turned}));
    CHECK_OK(vch_floor_encode(&bytes, &size, &floor, &arena));
    CHECK(size == kept_size && memcmp(bytes, kept, size) == 0);
}

TEST(one_loud_run_stands_out_and_raises_the_floor)
{
    const int64_t *runs[] = {numbers[0], numbers[1], numbers[2], numbers[3]};
    struct vch_floor quiet, loud;
    struct vch_calibration_run *seen = NULL;

    draw();
    CHECK_OK(make(&quiet, &seen, (struct vch_calibration){"x", RUNS - 1, INPUTS, WIDTH, runs}));
    const uint64_t scale = quiet.scales[0];
    for (size_t i = 0; i < COUNT; i++)
        numbers[3][i] += 100000000;
    CHECK_OK(make(&loud, &seen, (struct vch_calibration){"x", RUNS, INPUTS, WIDTH, runs}));
    CHECK(loud.scales[0] > 100 * scale);
}

TEST(from_too_little_or_from_what_is_no_number_no_floor_is_made)
{
    const int64_t *runs[] = {numbers[0], numbers[1], numbers[2], numbers[3]};
    const struct vch_calibration good = {"x", RUNS, INPUTS, WIDTH, runs};
    struct vch_calibration_run *seen = NULL;
    struct vch_floor floor;
    struct vch_calibration bad[] = {good, good, good, good, good, good};

    bad[0].run_count = 1;
    bad[1].input_count = VCH_CALIBRATION_INPUTS_MIN - 1;
    bad[2].name = "";
    bad[3].name = "two\nlines";
    bad[4].name = "a name of more than sixty-four characters, which no floor's file has room for";
    bad[5].run_count = VCH_FLOOR_RUNS_MAX + 1;
    draw();
    CHECK_OK(make(&floor, &seen, good));
    FOR_EACH(one, bad)
    {
        CHECK_FAILS(make(&floor, &seen, *one), USAGE);
        CHECK(complaint.text[0] != '\0');
    }
    static const int64_t none[] = {VCH_COORDINATE_NOWHERE, VCH_COORDINATE_LIMIT,
                                   -VCH_COORDINATE_LIMIT, INT64_MAX};
    FOR_EACH(value, none)
    {
        numbers[2][7] = *value;
        CHECK_FAILS(make(&floor, &seen, good), MALFORMED);
        CHECK(strstr(complaint.text, "run 2, input 2, coordinate 1") != NULL);
    }
    vch_arena_release(&arena);
}

TEST(a_calibration_with_no_room_says_so)
{
    const int64_t *runs[] = {numbers[0], numbers[1]};
    const struct vch_calibration of = {"x", 2, INPUTS, WIDTH, runs};
    struct vch_calibration_run *seen = NULL;
    struct vch_floor floor;

    draw();
    complaint.text[0] = '\0';
    vch_arena_release(&arena);
    vch_arena_init(&arena, 100);
    CHECK_FAILS(vch_calibration_floor(&floor, &seen, &of, &arena, &complaint), NO_MEMORY);
    CHECK(complaint.text[0] != '\0');
    vch_arena_release(&arena);
}
