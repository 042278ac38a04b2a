// What the state is kept in: slabs, seats' blocks, tables, heaps.
#include <string.h>

#include "agreement/heap.h"
#include "agreement/seats.h"
#include "agreement/slab.h"
#include "agreement/table.h"
#include "base/bytes.h"
#include "harness/test.h"

static struct vch_arena arena;

static void begin(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1u << 24);
}

TEST(a_slab_gives_zeroed_room_until_it_is_empty_and_again_what_came_back)
{
    enum { ROOM = 50, SIZE = 40 };
    struct vch_slab slab;
    uint8_t *taken[ROOM];

    begin();
    CHECK_OK(vch_slab_init(&slab, ROOM, SIZE, &arena));
    for (int repeat = 0; repeat < 3; repeat++) {
        for (int i = 0; i < ROOM; i++) {
            taken[i] = vch_slab_take(&slab);
            CHECK(taken[i] != NULL && vch_is_zero(taken[i], SIZE));
            memset(taken[i], 0xff, SIZE);
        }
        CHECK(vch_slab_take(&slab) == NULL);
        CHECK_EQ(vch_slab_left(&slab), 0);
        for (int i = ROOM; i-- > 0;)
            vch_slab_give(&slab, taken[i]);
    }
}

// Law: blocks never overlap, and when all came back the whole room is there again.
TEST(seats_of_any_committees_never_overlap_and_join_again)
{
    enum { ROOM = 2048, HELD = 64 };
    static uint8_t owner[ROOM];
    struct vch_seats seats;
    struct vch_seat *held[HELD] = {0};
    uint32_t counts[HELD] = {0};

    begin();
    CHECK_OK(vch_seats_init(&seats, ROOM, &arena));
    for (int repeat = 0; repeat < 5000; repeat++) {
        const uint32_t at = test_below(HELD), count = 1 + test_below(255);
        if (held[at] != NULL) {
            memset(owner + (held[at] - seats.seats), 0, counts[at]);
            vch_seats_give(&seats, held[at]);
            held[at] = NULL;
        } else if ((held[at] = vch_seats_take(&seats, count)) != NULL) {
            uint8_t *first = owner + (held[at] - seats.seats);
            CHECK(vch_is_zero(held[at], count * sizeof *held[at]));
            CHECK(vch_is_zero(first, count));
            memset(first, 1, count);
            memset(held[at], 0xee, count * sizeof *held[at]);
            counts[at] = count;
        }
    }
    for (uint32_t i = 0; i < HELD; i++)
        if (held[i] != NULL) vch_seats_give(&seats, held[i]);
    CHECK_EQ(seats.used, 0);
    for (uint32_t i = 0; i < ROOM >> VCH_SEATS_ORDER_MAX; i++)
        CHECK(vch_seats_take(&seats, 1u << VCH_SEATS_ORDER_MAX) != NULL);
    CHECK(vch_seats_take(&seats, 1) == NULL);
}

struct thing {
    struct vch_table_node node;
    uint8_t key[32];
    bool is_in;
};

static bool finds(const struct vch_table *table, const struct thing *thing)
{
    const uint64_t hash = vch_table_hash(table, thing->key, 7);
    const struct vch_table_node *node = vch_table_first(table, hash);

    while (node != NULL && node != &thing->node)
        node = vch_table_next(node);
    return node != NULL;
}

TEST(a_table_finds_what_is_in_it_and_nothing_else)
{
    enum { THINGS = 200 };
    static struct thing things[THINGS];
    const uint64_t seeds[2] = {0, 0}; // the worst there are
    struct vch_table table;

    begin();
    CHECK_OK(vch_table_init(&table, 16, seeds, &arena));
    for (uint32_t i = 0; i < THINGS; i++) {
        things[i] = (struct thing){.key = {(uint8_t)i, 1}};
    }
    for (int repeat = 0; repeat < 5000; repeat++) {
        struct thing *thing = &things[test_below(THINGS)];
        CHECK_EQ(finds(&table, thing), thing->is_in);
        if (thing->is_in)
            vch_table_remove(&table, &thing->node);
        else
            vch_table_add(&table, &thing->node, vch_table_hash(&table, thing->key, 7));
        thing->is_in = !thing->is_in;
    }
}

TEST(a_heap_has_in_front_what_comes_first_whatever_moved)
{
    enum { ITEMS = 60 };
    static struct vch_heap_item items[ITEMS];
    static struct vch_digest subjects[ITEMS];
    struct vch_heap heap;

    begin();
    CHECK_OK(vch_heap_init(&heap, ITEMS, &arena));
    for (uint32_t i = 0; i < ITEMS; i++) {
        subjects[i].bytes[0] = (uint8_t)test_below(4);
        items[i] = (struct vch_heap_item){
            .time_ms = VCH_HEAP_NEVER, .subject = &subjects[i], .segment = i};
    }
    for (int repeat = 0; repeat < 10000; repeat++) {
        struct vch_heap_item *item = &items[test_below(ITEMS)], *first = NULL;
        vch_heap_set(&heap, item, test_below(4) == 0 ? VCH_HEAP_NEVER : test_below(20));
        for (uint32_t i = 0; i < ITEMS; i++) {
            struct vch_heap_item *at = &items[i];
            if (at->time_ms == VCH_HEAP_NEVER) continue;
            if (first == NULL || at->time_ms < first->time_ms ||
                (at->time_ms == first->time_ms &&
                 memcmp(at->subject, first->subject, sizeof *at->subject) < 0))
                first = at;
        }
        CHECK(vch_heap_first(&heap) == first);
    }
}
