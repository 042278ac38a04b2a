// Thousands of random operator shapes: every level gives what plain sums and one requantisation
// give, and writes nothing beside its outputs.
#include <string.h>

#include "harness/test.h"
#include "kernels/kernels.h"
#include "kernels/packing.h"

enum {
    ROUNDS = 10000,
    CHANNELS_MAX = 70,
    TERMS_MAX = 3000, // of a sum
    RUNS_MAX = 40,
    TAPS_MAX = 700, // runs of depthwise sums, which then outgrow int32
    PLACES_MAX = 21,
    INPUT_MAX = 20000, // elements
    STRIDE_MAX = CHANNELS_MAX + 3,
    GUARD = 64,
};

struct shape {
    bool is_wide; // int16 activations
    bool is_depthwise;
    uint32_t channels, run_count, run_terms, places, out_size;
    size_t stride; // of the output
};

static struct {
    int8_t narrow[INPUT_MAX + 1];
    int16_t wide[INPUT_MAX];
    int8_t weights[CHANNELS_MAX * TERMS_MAX];
    uint32_t runs[TAPS_MAX], places[PLACES_MAX]; // in elements
    int64_t bias[CHANNELS_MAX];
    int32_t multipliers[CHANNELS_MAX + GUARD];
    uint32_t shifts[CHANNELS_MAX + GUARD];
    int32_t lo, hi;
    bool is_narrow;
    int32_t sums[PLACES_MAX * CHANNELS_MAX]; // of places by channels,
    bool is_short;                           // where int32 holds them all
    _Alignas(64) uint8_t want[PLACES_MAX * STRIDE_MAX * 4 + GUARD];
    _Alignas(64) uint8_t got[PLACES_MAX * STRIDE_MAX * 4 + GUARD];
} t;

static int64_t pick(uint32_t pattern, int64_t most)
{
    switch (pattern) {
    case 0: return most;
    case 1: return -most;
    case 2: return test_below(2) ? most : -most;
    default: return (int64_t)test_below((uint32_t)(2 * most + 1)) - most;
    }
}

static void pick_scaling(const struct shape *s)
{
    const int64_t most = s->out_size == 1 ? 127 : s->out_size == 2 ? 32767 : INT32_MAX;
    const uint32_t pattern = test_below(8), least_shift = test_below(3) ? 14 : 1;

    for (uint32_t n = 0; n < s->channels; n++) {
        t.bias[n] = pick(pattern, 1 << test_below(30));
        t.multipliers[n] = (int32_t)pick(test_below(12), 32767);
        t.shifts[n] = least_shift + test_below(test_below(4) ? 20 : 48);
    }
    t.lo = test_below(3) ? (int32_t)-most : (int32_t)-test_below((uint32_t)most);
    t.hi = test_below(3) ? (int32_t)most : (int32_t)test_below((uint32_t)most);
}

static void pick_operands(const struct shape *s)
{
    const uint32_t pattern = test_below(8), weights = test_below(8);
    const size_t row = s->is_depthwise ? s->channels : s->run_terms;
    const uint32_t reach = (uint32_t)(INPUT_MAX - row - VCH_PACKING_SLACK) / 2;

    for (size_t i = 0; i < INPUT_MAX; i++) {
        t.narrow[i] = (int8_t)pick(pattern, 127);
        t.wide[i] = (int16_t)pick(pattern, 32767);
    }
    for (size_t i = 0; i < (size_t)s->channels * s->run_count * s->run_terms; i++)
        t.weights[i] = (int8_t)pick(weights, 127);
    for (uint32_t i = 0; i < s->run_count; i++)
        t.runs[i] = test_below(reach);
    for (uint32_t i = 0; i < s->places; i++)
        t.places[i] = test_below(reach);
}

static int64_t element(const struct shape *s, size_t i)
{
    return s->is_wide ? t.wide[i] : t.narrow[i];
}

static int64_t sum_of(const struct shape *s, uint32_t place, uint32_t channel)
{
    int64_t sum = 0;

    for (uint32_t r = 0; r < s->run_count; r++)
        for (uint32_t k = 0; k < s->run_terms; k++) {
            const size_t at = t.places[place] + t.runs[r] + (s->is_depthwise ? channel : k);
            const size_t w = s->is_depthwise
                                 ? (size_t)r * s->channels + channel
                                 : ((size_t)channel * s->run_count + r) * s->run_terms + k;
            sum += element(s, at) * t.weights[w];
        }
    return sum;
}

// From first principles; also tells whether every result fits int32 before it is clamped.
static void compute(const struct shape *s)
{
    t.is_narrow = t.is_short = true;
    memset(t.want, 0x55, sizeof t.want);
    for (uint32_t i = 0; i < s->places; i++)
        for (uint32_t n = 0; n < s->channels; n++) {
            const struct vch_requantise how = {t.multipliers[n], t.shifts[n], INT64_MIN, INT64_MAX};
            const int64_t sum = sum_of(s, i, n);
            int64_t value = vch_requantise_one(sum + t.bias[n], &how);
            t.sums[i * s->channels + n] = (int32_t)sum;
            t.is_short &= sum >= INT32_MIN && sum <= INT32_MAX;
            t.is_narrow &= value >= INT32_MIN && value <= INT32_MAX;
            value = value < t.lo ? t.lo : value > t.hi ? t.hi : value;
            memcpy(t.want + (i * s->stride + n) * s->out_size, &value, s->out_size);
        }
}

// What a level wants, laid out as its packing says.
struct laid {
    _Alignas(64) uint8_t weights[(CHANNELS_MAX + GUARD) * (TERMS_MAX + RUNS_MAX * 4) * 2];
    _Alignas(64) uint8_t input[2 * (INPUT_MAX + VCH_PACKING_SLACK)];
    int32_t starts[CHANNELS_MAX + GUARD];
    int64_t addends[CHANNELS_MAX + GUARD];
    uint32_t terms[TERMS_MAX + RUNS_MAX * 4], runs[TAPS_MAX], places[PLACES_MAX];
};

static void lay_input(struct laid *laid, const struct shape *s, const struct vch_kernels *kernels,
                      size_t size)
{
    for (uint32_t i = 0; i < s->run_count; i++)
        laid->runs[i] = t.runs[i] * (uint32_t)size;
    for (uint32_t i = 0; i < s->places; i++)
        laid->places[i] = t.places[i] * (uint32_t)size;
    if (s->is_wide)
        memcpy(laid->input, t.wide, sizeof t.wide);
    else if (s->is_depthwise)
        memcpy(laid->input, t.narrow, INPUT_MAX);
    else
        kernels->lay_i8(laid->input, t.narrow, INPUT_MAX);
}

static void lay_weights(struct laid *laid, const struct shape *s, const struct vch_packing *packing,
                        uint32_t steps)
{
    const size_t terms = (size_t)s->run_terms, padded = (size_t)steps * packing->group;

    if (s->is_depthwise) {
        memcpy(laid->weights, t.weights, (size_t)s->channels * s->run_count);
        return;
    }
    for (size_t r = 0; r < s->run_count; r++)
        for (size_t k = 0; k < padded; k++)
            laid->terms[r * padded + k] =
                k < terms ? (uint32_t)(r * terms + k) : VCH_PACKING_ABSENT;
    CHECK(vch_packing_size(packing, s->channels, padded * s->run_count) <= sizeof laid->weights);
    vch_packing_weights(laid->weights, laid->starts, packing, t.weights, s->channels,
                        terms * s->run_count, laid->terms, padded * s->run_count);
}

// Sums that are there already.
static void check_rescaling(const struct shape *s, const struct vch_kernels *kernels,
                            const struct vch_panels *panels)
{
    if (!t.is_short) return;
    memset(t.got, 0x55, sizeof t.got);
    kernels->rescale_i32(t.got, s->stride, t.sums, s->places, panels);
    if (memcmp(t.got, t.want, sizeof t.got) != 0)
        test_fail(__FILE__, __LINE__, "%s: rescaled, %u places, %u channels of %u bytes",
                  vch_cpu_level_name(kernels->level), s->places, s->channels, s->out_size);
}

static void check_level(const struct shape *s, enum vch_cpu_level level)
{
    static struct laid laid;
    const struct vch_kernels kernels = vch_kernels_select(level);
    const struct vch_packing *packing = s->is_wide ? &kernels.packing_i16 : &kernels.packing_i8;
    const uint32_t steps = (s->run_terms + packing->group - 1) / packing->group;
    const uint32_t block = VCH_DOT_I16_COUNT_MAX / (s->run_terms + packing->group);
    const size_t size = s->is_wide ? 2 : s->is_depthwise ? 1 : packing->input_size;
    const struct vch_panels panels = {
        .weights = laid.weights,
        .starts = laid.starts,
        .addends = laid.addends,
        .multipliers = t.multipliers,
        .shifts = t.shifts,
        .runs = laid.runs,
        .run_count = s->run_count,
        .run_steps = steps,
        .block_runs = s->is_wide ? block : s->run_count,
        .channels = s->channels,
        .out_size = s->out_size,
        .is_narrow = t.is_narrow,
        .lo = t.lo,
        .hi = t.hi,
    };

    for (uint32_t n = 0; n < s->channels; n++)
        laid.addends[n] = t.bias[n] * t.multipliers[n] + ((int64_t)1 << (t.shifts[n] - 1));
    lay_input(&laid, s, &kernels, size);
    lay_weights(&laid, s, packing, steps);
    memset(t.got, 0x55, sizeof t.got);
    if (s->is_depthwise && s->is_wide)
        kernels.depthwise_i16(t.got, s->stride, (const int16_t *)(void *)laid.input, laid.places,
                              s->places, &panels);
    else if (s->is_depthwise)
        kernels.depthwise_i8(t.got, s->stride, (const int8_t *)laid.input, laid.places, s->places,
                             &panels);
    else { // in two calls, parted between panels
        const size_t part = test_below(s->channels / packing->panel + 1) * packing->panel;
        void (*run)(void *, size_t, const void *, const uint32_t *, size_t,
                    const struct vch_panels *, size_t, size_t) =
            s->is_wide ? kernels.panels_i16 : kernels.panels_i8;
        run(t.got, s->stride, laid.input, laid.places, s->places, &panels, 0, part);
        run(t.got, s->stride, laid.input, laid.places, s->places, &panels, part, s->channels);
    }
    if (memcmp(t.got, t.want, sizeof t.got) != 0)
        test_fail(__FILE__, __LINE__, "%s: %s%s, %u places, %u channels, %u runs of %u",
                  vch_cpu_level_name(level), s->is_wide ? "int16" : "int8",
                  s->is_depthwise ? " depthwise" : "", s->places, s->channels, s->run_count,
                  s->run_terms);
    check_rescaling(s, &kernels, &panels);
}

// Mostly small; now and then as deep as sums get.
static struct shape pick_shape(bool is_depthwise)
{
    const bool is_deep = test_below(40) == 0;
    struct shape s = {
        .is_wide = test_below(2),
        .is_depthwise = is_depthwise,
        .channels = 1 + test_below(test_below(4) ? 24 : CHANNELS_MAX),
        .run_count = 1 + test_below(test_below(4) ? 6 : RUNS_MAX),
        .places = 1 + test_below(test_below(4) ? 6 : PLACES_MAX),
        .out_size = 1u << test_below(3),
    };
    const uint32_t most = is_deep ? TERMS_MAX / s.run_count : 12;

    s.run_terms = is_depthwise ? 1 : 1 + test_below(most < 500 ? most : 500);
    s.stride = s.channels + test_below(4);
    return s;
}

static void check(const struct shape *s)
{
    pick_operands(s);
    pick_scaling(s);
    compute(s);
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++)
        check_level(s, level);
}

TEST(packed_products_equal_plain_sums)
{
    for (int round = 0; round < ROUNDS; round++) {
        const struct shape s = pick_shape(false);
        check(&s);
    }
}

TEST(depthwise_sums_equal_plain_sums)
{
    for (int round = 0; round < ROUNDS; round++) {
        const struct shape s = pick_shape(true);
        check(&s);
    }
}

// Rare among the above, as it takes extremes that agree in sign.
TEST(depthwise_sums_stay_exact_where_int32_would_overflow)
{
    for (int round = 0; round < ROUNDS / 30; round++) {
        struct shape s = pick_shape(true);
        s.is_wide = true;
        s.run_count = TAPS_MAX - test_below(100);
        s.channels = 1 + test_below(20);
        s.stride = s.channels;
        s.places = 1 + test_below(3);
        check(&s);
    }
}
