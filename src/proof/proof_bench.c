// What proving costs, phase by phase: a convolution whose sums are requantised, which is what most
// of a network's proof consists of. Milliseconds, and nanoseconds for each place of the look-ups.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "harness/test.h"
#include "proof/proof_prove.h"
#include "proof/proof_verify.h"
#include "proof/statement_count.h"

enum {
    LOG_COLUMNS = 12,
    ROWS = 1 << 14, // pixels
    LANES = 16,     // channels
    OUTER = 8,      // channels before
    INNER = 9,      // pixels of a window
    OUTPUTS = ROWS * LANES,
    WEIGHTS = LANES * OUTER * INNER,
    LIMB = 16, // bits
    REPEATS = 3,
};

// Where the cells of each kind begin.
enum {
    X = 0,
    W = X + ROWS * OUTER,
    LIMBS = W + WEIGHTS,
    Y = LIMBS + OUTPUTS,
    COUNTS = Y + OUTPUTS
};

static uint32_t windows[ROWS * INNER];
static uint64_t limbs_of[1 << LIMB];
static const struct vch_matrix convolution = {
    .coefficient = {12345, NULL},
    .row_count = ROWS,
    .lane_count = LANES,
    .outer = OUTER,
    .inner = INNER,
    .x = {.first = X, .table = windows, .outer_step = ROWS},
    .w = {.first = W, .row_step = OUTER * INNER, .inner_step = 1, .outer_step = INNER}};
static const struct vch_linear rest[] = {
    {{VCH_FP_P - (1u << LIMB), NULL}, {NULL, LIMBS, LANES, 1}},
    {{VCH_FP_P - ((uint64_t)1 << 2 * LIMB), NULL}, {NULL, Y, LANES, 1}}};
static const struct vch_linear limb[] = {{{1, NULL}, {NULL, LIMBS, LANES, 1}}};
static const struct vch_linear row[] = {{{1, NULL}, {NULL, VCH_STATEMENT_PUBLIC, 1, 0}}};
static const struct vch_expression sums[] = {
    {.form = {{0, NULL}, 2, rest}, .matrix_count = 1, .matrices = &convolution}};
static const struct vch_expression limbs[] = {{.form = {{0, NULL}, 1, limb}}};
static const struct vch_expression rows[] = {{.form = {{0, NULL}, 1, row}}};
static struct vch_section sections[] = {
    {VCH_SECTION_LOOKUP, 0, ROWS, LANES, 1, sums, {0}, 0, 0, 0},
    {VCH_SECTION_LOOKUP, 0, ROWS, LANES, 1, limbs, {0}, 0, 0, 0},
    {VCH_SECTION_TABLE, 0, 1 << LIMB, 1, 1, rows, {NULL, COUNTS, 1, 0}, 0, 0, 0},
};
static struct vch_statement statement = {.log_columns = LOG_COLUMNS,
                                         .oracle_count = 1,
                                         .public_count = 1 << LIMB,
                                         .public_values = limbs_of,
                                         .section_count = 3,
                                         .sections = sections};

static struct vch_arena arena;
static double began, spent[VCH_PROOF_DONE];
static int running = -1;

static double milliseconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static void enter(void *context, enum vch_proof_phase phase)
{
    const double now = milliseconds();

    (void)context;
    if (running >= 0 && now - began < spent[running]) spent[running] = now - began;
    running = phase == VCH_PROOF_DONE ? -1 : (int)phase;
    began = now;
}

static uint64_t small(void)
{
    return vch_fp_from_i64((int64_t)test_below(255) - 127);
}

// The sums, then what they are made of: a limb, and what is above two.
static void set_witness(uint64_t *cells)
{
    const struct vch_expression whole = {.matrix_count = 1, .matrices = &convolution};
    const struct vch_expression_source source = {cells, limbs_of};
    int64_t *values = VCH_ARENA_NEW(&arena, int64_t, OUTPUTS);

    for (uint32_t i = X; i < LIMBS; i++)
        cells[i] = small();
    CHECK_OK(vch_expression_values((uint64_t *)values, &whole, LANES, 0, ROWS, &source, &arena));
    for (uint32_t i = 0; i < OUTPUTS; i++) {
        const int64_t sum = vch_fp_to_i64((uint64_t)values[i]);
        cells[LIMBS + i] = (uint64_t)(sum >> LIMB) & ((1u << LIMB) - 1);
        cells[Y + i] = vch_fp_from_i64(sum >> 2 * LIMB);
    }
    CHECK_OK(vch_statement_count_lookups(&statement, cells, &arena, NULL));
}

static void measure(const struct vch_proof_input *input, uint8_t *proof)
{
    const struct vch_proof_watch watch = {NULL, enter};
    const size_t size = vch_statement_proof_size(&statement);
    double verified = 1e9;

    for (size_t i = 0; i < VCH_PROOF_DONE; i++)
        spent[i] = 1e9;
    for (int i = 0; i < REPEATS; i++) {
        CHECK_OK(vch_proof_prove(proof, &statement, input, &watch, &arena, NULL, NULL));
        const double start = milliseconds();
        CHECK_OK(
            vch_proof_verify(&statement, proof, size, input->encoder->field.level, &arena, NULL));
        if (milliseconds() - start < verified) verified = milliseconds() - start;
    }

    static const char *const names[] = {"commit",   "leaves",   "tree",  "layers",
                                        "products", "relation", "cells", "opening"};
    const double places = (double)((size_t)1 << statement.log_places);
    double all = 0;
    for (size_t i = 0; i < VCH_PROOF_DONE; i++) {
        printf("%-10s %8.2f ms %8.2f ns a place\n", names[i], spent[i], spent[i] * 1e6 / places);
        all += spent[i];
    }
    printf("%-10s %8.2f ms %8.2f ns a place\n", "all", all, all * 1e6 / places);
    printf("%-10s %8.2f ms, %zu bytes\n\n", "verify", verified, size);
}

TEST(proof_bench)
{
    vch_arena_init(&arena, (size_t)1 << 31);
    statement.oracles[0].rows = (COUNTS + (1u << LIMB)) / (1u << LOG_COLUMNS) + 1;
    for (uint32_t i = 0; i < ROWS * INNER; i++)
        windows[i] = (i / INNER + i % INNER * 37) % ROWS;
    for (uint32_t i = 0; i < 1 << LIMB; i++)
        limbs_of[i] = i;
    CHECK_OK(vch_statement_seal(&statement, NULL));

    struct vch_encoder encoder;
    struct vch_proof_input input = {.encoder = &encoder};
    uint64_t *cells =
        VCH_ARENA_NEW(&arena, uint64_t, (size_t)statement.oracles[0].rows << LOG_COLUMNS);
    uint8_t *proof = VCH_ARENA_NEW(&arena, uint8_t, vch_statement_proof_size(&statement));
    set_witness(cells);
    input.cells = cells;
    printf("%u cells, %u places\n", COUNTS + (1u << LIMB), 2u * OUTPUTS + (1u << LIMB));
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
        printf("%s\n", vch_cpu_level_name(level));
        CHECK_OK(vch_encoder_init(&encoder, &arena, level, LOG_COLUMNS));
        measure(&input, proof);
    }
    vch_arena_release(&arena);
}
