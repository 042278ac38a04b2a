// Oracles are made, combined and opened; whoever verifies believes exactly that. And the lies.
#include "proof/oracle_prove.h"
#include "proof/oracle_verify.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/merkle.h"
#include "harness/pool.h"
#include "harness/test.h"
#include "proof/challenge.h"

enum {
    LOG_COLUMNS = 9,
    LOG_PAD_ROW = 8,
    C = 1 << LOG_COLUMNS,
    D = 2 * C,
    PAD_ROW = 1 << LOG_PAD_ROW,
    FIRST_ROWS = 3, // of an oracle that the statement gives
    WITNESS_ROWS = 2,
    ROWS = FIRST_ROWS + WITNESS_ROWS,
    ROOM = 1 << 26,
};

// Two oracles, and a combination of their rows as section 10 has it.
struct world {
    struct vch_arena arena;
    struct vch_encoder encoder;
    uint64_t cells[ROWS * C], pads[2][PAD_ROW], mask1[2][D], mask2[2][PAD_ROW];
    uint8_t seeds[2][VCH_ORACLE_SEED_SIZE];
    struct vch_oracle_row extras[VCH_ORACLE_EXTRA_ROWS];
    struct vch_oracle oracles[2];
    struct vch_ext g;
    uint64_t coefficients[2][ROWS], v1[2][D], v2[2][PAD_ROW];
    uint32_t positions[VCH_ORACLE_POSITIONS];
    uint8_t *proof;
    size_t sizes[2]; // of both oracles' openings
};

static struct world world;

static uint64_t random_element(void)
{
    return ((uint64_t)test_below(VCH_FP_EPSILON) << 32) | test_below(UINT32_MAX); // below p
}

static void fill(uint64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = random_element();
}

static void fill_world(void)
{
    fill(world.cells, (size_t)ROWS * C);
    fill(world.g.c, 2);
    for (size_t i = 0; i < 2; i++) {
        fill(world.pads[i], PAD_ROW);
        fill(world.mask1[i], D);
        fill(world.mask2[i], PAD_ROW);
        fill(world.coefficients[i], ROWS);
        for (size_t k = 0; k < VCH_ORACLE_SEED_SIZE; k++)
            world.seeds[i][k] = (uint8_t)test_below(256);
        world.extras[VCH_ORACLE_PADS + i] = (struct vch_oracle_row){world.pads[i], LOG_PAD_ROW};
        world.extras[VCH_ORACLE_MASK1 + i] =
            (struct vch_oracle_row){world.mask1[i], LOG_COLUMNS + 1};
        world.extras[VCH_ORACLE_MASK2 + i] = (struct vch_oracle_row){world.mask2[i], LOG_PAD_ROW};
    }
}

static struct vch_planes planes(uint64_t *first, uint64_t *second)
{
    return (struct vch_planes){first, second};
}

// v1 = mask1 + g * sum of coefficient * row, v2 = mask2 + g * pads.
static void combine(struct vch_workers *workers)
{
    struct vch_planes scaled = planes(world.coefficients[0], world.coefficients[1]);
    struct vch_planes v1 = planes(world.v1[0], world.v1[1]), v2 = planes(world.v2[0], world.v2[1]);
    uint64_t kept[2][ROWS];

    memcpy(kept, world.coefficients, sizeof kept);
    memcpy(world.v1, world.mask1, sizeof world.v1);
    memcpy(world.v2, world.mask2, sizeof world.v2);
    for (size_t i = 0; i < ROWS; i++)
        vch_planes_set(scaled, i,
                       vch_ext_mul(world.g, vch_planes_get(vch_planes_const(scaled), i)));
    vch_oracle_prove_combination(&world.oracles[0], v1, vch_planes_const(scaled), workers);
    vch_oracle_prove_combination(
        &world.oracles[1], v1, vch_const_planes_at(vch_planes_const(scaled), FIRST_ROWS), workers);
    world.encoder.field.axpy(v2, (struct vch_const_planes){world.pads[0], world.pads[1]}, world.g,
                             PAD_ROW);
    memcpy(world.coefficients, kept, sizeof kept);
}

static void draw_positions(void)
{
    struct vch_challenge challenge;

    vch_challenge_start(&challenge);
    vch_challenge_absorb(&challenge, "test", world.seeds, sizeof world.seeds);
    vch_challenge_positions(&challenge, "columns", world.positions, VCH_ORACLE_POSITIONS,
                            world.encoder.log_symbols);
}

// Commits, combines and opens.
static void prove(enum vch_cpu_level level, bool keeps_codewords, struct vch_workers *workers)
{
    const struct vch_oracle_matrix first = {
        .cells = world.cells, .row_count = FIRST_ROWS, .seed = world.seeds[0]};
    const struct vch_oracle_matrix witness = {world.cells + (size_t)FIRST_ROWS * C, WITNESS_ROWS,
                                              VCH_ORACLE_EXTRA_ROWS, world.extras, world.seeds[1]};

    vch_arena_init(&world.arena, ROOM);
    CHECK_OK(vch_encoder_init(&world.encoder, &world.arena, level, LOG_COLUMNS));
    CHECK_OK(vch_oracle_prove(&world.oracles[0], &first, &world.encoder, keeps_codewords,
                              &world.arena, workers));
    CHECK_OK(vch_oracle_prove(&world.oracles[1], &witness, &world.encoder, keeps_codewords,
                              &world.arena, workers));
    combine(workers);
    draw_positions();
    world.sizes[0] = vch_oracle_opening_size(LOG_COLUMNS, FIRST_ROWS);
    world.sizes[1] = vch_oracle_opening_size(LOG_COLUMNS, WITNESS_ROWS + VCH_ORACLE_EXTRA_ROWS);
    world.proof = VCH_ARENA_NEW(&world.arena, uint8_t, world.sizes[0] + world.sizes[1]);
    CHECK_OK(vch_oracle_prove_opening(&world.oracles[0], world.proof, world.positions, &world.arena,
                                      workers));
    CHECK_OK(vch_oracle_prove_opening(&world.oracles[1], world.proof + world.sizes[0],
                                      world.positions, &world.arena, workers));
}

static vch_status verify_size(size_t size)
{
    struct vch_arena arena;
    struct vch_oracle_columns columns[2];
    struct vch_reader reader = {.bytes = world.proof, .size = size};
    const struct vch_oracle_combination combination = {
        world.g,
        2,
        columns,
        {world.coefficients[0], world.coefficients[1]},
        {world.v1[0], world.v1[1]},
        {world.v2[0], world.v2[1]},
        LOG_PAD_ROW,
    };

    vch_arena_init(&arena, ROOM);
    vch_status status = VCH_OK;
    for (size_t i = 0; i < 2 && vch_is_ok(status); i++)
        status = vch_oracle_verify(&columns[i], &reader, &world.encoder, &world.oracles[i].root,
                                   i == 0 ? FIRST_ROWS : WITNESS_ROWS + VCH_ORACLE_EXTRA_ROWS,
                                   world.positions, &arena);
    if (vch_is_ok(status))
        status =
            vch_oracle_verify_combination(&combination, &world.encoder, world.positions, &arena);
    CHECK(!vch_is_ok(status) || reader.offset == world.sizes[0] + world.sizes[1]);
    vch_arena_release(&arena);
    return status;
}

static vch_status verify(void)
{
    return verify_size(world.sizes[0] + world.sizes[1]);
}

static void begin(void)
{
    fill_world();
    prove(VCH_CPU_PORTABLE, true, NULL);
    CHECK_OK(verify());
}

static void end(void)
{
    vch_arena_release(&world.arena);
}

TEST(oracle_is_the_same_on_every_level_with_any_threads_and_memory)
{
    static const size_t threads[] = {1, 2, 7};
    static uint8_t expected[1 << 20];
    static uint64_t expected_v1[2 * D];
    struct vch_digest roots[2];
    struct pool pool;
    bool is_first = true;

    fill_world();
    for (enum vch_cpu_level level = 0; level <= vch_cpu_level(NULL); level++)
        for (size_t i = 0; i < 6; i++) {
            pool_init(&pool, threads[i / 2]);
            prove(level, i % 2 == 0, &pool.workers);
            CHECK_OK(verify());
            const size_t size = world.sizes[0] + world.sizes[1];
            CHECK(size <= sizeof expected);
            if (is_first) {
                memcpy(expected, world.proof, size);
                memcpy(expected_v1, world.v1, sizeof expected_v1);
                roots[0] = world.oracles[0].root;
                roots[1] = world.oracles[1].root;
            }
            is_first = false;
            CHECK(memcmp(expected, world.proof, size) == 0);
            CHECK(memcmp(expected_v1, world.v1, sizeof expected_v1) == 0);
            CHECK(vch_hash_is_equal(&roots[0], &world.oracles[0].root));
            CHECK(vch_hash_is_equal(&roots[1], &world.oracles[1].root));
            end();
        }
}

// More rows than are hashed at a time; leaf by leaf, and pair by pair.
TEST(oracle_root_is_that_of_its_columns)
{
    enum { MANY = 300 };
    static uint8_t column[VCH_ORACLE_SALT_SIZE + 8 * MANY], opening[1 << 20];
    static uint64_t cells[MANY * C];
    static struct vch_digest leaves[8 * C];
    const uint8_t seed[VCH_ORACLE_SEED_SIZE] = {1};
    const struct vch_oracle_matrix matrix = {.cells = cells, .row_count = MANY, .seed = seed};
    uint32_t positions[VCH_ORACLE_POSITIONS];
    struct vch_arena arena;
    struct vch_encoder encoder;
    struct vch_oracle kept, passing;

    fill(cells, (size_t)MANY * C);
    vch_arena_init(&arena, ROOM);
    CHECK_OK(vch_encoder_init(&encoder, &arena, vch_cpu_level(NULL), LOG_COLUMNS));
    CHECK_OK(vch_oracle_prove(&kept, &matrix, &encoder, true, &arena, NULL));
    CHECK_OK(vch_oracle_prove(&passing, &matrix, &encoder, false, &arena, NULL));
    CHECK(vch_hash_is_equal(&kept.root, &passing.root));
    CHECK(vch_oracle_opening_size(LOG_COLUMNS, MANY) <= sizeof opening);
    for (uint32_t first = 0; first < 8 * C; first += VCH_ORACLE_POSITIONS) { // all their salts
        for (uint32_t i = 0; i < VCH_ORACLE_POSITIONS; i++)
            positions[i] = (first + i) % (8 * C);
        CHECK_OK(vch_oracle_prove_opening(&kept, opening, positions, &arena, NULL));
        for (uint32_t i = 0; i < VCH_ORACLE_POSITIONS; i++) {
            const size_t at = VCH_DIGEST_SIZE * (size_t)VCH_ORACLE_CAP +
                              i * vch_oracle_column_size(LOG_COLUMNS, MANY);
            memcpy(column, opening + at, VCH_ORACLE_SALT_SIZE);
            for (size_t row = 0; row < MANY; row++)
                vch_put_u64le(
                    column + VCH_ORACLE_SALT_SIZE + 8 * row,
                    kept.codewords[row * 8 * C + vch_encoder_place(&encoder, positions[i])]);
            leaves[positions[i]] = vch_merkle_leaf(column, sizeof column);
        }
    }
    const struct vch_digest root = vch_merkle_root_in_place(leaves, (size_t)8 * C);
    CHECK(vch_hash_is_equal(&root, &kept.root));
    vch_arena_release(&arena);
}

// The definition, one value after the other.
TEST(oracle_combination_sums_cells_and_blinds)
{
    begin();
    for (size_t round = 0; round < 100; round++) {
        const size_t j = test_below(D);
        struct vch_ext sum = vch_ext_from_base(0);
        for (size_t i = 0; i < ROWS; i++) {
            const struct vch_oracle *oracle = &world.oracles[i >= FIRST_ROWS];
            const size_t row = i >= FIRST_ROWS ? i - FIRST_ROWS : i;
            const uint64_t value =
                j < C ? world.cells[i * C + j] : oracle->blinds[row * C + (j - C)];
            const struct vch_ext coefficient = {
                {world.coefficients[0][i], world.coefficients[1][i]}};
            sum = vch_ext_add(sum, vch_ext_mul_base(coefficient, value));
        }
        const struct vch_ext mask = {{world.mask1[0][j], world.mask1[1][j]}};
        sum = vch_ext_add(mask, vch_ext_mul(world.g, sum));
        CHECK(sum.c[0] == world.v1[0][j] && sum.c[1] == world.v1[1][j]);
    }
    end();
}

TEST(oracle_refuses_every_changed_byte)
{
    begin();
    for (size_t round = 0; round < 400; round++) {
        const size_t at = test_below((uint32_t)(world.sizes[0] + world.sizes[1]));
        const uint8_t flip = (uint8_t)(1 << test_below(8));
        world.proof[at] ^= flip;
        CHECK_FAILS(verify(), BAD_PROOF);
        world.proof[at] ^= flip;
    }
    CHECK_OK(verify());
    end();
}

// The first and last byte of each part of a column, in each column of each oracle.
TEST(oracle_refuses_a_change_in_every_part)
{
    begin();
    for (size_t oracle = 0; oracle < 2; oracle++) {
        const size_t rows = oracle == 0 ? FIRST_ROWS : WITNESS_ROWS + VCH_ORACLE_EXTRA_ROWS;
        const size_t column = vch_oracle_column_size(LOG_COLUMNS, rows);
        const size_t symbols = VCH_ORACLE_SALT_SIZE, path = symbols + 8 * rows;
        const size_t offsets[] = {0, symbols - 1, symbols, path - 1, path, column - 1};
        for (size_t i = 0; i < VCH_ORACLE_POSITIONS; i += 7) {
            uint8_t *at = world.proof + (oracle == 0 ? 0 : world.sizes[0]) +
                          VCH_DIGEST_SIZE * (size_t)VCH_ORACLE_CAP + i * column;
            for (size_t part = 0; part < 6; part++) {
                at[offsets[part]] ^= 0x40;
                CHECK_FAILS(verify(), BAD_PROOF);
                at[offsets[part]] ^= 0x40;
            }
        }
    }
    CHECK_OK(verify());
    end();
}

TEST(oracle_refuses_a_proof_that_ends_early)
{
    begin();
    CHECK_FAILS(verify_size(0), TRUNCATED);
    CHECK_FAILS(verify_size(VCH_DIGEST_SIZE * (size_t)VCH_ORACLE_CAP - 1), TRUNCATED);
    CHECK_FAILS(verify_size(world.sizes[0]), TRUNCATED);
    for (size_t round = 0; round < 30; round++)
        CHECK_FAILS(verify_size(test_below((uint32_t)(world.sizes[0] + world.sizes[1]))),
                    TRUNCATED);
    end();
}

TEST(oracle_refuses_a_root_that_is_another)
{
    begin();
    for (size_t i = 0; i < 2; i++) {
        world.oracles[i].root.bytes[test_below(VCH_DIGEST_SIZE)] ^= 1;
        CHECK_FAILS(verify(), BAD_PROOF);
        world.oracles[i].root = world.oracles[i].nodes[1];
        CHECK_OK(verify());
    }
    end();
}

TEST(oracle_refuses_columns_of_another_position)
{
    begin();
    for (size_t round = 0; round < 30; round++) {
        uint32_t *position = &world.positions[test_below(VCH_ORACLE_POSITIONS)];
        const uint32_t kept = *position;
        *position ^= 1u << test_below(world.encoder.log_symbols);
        CHECK_FAILS(verify(), BAD_PROOF);
        *position = kept;
    }
    world.positions[149] += 1u << world.encoder.log_symbols; // the same path would lead there
    CHECK_FAILS(verify(), BAD_PROOF);
    end();
}

TEST(oracle_refuses_a_combination_that_is_another)
{
    static const struct {
        uint64_t *values;
        uint32_t count;
    } parts[] = {
        {world.v1[0], D},
        {world.v1[1], D},
        {world.v2[0], PAD_ROW},
        {world.v2[1], PAD_ROW},
        {world.coefficients[0], ROWS},
        {world.coefficients[1], ROWS},
        {world.g.c, 2},
    };

    begin();
    FOR_EACH(part, parts)
    for (size_t round = 0; round < 5; round++) {
        uint64_t *value = &part->values[test_below(part->count)];
        const uint64_t kept = *value;
        *value = vch_fp_add(*value, 1 + test_below(1000));
        CHECK_FAILS(verify(), BAD_PROOF);
        *value = kept;
    }
    CHECK_OK(verify());
    end();
}

// A prover who hashes what is no element: the path is right, the symbol is refused.
TEST(oracle_refuses_symbols_that_are_no_elements)
{
    enum { SMALL = 1 };
    static uint8_t column[VCH_ORACLE_SALT_SIZE + 8 * SMALL];
    const uint64_t lies[] = {VCH_FP_P, VCH_FP_P + 1, UINT64_MAX};

    begin();
    const size_t n = (size_t)1 << world.encoder.log_symbols;
    struct vch_digest *nodes = VCH_ARENA_NEW(&world.arena, struct vch_digest, 2 * n);
    const size_t size = vch_oracle_opening_size(LOG_COLUMNS, SMALL);
    uint8_t *proof = VCH_ARENA_NEW(&world.arena, uint8_t, size);
    for (size_t i = 0; i < 4; i++) {
        vch_put_u64le(column + VCH_ORACLE_SALT_SIZE, i < 3 ? lies[i] : VCH_FP_P - 1);
        for (size_t j = 0; j < n; j++)
            nodes[n + j] = vch_merkle_leaf(column, sizeof column);
        for (size_t j = n - 1; j >= 1; j--)
            nodes[j] = vch_merkle_parent(&nodes[2 * j], &nodes[2 * j + 1]);
        uint8_t *out = proof;
        memcpy(out, nodes[VCH_ORACLE_CAP].bytes, VCH_DIGEST_SIZE * (size_t)VCH_ORACLE_CAP);
        out += VCH_DIGEST_SIZE * (size_t)VCH_ORACLE_CAP;
        for (size_t k = 0; k < VCH_ORACLE_POSITIONS; k++) {
            memcpy(out, column, sizeof column);
            out += sizeof column;
            for (size_t j = n + world.positions[k]; j / 2 >= VCH_ORACLE_CAP; j /= 2) {
                memcpy(out, nodes[j ^ 1].bytes, VCH_DIGEST_SIZE);
                out += VCH_DIGEST_SIZE;
            }
        }
        struct vch_reader reader = {.bytes = proof, .size = size};
        struct vch_oracle_columns columns;
        const vch_status status = vch_oracle_verify(&columns, &reader, &world.encoder, &nodes[1],
                                                    SMALL, world.positions, &world.arena);
        CHECK_EQ(status.code, i < 3 ? VCH_CODE_BAD_PROOF : VCH_CODE_NONE);
    }
    end();
}

TEST(oracle_without_memory_says_so)
{
    struct vch_arena arena;
    const struct vch_oracle_matrix matrix = {
        .cells = world.cells, .row_count = ROWS, .seed = world.seeds[0]};
    struct vch_oracle oracle;
    size_t failures = 0;

    begin();
    for (size_t limit = 0; limit < (1 << 19); limit += 1 << 15) {
        vch_arena_init(&arena, limit);
        const vch_status status = vch_oracle_prove(&oracle, &matrix, &world.encoder,
                                                   limit % (1 << 16) == 0, &arena, NULL);
        CHECK(vch_is_ok(status) || status.code == VCH_CODE_NO_MEMORY);
        failures += !vch_is_ok(status);
        vch_arena_release(&arena);
    }
    CHECK(failures > 0);
    end();
}
