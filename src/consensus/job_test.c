#include "consensus/job.h"

#include <string.h>

#include "harness/test.h"
#include "message/message.h"
#include "schema/voucher.pb-c.h"

static struct vch_arena arena;
static struct vch_complaint complaint;

static struct vch_job example(void)
{
    struct vch_job job = {.batch = 2,
                          .commitment_kind = VCH_COMMITMENT_SHA256,
                          .segment_count = 3,
                          .segments = {{0, 1, VCH_JOB_BY_CLIENT},
                                       {1, 5, VCH_JOB_BY_NODES},
                                       {5, 6, VCH_JOB_BY_CLIENT}},
                          .quorum = 3,
                          .deadline_ms = 1234567890123};

    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 22);
    complaint.text[0] = '\0';
    for (uint8_t i = 0; i < VCH_DIGEST_SIZE; i++) {
        job.model.bytes[i] = i;
        job.client.bytes[i] = (uint8_t)(32 + i);
        job.nonce.bytes[i] = (uint8_t)(64 + i);
        job.input.bytes[i] = (uint8_t)(96 + i);
        job.registry.bytes[i] = (uint8_t)(128 + i);
    }
    return job;
}

static vch_status encode(uint8_t **bytes, size_t *size, const struct vch_job *job)
{
    complaint.text[0] = '\0';
    return vch_job_encode(bytes, size, job, &arena, &complaint);
}

static vch_status decode(struct vch_job *out, const uint8_t *bytes, size_t size)
{
    complaint.text[0] = '\0';
    return vch_job_decode(out, bytes, size, &arena, &complaint);
}

TEST(job_decodes_what_it_encoded)
{
    struct vch_job job = example(), again = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    CHECK_OK(encode(&bytes, &size, &job));
    CHECK_OK(decode(&again, bytes, size));
    CHECK(memcmp(&job, &again, sizeof job) == 0);
}

TEST(job_of_matrices_says_how_many_columns_they_have)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    for (uint32_t columns = 0; columns < 40; columns++) {
        struct vch_job job = example(), again = {0};
        bool exists = columns >= 9 && columns <= 16; // specs/proof.md, section 3
        job.commitment_kind = VCH_COMMITMENT_MATRIX;
        job.log_columns = columns;
        if (!exists) {
            CHECK_FAILS(encode(&bytes, &size, &job), UNSUPPORTED);
            continue;
        }
        CHECK_OK(encode(&bytes, &size, &job));
        CHECK_OK(decode(&again, bytes, size));
        CHECK(memcmp(&job, &again, sizeof job) == 0);
        job.commitment_kind = VCH_COMMITMENT_SHA256;
        CHECK_FAILS(encode(&bytes, &size, &job), UNSUPPORTED);
    }
}

TEST(job_of_the_most_segments_fits_its_size_limit)
{
    struct vch_job job = example(), again = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    job.segment_count = VCH_JOB_SEGMENTS_MAX;
    for (uint32_t i = 0; i < VCH_JOB_SEGMENTS_MAX; i++)
        job.segments[i] = (struct vch_job_segment){i == 0 ? 0 : UINT32_MAX - 1000 + i,
                                                   UINT32_MAX - 1000 + i + 1, VCH_JOB_BY_NODES};
    CHECK_OK(encode(&bytes, &size, &job));
    CHECK(size < VCH_JOB_SIZE_MAX);
    CHECK_OK(decode(&again, bytes, size));
    CHECK_EQ(again.segment_count, VCH_JOB_SEGMENTS_MAX);
}

// Every field is in the id, or a client could change it after the votes.
TEST(job_id_changes_with_every_field)
{
    struct vch_job job = example(), other;
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct vch_digest ids[11];

    CHECK_OK(encode(&bytes, &size, &job));
    ids[0] = vch_job_id(bytes, size);
    for (uint32_t field = 1; field < 11; field++) {
        other = job;
        switch (field) {
        case 1: other.model.bytes[0] ^= 1; break;
        case 2: other.client.bytes[0] ^= 1; break;
        case 3: other.nonce.bytes[0] ^= 1; break;
        case 4: other.batch++; break;
        case 5: other.input.bytes[0] ^= 1; break;
        case 6: other.segments[0].last = other.segments[1].first = 2; break;
        case 7: other.quorum = 2; break;
        case 8: other.deadline_ms++; break;
        case 9: other.nonces[other.segment_count].bytes[0] ^= 1; break;
        default: other.registry.bytes[0] ^= 1; break;
        }
        CHECK_OK(encode(&bytes, &size, &other));
        ids[field] = vch_job_id(bytes, size);
        for (uint32_t i = 0; i < field; i++)
            CHECK(!vch_hash_is_equal(&ids[i], &ids[field]));
    }
}

TEST(job_refuses_segments_that_do_not_tile_the_model)
{
    struct vch_job job = example();
    uint8_t *bytes = NULL;
    size_t size = 0;

    job.segments[0].first = 1;
    CHECK_FAILS(encode(&bytes, &size, &job), MALFORMED); // does not start at 0
    job = example();
    job.segments[1].first = 2;
    CHECK_FAILS(encode(&bytes, &size, &job), MALFORMED); // gap
    job = example();
    job.segments[2].first = 4;
    CHECK_FAILS(encode(&bytes, &size, &job), MALFORMED); // overlap
    job = example();
    job.segments[0] = job.segments[1];
    CHECK_FAILS(encode(&bytes, &size, &job), MALFORMED); // out of order
    job = example();
    job.segments[1].last = job.segments[2].first = 1;
    CHECK_FAILS(encode(&bytes, &size, &job), MALFORMED); // empty
    job = example();
    job.segments[1].by = (enum vch_job_by)3;
    CHECK_FAILS(encode(&bytes, &size, &job), MALFORMED);
    job = example();
    job.segments[1].by = VCH_JOB_BY_CLIENT;
    CHECK_FAILS(encode(&bytes, &size, &job), MALFORMED); // nothing for nodes
}

TEST(job_refuses_numbers_out_of_range)
{
    struct vch_job job = example();
    uint8_t *bytes = NULL;
    size_t size = 0;

    job.batch = 0;
    CHECK_FAILS(encode(&bytes, &size, &job), LIMIT);
    job.batch = VCH_JOB_BATCH_MAX + 1;
    CHECK_FAILS(encode(&bytes, &size, &job), LIMIT);
    job = example();
    job.quorum = 0;
    CHECK_FAILS(encode(&bytes, &size, &job), LIMIT);
    job.quorum = VCH_JOB_QUORUM_MAX + 1;
    CHECK_FAILS(encode(&bytes, &size, &job), LIMIT);
    job = example();
    job.segment_count = 0;
    CHECK_FAILS(encode(&bytes, &size, &job), LIMIT);
    job.segment_count = VCH_JOB_SEGMENTS_MAX + 1;
    CHECK_FAILS(encode(&bytes, &size, &job), LIMIT);
    job = example();
    job.commitment_kind = (enum vch_commitment_kind)2;
    CHECK_FAILS(encode(&bytes, &size, &job), UNSUPPORTED);
}

// The same through bytes that this encoder would not write.
static Vouch__Job *unpacked_example(void)
{
    struct vch_job job = example();
    uint8_t *bytes = NULL;
    size_t size = 0;
    ProtobufCMessage *message = NULL;

    CHECK_OK(encode(&bytes, &size, &job));
    CHECK_OK(vch_message_unpack(&message, &vouch__job__descriptor, bytes, size, "job", &arena,
                                &complaint));
    return (Vouch__Job *)(void *)message;
}

static vch_status decode_packed(const Vouch__Job *message)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct vch_job out;

    CHECK_OK(vch_message_pack(&bytes, &size, &message->base, &arena));
    return decode(&out, bytes, size);
}

TEST(job_refuses_hostile_messages)
{
    Vouch__Job *message = unpacked_example();
    CHECK_OK(decode_packed(message));
    message->version = 2;
    CHECK_FAILS(decode_packed(message), UNSUPPORTED);
    message = unpacked_example();
    message->input = NULL;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->input->kind = 257;
    CHECK_FAILS(decode_packed(message), UNSUPPORTED);
    message = unpacked_example();
    message->input->value.len--;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->model.len = 0;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->client.len = 31;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->registry.len = 16;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->segments[1]->by = 258;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->segments[1]->first = 3;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->batch = 1u << 31;
    CHECK_FAILS(decode_packed(message), LIMIT);
}

TEST(job_refuses_every_truncation_and_what_is_not_canonical)
{
    struct vch_job job = example(), out;
    uint8_t *bytes = NULL, longer[1024];
    size_t size = 0;

    CHECK_OK(encode(&bytes, &size, &job));
    for (size_t i = 0; i < size; i++)
        CHECK(!vch_is_ok(decode(&out, bytes, i)));
    memcpy(longer, bytes, size);
    memcpy(longer + size, (uint8_t[]){0x58, 0x01}, 2); // field 11 does not exist
    CHECK_FAILS(decode(&out, longer, size + 2), MALFORMED);
    memcpy(longer + size, (uint8_t[]){0x40, 0x03}, 2); // quorum again
    CHECK_FAILS(decode(&out, longer, size + 2), MALFORMED);
    CHECK(strstr(complaint.text, "canonical") != NULL);
    memcpy(longer, (uint8_t[]){0x08, 0x81, 0x00}, 3); // version 1 as a long varint
    memcpy(longer + 3, bytes + 2, size - 2);
    CHECK_FAILS(decode(&out, longer, size + 1), MALFORMED);
    CHECK_FAILS(decode(&out, longer, VCH_JOB_SIZE_MAX + 1), LIMIT);
}

// A flipped bit is another job or none, never the same one.
TEST(job_with_a_flipped_bit_is_refused_or_another_job)
{
    struct vch_job job = example(), out;
    uint8_t *bytes = NULL, *again = NULL;
    size_t size = 0, again_size = 0;

    CHECK_OK(encode(&bytes, &size, &job));
    for (size_t i = 0; i < 8 * size; i++) {
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        if (vch_is_ok(decode(&out, bytes, size))) {
            CHECK(memcmp(&out, &job, sizeof job) != 0);
            CHECK_OK(encode(&again, &again_size, &out));
            CHECK_EQ(again_size, size);
            CHECK(memcmp(again, bytes, size) == 0);
        }
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        vch_arena_rewind(&arena, mark);
    }
}

TEST(job_refuses_fewer_or_more_pins_than_boundaries)
{
    struct vch_job job = example(), out;
    uint8_t *bytes = NULL;
    size_t size = 0;

    CHECK_OK(encode(&bytes, &size, &job));
    const size_t pin_size = 2 + sizeof job.nonces[0]; // tag, length, digest: the last field
    CHECK_FAILS(decode(&out, bytes, size - pin_size), MALFORMED);
    uint8_t *more = vch_arena_alloc(&arena, size + pin_size, 1);
    memcpy(more, bytes, size);
    memcpy(more + size, bytes + size - pin_size, pin_size);
    CHECK_FAILS(decode(&out, more, size + pin_size), MALFORMED);
}
