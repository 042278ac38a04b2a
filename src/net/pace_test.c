#include "net/pace.h"

#include "harness/test.h"

static struct vch_pace new_pace(void)
{
    struct vch_pace pace;

    vch_pace_init(&pace, 1000, 100);
    return pace;
}

TEST(pace_never_stalls_while_nothing_is_owed)
{
    struct vch_pace pace = new_pace();

    CHECK(!vch_pace_is_stalled(&pace, 0));
    CHECK(!vch_pace_is_stalled(&pace, 1u << 30));
}

TEST(pace_stalls_at_the_end_of_a_window_with_too_little)
{
    struct vch_pace pace = new_pace();

    vch_pace_set_owing(&pace, true, 5000);
    vch_pace_move(&pace, 99);
    CHECK(!vch_pace_is_stalled(&pace, 5999));
    CHECK(vch_pace_is_stalled(&pace, 6000));
}

TEST(pace_starts_a_new_window_when_enough_has_moved)
{
    struct vch_pace pace = new_pace();

    vch_pace_set_owing(&pace, true, 0);
    vch_pace_move(&pace, 100);
    CHECK(!vch_pace_is_stalled(&pace, 1000));
    CHECK(!vch_pace_is_stalled(&pace, 1999));
    CHECK(vch_pace_is_stalled(&pace, 2000)); // what moved before does not count again
}

TEST(pace_is_not_restarted_by_owing_on)
{
    struct vch_pace pace = new_pace();

    vch_pace_set_owing(&pace, true, 0);
    for (uint64_t now = 0; now < 1000; now += 10)
        vch_pace_set_owing(&pace, true, now);
    CHECK(vch_pace_is_stalled(&pace, 1000));
}

TEST(pace_forgets_once_nothing_is_owed)
{
    struct vch_pace pace = new_pace();

    vch_pace_set_owing(&pace, true, 0);
    vch_pace_set_owing(&pace, false, 900);
    vch_pace_set_owing(&pace, true, 950);
    CHECK(!vch_pace_is_stalled(&pace, 1900));
    CHECK(vch_pace_is_stalled(&pace, 1950));
}
