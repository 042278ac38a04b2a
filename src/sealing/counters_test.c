// What a node remembers of releases that it has opened: it only grows, and what was altered says
// nothing.
#include "sealing/counters.h"

#include <string.h>

#include "harness/sealings.h"
#include "harness/spec.h"
#include "harness/test.h"

static struct vch_counters counters, again;
static uint8_t bytes[VCH_COUNTERS_SIZE_MAX + 2 * VCH_COUNTERS_RECORD_SIZE];
static const size_t RECORD = VCH_COUNTERS_RECORD_SIZE;

static struct vch_counters_one release_of(uint8_t owner, uint32_t model, uint64_t counter)
{
    struct vch_counters_one one = {.counter = counter};

    memset(one.owner.bytes, owner, sizeof one.owner.bytes);
    memcpy(one.model.bytes + 5, &model, sizeof model);
    return one;
}

static void raise(uint8_t owner, uint32_t model, uint64_t counter)
{
    const struct vch_counters_one one = release_of(owner, model, counter);

    CHECK_OK(vch_counters_raise(&counters, &one, NULL));
}

static uint64_t find(const struct vch_counters *in, uint8_t owner, uint32_t model)
{
    const struct vch_counters_one one = release_of(owner, model, 1);

    return vch_counters_find(in, &one.owner, &one.model);
}

static vch_status decode(size_t size, size_t *whole)
{
    return vch_counters_decode(&again, whole, bytes, size, NULL);
}

TEST(counters_record_is_the_bytes_of_the_page)
{
    static struct sealing made;

    sealing_make(&made, 5, 7);
    const struct vch_counters_one one = vch_counters_of(&made.sealed);
    vch_counters_encode_record(bytes, &one);
    test_spec_check(bytes, RECORD, "sealing.md", "opened");
}

TEST(counters_keep_the_highest_of_each_owner_and_model)
{
    counters.count = 0;
    CHECK_EQ(find(&counters, 1, 1), 0);
    raise(2, 7, 5);
    raise(1, 9, 1);
    raise(2, 3, 8);
    raise(2, 7, 4); // older: forgotten
    raise(2, 3, 9);
    CHECK_EQ(find(&counters, 2, 7), 5);
    CHECK_EQ(find(&counters, 2, 3), 9);
    CHECK_EQ(find(&counters, 1, 9), 1);
    CHECK_EQ(find(&counters, 1, 7), 0);
    CHECK_EQ(counters.count, 3);
}

TEST(counters_come_back_as_they_were_in_whatever_order_they_came)
{
    static uint8_t other[VCH_COUNTERS_SIZE_MAX];
    size_t whole = 0;

    counters.count = 0;
    for (uint32_t i = 0; i < VCH_COUNTERS_MAX; i++)
        raise((uint8_t)(i % 3), (i * 389) % VCH_COUNTERS_MAX, i + 1);
    size_t size = vch_counters_encode(bytes, &counters);
    CHECK_EQ(size, VCH_COUNTERS_SIZE_MAX);
    CHECK_OK(decode(size, &whole));
    CHECK_EQ(whole, size);
    CHECK_EQ(again.count, VCH_COUNTERS_MAX);
    CHECK_EQ(vch_counters_encode(other, &again), size);
    CHECK(memcmp(other, bytes, size) == 0);
    counters.count = 0;
    for (uint32_t i = VCH_COUNTERS_MAX; i-- > 0;)
        raise((uint8_t)(i % 3), (i * 389) % VCH_COUNTERS_MAX, i + 1);
    CHECK_EQ(vch_counters_encode(other, &counters), size);
    CHECK(memcmp(other, bytes, size) == 0);
    const struct vch_counters_one more = release_of(9, 9, 9);
    CHECK_FAILS(vch_counters_raise(&counters, &more, NULL), LIMIT);
    vch_counters_encode_record(bytes + size, &more);
    CHECK_FAILS(decode(size + RECORD, &whole), LIMIT);
}

// Records as a node adds them: of two models, in turn.
static size_t add_records(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const struct vch_counters_one one = release_of(1, i % 2, i + 1);
        vch_counters_encode_record(bytes + i * RECORD, &one);
    }
    return count * RECORD;
}

TEST(counters_in_a_file_are_the_highest_of_its_records)
{
    const struct vch_counters_one older = release_of(1, 0, 2);
    size_t size = add_records(6), whole = 0;

    vch_counters_encode_record(bytes + size, &older); // it says less than those before it
    CHECK_OK(decode(size + RECORD, &whole));
    CHECK_EQ(whole, size + RECORD);
    CHECK_EQ(again.count, 2);
    CHECK_EQ(find(&again, 1, 0), 5);
    CHECK_EQ(find(&again, 1, 1), 6);
    CHECK_OK(decode(0, &whole)); // nothing was opened yet
    CHECK_EQ(again.count, 0);
}

// A crash leaves a part of the last record, or zeroes: nobody was told of that one. What was
// acknowledged before is there.
TEST(counters_with_an_unfinished_end_are_those_before_it)
{
    const size_t size = add_records(4);
    size_t whole = 0;

    for (size_t cut = 1; cut <= RECORD; cut++) {
        CHECK_OK(decode(size - cut, &whole));
        CHECK_EQ(whole, size - RECORD);
        CHECK_EQ(find(&again, 1, 0), 3);
        CHECK_EQ(find(&again, 1, 1), 2);
    }
    memset(bytes + size, 0, 2 * RECORD);
    for (size_t zeros = 1; zeros <= RECORD; zeros++) {
        CHECK_OK(decode(size + zeros, &whole));
        CHECK_EQ(whole, size);
        CHECK_EQ(find(&again, 1, 1), 4);
    }
    CHECK(!vch_is_ok(decode(size + RECORD + 1, &whole))); // no one record
    memset(bytes + RECORD, 0, RECORD);                    // nor is one in the middle
    CHECK(!vch_is_ok(decode(size, &whole)));
}

// Also the last one: it was acknowledged, and must not pass for one that was not finished.
TEST(counters_of_any_other_byte_are_refused)
{
    const size_t size = add_records(2);
    size_t whole = 0;

    for (size_t bit = 0; bit < 8 * size; bit++) {
        test_flip(bytes, bit);
        CHECK(!vch_is_ok(decode(size, &whole)));
        test_flip(bytes, bit);
    }
    bytes[RECORD + 16] = 1; // of an earlier version, cut off or not
    CHECK_FAILS(decode(size, &whole), UNSUPPORTED);
    CHECK_FAILS(decode(size - 1, &whole), UNSUPPORTED);
    bytes[RECORD + 3] ^= 1; // of something else
    CHECK_FAILS(decode(size, &whole), MALFORMED);
    CHECK_FAILS(decode(size - 100, &whole), MALFORMED);
}

// With a digest that is right: written by somebody, though never by us.
TEST(counters_of_nothing_are_refused)
{
    const struct vch_counters_one none = release_of(1, 1, 0);
    size_t whole = 0;

    vch_counters_encode_record(bytes, &none);
    CHECK_FAILS(decode(RECORD, &whole), MALFORMED);
}
