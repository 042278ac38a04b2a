// One line per kernel and level, as a multiple of portable measured in the same run.
#include "kernels/kernels.h"

#include <stdio.h>
#include <time.h>

#include "harness/test.h"

enum { ROWS = 64, COLUMNS = 64, DEPTH = 576, REPEATS = 200, ELEMENTS = 65536 };

static int8_t bytes[ROWS * DEPTH], other[COLUMNS * DEPTH];
static int16_t words[ROWS * DEPTH];
static int32_t sums[ROWS * COLUMNS], acc32[ELEMENTS];
static int64_t wide_sums[ROWS * COLUMNS], acc64[ELEMENTS];
static int8_t small[ELEMENTS];

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static const struct vch_requantise how = {.multiplier = 21845, .shift = 24, .lo = -127, .hi = 127};

static void run_product_i8(const struct vch_kernels *k)
{
    k->product_i8(sums, COLUMNS, bytes, ROWS, other, COLUMNS, DEPTH);
}

static void run_product_i16(const struct vch_kernels *k)
{
    k->product_i16(wide_sums, COLUMNS, words, ROWS, other, COLUMNS, DEPTH);
}

static void run_requantise_i32(const struct vch_kernels *k)
{
    k->requantise_i32_to_i8(small, acc32, ELEMENTS, 12345, &how);
}

static void run_requantise_i64(const struct vch_kernels *k)
{
    k->requantise_i64_to_i8(small, acc64, ELEMENTS, 12345, &how);
}

static const struct {
    const char *name, *unit;
    double work; // per call
    void (*run)(const struct vch_kernels *kernels);
} benches[] = {
    {"product_i8 64x64x576", "G mult/s", (double)(ROWS *COLUMNS *DEPTH), run_product_i8},
    {"product_i16 64x64x576", "G mult/s", (double)(ROWS *COLUMNS *DEPTH), run_product_i16},
    {"requantise_i32_to_i8", "G elements/s", ELEMENTS, run_requantise_i32},
    {"requantise_i64_to_i8", "G elements/s", ELEMENTS, run_requantise_i64},
};

TEST(kernels_bench)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        words[i] = bytes[i] = other[i] = (int8_t)(i * 37 % 255 - 127);
    for (size_t i = 0; i < ELEMENTS; i++)
        acc64[i] = acc32[i] = (int32_t)(i * 7919 % 100000) - 50000;

    FOR_EACH(b, benches)
    {
        double portable = 0;
        for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
            const struct vch_kernels kernels = vch_kernels_select(level);
            double best = 1e9;
            for (int i = 0; i < REPEATS; i++) {
                double begin = seconds();
                b->run(&kernels);
                double took = seconds() - begin;
                if (took < best) best = took;
            }
            if (level == VCH_CPU_PORTABLE) portable = best;
            printf("%-24s %-11s %8.2f %-13s %6.1f times portable\n", b->name,
                   vch_cpu_level_name(level), b->work / best / 1e9, b->unit, portable / best);
        }
    }
}
