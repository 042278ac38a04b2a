// The code is what section 3 of specs/proof.md says: polynomials, evaluated.
#include "proof/encoder.h"

#include <string.h>

#include "harness/test.h"

enum { LOG_COLUMNS = 5, LENGTH = 64, SYMBOLS = 256, ROOM = 1 << 22 };

static struct vch_arena arena;
static struct vch_encoder encoder;

static void begin(enum vch_cpu_level level, unsigned log_columns)
{
    vch_arena_init(&arena, ROOM);
    CHECK_OK(vch_encoder_init(&encoder, &arena, level, log_columns));
}

static uint64_t random_element(void)
{
    return ((uint64_t)test_below(VCH_FP_EPSILON) << 32) | test_below(UINT32_MAX); // below p
}

static void fill(uint64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = random_element();
}

static void encode(uint64_t codeword[static SYMBOLS], const uint64_t *values, unsigned log_row)
{
    memcpy(codeword, values, sizeof *values << log_row);
    vch_encoder_interpolate(&encoder, codeword, log_row);
    vch_encoder_extend(&encoder, codeword);
}

// Lagrange's polynomial through (w^i, values[i]), at x, which is none of these:
// (x^m - 1) / m * sum of values[i] w^i / (x - w^i).
static uint64_t value_at(const uint64_t *values, unsigned log_row, uint64_t x)
{
    const uint64_t m = (uint64_t)1 << log_row, w = vch_fp_root(log_row);
    uint64_t sum = 0, power = 1;

    for (size_t i = 0; i < m; i++, power = vch_fp_mul(power, w)) {
        const uint64_t weight = vch_fp_mul(power, vch_fp_inverse(vch_fp_sub(x, power)));
        sum = vch_fp_add(sum, vch_fp_mul(values[i], weight));
    }
    const uint64_t vanishing = vch_fp_sub(vch_fp_pow(x, m), 1);
    return vch_fp_mul(sum, vch_fp_mul(vanishing, vch_fp_inverse(m)));
}

TEST(encoder_symbols_are_values_of_the_rows_polynomial)
{
    uint64_t values[LENGTH], codeword[SYMBOLS];

    begin(VCH_CPU_PORTABLE, LOG_COLUMNS);
    for (unsigned log_row = 1; log_row <= LOG_COLUMNS + 1; log_row++) {
        fill(values, (size_t)1 << log_row);
        encode(codeword, values, log_row);
        uint64_t x = VCH_FP_GENERATOR;
        for (uint32_t j = 0; j < SYMBOLS; j++, x = vch_fp_mul(x, vch_fp_root(LOG_COLUMNS + 3)))
            CHECK(codeword[vch_encoder_place(&encoder, j)] == value_at(values, log_row, x));
    }
    vch_arena_release(&arena);
}

TEST(encoder_is_linear)
{
    uint64_t a[LENGTH], b[LENGTH], sum[LENGTH], of_a[SYMBOLS], of_b[SYMBOLS], of_sum[SYMBOLS];
    const uint64_t factor = random_element();

    begin(VCH_CPU_PORTABLE, LOG_COLUMNS);
    fill(a, LENGTH);
    fill(b, LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        sum[i] = vch_fp_add(a[i], vch_fp_mul(factor, b[i]));
    encode(of_a, a, LOG_COLUMNS + 1);
    encode(of_b, b, LOG_COLUMNS + 1);
    encode(of_sum, sum, LOG_COLUMNS + 1);
    for (size_t i = 0; i < SYMBOLS; i++)
        CHECK(of_sum[i] == vch_fp_add(of_a[i], vch_fp_mul(factor, of_b[i])));
    vch_arena_release(&arena);
}

// Any D symbols give the row back; here those of each coset.
TEST(encoder_gives_the_row_back_from_each_coset)
{
    uint64_t values[LENGTH], codeword[SYMBOLS];

    begin(VCH_CPU_PORTABLE, LOG_COLUMNS);
    fill(values, LENGTH);
    encode(codeword, values, LOG_COLUMNS + 1);
    for (unsigned k = 0; k < VCH_ENCODER_COSETS; k++) {
        uint64_t *row = codeword + (size_t)k * LENGTH;
        const uint64_t shift =
            vch_fp_mul(VCH_FP_GENERATOR, vch_fp_pow(vch_fp_root(LOG_COLUMNS + 3), k));
        encoder.field.intt(row, LOG_COLUMNS + 1, encoder.twiddles);
        encoder.field.scale_powers(row, LENGTH, 1, vch_fp_inverse(shift));
        encoder.field.ntt(row, LOG_COLUMNS + 1, encoder.twiddles);
        CHECK(memcmp(row, values, sizeof values) == 0);
    }
    vch_arena_release(&arena);
}

TEST(encoder_gives_the_same_on_every_level)
{
    enum { LOG = 9, D = 1 << (LOG + 1) };
    static uint64_t values[D], expected[4 * D], codeword[4 * D];

    fill(values, D);
    for (enum vch_cpu_level level = 0; level <= vch_cpu_level(NULL); level++) {
        begin(level, LOG);
        memcpy(codeword, values, sizeof values);
        vch_encoder_interpolate(&encoder, codeword, LOG + 1);
        vch_encoder_extend(&encoder, codeword);
        if (level == VCH_CPU_PORTABLE) memcpy(expected, codeword, sizeof expected);
        CHECK(memcmp(codeword, expected, sizeof expected) == 0);
        vch_arena_release(&arena);
    }
}

TEST(encoder_without_memory_says_so)
{
    struct vch_arena small;

    for (size_t limit = 0; limit < 100000; limit += 5000) {
        vch_arena_init(&small, limit);
        CHECK_FAILS(vch_encoder_init(&encoder, &small, VCH_CPU_PORTABLE, 12), NO_MEMORY);
        vch_arena_release(&small);
    }
}
