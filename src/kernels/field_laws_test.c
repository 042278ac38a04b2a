// What the field kernels compute, said a second time in the plainest way. The other levels equal
// the portable one, which is held to this.
#include <string.h>

#include "harness/test.h"
#include "kernels/field_kernels.h"

enum { VARIABLES = 6, N = 1 << VARIABLES, HALF = N / 2, LOG_MAX = 9 };

static uint64_t buffers[12][N];
static struct vch_ext point[VARIABLES];

static uint64_t pick(void)
{
    return ((uint64_t)test_below(UINT32_MAX) << 32 | test_below(UINT32_MAX)) % VCH_FP_P;
}

static struct vch_field_kernels begin(void)
{
    for (size_t k = 0; k < 12; k++)
        for (size_t i = 0; i < N; i++)
            buffers[k][i] = pick();
    for (size_t j = 0; j < VARIABLES; j++)
        point[j] = (struct vch_ext){{pick(), pick()}};
    return vch_field_kernels_select(VCH_CPU_PORTABLE);
}

static struct vch_planes planes(size_t which)
{
    return (struct vch_planes){buffers[2 * which], buffers[2 * which + 1]};
}

static struct vch_const_planes in(size_t which)
{
    return vch_planes_const(planes(which));
}

// The multilinear polynomial with these values, at `point`.
static struct vch_ext evaluate(struct vch_const_planes values)
{
    struct vch_ext sum = vch_ext_from_base(0), corner[VARIABLES];

    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < VARIABLES; j++)
            corner[j] = vch_ext_from_base(i >> j & 1);
        sum = vch_ext_add(
            sum, vch_ext_mul(vch_planes_get(values, i), vch_ext_eq(corner, point, VARIABLES)));
    }
    return sum;
}

TEST(field_laws_ntt_evaluates_at_the_roots_of_unity)
{
    static uint64_t values[1 << LOG_MAX], before[1 << LOG_MAX], twiddles[3 << LOG_MAX >> 1];
    const struct vch_field_kernels k = begin();

    vch_ntt_twiddles(twiddles, LOG_MAX);
    for (unsigned log_n = 1; log_n <= LOG_MAX; log_n++) {
        const size_t n = (size_t)1 << log_n;
        for (size_t i = 0; i < n; i++)
            values[i] = before[i] = pick();
        k.ntt(values, log_n, twiddles);
        for (size_t i = 0; i < n; i++) {
            const uint64_t x = vch_fp_pow(vch_fp_root(log_n), i);
            uint64_t value = 0;
            for (size_t j = n; j-- > 0;)
                value = vch_fp_add(vch_fp_mul(value, x), before[j]);
            CHECK(values[i] == value);
        }
        k.intt(values, log_n, twiddles);
        CHECK(memcmp(values, before, n * sizeof *values) == 0);
    }
}

TEST(field_laws_ntt_of_eight_agrees_with_big_integers)
{
    static uint64_t values[] = {0xea90a8f0d66b829eu, 0xec148cb48e73ca47u, 0x19999e3fa46d6753u,
                                0xa11d459a2f978d87u, 0xb94067edfe175330u, 0x4be03db0dc2574bdu,
                                0xbe3edc0a1ef2a4f0u, 0xe5446dd4552b82f6u};
    static const uint64_t want[] = {0x3a000901873f318du, 0x458bb294d1a1d9c2u, 0x11767c6bfa2c3221u,
                                    0x98cbed458be976ceu, 0xbd530d53a8869291u, 0x2645da665a9cc36fu,
                                    0x867ab0bf281960f4u, 0xc0a389c9a928a9bau};
    uint64_t twiddles[12];

    vch_ntt_twiddles(twiddles, 3);
    begin().ntt(values, 3, twiddles);
    CHECK(memcmp(values, want, sizeof want) == 0);
}

TEST(field_laws_scale_powers_moves_to_a_coset)
{
    const struct vch_field_kernels k = begin();

    memcpy(buffers[1], buffers[0], sizeof buffers[0]);
    k.scale_powers(buffers[0], N, 5, 7);
    for (size_t i = 0; i < N; i++)
        CHECK(buffers[0][i] == vch_fp_mul(buffers[1][i], vch_fp_mul(5, vch_fp_pow(7, i))));
}

TEST(field_laws_eq_table_is_eq_at_every_corner)
{
    const struct vch_field_kernels k = begin();
    const struct vch_ext scale = {{3, 4}}, sum = evaluate(in(1));

    k.eq_table(planes(0), point, VARIABLES, vch_ext_from_base(1));
    CHECK(vch_ext_is_equal(k.dot(in(0), in(1), N), sum));
    k.eq_table(planes(0), point, VARIABLES, scale);
    CHECK(vch_ext_is_equal(k.dot(in(0), in(1), N), vch_ext_mul(scale, sum)));
    k.eq_table(planes(0), NULL, 0, scale);
    CHECK(vch_ext_is_equal(vch_planes_get(in(0), 0), scale));
}

TEST(field_laws_folding_every_variable_evaluates)
{
    const struct vch_field_kernels k = begin();
    struct vch_ext want = evaluate(in(0));

    for (size_t j = VARIABLES; j-- > 0;)
        k.fold(planes(0), (size_t)1 << j, (size_t)1 << j, point[j]);
    CHECK(vch_ext_is_equal(vch_planes_get(in(0), 0), want));

    memset(buffers[3], 0, sizeof buffers[3]); // a base array, beside the same in K
    want = evaluate(in(1));
    k.fold_base(planes(2), buffers[2], HALF, HALF, point[VARIABLES - 1]);
    for (size_t j = VARIABLES - 1; j-- > 0;)
        k.fold(planes(2), (size_t)1 << j, (size_t)1 << j, point[j]);
    CHECK(vch_ext_is_equal(vch_planes_get(in(2), 0), want));
}

static void check_ends(const struct vch_ext ends[2], const struct vch_ext sums[3])
{
    CHECK(vch_ext_is_equal(ends[0], sums[0]) && vch_ext_is_equal(ends[1], sums[2]));
}

// A round's polynomial, from its sums, at point[VARIABLES - 1]: what the folded arrays sum up to.
static struct vch_ext at_challenge(const struct vch_ext sums[3])
{
    const struct vch_ext r = point[VARIABLES - 1];
    const struct vch_ext slope = vch_ext_sub(vch_ext_sub(sums[1], sums[0]), sums[2]);

    return vch_ext_add(sums[0], vch_ext_mul(r, vch_ext_add(slope, vch_ext_mul(r, sums[2]))));
}

static void fold(const struct vch_field_kernels *k, size_t which)
{
    k->fold(planes(which), HALF, HALF, point[VARIABLES - 1]);
}

TEST(field_laws_a_product_round_tells_what_folding_leads_to)
{
    const struct vch_field_kernels k = begin();
    struct vch_ext sums[3], base_sums[3], ends[2];

    k.product_round(sums, in(0), in(1), HALF, HALF);
    CHECK(vch_ext_is_equal(vch_ext_add(sums[0], sums[1]), k.dot(in(0), in(1), N)));
    memset(buffers[5], 0, sizeof buffers[5]);
    k.product_round_base(base_sums, in(0), buffers[4], HALF, HALF);
    CHECK(vch_ext_is_equal(vch_ext_add(base_sums[0], base_sums[1]),
                           k.dot_base(in(0), buffers[4], N)));
    k.product_ends(ends, in(0), in(1), HALF, HALF);
    check_ends(ends, sums);
    k.product_ends_base(ends, in(0), buffers[4], HALF, HALF);
    check_ends(ends, base_sums);
    for (size_t which = 0; which < 3; which++)
        fold(&k, which);
    CHECK(vch_ext_is_equal(at_challenge(sums), k.dot(in(0), in(1), HALF)));
    CHECK(vch_ext_is_equal(at_challenge(base_sums), k.dot(in(0), in(2), HALF)));
}

static struct vch_ext sum_of_fractions(struct vch_ext lambda, size_t count)
{
    struct vch_ext sum = vch_ext_from_base(0);

    for (size_t i = 0; i < count; i++) {
        const struct vch_ext p0 = vch_planes_get(in(0), i), p1 = vch_planes_get(in(1), i);
        const struct vch_ext q0 = vch_planes_get(in(2), i), q1 = vch_planes_get(in(3), i);
        const struct vch_ext p = vch_ext_add(vch_ext_mul(p0, q1), vch_ext_mul(p1, q0));
        const struct vch_ext q = vch_ext_mul(lambda, vch_ext_mul(q0, q1));
        sum = vch_ext_add(sum, vch_ext_mul(vch_planes_get(in(4), i % HALF), vch_ext_add(p, q)));
    }
    return sum;
}

TEST(field_laws_a_fraction_round_tells_what_folding_leads_to)
{
    const struct vch_field_kernels k = begin();
    const struct vch_fraction_pairs pairs = {in(0), in(1), in(2), in(3)};
    const struct vch_ext lambda = {{pick(), pick()}};
    struct vch_ext sums[3], ends[2];

    k.fraction_round(sums, in(4), &pairs, HALF, HALF, lambda);
    k.fraction_ends(ends, in(4), &pairs, HALF, HALF, lambda);
    check_ends(ends, sums);
    CHECK(vch_ext_is_equal(vch_ext_add(sums[0], sums[1]), sum_of_fractions(lambda, N)));
    for (size_t which = 0; which < 4; which++)
        fold(&k, which);
    CHECK(vch_ext_is_equal(at_challenge(sums), sum_of_fractions(lambda, HALF)));
}

static struct vch_ext quotients(size_t count)
{
    struct vch_ext sum = vch_ext_from_base(0);

    for (size_t i = 0; i < count; i++)
        sum = vch_ext_add(
            sum, vch_ext_mul(vch_planes_get(in(0), i), vch_ext_inverse(vch_planes_get(in(1), i))));
    return sum;
}

TEST(field_laws_combining_fractions_adds_them)
{
    const struct vch_field_kernels k = begin();
    const struct vch_ext want = quotients(N);

    for (size_t half = HALF; half > 0; half /= 2)
        k.fraction_combine(planes(0), planes(1), in(0), in(1), half, half);
    CHECK(vch_ext_is_equal(quotients(1), want));
}

TEST(field_laws_combine_is_a_sum_of_scaled_rows)
{
    enum { ROWS = 5, COLUMNS = 9, STRIDE = 12 };
    const struct vch_field_kernels k = begin();
    int8_t bytes[ROWS * STRIDE];
    int16_t words[ROWS * STRIDE];
    struct vch_ext coefficients[ROWS];

    for (size_t i = 0; i < ROWS * STRIDE; i++) {
        bytes[i] = (int8_t)((int)test_below(256) - 128);
        words[i] = (int16_t)((int)test_below(65536) - 32768);
    }
    for (size_t o = 0; o < ROWS; o++)
        coefficients[o] = (struct vch_ext){{pick(), pick()}};
    k.combine_i8(planes(0), coefficients, bytes, STRIDE, ROWS, COLUMNS);
    k.combine_i16(planes(1), coefficients, words, STRIDE, ROWS, COLUMNS);
    memset(buffers[4], 0, sizeof buffers[4]);
    memset(buffers[5], 0, sizeof buffers[5]);
    for (size_t o = 0; o < ROWS; o++) {
        k.lift_i8(buffers[6], bytes + o * STRIDE, COLUMNS);
        k.axpy_base(planes(2), buffers[6], coefficients[o], COLUMNS);
    }
    CHECK(memcmp(buffers[0], buffers[4], COLUMNS * 8) == 0);
    CHECK(memcmp(buffers[1], buffers[5], COLUMNS * 8) == 0);
    for (size_t i = 0; i < COLUMNS; i++) {
        struct vch_ext want = vch_ext_from_base(0);
        for (size_t o = 0; o < ROWS; o++)
            want = vch_ext_add(
                want, vch_ext_mul_base(coefficients[o], vch_fp_from_i64(words[o * STRIDE + i])));
        CHECK(vch_ext_is_equal(vch_planes_get(in(1), i), want));
    }
}
