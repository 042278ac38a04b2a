#include "model/package.h"

#include <stdlib.h>

#include "harness/sample.h"
#include "model/package_format.h"

static struct sample sample;
static struct vch_arena arena;
static struct vch_complaint complaint;
static uint8_t *file;
static size_t file_size;

static void start(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1u << 30);
    complaint.text[0] = '\0';
    sample_init(&sample);
}

static void encode(void)
{
    CHECK_OK(vch_package_encode(&file, &file_size, &sample.graph, sample.salts, &sample.owner,
                                &arena, NULL, &complaint));
}

static void start_encoded(void)
{
    start();
    encode();
}

static vch_status decode(struct vch_package *out, const uint8_t *bytes, size_t size)
{
    complaint.text[0] = '\0';
    return vch_package_decode(out, bytes, size, &arena, NULL, &complaint);
}

TEST(package_gives_back_what_was_encoded)
{
    struct vch_package package;

    start_encoded();
    CHECK_OK(decode(&package, file, file_size));
    CHECK_EQ(package.graph->operator_count, 3);
    CHECK(strcmp(package.graph->operators[1].name, "sigmoid") == 0);
    CHECK_EQ(package.graph->operators[0].table, VCH_NONE);
    for (uint32_t i = 0; i < SAMPLE_PARAMETERS; i++) {
        const struct vch_parameter *held = &package.graph->parameters[i];
        size_t size = vch_package_format_parameter_size(held);
        CHECK((uintptr_t)held->data % 64 == 0);
        CHECK(memcmp(held->data, sample.parameters[i].data, size) == 0);
        CHECK(memcmp(&package.salts[i], &sample.salts[i], sizeof sample.salts[i]) == 0);
    }
    CHECK(memcmp(package.graph->tables[0].entries, sample.entries, sizeof sample.entries) == 0);
    CHECK(memcmp(&package.owner, &sample.owner.public_key, sizeof package.owner) == 0);
    struct vch_digest identity = vch_package_identity(package.manifest, package.manifest_size);
    CHECK(vch_hash_is_equal(&identity, &package.identity));
}

TEST(package_of_a_package_is_the_same_bytes)
{
    struct vch_package package;
    uint8_t *again = NULL;
    size_t size = 0;

    start_encoded();
    CHECK_OK(decode(&package, file, file_size));
    CHECK_OK(vch_package_encode(&again, &size, package.graph, package.salts, &sample.owner, &arena,
                                NULL, &complaint));
    CHECK_EQ(size, file_size);
    CHECK(memcmp(again, file, size) == 0);
}

TEST(package_of_a_segment_keeps_the_identity_and_merges_back)
{
    struct vch_package whole, first, last;
    struct vch_package_range ranges[3];
    uint32_t count = 0;
    uint8_t *bytes = NULL;
    size_t size = 0;

    start_encoded();
    CHECK_OK(decode(&whole, file, file_size));
    CHECK_OK(vch_package_extract(&bytes, &size, &whole, 0, 1, &arena, &complaint));
    CHECK_OK(decode(&first, bytes, size));
    CHECK_OK(vch_package_extract(&bytes, &size, &whole, 2, 3, &arena, &complaint));
    CHECK_OK(decode(&last, bytes, size));
    CHECK(vch_hash_is_equal(&first.identity, &whole.identity));
    CHECK(first.graph->parameters[2].data == NULL && last.graph->parameters[0].data == NULL);
    CHECK_EQ(vch_package_held_size(&first), 9 + 24);

    vch_package_ranges(ranges, &count, &first);
    CHECK_EQ(count, 1);
    CHECK(ranges[0].first == 0 && ranges[0].last == 2);
    vch_package_ranges(ranges, &count, &last);
    CHECK_EQ(count, 1);
    CHECK(ranges[0].first == 1 && ranges[0].last == 3);

    CHECK_OK(vch_package_merge(&first, &last, &arena, &complaint));
    CHECK_EQ(vch_package_held_count(&first), 3);
    vch_package_ranges(ranges, &count, &first);
    CHECK(count == 1 && ranges[0].first == 0 && ranges[0].last == 3);
    CHECK_OK(vch_package_extract(&bytes, &size, &first, 0, 3, &arena, &complaint));
    CHECK_EQ(size, file_size);
    CHECK(memcmp(bytes, file, size) == 0);
}

// Every byte of the file matters: header, manifest, holder, owner, gaps and data.
TEST(package_refuses_every_flipped_bit)
{
    struct vch_package package;

    start_encoded();
    for (size_t i = 0; i < file_size; i++)
        for (int bit = 0; bit < 8; bit++) {
            struct vch_arena_mark mark = vch_arena_mark(&arena);
            file[i] ^= (uint8_t)(1 << bit);
            if (vch_is_ok(decode(&package, file, file_size)))
                test_fail(__FILE__, __LINE__, "accepted bit %d of byte %zu flipped", bit, i);
            CHECK(complaint.text[0] != '\0' && package.graph == NULL);
            file[i] ^= (uint8_t)(1 << bit);
            vch_arena_rewind(&arena, mark);
        }
    CHECK_OK(decode(&package, file, file_size));
}

TEST(package_refuses_every_truncation_and_extension)
{
    struct vch_package package;
    uint8_t *longer = NULL;

    start_encoded();
    for (size_t size = 0; size < file_size; size++)
        CHECK_FAILS(decode(&package, file, size), TRUNCATED);
    longer = VCH_ARENA_NEW(&arena, uint8_t, file_size + 256);
    memcpy(longer, file, file_size);
    for (size_t more = 1; more <= 256; more++)
        CHECK_FAILS(decode(&package, longer, file_size + more), MALFORMED);
}
