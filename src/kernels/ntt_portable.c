#include "base/check.h"
#include "kernels/field_variants.h"

void vch_ntt_twiddles(uint64_t *out, unsigned log_n)
{
    VCH_ASSERT(log_n <= VCH_NTT_LOG_MAX);
    for (size_t i = 0; i < 3; i++)
        out[i] = 1; // read by nobody
    for (unsigned log_m = 0; log_m + 2 <= log_n; log_m++) {
        const size_t m = (size_t)1 << log_m;
        const uint64_t root = vch_fp_root(log_m + 2);
        uint64_t *powers = out + 3 * m, power = 1;
        for (size_t j = 0; j < m; j++, power = vch_fp_mul(power, root)) {
            powers[j] = power;
            powers[m + j] = vch_fp_square(power);
            powers[2 * m + j] = vch_fp_mul(powers[m + j], power);
        }
    }
}

// Value i changes places with the one whose index has i's bits the other way round.
static void reverse_bits(uint64_t *values, size_t n)
{
    for (size_t i = 0, reversed = 0; i < n; i++) {
        if (i < reversed) {
            const uint64_t value = values[i];
            values[i] = values[reversed];
            values[reversed] = value;
        }
        size_t bit = n / 2; // adds one from the top
        for (; bit != 0 && (reversed & bit) != 0; bit /= 2)
            reversed ^= bit;
        reversed ^= bit;
    }
}

static void pairs(uint64_t *values, size_t n)
{
    for (size_t i = 0; i < n; i += 2) {
        const uint64_t a = values[i], b = values[i + 1];
        values[i] = vch_fp_add(a, b);
        values[i + 1] = vch_fp_sub(a, b);
    }
}

// Four transforms of m values become one of 4m. Bits being reversed, those of the second and third
// lie the other way round.
static void quarters(uint64_t *x, size_t m, const uint64_t *powers, uint64_t quarter_turn)
{
    for (size_t j = 0; j < m; j++) {
        const uint64_t a = x[j], b = vch_fp_mul(x[2 * m + j], powers[j]);
        const uint64_t c = vch_fp_mul(x[m + j], powers[m + j]);
        const uint64_t d = vch_fp_mul(x[3 * m + j], powers[2 * m + j]);
        const uint64_t a_and_c = vch_fp_add(a, c), a_less_c = vch_fp_sub(a, c);
        const uint64_t b_and_d = vch_fp_add(b, d);
        const uint64_t turned = vch_fp_mul(vch_fp_sub(b, d), quarter_turn);
        x[j] = vch_fp_add(a_and_c, b_and_d);
        x[m + j] = vch_fp_add(a_less_c, turned);
        x[2 * m + j] = vch_fp_sub(a_and_c, b_and_d);
        x[3 * m + j] = vch_fp_sub(a_less_c, turned);
    }
}

void vch_ntt_portable(uint64_t *values, unsigned log_n, const uint64_t *twiddles)
{
    const size_t n = (size_t)1 << log_n;
    const uint64_t quarter_turn = vch_fp_root(2);

    VCH_ASSERT(log_n >= 1 && log_n <= VCH_NTT_LOG_MAX);
    reverse_bits(values, n);
    if (log_n % 2 != 0) pairs(values, n);
    for (size_t m = log_n % 2 != 0 ? 2 : 1; m < n; m *= 4)
        for (size_t i = 0; i < n; i += 4 * m)
            quarters(values + i, m, twiddles + 3 * m, quarter_turn);
}

// The transform of what was transformed is n times the values, read backwards.
void vch_intt_portable(uint64_t *values, unsigned log_n, const uint64_t *twiddles)
{
    const size_t n = (size_t)1 << log_n;
    const uint64_t share = vch_fp_inverse(n);

    vch_ntt_portable(values, log_n, twiddles);
    values[0] = vch_fp_mul(values[0], share);
    values[n / 2] = vch_fp_mul(values[n / 2], share);
    for (size_t i = 1; i < n / 2; i++) {
        const uint64_t value = values[i];
        values[i] = vch_fp_mul(values[n - i], share);
        values[n - i] = vch_fp_mul(value, share);
    }
}
