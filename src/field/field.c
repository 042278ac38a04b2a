#include "field/field.h"

#include "base/check.h"

uint64_t vch_fp_pow(uint64_t a, uint64_t exponent)
{
    uint64_t result = 1;

    for (; exponent != 0; exponent >>= 1, a = vch_fp_square(a))
        if (exponent & 1) result = vch_fp_mul(result, a);
    return result;
}

// a^(2^squarings) * b
static uint64_t shift(uint64_t a, unsigned squarings, uint64_t b)
{
    for (unsigned i = 0; i < squarings; i++)
        a = vch_fp_square(a);
    return vch_fp_mul(a, b);
}

// a^(p - 2), where p - 2 in binary is 31 ones, a zero and 32 ones.
uint64_t vch_fp_inverse(uint64_t a)
{
    const uint64_t ones_2 = shift(a, 1, a), ones_3 = shift(ones_2, 1, a);
    const uint64_t ones_6 = shift(ones_3, 3, ones_3), ones_12 = shift(ones_6, 6, ones_6);
    const uint64_t ones_24 = shift(ones_12, 12, ones_12), ones_30 = shift(ones_24, 6, ones_6);
    const uint64_t ones_31 = shift(ones_30, 1, a), ones_32 = shift(ones_31, 1, a);

    return shift(ones_31, 33, ones_32);
}

// A zero takes part as a 1, so that it spoils no product, and is put back.
void vch_fp_invert_many(uint64_t *values, size_t count, uint64_t *scratch)
{
    uint64_t product = 1;

    for (size_t i = 0; i < count; i++) {
        scratch[i] = product;
        product = vch_fp_mul(product, values[i] + (values[i] == 0));
    }
    product = vch_fp_inverse(product);
    for (size_t i = count; i-- > 0;) {
        const uint64_t is_zero = values[i] == 0, value = values[i] + is_zero;
        values[i] = vch_fp_mul(product, scratch[i]) & (is_zero - 1);
        product = vch_fp_mul(product, value);
    }
}

uint64_t vch_fp_root(unsigned log_n)
{
    VCH_ASSERT(log_n <= VCH_FP_ROOT_LOG_MAX);
    uint64_t root =
        vch_fp_pow(VCH_FP_GENERATOR, VCH_FP_EPSILON); // order 2^32: p - 1 = epsilon 2^32

    for (unsigned i = log_n; i < VCH_FP_ROOT_LOG_MAX; i++)
        root = vch_fp_square(root);
    return root;
}
