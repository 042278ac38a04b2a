#include "net/frame.h"

#include <string.h>

#include "harness/test.h"

enum { BYTES_MAX = 4096 };

struct fixture {
    struct evbuffer *buffer;
    struct vch_arena arena;
    struct vch_complaint complaint;
};

static struct fixture set_up(void)
{
    struct fixture fixture = {.buffer = evbuffer_new()};

    CHECK(fixture.buffer != NULL);
    vch_arena_init(&fixture.arena, VCH_FRAME_MEMORY_MAX);
    return fixture;
}

static void tear_down(struct fixture *fixture)
{
    evbuffer_free(fixture->buffer);
    vch_arena_release(&fixture->arena);
}

static vch_status take(struct fixture *fixture, Vouch__Frame **frame)
{
    return vch_frame_take(frame, fixture->buffer, &fixture->arena, &fixture->complaint);
}

static vch_status take_bytes(const void *bytes, size_t size)
{
    struct fixture fixture = set_up();
    Vouch__Frame *frame = NULL;

    CHECK(evbuffer_add(fixture.buffer, bytes, size) == 0);
    vch_status status = take(&fixture, &frame);
    tear_down(&fixture);
    return status;
}

static void write_chunk(struct evbuffer *out, uint64_t id, size_t size)
{
    static uint8_t data[VCH_FRAME_CHUNK_MAX];
    Vouch__Chunk chunk = VOUCH__CHUNK__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    memset(data, 0x5a, sizeof data);
    chunk.id = id;
    chunk.data = (ProtobufCBinaryData){size, data};
    frame.body_case = VOUCH__FRAME__BODY_CHUNK;
    frame.chunk = &chunk;
    CHECK_OK(vch_frame_write(out, &frame));
}

TEST(frame_written_is_the_frame_taken)
{
    struct fixture fixture = set_up();
    Vouch__Frame *frame = NULL;

    write_chunk(fixture.buffer, 7, 100);
    write_chunk(fixture.buffer, 8, VCH_FRAME_CHUNK_MAX);
    CHECK_OK(take(&fixture, &frame));
    CHECK(frame->body_case == VOUCH__FRAME__BODY_CHUNK);
    CHECK_EQ(frame->chunk->id, 7);
    CHECK_EQ(frame->chunk->data.len, 100);
    CHECK_EQ(frame->chunk->data.data[99], 0x5a);
    CHECK(strcmp(vch_frame_name(frame), "chunk") == 0);
    CHECK_OK(take(&fixture, &frame));
    CHECK_EQ(frame->chunk->data.len, VCH_FRAME_CHUNK_MAX);
    CHECK_OK(take(&fixture, &frame));
    CHECK(frame == NULL);
    tear_down(&fixture);
}

TEST(frame_waits_for_every_truncation_to_be_completed)
{
    struct fixture fixture = set_up();
    uint8_t bytes[BYTES_MAX];

    write_chunk(fixture.buffer, 1, 300);
    int size = evbuffer_remove(fixture.buffer, bytes, sizeof bytes);
    CHECK(size > 300);
    for (int cut = 0; cut < size; cut++) {
        Vouch__Frame *frame = NULL;
        CHECK(evbuffer_add(fixture.buffer, bytes, (size_t)cut) == 0);
        CHECK_OK(take(&fixture, &frame));
        CHECK(frame == NULL);
        CHECK(evbuffer_add(fixture.buffer, bytes + cut, (size_t)(size - cut)) == 0);
        CHECK_OK(take(&fixture, &frame));
        CHECK(frame != NULL);
        CHECK_EQ(evbuffer_get_length(fixture.buffer), 0);
    }
    tear_down(&fixture);
}

TEST(frame_refuses_sizes_over_the_limit_before_their_bytes_come)
{
    static const uint8_t one_gigabyte[] = {0x40, 0, 0, 0};
    static const uint8_t one_too_many[] = {0, 0x10, 0, 1};
    static const uint8_t all_ones[] = {0xff, 0xff, 0xff, 0xff};
    static const uint8_t just_allowed[] = {0, 0x10, 0, 0};

    CHECK_FAILS(take_bytes(one_gigabyte, 4), LIMIT);
    CHECK_FAILS(take_bytes(one_too_many, 4), LIMIT);
    CHECK_FAILS(take_bytes(all_ones, 4), LIMIT);
    CHECK_OK(take_bytes(just_allowed, 4));
}

TEST(frame_refuses_what_is_empty_or_no_frame)
{
    static const uint8_t empty[] = {0, 0, 0, 0};
    static const uint8_t no_body[] = {0, 0, 0, 2, 0xf8, 0x01};            // field 31, cut off
    static const uint8_t unknown_body[] = {0, 0, 0, 3, 0xf8, 0x01, 0x01}; // field 31
    static const uint8_t cut_inside[] = {0, 0, 0, 3, 0x42, 0x08, 0x08};   // ping of 8 bytes

    CHECK_FAILS(take_bytes(empty, sizeof empty), MALFORMED);
    CHECK_FAILS(take_bytes(no_body, sizeof no_body), MALFORMED);
    CHECK_FAILS(take_bytes(unknown_body, sizeof unknown_body), MALFORMED);
    CHECK_FAILS(take_bytes(cut_inside, sizeof cut_inside), MALFORMED);
}

TEST(frame_refuses_other_spellings_of_the_same_message)
{
    static const uint8_t canonical[] = {0, 0, 0, 4, 0x42, 0x02, 0x08, 0x05};
    static const uint8_t long_varint[] = {0, 0, 0, 5, 0x42, 0x03, 0x08, 0x85, 0x00};
    static const uint8_t spelled_default[] = {0, 0, 0, 4, 0x42, 0x02, 0x08, 0x00};
    static const uint8_t twice[] = {0, 0, 0, 8, 0x42, 0x02, 0x08, 0x05, 0x42, 0x02, 0x08, 0x05};
    static const uint8_t two_bodies[] = {0, 0, 0, 8, 0x42, 0x02, 0x08, 0x05, 0x4a, 0x02, 0x08, 5};
    static const uint8_t unknown_field[] = {0, 0, 0, 6, 0x42, 0x04, 0x08, 0x05, 0x78, 0x01};

    CHECK_OK(take_bytes(canonical, sizeof canonical));
    CHECK_FAILS(take_bytes(long_varint, sizeof long_varint), MALFORMED);
    CHECK_FAILS(take_bytes(spelled_default, sizeof spelled_default), MALFORMED);
    CHECK_FAILS(take_bytes(twice, sizeof twice), MALFORMED);
    CHECK_FAILS(take_bytes(two_bodies, sizeof two_bodies), MALFORMED);
    CHECK_FAILS(take_bytes(unknown_field, sizeof unknown_field), MALFORMED);
}

TEST(frame_refuses_a_million_tiny_messages_that_would_fill_memory)
{
    enum { SIZE = 1 << 20 };
    static uint8_t bytes[4 + SIZE] = {0, 0x10, 0, 0, 0x12, 0xfc, 0xff, 0x3f};

    // A welcome of 2^20 - 4 bytes, made of empty holdings.
    for (size_t i = 8; i + 1 < sizeof bytes; i += 2)
        bytes[i] = 0x1a;
    CHECK_FAILS(take_bytes(bytes, sizeof bytes), MALFORMED);
}

TEST(frame_survives_garbage)
{
    for (int round = 0; round < 2000; round++) {
        uint8_t bytes[64];
        for (size_t i = 4; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)test_below(256);
        memset(bytes, 0, 4);
        bytes[3] = (uint8_t)(1 + test_below(sizeof bytes - 4));
        bytes[4] = (uint8_t)(8 * (1 + test_below(10)) + 2); // a body that exists, to get further
        (void)take_bytes(bytes, sizeof bytes);
    }
}
