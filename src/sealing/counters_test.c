// What a node remembers of releases that it has opened: it only grows, and what was altered says
// nothing.
#include "sealing/counters.h"

#include <string.h>

#include "harness/test.h"

static struct vch_counters counters, again;
static uint8_t bytes[VCH_COUNTERS_SIZE_MAX + 1];

static struct vch_sealed release_of(uint8_t owner, uint32_t model, uint64_t counter)
{
    struct vch_sealed sealed = {.counter = counter};

    memset(sealed.owner.bytes, owner, sizeof sealed.owner.bytes);
    memcpy(sealed.model.bytes + 5, &model, sizeof model);
    return sealed;
}

static void raise(uint8_t owner, uint32_t model, uint64_t counter)
{
    const struct vch_sealed sealed = release_of(owner, model, counter);

    CHECK_OK(vch_counters_raise(&counters, &sealed, NULL));
}

static uint64_t find(uint8_t owner, uint32_t model)
{
    const struct vch_sealed sealed = release_of(owner, model, 1);

    return vch_counters_find(&counters, &sealed.owner, &sealed.model);
}

TEST(counters_keep_the_highest_of_each_owner_and_model)
{
    counters.count = 0;
    CHECK_EQ(find(1, 1), 0);
    raise(2, 7, 5);
    raise(1, 9, 1);
    raise(2, 3, 8);
    raise(2, 7, 4); // older: forgotten
    raise(2, 3, 9);
    CHECK_EQ(find(2, 7), 5);
    CHECK_EQ(find(2, 3), 9);
    CHECK_EQ(find(1, 9), 1);
    CHECK_EQ(find(1, 7), 0);
    CHECK_EQ(counters.count, 3);
}

TEST(counters_come_back_as_they_were_in_whatever_order_they_came)
{
    uint8_t other[VCH_COUNTERS_SIZE_MAX];

    counters.count = 0;
    for (uint32_t i = 0; i < VCH_COUNTERS_MAX; i++)
        raise((uint8_t)(i % 3), (i * 389) % VCH_COUNTERS_MAX, i + 1);
    size_t size = vch_counters_encode(bytes, &counters);
    CHECK_EQ(size, VCH_COUNTERS_SIZE_MAX);
    CHECK_OK(vch_counters_decode(&again, bytes, size, NULL));
    CHECK_EQ(again.count, VCH_COUNTERS_MAX);
    CHECK_EQ(vch_counters_encode(other, &again), size);
    CHECK(memcmp(other, bytes, size) == 0);
    counters.count = 0;
    for (uint32_t i = VCH_COUNTERS_MAX; i-- > 0;)
        raise((uint8_t)(i % 3), (i * 389) % VCH_COUNTERS_MAX, i + 1);
    CHECK_EQ(vch_counters_encode(other, &counters), size);
    CHECK(memcmp(other, bytes, size) == 0);
    const struct vch_sealed more = release_of(9, 9, 9);
    CHECK_FAILS(vch_counters_raise(&counters, &more, NULL), LIMIT);
}

TEST(counters_of_any_other_byte_or_size_are_refused)
{
    counters.count = 0;
    raise(1, 1, 1);
    raise(2, 2, 2);
    size_t size = vch_counters_encode(bytes, &counters);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        test_flip(bytes, bit);
        CHECK(!vch_is_ok(vch_counters_decode(&again, bytes, size, NULL)));
        test_flip(bytes, bit);
    }
    for (size_t cut = 0; cut < size; cut++)
        CHECK(!vch_is_ok(vch_counters_decode(&again, bytes, cut, NULL)));
    CHECK_FAILS(vch_counters_decode(&again, bytes, size + 1, NULL), MALFORMED);
}

// With a digest that is right: written by somebody, though never by us.
TEST(counters_in_another_order_doubled_or_of_nothing_are_refused)
{
    counters.count = 0;
    raise(1, 1, 1);
    raise(2, 2, 2);
    struct vch_counters_one first = counters.all[0];
    counters.all[0] = counters.all[1];
    counters.all[1] = first;
    CHECK_FAILS(vch_counters_decode(&again, bytes, vch_counters_encode(bytes, &counters), NULL),
                MALFORMED);
    counters.all[0] = first;
    CHECK_FAILS(vch_counters_decode(&again, bytes, vch_counters_encode(bytes, &counters), NULL),
                MALFORMED);
    counters.count = 1;
    CHECK_OK(vch_counters_decode(&again, bytes, vch_counters_encode(bytes, &counters), NULL));
    counters.all[0].counter = 0;
    CHECK_FAILS(vch_counters_decode(&again, bytes, vch_counters_encode(bytes, &counters), NULL),
                MALFORMED);
}
