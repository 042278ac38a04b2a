// Every level of the field kernels gives what the portable one gives, on random sizes, at odd
// addresses and at the edges of the representation, and writes nothing beside its outputs.
#include "kernels/field_kernels.h"

#include <string.h>

#include "harness/test.h"

enum {
    ROUNDS = 300,
    SIZE = 2400,
    COUNT_MAX = 500,
    COLUMNS_MAX = 200,
    ROWS_MAX = 700,
    LOG_MAX = 15
};

static struct {
    uint64_t in[10][SIZE]; // canonical
    uint64_t out[4][SIZE], want[4][SIZE];
    int64_t integers[SIZE];
    int8_t bytes[ROWS_MAX * COLUMNS_MAX];
    int16_t words[ROWS_MAX * COLUMNS_MAX];
    struct vch_ext coefficients[ROWS_MAX];
    struct vch_ext got_sums[5], want_sums[5];
} t;

static uint64_t pick(uint32_t pattern)
{
    static const uint64_t edges[] = {0, 1, VCH_FP_P - 1, 0xffffffffu, 0x100000000u, 1ull << 63};
    const uint64_t random = (uint64_t)test_below(UINT32_MAX) << 32 | test_below(UINT32_MAX);

    if (pattern == 0) return VCH_FP_P - 1;
    if (pattern == 1) return edges[test_below(6)];
    return random % VCH_FP_P;
}

static struct vch_ext pick_ext(uint32_t pattern)
{
    return (struct vch_ext){{pick(pattern), pick(pattern)}};
}

static void fill(uint32_t pattern)
{
    for (size_t k = 0; k < 10; k++)
        for (size_t i = 0; i < SIZE; i++)
            t.in[k][i] = pick(pattern);
    for (size_t i = 0; i < SIZE; i++)
        t.integers[i] = (int64_t)(pick(pattern) ^ (uint64_t)test_below(2) << 63);
    for (size_t i = 0; i < sizeof t.bytes; i++) {
        t.bytes[i] = (int8_t)(pattern == 0 ? INT8_MIN : (int)test_below(256) - 128);
        t.words[i] = (int16_t)(pattern == 0 ? INT16_MIN : (int)test_below(65536) - 32768);
    }
    for (size_t i = 0; i < ROWS_MAX; i++)
        t.coefficients[i] = pick_ext(pattern);
}

static struct vch_planes planes(uint64_t (*of)[SIZE], size_t at)
{
    return (struct vch_planes){of[0] + at, of[1] + at};
}

static struct vch_const_planes in(size_t which, size_t at)
{
    return vch_planes_const(planes(t.in + which, at));
}

struct place { // of a kernel's arrays
    size_t from, half, count;
    struct vch_ext r;
};

// `to` is t.out or t.want, which hold the same to begin with.
typedef void run(const struct vch_field_kernels *k, const struct place *p, uint64_t (*to)[SIZE],
                 struct vch_ext *sums);

static void run_ntt(const struct vch_field_kernels *k, const struct place *p, uint64_t (*to)[SIZE],
                    struct vch_ext *sums)
{
    uint64_t twiddles[3 * SIZE / 2];
    unsigned log_n = 1;

    (void)sums;
    while ((size_t)2 << log_n <= p->count)
        log_n++;
    vch_ntt_twiddles(twiddles, log_n + 1);
    k->ntt(to[0] + p->from, log_n, twiddles);
    k->intt(to[1] + p->from, log_n, twiddles);
    k->scale_powers(to[2] + p->from, p->count, p->r.c[0], p->r.c[1]);
}

static void run_eq_table(const struct vch_field_kernels *k, const struct place *p,
                         uint64_t (*to)[SIZE], struct vch_ext *sums)
{
    (void)sums;
    k->eq_table(planes(to, p->from), t.coefficients + 1, p->count % 9, p->r);
}

static void run_folds(const struct vch_field_kernels *k, const struct place *p,
                      uint64_t (*to)[SIZE], struct vch_ext *sums)
{
    (void)sums;
    k->fold(planes(to, p->from), p->half, p->count, p->r);
    k->fold_base(planes(to + 2, p->from), t.in[1] + p->from, p->half, p->count, p->r);
}

static void run_rounds(const struct vch_field_kernels *k, const struct place *p,
                       uint64_t (*to)[SIZE], struct vch_ext *sums)
{
    (void)to;
    k->product_round(sums, in(0, p->from), in(2, p->from + 1), p->half, p->count);
    k->product_ends(sums + 3, in(2, p->from), in(4, p->from + 1), p->half, p->count);
}

static void run_base_rounds(const struct vch_field_kernels *k, const struct place *p,
                            uint64_t (*to)[SIZE], struct vch_ext *sums)
{
    (void)to;
    k->product_round_base(sums, in(0, p->from), t.in[3] + p->from + 2, p->half, p->count);
    k->product_ends_base(sums + 3, in(2, p->from), t.in[5] + p->from, p->half, p->count);
}

static void run_fractions(const struct vch_field_kernels *k, const struct place *p,
                          uint64_t (*to)[SIZE], struct vch_ext *sums)
{
    const struct vch_fraction_pairs pairs = {in(0, p->from), in(2, p->from), in(4, p->from + 1),
                                             in(6, p->from)};

    k->fraction_round(sums, in(8, p->from), &pairs, p->half, p->count, p->r);
    k->fraction_ends(sums + 3, in(8, p->from), &pairs, p->half, p->count, vch_ext_from_base(0));
    k->fraction_combine(planes(to, p->from), planes(to + 2, p->from),
                        vch_planes_const(planes(to, p->from)),
                        vch_planes_const(planes(to + 2, p->from)), p->half, p->count);
}

static void run_vectors(const struct vch_field_kernels *k, const struct place *p,
                        uint64_t (*to)[SIZE], struct vch_ext *sums)
{
    k->axpy_base(planes(to, p->from), t.in[5] + p->from, p->r, p->count);
    k->axpy(planes(to + 1, p->from), in(7, p->from + 1), p->r, p->count);
    k->mul(planes(to + 2, p->from), vch_planes_const(planes(to + 2, p->from)), in(4, 1), p->count);
    k->mul_base(to[0] + p->from, to[0] + p->from, t.in[3], p->count);
    k->add(planes(to + 1, p->from), vch_planes_const(planes(to + 1, p->from)), in(4, 1), p->count);
    sums[0] = k->dot_base(in(2, p->from), t.in[8] + 3, p->count);
    sums[1] = k->dot(in(4, p->from), in(6, 1), p->count);
}

static void run_lifts(const struct vch_field_kernels *k, const struct place *p,
                      uint64_t (*to)[SIZE], struct vch_ext *sums)
{
    (void)sums;
    k->lift_i8(to[0] + p->from, t.bytes + p->from, p->count);
    k->lift_i16(to[1] + p->from, t.words + p->from, p->count);
    k->lift_i32(to[2] + p->from, (const int32_t *)(const void *)t.integers, p->count);
    k->lift_i64(to[3] + p->from, t.integers + p->from, p->count);
}

static void run_combine(const struct vch_field_kernels *k, const struct place *p,
                        uint64_t (*to)[SIZE], struct vch_ext *sums)
{
    const size_t columns = p->count % COLUMNS_MAX, stride = columns + p->from % 3;
    const size_t rows = p->half % ROWS_MAX;

    (void)sums;
    k->combine_i8(planes(to, p->from), t.coefficients, t.bytes, stride, rows, columns);
    k->combine_i16(planes(to + 2, p->from), t.coefficients, t.words, stride, rows, columns);
}

static const struct {
    const char *name;
    run *run;
} runs[] = {
    {"ntt, intt, scale_powers", run_ntt},
    {"eq_table", run_eq_table},
    {"fold, fold_base", run_folds},
    {"product_round", run_rounds},
    {"product_round_base", run_base_rounds},
    {"fraction_round, fraction_combine", run_fractions},
    {"vectors", run_vectors},
    {"lifts", run_lifts},
    {"combine_i8, combine_i16", run_combine},
};

TEST(field_kernels_of_every_level_equal_the_portable)
{
    const struct vch_field_kernels portable = vch_field_kernels_select(VCH_CPU_PORTABLE);

    for (int round = 0; round < ROUNDS; round++) {
        const uint32_t pattern = test_below(5), count = test_below(COUNT_MAX);
        const struct place place = {test_below(9), count + test_below(COUNT_MAX), count,
                                    pick_ext(pattern)};
        if (round % 10 == 0) fill(pattern);
        FOR_EACH(r, runs)
        {
            memcpy(t.want, t.in, sizeof t.want);
            memset(t.want_sums, 0, sizeof t.want_sums);
            r->run(&portable, &place, t.want, t.want_sums);
            for (enum vch_cpu_level level = 1; level <= vch_cpu_level(NULL); level++) {
                const struct vch_field_kernels kernels = vch_field_kernels_select(level);
                memcpy(t.out, t.in, sizeof t.out);
                memset(t.got_sums, 0, sizeof t.got_sums);
                r->run(&kernels, &place, t.out, t.got_sums);
                if (memcmp(t.out, t.want, sizeof t.out) != 0 ||
                    memcmp(t.got_sums, t.want_sums, sizeof t.got_sums) != 0)
                    test_fail(__FILE__, __LINE__, "%s: %s, %zu of %zu", vch_cpu_level_name(level),
                              r->name, place.count, place.half);
            }
        }
    }
}

// Sums that come to less than 2^32 modulo p fit 64 bits with p added to them: here all do, at the
// end of a transform whose other values are large.
TEST(field_kernels_leave_nothing_above_p)
{
    static uint64_t values[1 << LOG_MAX], want[1 << LOG_MAX], twiddles[3 << LOG_MAX >> 1];
    const struct vch_field_kernels portable = vch_field_kernels_select(VCH_CPU_PORTABLE);

    vch_ntt_twiddles(twiddles, LOG_MAX);
    for (unsigned log_n = 1; log_n <= LOG_MAX; log_n++)
        for (enum vch_cpu_level level = 1; level <= vch_cpu_level(NULL); level++) {
            const struct vch_field_kernels kernels = vch_field_kernels_select(level);
            const size_t size = sizeof *values << log_n;
            for (size_t i = 0; i < (size_t)1 << log_n; i++)
                values[i] = want[i] = test_below(UINT32_MAX);
            portable.intt(values, log_n, twiddles);
            kernels.ntt(values, log_n, twiddles);
            CHECK(memcmp(values, want, size) == 0);
            portable.ntt(values, log_n, twiddles);
            kernels.intt(values, log_n, twiddles);
            CHECK(memcmp(values, want, size) == 0);
        }
}

TEST(field_kernels_transform_large_arrays_as_the_portable_does)
{
    static uint64_t values[1 << LOG_MAX], want[1 << LOG_MAX], twiddles[3 << LOG_MAX >> 1];
    const struct vch_field_kernels portable = vch_field_kernels_select(VCH_CPU_PORTABLE);
    const struct vch_field_kernels kernels = vch_field_kernels_select(vch_cpu_level(NULL));

    vch_ntt_twiddles(twiddles, LOG_MAX);
    for (unsigned log_n = 1; log_n <= LOG_MAX; log_n++) {
        const size_t size = sizeof *values << log_n;
        for (size_t i = 0; i < (size_t)1 << log_n; i++)
            values[i] = want[i] = pick(2 - log_n % 2);
        kernels.ntt(values, log_n, twiddles);
        portable.ntt(want, log_n, twiddles);
        CHECK(memcmp(values, want, size) == 0);
        kernels.intt(values, log_n, twiddles);
        portable.intt(want, log_n, twiddles);
        CHECK(memcmp(values, want, size) == 0);
    }
}
