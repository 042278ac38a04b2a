#include <stdbool.h>

#include "base/check.h"
#include "kernels/factor_avx512vnni.h"
#include "kernels/field_variants.h"

// Bits reversed and then transforms that double, as in ntt_portable.c. The first pass takes squares
// of eight vectors whose indices differ in the upper three bits. Reversing moves these to the
// bottom: so it transforms across the eight vectors, where roots are powers of two and nothing lies
// crosswise, turns the square around, and exchanges it with the one at the reversed middle bits.
enum { LOG_MIN = 6, LOG_NEAR = 12 }; // squares need two times three bits; what the L1 cache holds

// x[k] = sum over j of x[j] w^(jk), w = vch_fp_root(3) = -2^24. Canonical in, loose out.
static inline void transform_eight(__m512i x[8])
{
    __m512i y[8];

    for (size_t j = 0; j < 4; j++) {
        y[j] = add(x[j], x[j + 4]);
        y[j + 4] = sub(x[j], x[j + 4]);
    }
    const __m512i turned = shift(y[6], 48), turned_odd = shift(y[7], 48);
    const __m512i even[4] = {add_loose(y[0], y[2]), add_loose(y[4], turned), sub(y[0], y[2]),
                             sub(y[4], turned)};
    const __m512i odd[4] = {add(y[1], y[3]), shift(add_loose(y[5], turned_odd), 24),
                            shift(sub(y[1], y[3]), 48),
                            shift(shift(sub(y[5], turned_odd), 48), 24)};
    x[0] = add_loose(even[0], odd[0]);
    x[1] = sub(even[1], odd[1]);
    x[2] = add_loose(even[2], odd[2]);
    x[3] = sub(even[3], odd[3]);
    x[4] = sub(even[0], odd[0]);
    x[5] = add_loose(even[1], odd[1]);
    x[6] = sub(even[2], odd[2]);
    x[7] = add_loose(even[3], odd[3]);
}

// Rows become columns.
static inline void turn(__m512i x[8])
{
    __m512i pairs[8], quads[8];

    for (size_t i = 0; i < 8; i += 2) {
        pairs[i] = _mm512_unpacklo_epi64(x[i], x[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_epi64(x[i], x[i + 1]);
    }
    for (size_t i = 0; i < 8; i += 4)
        for (size_t k = 0; k < 2; k++) { // lanes 0 and 2, lanes 1 and 3, of 128 bits
            quads[i + k] = _mm512_shuffle_i64x2(pairs[i + k], pairs[i + k + 2], 0x88);
            quads[i + k + 2] = _mm512_shuffle_i64x2(pairs[i + k], pairs[i + k + 2], 0xdd);
        }
    for (size_t k = 0; k < 4; k++) {
        x[k] = _mm512_shuffle_i64x2(quads[k], quads[k + 4], 0x88);
        x[k + 4] = _mm512_shuffle_i64x2(quads[k], quads[k + 4], 0xdd);
    }
}

static inline void load_square(__m512i x[8], const uint64_t *from, size_t stride)
{
    for (size_t i = 0; i < 8; i++)
        x[i] = _mm512_loadu_si512(from + i * stride);
    transform_eight(x);
    turn(x);
}

static inline void store_square(uint64_t *to, size_t stride, const __m512i x[8])
{
    static const uint8_t reversed[8] = {0, 4, 2, 6, 1, 5, 3, 7};

    for (size_t i = 0; i < 8; i++)
        _mm512_storeu_si512(to + reversed[i] * stride, x[i]);
}

static void reverse_and_transform_eights(uint64_t *values, unsigned log_n)
{
    const size_t stride = (size_t)1 << (log_n - 3), squares = stride / 8;

    for (size_t i = 0, reversed = 0; i < squares; i++) {
        __m512i x[8], y[8];
        if (i <= reversed) {
            load_square(x, values + 8 * i, stride);
            if (i < reversed) {
                load_square(y, values + 8 * reversed, stride);
                store_square(values + 8 * i, stride, y);
            }
            store_square(values + 8 * reversed, stride, x);
        }
        size_t bit = squares / 2; // adds one from the top
        for (; bit != 0 && (reversed & bit) != 0; bit /= 2)
            reversed ^= bit;
        reversed ^= bit;
    }
}

// Loose in, loose out, m a multiple of 8.
static void double_once(uint64_t *x, size_t n, size_t m, const uint64_t *powers)
{
    for (size_t i = 0; i < n; i += 2 * m)
        for (size_t j = i; j < i + m; j += LANES) {
            const __m512i a = _mm512_loadu_si512(x + j);
            const __m512i b =
                mul(_mm512_loadu_si512(x + m + j), _mm512_loadu_si512(powers + (j - i)));
            _mm512_storeu_si512(x + j, add_loose(a, b));
            _mm512_storeu_si512(x + m + j, sub(a, b));
        }
}

// As `quarters` in ntt_portable.c. Loose in, and out unless this is the last pass.
static inline __attribute__((always_inline)) void
quadruple(uint64_t *x, size_t m, const uint64_t *powers, const bool is_last)
{
    for (size_t j = 0; j < m; j += LANES) {
        const __m512i a = _mm512_loadu_si512(x + j);
        const __m512i b =
            mul_loose(_mm512_loadu_si512(x + 2 * m + j), _mm512_loadu_si512(powers + j));
        const __m512i c = mul(_mm512_loadu_si512(x + m + j), _mm512_loadu_si512(powers + m + j));
        const __m512i d =
            mul(_mm512_loadu_si512(x + 3 * m + j), _mm512_loadu_si512(powers + 2 * m + j));
        const __m512i a_and_c = add_loose(a, c), a_less_c = sub(a, c), b_and_d = add(b, d);
        const __m512i turned = shift(sub(b, d), 48);
        const __m512i out[4] = {add_loose(a_and_c, b_and_d), add_loose(a_less_c, turned),
                                sub(a_and_c, b_and_d), sub(a_less_c, turned)};
        for (size_t k = 0; k < 4; k++)
            _mm512_storeu_si512(x + k * m + j, is_last ? canonical(out[k]) : out[k]);
    }
}

static inline void quadruple_one(uint64_t *x, size_t m, const uint64_t *twiddles, bool is_last)
{
    if (is_last)
        quadruple(x, m, twiddles + 3 * m, true);
    else
        quadruple(x, m, twiddles + 3 * m, false);
}

// Pass after pass where the values are near, and quarter by quarter where they are not.
static void transform(uint64_t *x, unsigned log_n, const uint64_t *twiddles, bool is_whole)
{
    const size_t n = (size_t)1 << log_n;
    size_t m = LANES;

    if (log_n > LOG_NEAR) {
        for (size_t i = 0; i < n; i += n / 4)
            transform(x + i, log_n - 2, twiddles, false);
        m = n / 4;
    } else if (log_n % 2 == 0) {
        double_once(x, n, m, twiddles + 4 * m); // the second powers there: of order 2m
        m *= 2;
    }
    for (; m < n / 4; m *= 4)
        for (size_t i = 0; i < n; i += 4 * m)
            quadruple_one(x + i, m, twiddles, false);
    quadruple_one(x, m, twiddles, is_whole);
}

void vch_ntt_avx512vnni(uint64_t *values, unsigned log_n, const uint64_t *twiddles)
{
    if (log_n < LOG_MIN) {
        vch_ntt_portable(values, log_n, twiddles);
        return;
    }
    VCH_ASSERT(log_n <= VCH_NTT_LOG_MAX);
    reverse_and_transform_eights(values, log_n);
    transform(values, log_n, twiddles, true);
}

static void exchange(uint64_t *a, uint64_t *b, uint64_t factor)
{
    const uint64_t value = *a;

    *a = vch_fp_mul(*b, factor);
    *b = vch_fp_mul(value, factor);
}

// As in ntt_portable.c: the values are n times too large, and read backwards.
void vch_intt_avx512vnni(uint64_t *values, unsigned log_n, const uint64_t *twiddles)
{
    const size_t n = (size_t)1 << log_n;
    const uint64_t share = vch_fp_inverse(n);
    const struct base_factor shares = base_factor_of(share);
    const __m512i backwards = _mm512_set_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    size_t i = 1;

    vch_ntt_avx512vnni(values, log_n, twiddles);
    values[0] = vch_fp_mul(values[0], share);
    for (; i + LANES <= n / 2; i += LANES) {
        uint64_t *low = values + i, *high = values + n - i - (LANES - 1);
        const struct digits a = cut(_mm512_loadu_si512(low)), b = cut(_mm512_loadu_si512(high));
        const __m512i to_high = canonical(times_base(&a, &shares));
        const __m512i to_low = canonical(times_base(&b, &shares));
        _mm512_storeu_si512(low, _mm512_permutexvar_epi64(backwards, to_low));
        _mm512_storeu_si512(high, _mm512_permutexvar_epi64(backwards, to_high));
    }
    for (; i < n / 2; i++)
        exchange(&values[i], &values[n - i], share);
    values[n / 2] = vch_fp_mul(values[n / 2], share);
}
