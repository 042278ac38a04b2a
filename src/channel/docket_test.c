// Who is judged when: each peer in turn, whatever the others bring.
#include "channel/docket.h"

#include <stdlib.h>

#include "harness/test.h"

enum { ASKERS = 6 };

static struct {
    struct vch_docket docket;
    struct vch_asker askers[ASKERS];
} court;

static void set_up(void)
{
    static uint8_t bytes[] = "evidence";

    vch_docket_init(&court.docket);
    for (uint8_t i = 0; i < ASKERS; i++) {
        court.askers[i] = (struct vch_asker){.state = VCH_ASKER_JUDGING};
        court.askers[i].answer.bytes = bytes;
        court.askers[i].answer.size = sizeof bytes;
    }
}

static void enter(int asker, uint8_t peer)
{
    court.askers[asker].setup.node.bytes[0] = peer;
    CHECK_OK(vch_docket_enter(&court.docket, &court.askers[asker], 3));
}

static struct vch_matter *take(int asker)
{
    struct vch_matter *matter = vch_docket_take(&court.docket);

    CHECK(matter != NULL && matter->asker == &court.askers[asker]);
    return matter;
}

static void collect(int asker)
{
    struct vch_matter *matter = vch_docket_collect(&court.docket);

    CHECK(matter != NULL);
    CHECK(matter->asker == (asker < 0 ? NULL : &court.askers[asker]));
    free(matter);
}

TEST(docket_takes_what_came_first_and_keeps_a_copy)
{
    set_up();
    enter(0, 1);
    enter(1, 2);
    struct vch_matter *first = take(0), *second = take(1);
    CHECK(vch_docket_take(&court.docket) == NULL);
    CHECK_EQ(first->judge, 3);
    CHECK(first->answer.bytes == first->bytes && first->bytes != court.askers[0].answer.bytes);
    CHECK_EQ(memcmp(first->bytes, "evidence", sizeof "evidence"), 0);
    vch_docket_decide(&court.docket, second);
    vch_docket_decide(&court.docket, first);
    collect(1);
    collect(0);
    CHECK(vch_docket_collect(&court.docket) == NULL);
    vch_docket_release(&court.docket);
}

TEST(docket_has_no_peer_judged_twice_at_a_time)
{
    set_up();
    for (int i = 0; i < 4; i++)
        enter(i, 1);
    enter(4, 2);
    enter(5, 2);
    struct vch_matter *first = take(0), *other = take(4);
    CHECK(vch_docket_take(&court.docket) == NULL); // both have one
    vch_docket_decide(&court.docket, other);
    other = take(5);
    vch_docket_decide(&court.docket, first);
    first = take(1); // the next one of its own, in order
    vch_docket_decide(&court.docket, first);
    vch_docket_decide(&court.docket, other);
    vch_docket_release(&court.docket); // with some waiting, some decided
}

TEST(docket_forgets_who_is_gone)
{
    set_up();
    enter(0, 1);
    enter(1, 2);
    enter(2, 3);
    enter(3, 1);
    struct vch_matter *running = take(0), *decided = take(1);
    vch_docket_decide(&court.docket, decided);
    for (int i = 0; i < 4; i += 3)
        vch_docket_forget(&court.docket, &court.askers[i]);
    vch_docket_forget(&court.docket, &court.askers[1]);
    collect(-1);
    enter(4, 4); // after the last of those that wait
    vch_docket_decide(&court.docket, running);
    collect(-1);
    running = take(2);
    vch_docket_decide(&court.docket, running);
    running = take(4);
    vch_docket_decide(&court.docket, running);
    CHECK(vch_docket_take(&court.docket) == NULL); // the fourth is gone
    vch_docket_release(&court.docket);
}
