// What is opened of an oracle tells nothing about its cells: over many seeds, the symbols of two
// different matrices are as uniform as each other.
#include "proof/oracle_prove.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"
#include "proof/random.h"

enum { LOG_COLUMNS = 9, C = 1 << LOG_COLUMNS, SEEDS = 60, BINS = 256, ROOM = 1 << 22 };

static uint64_t cells[C];

// Symbols at 150 columns under SEEDS seeds, by one of their bytes.
static void count_symbols(uint32_t bins[static BINS], size_t byte, uint32_t stride)
{
    static uint8_t opening[1 << 17];
    const size_t size = vch_oracle_column_size(LOG_COLUMNS, 1);
    uint32_t positions[VCH_ORACLE_POSITIONS];
    uint8_t seed[VCH_ORACLE_SEED_SIZE];
    const struct vch_oracle_matrix matrix = {.cells = cells, .row_count = 1, .seed = seed};

    memset(bins, 0, BINS * sizeof *bins);
    CHECK(vch_oracle_opening_size(LOG_COLUMNS, 1) <= sizeof opening);
    for (uint32_t i = 0; i < VCH_ORACLE_POSITIONS; i++)
        positions[i] = i * stride % (8 * C);
    for (size_t round = 0; round < SEEDS; round++) {
        struct vch_arena arena;
        struct vch_encoder encoder;
        struct vch_oracle oracle;
        for (size_t i = 0; i < sizeof seed; i++)
            seed[i] = (uint8_t)test_below(256);
        vch_arena_init(&arena, ROOM);
        CHECK_OK(vch_encoder_init(&encoder, &arena, vch_cpu_level(NULL), LOG_COLUMNS));
        CHECK_OK(vch_oracle_prove(&oracle, &matrix, &encoder, true, &arena, NULL));
        CHECK_OK(vch_oracle_prove_opening(&oracle, opening, positions, &arena, NULL));
        for (size_t i = 0; i < VCH_ORACLE_POSITIONS; i++)
            bins[opening[VCH_DIGEST_SIZE * (size_t)VCH_ORACLE_CAP + i * size +
                         VCH_ORACLE_SALT_SIZE + byte]]++;
        vch_arena_release(&arena);
    }
}

// Chi-square over 256 bins has mean 255 and standard deviation 22.6; what is refused here happens
// by chance once in 10^6 tests.
static void check_uniform(const uint32_t bins[static BINS])
{
    const uint64_t total = (uint64_t)SEEDS * VCH_ORACLE_POSITIONS;
    uint64_t squares = 0;

    for (size_t i = 0; i < BINS; i++)
        squares += (uint64_t)bins[i] * bins[i];
    const uint64_t chi_square = squares * BINS / total - total;
    if (chi_square < 160 || chi_square > 380)
        test_fail(__FILE__, __LINE__, "chi-square is %llu", (unsigned long long)chi_square);
}

TEST(oracle_symbols_are_uniform_whatever_the_cells)
{
    uint32_t bins[BINS];

    for (int is_random = 0; is_random < 2; is_random++) {
        for (size_t i = 0; i < C; i++)
            cells[i] = is_random ? test_below(VCH_FP_EPSILON) : 0;
        for (size_t byte = 0; byte < 8; byte += 7) {
            count_symbols(bins, byte, 1); // side by side
            check_uniform(bins);
            count_symbols(bins, byte, 27); // and spread
            check_uniform(bins);
        }
    }
}

// The same test sees that a row without blinds tells its cells.
TEST(oracle_without_blinds_would_be_seen)
{
    uint32_t bins[BINS] = {0};
    struct vch_arena arena;
    struct vch_encoder encoder;
    static uint64_t row[8 * C];

    vch_arena_init(&arena, ROOM);
    CHECK_OK(vch_encoder_init(&encoder, &arena, VCH_CPU_PORTABLE, LOG_COLUMNS));
    memset(row, 0, sizeof row);
    row[0] = 1;
    vch_encoder_interpolate(&encoder, row, LOG_COLUMNS + 1);
    vch_encoder_extend(&encoder, row);
    for (uint32_t i = 0; i < VCH_ORACLE_POSITIONS; i++)
        bins[(uint8_t)row[vch_encoder_place(&encoder, i)]] += SEEDS; // under every seed the same
    uint64_t squares = 0;
    for (size_t i = 0; i < BINS; i++)
        squares += (uint64_t)bins[i] * bins[i];
    const uint64_t total = (uint64_t)SEEDS * VCH_ORACLE_POSITIONS;
    CHECK(squares * BINS / total - total > 380);
    vch_arena_release(&arena);
}

// Two oracles of the same cells have nothing in common.
TEST(oracle_of_another_seed_has_other_symbols_and_salts)
{
    static uint8_t openings[2][1 << 17];
    uint8_t seed[VCH_ORACLE_SEED_SIZE] = {0};
    const struct vch_oracle_matrix matrix = {.cells = cells, .row_count = 1, .seed = seed};
    const size_t column = vch_oracle_column_size(LOG_COLUMNS, 1);
    uint32_t positions[VCH_ORACLE_POSITIONS];

    for (uint32_t i = 0; i < VCH_ORACLE_POSITIONS; i++)
        positions[i] = i;
    for (size_t k = 0; k < 2; k++) {
        struct vch_arena arena;
        struct vch_encoder encoder;
        struct vch_oracle oracle;
        seed[31] = (uint8_t)k;
        vch_arena_init(&arena, ROOM);
        CHECK_OK(vch_encoder_init(&encoder, &arena, VCH_CPU_PORTABLE, LOG_COLUMNS));
        CHECK_OK(vch_oracle_prove(&oracle, &matrix, &encoder, true, &arena, NULL));
        CHECK_OK(vch_oracle_prove_opening(&oracle, openings[k], positions, &arena, NULL));
        vch_arena_release(&arena);
    }
    for (size_t i = 0; i < VCH_ORACLE_POSITIONS; i++) {
        const size_t at = VCH_DIGEST_SIZE * (size_t)VCH_ORACLE_CAP + i * column;
        CHECK(!vch_is_equal(openings[0] + at, openings[1] + at, VCH_ORACLE_SALT_SIZE));
        CHECK(!vch_is_equal(openings[0] + at + VCH_ORACLE_SALT_SIZE,
                            openings[1] + at + VCH_ORACLE_SALT_SIZE, 8));
    }
}

TEST(random_elements_are_the_words_below_p_of_the_stream)
{
    enum { COUNT = 3000 };
    static uint64_t many[COUNT], few[COUNT];
    static uint8_t bytes[8 * COUNT];
    const uint8_t key[VCH_STREAM_KEY_SIZE] = {9};

    vch_stream_bytes(bytes, sizeof bytes, key, 0); // none of these words is p or more
    vch_random_elements(many, COUNT, key);
    for (size_t i = 0; i < COUNT; i++)
        CHECK(many[i] == vch_get_u64le(bytes + 8 * i));
    for (int round = 0; round < 20; round++) {
        const size_t count = test_below(COUNT + 1);
        vch_random_elements(few, count, key);
        CHECK(memcmp(few, many, count * sizeof *few) == 0);
    }
}
