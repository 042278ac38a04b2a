// A roofline: each kernel and level beside what this machine's registers and memory allow, measured
// in the same run. Products are held to the level's peak, kernels over rows to a copy of as many
// bytes at the same place in memory.
#include "kernels/kernels.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "harness/test.h"
#include "kernels/packing.h"

#define WORK ((double)ROWS * ROWS * DEPTH)

enum {
    IMAGE = 34 * 34 * 64, // elements laid out, with borders
    WEIGHTS = 1 << 20,
    CHANNELS_MAX = 1024,
    PLACES = 1024,
    ELEMENTS = 1 << 16,
    ROWS = 64,
    DEPTH = 576,
    REPEATS = 40,
    PEAK_ROUNDS = 20000,
    FAR = 1 << 26, // bytes, beyond any cache
};

static _Alignas(64) int16_t words[IMAGE + 64], more_words[ELEMENTS];
static _Alignas(64) int8_t bytes[2 * IMAGE + 128], more_bytes[WEIGHTS], out[4 * ELEMENTS + 64];
static _Alignas(64) uint8_t packed[4 * WEIGHTS];
static int32_t starts[CHANNELS_MAX], multipliers[CHANNELS_MAX], sums[ELEMENTS];
static int64_t addends[CHANNELS_MAX], wide_sums[ELEMENTS];
static uint32_t shifts[CHANNELS_MAX], places[PLACES], taps[16], terms[4096];
static const struct vch_requantise how = {.multiplier = 21845, .shift = 24, .lo = -127, .hi = 127};

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct shape { // a square window over a square image, or rows of `channels` (window 1, side 1)
    const char *name;
    uint32_t channels, outputs, window, side;
    bool is_wide, is_depthwise;
};

static const struct shape shapes[] = {
    {"panels_i8 3x3, 16 to 16, 32x32", 16, 16, 3, 32, false, false},
    {"panels_i8 3x3, 32 to 32, 16x16", 32, 32, 3, 16, false, false},
    {"panels_i8 3x3, 64 to 64, 8x8", 64, 64, 3, 8, false, false},
    {"panels_i8 1x1, 64 to 64, 32x32", 64, 64, 1, 32, false, false},
    {"panels_i8 1024 to 1024, one row", 1024, 1024, 1, 1, false, false},
    {"panels_i16 3x3, 64 to 64, 8x8", 64, 64, 3, 8, true, false},
    {"depthwise_i8 3x3, 64, 32x32", 64, 64, 3, 32, false, true},
    {"depthwise_i16 3x3, 64, 16x16", 64, 64, 3, 16, true, true},
};

static struct vch_panels panels_of(const struct shape *s, const struct vch_kernels *k)
{
    const struct vch_packing *packing = s->is_wide ? &k->packing_i16 : &k->packing_i8;
    const uint32_t run = s->window * s->channels;
    struct vch_panels panels = {
        .weights = packed,
        .starts = starts,
        .addends = addends,
        .multipliers = multipliers,
        .shifts = shifts,
        .runs = taps,
        .run_count = s->is_depthwise ? s->window * s->window : s->window,
        .run_steps = s->is_depthwise ? 1 : run / packing->group,
        .channels = s->outputs,
        .out_size = 1,
        .is_narrow = true,
        .lo = -127,
        .hi = 127,
    };

    panels.block_runs = panels.run_count;
    for (uint32_t i = 0; i < s->window * run; i++)
        terms[i] = i;
    if (!s->is_depthwise)
        vch_packing_weights(packed, starts, packing, more_bytes, s->outputs, s->window * run, terms,
                            s->window * run);
    return panels;
}

// Places and runs of a window sliding over a laid out image.
static void place(const struct shape *s, const struct vch_kernels *k)
{
    const struct vch_packing *packing = s->is_wide ? &k->packing_i16 : &k->packing_i8;
    const uint32_t size = s->is_wide ? 2 : s->is_depthwise ? 1 : packing->input_size;
    const uint32_t pixel = s->channels * size, row = (s->side + s->window - 1) * pixel;

    for (uint32_t i = 0; i < s->side * s->side; i++)
        places[i] = i / s->side * row + i % s->side * pixel;
    for (uint32_t i = 0; i < s->window * s->window; i++)
        taps[i] = s->is_depthwise ? i / s->window * row + i % s->window * pixel : i * row;
}

static void run_shape(const struct shape *s, const struct vch_kernels *k,
                      const struct vch_panels *panels)
{
    const size_t count = (size_t)s->side * s->side;

    if (s->is_depthwise && s->is_wide)
        k->depthwise_i16(out, s->outputs, words, places, count, panels);
    else if (s->is_depthwise)
        k->depthwise_i8(out, s->outputs, bytes, places, count, panels);
    else if (s->is_wide)
        k->panels_i16(out, s->outputs, words, places, count, panels, 0, s->outputs);
    else
        k->panels_i8(out, s->outputs, bytes, places, count, panels, 0, s->outputs);
}

static double measure_shape(const struct shape *s, const struct vch_kernels *k)
{
    const struct vch_panels panels = panels_of(s, k);
    double best = 1e9;

    place(s, k);
    for (int i = 0; i < REPEATS; i++) {
        double begin = seconds();
        run_shape(s, k, &panels);
        double took = seconds() - begin;
        if (took < best) best = took;
    }
    return best;
}

static double measure_peak(const struct vch_kernels *k)
{
    static _Alignas(64) uint8_t sink[64] = {1, 2, 3};
    double best = 0;

    for (int i = 0; i < REPEATS; i++) {
        double begin = seconds();
        double rate = (double)k->peak(PEAK_ROUNDS, sink) / (seconds() - begin);
        if (rate > best) best = rate;
    }
    return best;
}

static void run_product_i8(const struct vch_kernels *k)
{
    k->product_i8(sums, ROWS, bytes, ROWS, more_bytes, ROWS, DEPTH);
}

static void run_product_i16(const struct vch_kernels *k)
{
    k->product_i16(wide_sums, ROWS, words, ROWS, more_bytes, ROWS, DEPTH);
}

static void run_requantise_i32(const struct vch_kernels *k)
{
    k->requantise_i32_to_i8(out, sums, ELEMENTS, 12345, &how);
}

static void run_requantise_i64(const struct vch_kernels *k)
{
    k->requantise_i64_to_i8(out, wide_sums, ELEMENTS, 12345, &how);
}

static const struct vch_add sum = {{1 << 13, 1 << 14}, 14, -127, 127};

static void run_add_i8(const struct vch_kernels *k)
{
    k->add_i8(out, bytes, more_bytes, ELEMENTS, &sum);
}

static void run_add_i16(const struct vch_kernels *k)
{
    k->add_i16((int16_t *)(void *)out, words, more_words, ELEMENTS, &sum);
}

static void run_lay_i8(const struct vch_kernels *k)
{
    k->lay_i8(out, bytes, ELEMENTS);
}

static void run_transpose_i8(const struct vch_kernels *k)
{
    k->transpose_i8(out, 1024, bytes, 64, 1024, 64);
}

static void run_max_pool_i8(const struct vch_kernels *k) // 2x2 over 32x32 of 64 channels
{
    k->max_pool_i8(out, bytes, places, 256, taps, 4, 64);
}

static void run_sum_taps_i8(const struct vch_kernels *k) // of an 8x8 image of 64 channels
{
    static uint32_t all[64];
    for (uint32_t i = 0; i < 64; i++)
        all[i] = i * 64;
    k->sum_taps_i8(sums, bytes, all, 64, 64);
}

static const struct {
    const char *name;
    double size; // bytes read and written
    void (*run)(const struct vch_kernels *kernels);
} movers[] = {
    {"requantise_i32_to_i8", 5.0 * ELEMENTS, run_requantise_i32},
    {"requantise_i64_to_i8", 9.0 * ELEMENTS, run_requantise_i64},
    {"add_i8", 3.0 * ELEMENTS, run_add_i8},
    {"add_i16", 6.0 * ELEMENTS, run_add_i16},
    {"lay_i8", 2.0 * ELEMENTS, run_lay_i8},
    {"transpose_i8 1024x64", 2.0 * ELEMENTS, run_transpose_i8},
    {"max_pool_i8 2x2, 64, 32x32", 5.0 * 256 * 64, run_max_pool_i8},
    {"sum_taps_i8 8x8, 64", 64.0 * 64, run_sum_taps_i8},
};

static double measure(void (*run)(const struct vch_kernels *kernels), const struct vch_kernels *k)
{
    double best = 1e9;

    for (int i = 0; i < REPEATS; i++) {
        double begin = seconds();
        run(k);
        double took = seconds() - begin;
        if (took < best) best = took;
    }
    return best;
}

// Bytes read and written a second by copying `size` bytes.
static double measure_copy(size_t size)
{
    static uint8_t from[FAR], to[FAR];
    double best = 1e9;

    memset(from, 1, size);

    for (int i = 0; i < REPEATS; i++) {
        double begin = seconds();
        memcpy(to, from, size);
        __asm__ volatile("" : : "r"(to) : "memory"); // or nothing would be copied
        double took = seconds() - begin;
        if (took < best) best = took;
    }
    return 2.0 * (double)size / best;
}

static void print(const char *name, const struct vch_kernels *k, double rate, const char *unit,
                  double roof)
{
    printf("%-33s %-11s %8.2f %-9s %6.1f %% of %.0f\n", name, vch_cpu_level_name(k->level),
           rate / 1e9, unit, 100 * rate / roof, roof / 1e9);
}

static void fill(void)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (int8_t)(i * 37 % 255 - 127);
    for (size_t i = 0; i < sizeof more_bytes; i++)
        more_bytes[i] = (int8_t)(i * 91 % 255 - 127);
    for (size_t i = 0; i < IMAGE; i++)
        words[i] = (int16_t)(i * 7919 % 65535 - 32767);
    for (size_t i = 0; i < ELEMENTS; i++)
        wide_sums[i] = sums[i] = (int32_t)(i * 7919 % 100000) - 50000;
    for (size_t i = 0; i < CHANNELS_MAX; i++) {
        multipliers[i] = 21845;
        shifts[i] = 24;
        addends[i] = 1 << 23;
    }
}

static void print_products(const struct vch_kernels *k)
{
    const double peak = measure_peak(k);
    const double peak_i16 = peak * k->packing_i16.group / k->packing_i8.group; // wider terms

    FOR_EACH(s, shapes)
    {
        const double taps_of = (double)s->window * s->window * (s->is_depthwise ? 1 : s->channels);
        const double work = taps_of * s->outputs * s->side * s->side;
        print(s->name, k, work / measure_shape(s, k), "G mult/s", s->is_wide ? peak_i16 : peak);
    }
    print("product_i8 64x64x576", k, WORK / measure(run_product_i8, k), "G mult/s", peak);
    print("product_i16 64x64x576", k, WORK / measure(run_product_i16, k), "G mult/s", peak_i16);
}

TEST(kernels_bench)
{
    fill();
    printf("copying 64 MiB: %.1f GB/s read and written\n", measure_copy(FAR) / 1e9);
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
        const struct vch_kernels kernels = vch_kernels_select(level);
        print_products(&kernels);
    }
    for (uint32_t i = 0; i < 256; i++)
        places[i] = (i / 16 * 2 * 32 + i % 16 * 2) * 64;
    for (uint32_t i = 0; i < 4; i++)
        taps[i] = (i / 2 * 32 + i % 2) * 64;
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
        const struct vch_kernels kernels = vch_kernels_select(level);
        FOR_EACH(m, movers)
        print(m->name, &kernels, m->size / measure(m->run, &kernels), "GB/s",
              measure_copy((size_t)(m->size / 2)));
    }
}
