// Thousands of random shapes, odd addresses and extremes: every level of the kernels over rows
// gives what plain loops give, and writes nothing beside its outputs.
#include <string.h>

#include "harness/test.h"
#include "kernels/kernels.h"

enum { ROUNDS = 10000, SIZE = 12000, TAPS_MAX = 12, PLACES_MAX = 9, CHANNELS_MAX = 150 };

static struct {
    int8_t bytes[SIZE], other_bytes[SIZE], out_bytes[SIZE], want_bytes[SIZE];
    int16_t words[SIZE], other_words[SIZE], out_words[SIZE], want_words[SIZE];
    int32_t sums[CHANNELS_MAX + 2], want_sums[CHANNELS_MAX + 2];
    uint32_t places[PLACES_MAX], taps[TAPS_MAX];
} t;

static void fill(void)
{
    const uint32_t pattern = test_below(4);

    for (size_t i = 0; i < SIZE; i++) {
        const uint32_t random = pattern == 0 ? test_below(2) * UINT32_MAX : test_below(UINT32_MAX);
        t.bytes[i] = (int8_t)(random % 255 - 127);
        t.other_bytes[i] = (int8_t)((random >> 8) % 255 - 127);
        t.words[i] = (int16_t)(random % 65535 - 32767);
        t.other_words[i] = (int16_t)((random >> 8) % 65535 - 32767);
    }
}

static void clear(void)
{
    memset(t.out_bytes, 0x55, sizeof t.out_bytes);
    memset(t.want_bytes, 0x55, sizeof t.want_bytes);
    memset(t.out_words, 0x55, sizeof t.out_words);
    memset(t.want_words, 0x55, sizeof t.want_words);
}

static void check(enum vch_cpu_level level, const char *what)
{
    if (memcmp(t.out_bytes, t.want_bytes, sizeof t.out_bytes) != 0 ||
        memcmp(t.out_words, t.want_words, sizeof t.out_words) != 0)
        test_fail(__FILE__, __LINE__, "%s: %s", vch_cpu_level_name(level), what);
}

static void check_transpose(const struct vch_kernels *k)
{
    const size_t rows = 1 + test_below(60), columns = 1 + test_below(60);
    const size_t from = test_below(9), x_stride = columns + test_below(5);
    const size_t out_stride = rows + test_below(5);

    clear();
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            t.want_bytes[from + j * out_stride + i] = t.bytes[from + i * x_stride + j];
            t.want_words[from + j * out_stride + i] = t.words[from + i * x_stride + j];
        }
    k->transpose_i8(t.out_bytes + from, out_stride, t.bytes + from, x_stride, rows, columns);
    k->transpose_i16(t.out_words + from, out_stride, t.words + from, x_stride, rows, columns);
    check(k->level, "transpose");
}

static void pick_places(size_t count, size_t tap_count)
{
    for (size_t i = 0; i < count; i++)
        t.places[i] = test_below((SIZE - CHANNELS_MAX) / 2);
    for (size_t i = 0; i < tap_count; i++)
        t.taps[i] = test_below((SIZE - CHANNELS_MAX) / 2);
}

static void check_max_pool(const struct vch_kernels *k)
{
    const size_t count = 1 + test_below(PLACES_MAX), tap_count = 1 + test_below(TAPS_MAX);
    const size_t channels = 1 + test_below(CHANNELS_MAX), from = test_below(9);

    clear();
    pick_places(count, tap_count);
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < channels; c++) {
            int8_t byte = INT8_MIN;
            int16_t word = INT16_MIN;
            for (size_t tap = 0; tap < tap_count; tap++) {
                const size_t at = t.places[i] + t.taps[tap] + c;
                if (t.bytes[at] > byte) byte = t.bytes[at];
                if (t.words[at] > word) word = t.words[at];
            }
            t.want_bytes[from + i * channels + c] = byte;
            t.want_words[from + i * channels + c] = word;
        }
    k->max_pool_i8(t.out_bytes + from, t.bytes, t.places, count, t.taps, tap_count, channels);
    k->max_pool_i16(t.out_words + from, t.words, t.places, count, t.taps, tap_count, channels);
    check(k->level, "max_pool");
}

static void check_sum_taps(const struct vch_kernels *k)
{
    const size_t tap_count = 1 + test_below(TAPS_MAX), channels = 1 + test_below(CHANNELS_MAX);

    pick_places(0, tap_count);
    for (int is_wide = 0; is_wide < 2; is_wide++) {
        memset(t.sums, 0x55, sizeof t.sums);
        memset(t.want_sums, 0x55, sizeof t.want_sums);
        memset(t.want_sums, 0, channels * sizeof t.sums[0]);
        for (size_t tap = 0; tap < tap_count; tap++)
            for (size_t c = 0; c < channels; c++)
                t.want_sums[c] += is_wide ? t.words[t.taps[tap] + c] : t.bytes[t.taps[tap] + c];
        if (is_wide)
            k->sum_taps_i16(t.sums, t.words, t.taps, tap_count, channels);
        else
            k->sum_taps_i8(t.sums, t.bytes, t.taps, tap_count, channels);
        if (memcmp(t.sums, t.want_sums, sizeof t.sums) != 0)
            test_fail(__FILE__, __LINE__, "%s: sum_taps", vch_cpu_level_name(k->level));
    }
}

// Multipliers up to 2^14 keep a sum of int16 and its half, up to 2^29 here, inside int32.
static struct vch_add pick_add(int32_t most)
{
    struct vch_add how = {
        .multipliers = {(int32_t)test_below(32768) - 16384, (int32_t)test_below(32768) - 16384},
        .shift = 1 + test_below(30),
        .lo = test_below(2) ? -most : -(int32_t)test_below((uint32_t)most),
        .hi = test_below(2) ? most : (int32_t)test_below((uint32_t)most),
    };

    if (test_below(4) == 0) how.multipliers[1] = 0;
    return how;
}

static int64_t add_one(const struct vch_add *how, int64_t a, int64_t b)
{
    const struct vch_requantise one = {1, how->shift, how->lo, how->hi};
    return vch_requantise_one(a * how->multipliers[0] + b * how->multipliers[1], &one);
}

static void check_add(const struct vch_kernels *k)
{
    const size_t count = test_below(300), from = test_below(9);
    const struct vch_add bytes = pick_add(127), words = pick_add(32767);

    clear();
    for (size_t i = from; i < from + count; i++) {
        t.want_bytes[i] = (int8_t)add_one(&bytes, t.bytes[i], t.other_bytes[i]);
        t.want_words[i] = (int16_t)add_one(&words, t.words[i], t.other_words[i]);
    }
    k->add_i8(t.out_bytes + from, t.bytes + from, t.other_bytes + from, count, &bytes);
    k->add_i16(t.out_words + from, t.words + from, t.other_words + from, count, &words);
    check(k->level, "add");
}

TEST(kernels_over_rows_equal_plain_loops)
{
    for (int round = 0; round < ROUNDS; round++) {
        if (round % 50 == 0) fill();
        for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
            const struct vch_kernels kernels = vch_kernels_select(level);
            check_transpose(&kernels);
            check_max_pool(&kernels);
            check_sum_taps(&kernels);
            check_add(&kernels);
        }
    }
}
