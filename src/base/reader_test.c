// The cursor reads what is there, and stays where it is when something is not.
#include "base/reader.h"

#include "harness/test.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};

TEST(reader_reads_in_order)
{
    struct vch_reader reader = {.bytes = bytes, .size = sizeof bytes};
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    const uint8_t *slice = NULL;

    CHECK_OK(vch_reader_u16le(&reader, &u16));
    CHECK_OK(vch_reader_u32le(&reader, &u32));
    CHECK_OK(vch_reader_u64le(&reader, &u64));
    CHECK_EQ(u16, 0x0201);
    CHECK_EQ(u32, 0x06050403);
    CHECK(u64 == 0x0e0d0c0b0a090807);
    CHECK_OK(vch_reader_bytes(&reader, 3, &slice));
    CHECK(slice == bytes + 14);
    CHECK_OK(vch_reader_bytes(&reader, 0, &slice)); // nothing, at the very end
    CHECK_EQ(reader.offset, sizeof bytes);
}

TEST(reader_refuses_what_is_not_there_and_does_not_move)
{
    for (size_t size = 0; size < 8; size++) {
        struct vch_reader reader = {.bytes = bytes, .size = size};
        uint16_t u16 = 0;
        uint32_t u32 = 0;
        uint64_t u64 = 0;
        const uint8_t *slice = NULL;
        CHECK_FAILS(vch_reader_u64le(&reader, &u64), TRUNCATED);
        if (size < 4) CHECK_FAILS(vch_reader_u32le(&reader, &u32), TRUNCATED);
        if (size < 2) CHECK_FAILS(vch_reader_u16le(&reader, &u16), TRUNCATED);
        CHECK_FAILS(vch_reader_bytes(&reader, size + 1, &slice), TRUNCATED);
        CHECK_EQ(reader.offset, 0);
        CHECK(slice == NULL);
        CHECK_EQ(u16 + u32 + u64, 0);
    }
}

TEST(reader_withstands_sizes_that_would_overflow)
{
    struct vch_reader reader = {.bytes = bytes, .size = sizeof bytes, .offset = 5};
    const uint8_t *slice = NULL;

    for (size_t back = 0; back < 20; back++) {
        CHECK_FAILS(vch_reader_bytes(&reader, SIZE_MAX - back, &slice), TRUNCATED);
        CHECK_EQ(reader.offset, 5);
    }
}
