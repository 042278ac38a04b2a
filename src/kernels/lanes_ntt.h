// Transforms, for both kinds of lanes. Private to this folder.
//
// Bits reversed and then transforms that double, as in ntt_portable.c. The first pass takes squares
// of LANES vectors whose indices differ in the upper LOG_LANES bits. Reversing moves these to the
// bottom: so it transforms across the vectors, where roots are powers of two and nothing lies
// crosswise, turns the square around, and exchanges it with the one at the reversed middle bits.
// Whoever includes this has defined
//
//     static void transform_few(vec x[LANES])
//         a transform across vectors: canonical in, loose out
//     static void turn_square(vec x[LANES])
//         rows become columns
//     static const uint8_t reversed_few[LANES]
//         indices with their bits reversed
#pragma once

#include <stdbool.h>

#include "base/check.h"
#include "kernels/lanes_factor.h"

enum { LOG_MIN = 2 * LOG_LANES, LOG_NEAR = 12 }; // squares; what the nearest cache holds

static inline void load_square(vec x[LANES], const uint64_t *from, size_t stride)
{
    for (size_t i = 0; i < LANES; i++)
        x[i] = vec_load(from + i * stride);
    transform_few(x);
    turn_square(x);
}

static inline void store_square(uint64_t *to, size_t stride, const vec x[LANES])
{
    for (size_t i = 0; i < LANES; i++)
        vec_store(to + reversed_few[i] * stride, x[i]);
}

static void reverse_and_transform_few(uint64_t *values, unsigned log_n)
{
    const size_t stride = (size_t)1 << (log_n - LOG_LANES), squares = stride / LANES;

    for (size_t i = 0, reversed = 0; i < squares; i++) {
        vec x[LANES], y[LANES];
        if (i <= reversed) {
            load_square(x, values + LANES * i, stride);
            if (i < reversed) {
                load_square(y, values + LANES * reversed, stride);
                store_square(values + LANES * i, stride, y);
            }
            store_square(values + LANES * reversed, stride, x);
        }
        size_t bit = squares / 2; // adds one from the top
        for (; bit != 0 && (reversed & bit) != 0; bit /= 2)
            reversed ^= bit;
        reversed ^= bit;
    }
}

// Loose in, loose out, m a multiple of LANES.
static void double_once(uint64_t *x, size_t n, size_t m, const uint64_t *powers)
{
    for (size_t i = 0; i < n; i += 2 * m)
        for (size_t j = i; j < i + m; j += LANES) {
            const vec a = vec_load(x + j);
            const vec b = mul(vec_load(x + m + j), vec_load(powers + (j - i)));
            vec_store(x + j, add_loose(a, b));
            vec_store(x + m + j, sub(a, b));
        }
}

// As `quarters` in ntt_portable.c. Loose in, and out unless this is the last pass.
static inline __attribute__((always_inline)) void
quadruple(uint64_t *x, size_t m, const uint64_t *powers, const bool is_last)
{
    for (size_t j = 0; j < m; j += LANES) {
        const vec a = vec_load(x + j);
        const vec b = mul_loose(vec_load(x + 2 * m + j), vec_load(powers + j));
        const vec c = mul(vec_load(x + m + j), vec_load(powers + m + j));
        const vec d = mul(vec_load(x + 3 * m + j), vec_load(powers + 2 * m + j));
        const vec a_and_c = add_loose(a, c), a_less_c = sub(a, c), b_and_d = add(b, d);
        const vec turned = shift(sub(b, d), 48);
        const vec out[4] = {add_loose(a_and_c, b_and_d), add_loose(a_less_c, turned),
                            sub(a_and_c, b_and_d), sub(a_less_c, turned)};
        for (size_t k = 0; k < 4; k++)
            vec_store(x + k * m + j, is_last ? canonical(out[k]) : out[k]);
    }
}

static inline void quadruple_one(uint64_t *x, size_t m, const uint64_t *twiddles, bool is_last)
{
    if (is_last)
        quadruple(x, m, twiddles + 3 * m, true);
    else
        quadruple(x, m, twiddles + 3 * m, false);
}

// A transform of what is near, pass after pass.
static void transform_near(uint64_t *x, unsigned log_n, const uint64_t *twiddles, bool is_whole)
{
    const size_t n = (size_t)1 << log_n;
    size_t m = LANES;

    if ((log_n - LOG_LANES) % 2 != 0) {
        double_once(x, n, m, twiddles + 4 * m); // the second powers there: of order 2m
        m *= 2;
    }
    for (; m < n / 4; m *= 4)
        for (size_t i = 0; i < n; i += 4 * m)
            quadruple_one(x + i, m, twiddles, false);
    quadruple_one(x, m, twiddles, is_whole);
}

// Four of one size become one as soon as the fourth is done.
void VARIANT(ntt)(uint64_t *values, unsigned log_n, const uint64_t *twiddles)
{
    const size_t n = (size_t)1 << log_n;
    unsigned log_near = log_n;

    if (log_n < LOG_MIN) {
        vch_ntt_portable(values, log_n, twiddles);
        return;
    }
    VCH_ASSERT(log_n <= VCH_NTT_LOG_MAX);
    reverse_and_transform_few(values, log_n);
    while (log_near > LOG_NEAR)
        log_near -= 2;
    for (size_t near = (size_t)1 << log_near, end = near; end <= n; end += near) {
        transform_near(values + end - near, log_near, twiddles, near == n);
        for (size_t m = near; 4 * m <= n && end % (4 * m) == 0; m *= 4)
            quadruple_one(values + end - 4 * m, m, twiddles, 4 * m == n);
    }
}

static void exchange(uint64_t *a, uint64_t *b, uint64_t factor)
{
    const uint64_t value = *a;

    *a = vch_fp_mul(*b, factor);
    *b = vch_fp_mul(value, factor);
}

// As in ntt_portable.c: the values are n times too large, and read backwards.
void VARIANT(intt)(uint64_t *values, unsigned log_n, const uint64_t *twiddles)
{
    const size_t n = (size_t)1 << log_n;
    const uint64_t share = vch_fp_inverse(n);
    const struct base_factor shares = base_factor_of(share);
    size_t i = 1;

    VARIANT(ntt)(values, log_n, twiddles);
    values[0] = vch_fp_mul(values[0], share);
    for (; i + LANES <= n / 2; i += LANES) {
        uint64_t *low = values + i, *high = values + n - i - (LANES - 1);
        const struct digits a = cut(vec_load(low)), b = cut(vec_load(high));
        const vec to_high = canonical(times_base(&a, &shares));
        const vec to_low = canonical(times_base(&b, &shares));
        vec_store(low, backwards(to_low));
        vec_store(high, backwards(to_high));
    }
    for (; i < n / 2; i++)
        exchange(&values[i], &values[n - i], share);
    values[n / 2] = vch_fp_mul(values[n / 2], share);
}
