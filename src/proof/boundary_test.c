// Two parties make the same root, and a different tensor, seed or shape makes another.
#include "proof/boundary.h"

#include <string.h>

#include "harness/spec.h"
#include "harness/test.h"

enum { COUNT = 1000, LOG_COLUMNS = 9, ROOM = 1 << 24 };

static struct vch_digest root_of(const int64_t *values, size_t count, const uint8_t *seed,
                                 unsigned log_columns)
{
    struct vch_arena arena;
    struct vch_encoder encoder;
    struct vch_digest root;

    vch_arena_init(&arena, ROOM);
    CHECK_OK(vch_encoder_init(&encoder, &arena, VCH_CPU_PORTABLE, log_columns));
    CHECK_OK(vch_boundary_root(&root, &encoder, values, count, seed, &arena, NULL));
    vch_arena_release(&arena);
    return root;
}

static void fill(int64_t values[static COUNT], uint8_t seed[static VCH_ORACLE_SEED_SIZE])
{
    for (int64_t i = 0; i < COUNT; i++)
        values[i] = i * i - 1000;
    for (size_t i = 0; i < VCH_ORACLE_SEED_SIZE; i++)
        seed[i] = (uint8_t)i;
}

TEST(boundary_root_agrees_with_the_specification)
{
    int64_t values[COUNT];
    uint8_t seed[VCH_ORACLE_SEED_SIZE];

    fill(values, seed);
    const struct vch_digest root = root_of(values, COUNT, seed, LOG_COLUMNS);
    test_spec_check(root.bytes, sizeof root.bytes, "proof.md", "boundary_root");
}

TEST(boundary_root_depends_on_all_it_is_made_of)
{
    int64_t values[COUNT + 25] = {0};
    uint8_t seed[VCH_ORACLE_SEED_SIZE];

    fill(values, seed);
    const struct vch_digest honest = root_of(values, COUNT, seed, LOG_COLUMNS);
    const struct vch_digest longer = root_of(values, COUNT + 24, seed, LOG_COLUMNS);
    const struct vch_digest rows = root_of(values, COUNT + 25, seed, LOG_COLUMNS);
    const struct vch_digest wider = root_of(values, COUNT, seed, LOG_COLUMNS + 1);
    CHECK(vch_hash_is_equal(&honest, &longer)); // zeros fill the last row
    CHECK(!vch_hash_is_equal(&honest, &rows));
    CHECK(!vch_hash_is_equal(&honest, &wider));
    values[test_below(COUNT)] += 1;
    const struct vch_digest changed = root_of(values, COUNT, seed, LOG_COLUMNS);
    CHECK(!vch_hash_is_equal(&honest, &changed));
    fill(values, seed);
    seed[test_below(sizeof seed)] ^= 1;
    const struct vch_digest seeded = root_of(values, COUNT, seed, LOG_COLUMNS);
    CHECK(!vch_hash_is_equal(&honest, &seeded));
}

TEST(boundary_of_nothing_is_a_row_of_zeros)
{
    static const int64_t zeros[1 << LOG_COLUMNS];
    static const uint8_t seed[VCH_ORACLE_SEED_SIZE];

    CHECK_EQ(vch_boundary_rows(0, LOG_COLUMNS), 1);
    CHECK_EQ(vch_boundary_rows(1, LOG_COLUMNS), 1);
    CHECK_EQ(vch_boundary_rows(512, LOG_COLUMNS), 1);
    CHECK_EQ(vch_boundary_rows(513, LOG_COLUMNS), 2);
    const struct vch_digest none = root_of(zeros, 0, seed, LOG_COLUMNS);
    const struct vch_digest row = root_of(zeros, 1 << LOG_COLUMNS, seed, LOG_COLUMNS);
    CHECK(vch_hash_is_equal(&none, &row));
}
