// Salted Merkle roots of parameters, and single leaves opened under them.
#include <string.h>

#include "harness/test.h"
#include "model/package.h"

enum { CHUNK = VCH_PACKAGE_CHUNK_SIZE, SIZE_MAX_TESTED = 66 * CHUNK };

static struct vch_arena arena;
static uint8_t data[SIZE_MAX_TESTED];
static struct vch_salt salt;

static void start(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1u << 26);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)test_below(256);
    for (size_t i = 0; i < sizeof salt.bytes; i++)
        salt.bytes[i] = (uint8_t)test_below(256);
}

// A pool that runs its tasks in the worst order.
static void run_backwards(struct vch_workers *self, void (*task)(void *context, size_t index),
                          void *context, size_t count)
{
    (void)self;
    while (count > 0)
        task(context, --count);
}

static struct vch_digest root_of(size_t size)
{
    struct vch_digest out;

    CHECK_OK(vch_package_root(&out, &salt, data, size, &arena, NULL));
    return out;
}

TEST(package_root_is_the_same_for_any_workers)
{
    static const size_t sizes[] = {0,         1,          CHUNK - 1,      CHUNK,
                                   CHUNK + 1, 64 * CHUNK, 64 * CHUNK + 1, SIZE_MAX_TESTED};
    struct vch_workers workers = {2, run_backwards};
    struct vch_digest root;

    start();
    FOR_EACH(size, sizes)
    {
        struct vch_digest want = root_of(*size);
        CHECK_OK(vch_package_root(&root, &salt, data, *size, &arena, &workers));
        CHECK(vch_hash_is_equal(&root, &want));
    }
}

TEST(package_root_changes_with_chunks_salt_and_size)
{
    start();
    struct vch_digest want = root_of(SIZE_MAX_TESTED), other = root_of(SIZE_MAX_TESTED - 1);
    CHECK(!vch_hash_is_equal(&want, &other));
    for (size_t i = CHUNK - 1; i < SIZE_MAX_TESTED; i += 5 * CHUNK) {
        data[i] ^= 1;
        other = root_of(SIZE_MAX_TESTED);
        CHECK(!vch_hash_is_equal(&want, &other));
        data[i] ^= 1;
    }
    salt.bytes[31] ^= 0x80;
    other = root_of(SIZE_MAX_TESTED);
    CHECK(!vch_hash_is_equal(&want, &other));
}

TEST(package_root_needs_its_scratch)
{
    struct vch_arena narrow;
    struct vch_digest root;

    start();
    vch_arena_init(&narrow, 1024);
    CHECK_FAILS(vch_package_root(&root, &salt, data, SIZE_MAX_TESTED, &narrow, NULL), NO_MEMORY);
    vch_arena_release(&narrow);
}

// A package of one parameter, without a file.
static struct vch_parameter parameter;
static struct vch_graph graph = {.parameter_count = 1, .parameters = &parameter};
static struct vch_package package = {.graph = &graph, .salts = &salt};

static void hold(uint32_t size)
{
    parameter = (struct vch_parameter){VCH_TYPE_I8, {1, {size}}, root_of(size), data};
}

TEST(package_leaf_opens_and_verifies)
{
    struct vch_package_leaf leaf;

    start();
    for (uint32_t size = 1; size <= SIZE_MAX_TESTED; size += 4 * CHUNK + CHUNK / 3) {
        hold(size);
        uint64_t count = vch_package_leaf_count(&parameter);
        CHECK_EQ(count, (size + CHUNK - 1) / CHUNK);
        for (uint64_t i = 0; i < count; i++) {
            CHECK_OK(vch_package_open_leaf(&leaf, &package, 0, i, &arena, NULL));
            CHECK(leaf.chunk == data + i * CHUNK);
            CHECK_OK(vch_package_verify_leaf(&parameter, &leaf));
        }
    }
}

TEST(package_leaf_refuses_every_lie)
{
    struct vch_package_leaf honest, leaf;
    uint8_t chunk[CHUNK];

    start();
    hold(5 * CHUNK + 100);
    for (uint64_t i = 0; i < 6; i++) {
        CHECK_OK(vch_package_open_leaf(&honest, &package, 0, i, &arena, NULL));
        memcpy(chunk, honest.chunk, honest.chunk_size);
        honest.chunk = chunk;
        for (size_t at = 0; at < honest.chunk_size; at += 97) {
            chunk[at] ^= 4;
            CHECK_FAILS(vch_package_verify_leaf(&parameter, &honest), BAD_PROOF);
            chunk[at] ^= 4;
        }
        for (uint64_t other = 0; other < 8; other++) {
            leaf = honest;
            leaf.index = other;
            if (other != i) CHECK_FAILS(vch_package_verify_leaf(&parameter, &leaf), BAD_PROOF);
        }
        leaf = honest;
        leaf.salt.bytes[0] ^= 1;
        CHECK_FAILS(vch_package_verify_leaf(&parameter, &leaf), BAD_PROOF);
        leaf = honest;
        leaf.chunk_size--;
        CHECK_FAILS(vch_package_verify_leaf(&parameter, &leaf), BAD_PROOF);
        leaf = honest;
        leaf.chunk_size = SIZE_MAX;
        CHECK_FAILS(vch_package_verify_leaf(&parameter, &leaf), BAD_PROOF);
        for (size_t sibling = 0; sibling < honest.path_count; sibling++) {
            leaf = honest;
            leaf.path[sibling].bytes[5] ^= 1;
            CHECK_FAILS(vch_package_verify_leaf(&parameter, &leaf), BAD_PROOF);
        }
        leaf = honest;
        leaf.path_count--;
        CHECK_FAILS(vch_package_verify_leaf(&parameter, &leaf), BAD_PROOF);
        leaf.path_count = SIZE_MAX;
        CHECK_FAILS(vch_package_verify_leaf(&parameter, &leaf), BAD_PROOF);
        CHECK_OK(vch_package_verify_leaf(&parameter, &honest));
    }
}

TEST(package_leaf_of_what_is_not_held_cannot_be_opened)
{
    struct vch_package_leaf leaf;

    start();
    hold(CHUNK + 1);
    CHECK_FAILS(vch_package_open_leaf(&leaf, &package, 1, 0, &arena, NULL), USAGE);
    CHECK_FAILS(vch_package_open_leaf(&leaf, &package, 0, 2, &arena, NULL), USAGE);
    parameter.data = NULL;
    CHECK_FAILS(vch_package_open_leaf(&leaf, &package, 0, 0, &arena, NULL), USAGE);
}
