// What one element costs in each field kernel, level by level: nanoseconds, the best of some runs.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "harness/test.h"
#include "kernels/field_kernels.h"
#include "kernels/sha256.h"

enum {
    LOG_FAR = 20, // the largest transform
    COUNT = 1 << 12,
    ROWS = 512,
    COLUMNS = 1024,
    HASHED_ROWS = 256,
    REPEATS = 15,
};

static _Alignas(64) uint64_t values[1 << LOG_FAR], twiddles[3 << LOG_FAR >> 1];
static _Alignas(64) uint64_t arrays[14][2 * COUNT];
static int8_t bytes[ROWS * COLUMNS];
static int16_t words[ROWS * COLUMNS];
static struct vch_ext coefficients[ROWS], sums[3];
static uint8_t salts[COLUMNS][VCH_SHA256_SALT], digests[COLUMNS][VCH_SHA256_SIZE];
static const struct vch_ext challenge = {{0x123456789abcdef0u, 0xfedcba9876543210u}};

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static struct vch_planes planes(size_t which)
{
    return (struct vch_planes){arrays[2 * which], arrays[2 * which + 1]};
}

static struct vch_const_planes in(size_t which)
{
    return vch_planes_const(planes(which));
}

static void run_ntt_10(const struct vch_field_kernels *k)
{
    k->ntt(values, 10, twiddles);
}

static void run_ntt_14(const struct vch_field_kernels *k)
{
    k->ntt(values, 14, twiddles);
}

static void run_ntt_16(const struct vch_field_kernels *k)
{
    k->ntt(values, 16, twiddles);
}

static void run_ntt_20(const struct vch_field_kernels *k)
{
    k->ntt(values, 20, twiddles);
}

static void run_intt_14(const struct vch_field_kernels *k)
{
    k->intt(values, 14, twiddles);
}

static void run_scale_powers(const struct vch_field_kernels *k)
{
    k->scale_powers(values, COUNT, 1, 7);
}

static void run_mul_base(const struct vch_field_kernels *k)
{
    k->mul_base(arrays[0], arrays[1], arrays[2], COUNT);
}

static void run_mul(const struct vch_field_kernels *k)
{
    k->mul(planes(0), in(1), in(2), COUNT);
}

static void run_add(const struct vch_field_kernels *k)
{
    k->add(planes(0), in(1), in(2), COUNT);
}

static void run_axpy_base(const struct vch_field_kernels *k)
{
    k->axpy_base(planes(0), arrays[2], challenge, COUNT);
}

static void run_axpy(const struct vch_field_kernels *k)
{
    k->axpy(planes(0), in(1), challenge, COUNT);
}

static void run_dot_base(const struct vch_field_kernels *k)
{
    sums[0] = k->dot_base(in(0), arrays[2], COUNT);
}

static void run_dot(const struct vch_field_kernels *k)
{
    sums[0] = k->dot(in(0), in(1), COUNT);
}

static void run_lift(const struct vch_field_kernels *k)
{
    k->lift_i8(arrays[0], bytes, COUNT);
}

static void run_eq_table(const struct vch_field_kernels *k)
{
    struct vch_ext point[12];
    for (size_t i = 0; i < 12; i++)
        point[i] = challenge;
    k->eq_table(planes(0), point, 12, challenge);
}

static void run_fold(const struct vch_field_kernels *k)
{
    k->fold(planes(0), COUNT, COUNT, challenge);
}

static void run_fold_base(const struct vch_field_kernels *k)
{
    k->fold_base(planes(0), arrays[2], COUNT, COUNT, challenge);
}

static void run_product_round(const struct vch_field_kernels *k)
{
    k->product_round(sums, in(0), in(1), COUNT, COUNT);
}

static void run_product_round_base(const struct vch_field_kernels *k)
{
    k->product_round_base(sums, in(0), arrays[2], COUNT, COUNT);
}

static void run_fraction_combine(const struct vch_field_kernels *k)
{
    k->fraction_combine(planes(0), planes(1), in(2), in(3), COUNT, COUNT);
}

static const struct vch_fraction_pairs pairs = {
    {arrays[0], arrays[1]}, {arrays[2], arrays[3]}, {arrays[4], arrays[5]}, {arrays[6], arrays[7]}};

static void run_fraction_round(const struct vch_field_kernels *k)
{
    k->fraction_round(sums, in(4), &pairs, COUNT, COUNT, challenge);
}

static void run_fraction_round_shared(const struct vch_field_kernels *k)
{
    k->fraction_round(sums, in(4), &pairs, COUNT, COUNT, vch_ext_from_base(0));
}

static void run_product_ends(const struct vch_field_kernels *k)
{
    k->product_ends(sums, in(0), in(1), COUNT, COUNT);
}

static void run_fraction_ends(const struct vch_field_kernels *k)
{
    k->fraction_ends(sums, in(4), &pairs, COUNT, COUNT, vch_ext_from_base(0));
}

static void run_combine_i8(const struct vch_field_kernels *k)
{
    k->combine_i8(planes(0), coefficients, bytes, COLUMNS, ROWS, COLUMNS);
}

static void run_combine_i16(const struct vch_field_kernels *k)
{
    k->combine_i16(planes(0), coefficients, words, COLUMNS, ROWS, COLUMNS);
}

static void run_hash(const struct vch_field_kernels *k)
{
    const struct vch_sha256_kernels hashing = vch_sha256_kernels_select(k->level);
    vch_sha256(&hashing, digests[0], values, 8 * COUNT);
}

static void run_hash_columns(const struct vch_field_kernels *k)
{
    const struct vch_sha256_kernels hashing = vch_sha256_kernels_select(k->level);
    vch_sha256_columns(&hashing, digests, values, COLUMNS, HASHED_ROWS,
                       (const uint8_t(*)[VCH_SHA256_SALT])salts, 0, COLUMNS);
}

static const struct {
    const char *name, *unit;
    double count;
    void (*run)(const struct vch_field_kernels *kernels);
} runs[] = {
    {"ntt 2^10", "element", 1 << 10, run_ntt_10},
    {"ntt 2^14", "element", 1 << 14, run_ntt_14},
    {"ntt 2^16", "element", 1 << 16, run_ntt_16},
    {"ntt 2^20", "element", 1 << 20, run_ntt_20},
    {"intt 2^14", "element", 1 << 14, run_intt_14},
    {"scale_powers", "element", COUNT, run_scale_powers},
    {"mul_base", "product", COUNT, run_mul_base},
    {"mul", "product", COUNT, run_mul},
    {"add", "sum", COUNT, run_add},
    {"axpy_base", "product", COUNT, run_axpy_base},
    {"axpy", "product", COUNT, run_axpy},
    {"dot_base", "product", COUNT, run_dot_base},
    {"dot", "product", COUNT, run_dot},
    {"lift_i8", "element", COUNT, run_lift},
    {"eq_table", "entry", COUNT, run_eq_table},
    {"fold", "pair", COUNT, run_fold},
    {"fold_base", "pair", COUNT, run_fold_base},
    {"product_round", "pair", COUNT, run_product_round},
    {"product_round_base", "pair", COUNT, run_product_round_base},
    {"product_ends", "pair", COUNT, run_product_ends},
    {"fraction_combine", "pair", COUNT, run_fraction_combine},
    {"fraction_round", "pair", COUNT, run_fraction_round},
    {"fraction_round, lambda 0", "pair", COUNT, run_fraction_round_shared},
    {"fraction_ends, lambda 0", "pair", COUNT, run_fraction_ends},
    {"combine_i8", "weight", ROWS *COLUMNS, run_combine_i8},
    {"combine_i16", "weight", ROWS *COLUMNS, run_combine_i16},
    {"sha256, one message", "byte", 8 * COUNT, run_hash},
    {"sha256_columns", "byte", 8 * HASHED_ROWS *COLUMNS, run_hash_columns},
};

static double measure(void (*run)(const struct vch_field_kernels *kernels),
                      const struct vch_field_kernels *k)
{
    double best = 1e9;

    for (int i = 0; i < REPEATS; i++) {
        const double begin = seconds();
        run(k);
        const double took = seconds() - begin;
        if (took < best) best = took;
    }
    return best;
}

static void fill(void)
{
    uint64_t random = 1;

    vch_ntt_twiddles(twiddles, LOG_FAR);
    for (size_t i = 0; i < 1 << LOG_FAR; i++)
        values[i] = random = vch_fp_mul(random, 0x9e3779b97f4a7c15u);
    for (size_t i = 0; i < 14; i++)
        memcpy(arrays[i], values + i * COUNT, sizeof arrays[i]);
    for (size_t i = 0; i < ROWS; i++)
        coefficients[i] = (struct vch_ext){{values[i], values[ROWS + i]}};
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        words[i] = (int16_t)(values[i] % 65536 - 32768);
        bytes[i] = (int8_t)(values[i] % 255 - 127);
    }
}

TEST(field_bench)
{
    fill();
    printf("%-26s", "nanoseconds");
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++)
        printf("%12s", vch_cpu_level_name(level));
    printf("\n");
    FOR_EACH(r, runs)
    {
        printf("%-26s", r->name);
        for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
            const struct vch_field_kernels kernels = vch_field_kernels_select(level);
            printf("%12.3f", 1e9 * measure(r->run, &kernels) / r->count);
        }
        printf(" a %s\n", r->unit);
    }
}
