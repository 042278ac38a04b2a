#include "message/message.h"

#include <string.h>

#include "harness/test.h"
#include "schema/wire.pb-c.h"

enum { ROOM = 1 << 20, FRAME_MAX = 256 };

struct fixture {
    struct vch_arena arena;
    struct vch_complaint complaint;
    uint8_t *bytes;
    size_t size;
};

// A welcome with two holdings: a oneof, a list of messages, strings, bytes and numbers.
static void pack_welcome(struct fixture *fixture)
{
    static uint8_t model[] = {1, 2, 3};
    Vouch__Holding holdings[2] = {VOUCH__HOLDING__INIT, VOUCH__HOLDING__INIT};
    Vouch__Holding *list[2] = {&holdings[0], &holdings[1]};
    Vouch__Welcome welcome = VOUCH__WELCOME__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    holdings[0].model = vch_message_borrow(model, sizeof model);
    holdings[1].first = 200, holdings[1].last = 300;
    welcome.version = 1;
    welcome.software = (char *)(uintptr_t) "vouch";
    welcome.n_holdings = 2;
    welcome.holdings = list;
    frame.body_case = VOUCH__FRAME__BODY_WELCOME;
    frame.welcome = &welcome;
    vch_arena_init(&fixture->arena, ROOM);
    CHECK_OK(vch_message_pack(&fixture->bytes, &fixture->size, &frame.base, &fixture->arena));
    CHECK(fixture->size < FRAME_MAX);
}

static vch_status unpack(Vouch__Frame **out, struct fixture *fixture, const uint8_t *bytes,
                         size_t size)
{
    ProtobufCMessage *message = NULL;
    vch_status status = vch_message_unpack(&message, &vouch__frame__descriptor, bytes, size,
                                           "frame", &fixture->arena, &fixture->complaint);

    *out = (Vouch__Frame *)(void *)message;
    return status;
}

TEST(message_comes_back_as_it_was_packed)
{
    struct fixture fixture = {0};
    Vouch__Frame *frame = NULL;

    pack_welcome(&fixture);
    CHECK_OK(unpack(&frame, &fixture, fixture.bytes, fixture.size));
    CHECK_EQ(frame->body_case, VOUCH__FRAME__BODY_WELCOME);
    CHECK(strcmp(frame->welcome->software, "vouch") == 0);
    CHECK_EQ(frame->welcome->n_holdings, 2);
    CHECK_HEX(frame->welcome->holdings[0]->model.data, 3, "010203");
    CHECK_EQ(frame->welcome->holdings[1]->last, 300);
    vch_arena_release(&fixture.arena);
}

TEST(message_cut_short_is_refused_at_every_byte)
{
    struct fixture fixture = {0};
    Vouch__Frame *frame = NULL;

    pack_welcome(&fixture);
    CHECK_FAILS(unpack(&frame, &fixture, fixture.bytes, 0), TRUNCATED);
    for (size_t size = 1; size < fixture.size; size++)
        CHECK_FAILS(unpack(&frame, &fixture, fixture.bytes, size), MALFORMED);
    vch_arena_release(&fixture.arena);
}

// Whatever else a changed message says, it is the one way to say that.
TEST(message_with_a_flipped_bit_is_refused_or_says_something_else_canonically)
{
    struct fixture fixture = {0};
    Vouch__Frame *frame = NULL;

    pack_welcome(&fixture);
    for (size_t bit = 0; bit < 8 * fixture.size; bit++) {
        uint8_t changed[FRAME_MAX], *again = NULL;
        size_t again_size = 0;

        memcpy(changed, fixture.bytes, fixture.size);
        changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (!vch_is_ok(unpack(&frame, &fixture, changed, fixture.size))) continue;
        CHECK_OK(vch_message_pack(&again, &again_size, &frame->base, &fixture.arena));
        CHECK_EQ(again_size, fixture.size);
        CHECK(memcmp(again, changed, again_size) == 0);
    }
    vch_arena_release(&fixture.arena);
}

struct spelling {
    const char *what;
    size_t size;
    uint8_t bytes[24];
};

// Protobuf reads each of these as a frame that has a shorter or another canonical form.
static const struct spelling spellings[] = {
    {"an unknown field", 7, {0x0a, 2, 0x08, 1, 0xc0, 0x3e, 1}},
    {"an unknown field in the body", 6, {0x0a, 4, 0x08, 1, 0x78, 1}},
    {"an unknown field in a list's item", 8, {0x12, 6, 0x08, 1, 0x1a, 2, 0x78, 1}},
    {"fields out of order", 7, {0x0a, 5, 0x12, 1, 'v', 0x08, 1}},
    {"a field twice", 6, {0x0a, 4, 0x08, 2, 0x08, 1}},
    {"two bodies", 6, {0x0a, 0, 0x12, 2, 0x08, 1}},
    {"a written default", 4, {0x0a, 2, 0x08, 0}},
    {"a long varint", 5, {0x0a, 3, 0x08, 0x81, 0}},
    {"a long size", 5, {0x0a, 0x82, 0, 0x08, 1}},
    {"a NUL in a string", 7, {0x0a, 5, 0x12, 3, 'v', 0, 'w'}},
    {"a written empty string", 4, {0x0a, 2, 0x12, 0}},
};

TEST(message_is_refused_in_every_other_spelling)
{
    struct fixture fixture = {0};

    vch_arena_init(&fixture.arena, ROOM);
    FOR_EACH(spelling, spellings)
    {
        ProtobufCMessage *message = NULL;
        Vouch__Frame *frame = NULL;

        fixture.complaint = (struct vch_complaint){0};
        if (!vch_is_ok(vch_message_read(&message, &vouch__frame__descriptor, spelling->bytes,
                                        spelling->size, &fixture.arena)))
            test_fail(__FILE__, __LINE__, "protobuf does not read %s", spelling->what);
        if (vch_is_ok(unpack(&frame, &fixture, spelling->bytes, spelling->size)))
            test_fail(__FILE__, __LINE__, "accepted %s", spelling->what);
        CHECK(strstr(fixture.complaint.text, "canonical") != NULL);
    }
    vch_arena_release(&fixture.arena);
}

TEST(message_that_unfolds_beyond_the_arena_is_over_the_limit)
{
    enum { HOLDINGS = 100000 };
    static uint8_t bytes[8 + 2 * HOLDINGS] = {0x12, 0xc0, 0x9a, 0x0c}; // 200000 bytes of welcome
    struct fixture fixture = {0};
    Vouch__Frame *frame = NULL;

    for (size_t i = 0; i < HOLDINGS; i++)
        bytes[4 + 2 * i] = 0x1a; // an empty holding
    vch_arena_init(&fixture.arena, ROOM);
    CHECK_FAILS(unpack(&frame, &fixture, bytes, 4 + 2 * HOLDINGS), LIMIT);
    CHECK(fixture.arena.used <= ROOM);
    vch_arena_release(&fixture.arena);
    vch_arena_init(&fixture.arena, 64 * ROOM);
    CHECK_OK(unpack(&frame, &fixture, bytes, 4 + 2 * HOLDINGS));
    CHECK_EQ(frame->welcome->n_holdings, HOLDINGS);
    vch_arena_release(&fixture.arena);
}

TEST(message_field_of_another_size_is_refused)
{
    const ProtobufCBinaryData field = vch_message_borrow("four", 4);
    struct vch_complaint complaint = {0};
    uint8_t out[5] = {0};

    CHECK_OK(vch_message_copy(out, 4, &field, "name", &complaint));
    CHECK_HEX(out, 5, "666f757200");
    CHECK_FAILS(vch_message_copy(out, 3, &field, "name", NULL), MALFORMED);
    CHECK_FAILS(vch_message_copy(out, 5, &field, "name", &complaint), MALFORMED);
    CHECK(strcmp(complaint.text, "the name has 4 bytes, not 5") == 0);
}
