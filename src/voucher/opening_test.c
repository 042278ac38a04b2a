#include "voucher/opening.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/test.h"
#include "message/message.h"
#include "schema/voucher.pb-c.h"

static struct vch_arena arena;
static struct vch_complaint complaint;
static int8_t input_data[2][3] = {{1, -2, 3}, {127, -127, 0}};
static int64_t output_data[2] = {1, INT64_MIN};

static struct vch_opening example(void)
{
    struct vch_opening opening = {
        .batch = 2,
        .input = {VCH_TYPE_I8, {1, {3}}, input_data},
        .output = {VCH_TYPE_I64, {0}, output_data}, // a scalar
    };

    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 20);
    memset(opening.job_id.bytes, 5, sizeof opening.job_id.bytes);
    memset(opening.secret, 9, sizeof opening.secret);
    return opening;
}

static vch_status encode(uint8_t **bytes, size_t *size, const struct vch_opening *opening)
{
    complaint.text[0] = '\0';
    return vch_opening_encode(bytes, size, opening, &arena, &complaint);
}

static vch_status decode(struct vch_opening *out, const uint8_t *bytes, size_t size)
{
    complaint.text[0] = '\0';
    return vch_opening_decode(out, bytes, size, &arena, &complaint);
}

TEST(opening_decodes_what_it_encoded)
{
    struct vch_opening opening = example(), out = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    CHECK_OK(encode(&bytes, &size, &opening));
    CHECK_OK(decode(&out, bytes, size));
    CHECK(vch_hash_is_equal(&out.job_id, &opening.job_id));
    CHECK(memcmp(out.secret, opening.secret, sizeof out.secret) == 0);
    CHECK_EQ(out.batch, 2);
    CHECK_EQ(out.input.type, VCH_TYPE_I8);
    CHECK_EQ(out.input.shape.rank, 1);
    CHECK_EQ(out.input.shape.dims[0], 3);
    CHECK(memcmp(out.input.data, input_data, sizeof input_data) == 0);
    CHECK_EQ(out.output.shape.rank, 0);
    CHECK(memcmp(out.output.data, output_data, sizeof output_data) == 0);
}

TEST(opening_refuses_tensors_that_are_none)
{
    struct vch_opening opening = example();
    uint8_t *bytes = NULL;
    size_t size = 0;

    opening.batch = 0;
    CHECK_FAILS(encode(&bytes, &size, &opening), LIMIT);
    opening.batch = VCH_BATCH_MAX + 1;
    CHECK_FAILS(encode(&bytes, &size, &opening), LIMIT);
    opening = example();
    opening.input.shape.dims[0] = 0;
    CHECK(!vch_is_ok(encode(&bytes, &size, &opening)));
    opening = example();
    input_data[1][2] = INT8_MIN; // outside the symmetric range
    CHECK_FAILS(encode(&bytes, &size, &opening), MALFORMED);
    input_data[1][2] = 0;
}

static Vouch__Opening *unpacked_example(void)
{
    struct vch_opening opening = example();
    ProtobufCMessage *message = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;

    CHECK_OK(encode(&bytes, &size, &opening));
    CHECK_OK(vch_message_unpack(&message, &vouch__opening__descriptor, bytes, size, "opening",
                                &arena, &complaint));
    return (Vouch__Opening *)(void *)message;
}

static vch_status decode_packed(const Vouch__Opening *message)
{
    struct vch_opening out;
    uint8_t *bytes = NULL;
    size_t size = 0;

    CHECK_OK(vch_message_pack(&bytes, &size, &message->base, &arena));
    return decode(&out, bytes, size);
}

TEST(opening_refuses_hostile_messages)
{
    static uint32_t many[VCH_RANK_MAX + 1] = {1, 1, 1, 1, 1, 1, 1};
    static uint32_t huge[] = {1u << 31, 1u << 31, 4};

    Vouch__Opening *message = unpacked_example();
    CHECK_OK(decode_packed(message));
    message->version = 0;
    CHECK_FAILS(decode_packed(message), UNSUPPORTED);
    message = unpacked_example();
    message->batch = 3; // the data are of two
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->input = NULL;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->output = NULL;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->secret.len = 31;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->job_id.len = 0;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->input->type = 5;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->input->type = 1u << 31 | 1u;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->input->dims = many;
    message->input->n_dims = VCH_RANK_MAX + 1;
    CHECK_FAILS(decode_packed(message), LIMIT);
    message = unpacked_example();
    message->input->dims = huge; // 2^64 elements: a product that wraps would be 0
    message->input->n_dims = 3;
    CHECK_FAILS(decode_packed(message), LIMIT);
    message = unpacked_example();
    message->input->data.len--;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->input->data.data[0] = 0x80;
    CHECK_FAILS(decode_packed(message), MALFORMED);
}

TEST(opening_refuses_every_truncation_and_survives_every_flipped_bit)
{
    struct vch_opening opening = example(), out;
    uint8_t *bytes = NULL, *again = NULL;
    size_t size = 0, again_size = 0;

    CHECK_OK(encode(&bytes, &size, &opening));
    for (size_t i = 0; i < size; i++)
        CHECK(!vch_is_ok(decode(&out, bytes, i)));
    for (size_t i = 0; i < 8 * size; i++) {
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        if (vch_is_ok(decode(&out, bytes, size))) { // then it says something else, canonically
            CHECK_OK(encode(&again, &again_size, &out));
            CHECK_EQ(again_size, size);
            CHECK(memcmp(again, bytes, size) == 0);
        }
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        vch_arena_rewind(&arena, mark);
    }
}

TEST(opening_that_does_not_fit_the_arena_is_refused)
{
    struct vch_opening opening = example(), out;
    struct vch_arena small;
    uint8_t *bytes = NULL;
    size_t size = 0;

    CHECK_OK(encode(&bytes, &size, &opening));
    vch_arena_init(&small, 256);
    CHECK_FAILS(vch_opening_decode(&out, bytes, size, &small, &complaint), LIMIT);
    vch_arena_release(&small);
}

// Two bytes a dimension, outside any packed list: the parser's own lists would be many times as
// large.
TEST(opening_bounds_the_memory_that_a_hostile_one_takes)
{
    enum { SIZE = 1 << 22 };
    struct vch_arena large;
    struct vch_opening out;
    uint8_t *bytes = calloc(SIZE, 1);

    CHECK(bytes != NULL);
    const uint8_t head[] = {5 << 3 | 2, 0xfb, 0xff, 0xff, 1}; // the input: all the rest
    memcpy(bytes, head, sizeof head);
    for (size_t i = sizeof head; i < SIZE; i++)
        bytes[i] = (i - sizeof head) % 2 == 0 ? 2 << 3 : 1;
    vch_arena_init(&large, (size_t)4 << 30);
    complaint.text[0] = '\0';
    CHECK(!vch_is_ok(vch_opening_decode(&out, bytes, SIZE, &large, &complaint)));
    CHECK(complaint.text[0] != '\0');
    printf("# %d bytes of dimensions take %zu of memory\n", SIZE, large.used);
    CHECK(large.used <= vch_opening_memory_max(SIZE));
    CHECK_EQ(large.limit, (size_t)4 << 30);
    vch_arena_release(&large);
    free(bytes);
}
