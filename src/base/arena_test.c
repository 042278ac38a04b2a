// Limits, alignment, zeroing and marks.
#include "base/arena.h"

#include <string.h>

#include "harness/test.h"

TEST(arena_gives_zeroed_aligned_memory_and_reuses_it)
{
    struct vch_arena arena;
    vch_arena_init(&arena, 1 << 20);
    for (int round = 0; round < 2; round++) {
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        for (size_t size = 0; size < 300; size++) {
            uint8_t *bytes = vch_arena_alloc(&arena, size, 1);
            CHECK(bytes != NULL);
            CHECK_EQ((uintptr_t)bytes % 64, 0);
            for (size_t i = 0; i < size; i++)
                CHECK_EQ(bytes[i], 0);
            if (size > 0) memset(bytes, 0xff, size);
        }
        vch_arena_rewind(&arena, mark);
    }
    vch_arena_release(&arena);
    CHECK_EQ(arena.used, 0);
}

// Blocks that the system may give in large pages keep to the same rules.
TEST(arena_gives_large_blocks_as_it_gives_small_ones)
{
    const size_t sizes[] = {(1 << 21) - 128, (1 << 21) - 64, 1 << 21, (1 << 21) + 1, 3 << 22};
    struct vch_arena arena;

    FOR_EACH(size, sizes)
    {
        vch_arena_init(&arena, *size + 128);
        for (int round = 0; round < 2; round++) { // the second time what was freed is dirty
            uint8_t *bytes = vch_arena_alloc(&arena, *size, 1);
            CHECK(bytes != NULL);
            CHECK(arena.used <= arena.limit);
            CHECK_EQ((uintptr_t)bytes % 64, 0);
            for (size_t i = 0; i < *size; i += 61)
                CHECK_EQ(bytes[i], 0);
            memset(bytes, 0xff, *size);
            CHECK(vch_arena_alloc(&arena, 64, 1) == NULL);
            vch_arena_release(&arena);
        }
    }
}

TEST(arena_never_passes_its_limit)
{
    struct vch_arena arena;
    vch_arena_init(&arena, 10000);
    CHECK(vch_arena_alloc(&arena, 1, 20000) == NULL);
    CHECK(vch_arena_alloc(&arena, SIZE_MAX, 2) == NULL);
    CHECK(vch_arena_alloc(&arena, SIZE_MAX, 1) == NULL);
    CHECK(vch_arena_alloc(&arena, SIZE_MAX / 8, 8) == NULL);
    while (vch_arena_alloc(&arena, 1, 100) != NULL)
        CHECK(arena.used <= 10000);
    vch_arena_release(&arena);
}

// Secrets pass through arenas: what is given back must not outlive its owner in a block that stays.
TEST(arena_wipes_what_is_given_back)
{
    struct vch_arena arena;
    vch_arena_init(&arena, 1 << 20);
    uint8_t *kept = vch_arena_alloc(&arena, 64, 1);
    struct vch_arena_mark mark = vch_arena_mark(&arena);
    uint8_t *secret = vch_arena_alloc(&arena, 1000, 1);

    CHECK(kept != NULL && secret != NULL);
    memset(kept, 0xaa, 64);
    memset(secret, 0xff, 1000);
    vch_arena_rewind(&arena, mark);
#ifndef VCH_SANITIZED // which would not let anyone look
    for (size_t i = 0; i < 1000; i++)
        CHECK_EQ(secret[i], 0); // still inside the arena's first block
#endif
    for (size_t i = 0; i < 64; i++)
        CHECK_EQ(kept[i], 0xaa);
    vch_arena_release(&arena);
}

TEST(arena_part_keeps_to_its_size_and_leaves_its_neighbours_alone)
{
    struct vch_arena whole, part;
    vch_arena_init(&whole, 1 << 20);
    CHECK(vch_arena_part(&part, &whole, 1000));
    uint8_t *beside = vch_arena_alloc(&whole, 64, 1);
    struct vch_arena_mark mark = vch_arena_mark(&part);

    CHECK(beside != NULL);
    for (int round = 0; round < 3; round++) {
        uint8_t *first = vch_arena_alloc(&part, 960, 1);
        CHECK(first != NULL);
        memset(first, 0xff, 960);
        CHECK(vch_arena_alloc(&part, 65, 1) == NULL);
        CHECK(vch_arena_alloc(&part, 64, 1) != NULL);
        vch_arena_rewind(&part, mark);
    }
    for (size_t i = 0; i < 64; i++)
        CHECK_EQ(beside[i], 0);
    CHECK(!vch_arena_part(&part, &whole, 2 << 20));
    CHECK(!vch_arena_part(&part, &whole, SIZE_MAX));
    vch_arena_release(&whole);
    CHECK_EQ(whole.used, 0);
}

TEST(arena_within_takes_the_callers_memory_and_no_more)
{
    static uint8_t memory[4096];
    struct vch_arena arena;

    memset(memory, 0xaa, sizeof memory);
    for (size_t skipped = 0; skipped < 64; skipped++) {
        CHECK(!vch_arena_within(&arena, memory + skipped, 64));
        CHECK(vch_arena_within(&arena, memory + skipped, 1024));
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        for (int round = 0; round < 2; round++) {
            uint8_t *first = vch_arena_alloc(&arena, 1, 128);
            CHECK(first != NULL && (uintptr_t)first % 64 == 0);
            CHECK(first >= memory + skipped && first + 128 <= memory + skipped + 1024);
            CHECK(first[0] == 0 && first[127] == 0);
            memset(first, 0xff, 128);
            CHECK(vch_arena_alloc(&arena, 1, 1024) == NULL);
            vch_arena_rewind(&arena, mark);
        }
        uint8_t *secret = vch_arena_alloc(&arena, 64, 1);
        memset(secret, 0xff, 64);
        vch_arena_leave(&arena);
        CHECK_EQ(secret[0], 0);
    }
    for (size_t i = 63 + 1024; i < sizeof memory; i++)
        CHECK_EQ(memory[i], 0xaa);
    CHECK(!vch_arena_within(&arena, NULL, 1024));
}
