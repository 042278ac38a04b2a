// What an oracle costs a cell: 2^20 cells at c = 12, in parts and in all, and what verifying it
// takes.
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "harness/pool.h"
#include "harness/test.h"
#include "proof/oracle_prove.h"
#include "proof/oracle_verify.h"
#include "proof/random.h"

enum { LOG_COLUMNS = 12, C = 1 << LOG_COLUMNS, ROWS = 256, CELLS = ROWS * C, REPEATS = 5 };

static uint64_t cells[CELLS], coefficients[2][ROWS], sums[2][2 * C];
static uint8_t salts[8 * C][VCH_ORACLE_SALT_SIZE], digests[8 * C][VCH_SHA256_SIZE];
static uint8_t seed[VCH_ORACLE_SEED_SIZE], opening[1 << 20];
static uint64_t *codewords;
static struct vch_arena arena;
static struct vch_encoder encoder;
static struct vch_oracle oracle;
static struct pool pool;
static uint32_t positions[VCH_ORACLE_POSITIONS];

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void run_blinds(void)
{
    vch_random_elements(cells, CELLS, seed);
}

static void run_encode(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        uint64_t *row = codewords + i * 8 * C;
        memcpy(row, cells + i * C, sizeof *row * C);
        memcpy(row + C, cells + i * C, sizeof *row * C);
        vch_encoder_interpolate(&encoder, row, LOG_COLUMNS + 1);
        vch_encoder_extend(&encoder, row);
    }
}

static void run_hash(void)
{
    vch_sha256_columns(&encoder.sha256, digests, codewords, (size_t)8 * C, ROWS,
                       (const uint8_t(*)[VCH_ORACLE_SALT_SIZE])salts, 0, (size_t)8 * C);
}

static void commit(bool keeps_codewords, size_t threads)
{
    const struct vch_oracle_matrix matrix = {.cells = cells, .row_count = ROWS, .seed = seed};
    const struct vch_arena_mark mark = vch_arena_mark(&arena);

    pool_init(&pool, threads);
    CHECK_OK(vch_oracle_prove(&oracle, &matrix, &encoder, keeps_codewords, &arena, &pool.workers));
    CHECK_OK(vch_oracle_prove_opening(&oracle, opening, positions, &arena, &pool.workers));
    vch_oracle_prove_combination(&oracle, (struct vch_planes){sums[0], sums[1]},
                                 (struct vch_const_planes){coefficients[0], coefficients[1]},
                                 &pool.workers);
    vch_arena_rewind(&arena, mark);
}

static void run_commit_kept(void)
{
    const struct vch_oracle_matrix matrix = {.cells = cells, .row_count = ROWS, .seed = seed};
    const struct vch_arena_mark mark = vch_arena_mark(&arena);

    CHECK_OK(vch_oracle_prove(&oracle, &matrix, &encoder, true, &arena, NULL));
    vch_arena_rewind(&arena, mark);
}

static void run_commit_passing(void)
{
    const struct vch_oracle_matrix matrix = {.cells = cells, .row_count = ROWS, .seed = seed};
    const struct vch_arena_mark mark = vch_arena_mark(&arena);

    CHECK_OK(vch_oracle_prove(&oracle, &matrix, &encoder, false, &arena, NULL));
    vch_arena_rewind(&arena, mark);
}

static void run_all_kept(void)
{
    commit(true, 1);
}

static void run_all_passing(void)
{
    commit(false, 1);
}

static void run_all_on_two(void)
{
    commit(true, 2);
}

static void run_combination(void)
{
    vch_oracle_prove_combination(&oracle, (struct vch_planes){sums[0], sums[1]},
                                 (struct vch_const_planes){coefficients[0], coefficients[1]}, NULL);
}

static void run_opening(void)
{
    CHECK_OK(vch_oracle_prove_opening(&oracle, opening, positions, &arena, NULL));
}

static void run_verify(void)
{
    const struct vch_arena_mark mark = vch_arena_mark(&arena);
    struct vch_reader reader = {.bytes = opening, .size = sizeof opening};
    struct vch_oracle_columns columns;

    CHECK_OK(vch_oracle_verify(&columns, &reader, &encoder, &oracle.root, ROWS, positions, &arena));
    vch_arena_rewind(&arena, mark);
}

static double measure(void (*run)(void))
{
    double best = 1e9;

    for (int i = 0; i < REPEATS; i++) {
        const double begin = seconds();
        run();
        const double took = seconds() - begin;
        if (took < best) best = took;
    }
    return best;
}

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {
    {"blinds", run_blinds},
    {"encoding", run_encode},
    {"hashing columns", run_hash},
    {"commitment, codewords kept", run_commit_kept},
    {"commitment, codewords not kept", run_commit_passing},
    {"commitment, combination, opening, kept", run_all_kept},
    {"the same, not kept", run_all_passing},
    {"the same, kept, two threads", run_all_on_two},
};

static const struct {
    const char *name;
    void (*run)(void);
} uses[] = {
    {"combination of all rows", run_combination},
    {"opening, kept", run_opening},
    {"verifying the opening", run_verify},
};

static void fill(void)
{
    CHECK(sodium_init() >= 0); // or its portable loops would run
    for (size_t i = 0; i < CELLS; i++)
        cells[i] = vch_fp_from_i64((int64_t)(i * 7919 % 255) - 127);
    for (size_t i = 0; i < ROWS; i++)
        coefficients[0][i] = coefficients[1][i] = VCH_FP_P - 1 - i;
    for (uint32_t i = 0; i < VCH_ORACLE_POSITIONS; i++)
        positions[i] = i * 217;
}

static void print(const char *name, double took)
{
    printf("%-40s %9.2f ms %8.2f ns a cell\n", name, took * 1e3, took * 1e9 / CELLS);
}

TEST(oracle_bench)
{
    const struct vch_oracle_matrix matrix = {.cells = cells, .row_count = ROWS, .seed = seed};

    for (enum vch_cpu_level level = 0; level <= vch_cpu_level(NULL); level++) {
        fill();
        vch_arena_init(&arena, (size_t)1 << 30);
        CHECK_OK(vch_encoder_init(&encoder, &arena, level, LOG_COLUMNS));
        codewords = VCH_ARENA_NEW(&arena, uint64_t, (size_t)8 * CELLS);
        CHECK(codewords != NULL);
        printf("%s\n", vch_cpu_level_name(level));
        FOR_EACH(part, parts)
        print(part->name, measure(part->run));
        CHECK_OK(vch_oracle_prove(&oracle, &matrix, &encoder, true, &arena, NULL));
        FOR_EACH(use, uses)
        print(use->name, measure(use->run));
        vch_arena_release(&arena);
    }
}
