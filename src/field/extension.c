#include "field/extension.h"

struct vch_ext vch_ext_pow(struct vch_ext a, uint64_t exponent)
{
    struct vch_ext result = vch_ext_from_base(1);

    for (; exponent != 0; exponent >>= 1, a = vch_ext_square(a))
        if (exponent & 1) result = vch_ext_mul(result, a);
    return result;
}

// The conjugate over the norm, c0^2 - 7 c1^2, which is in the base field.
struct vch_ext vch_ext_inverse(struct vch_ext a)
{
    const uint64_t seven = vch_fp_mul(7, vch_fp_square(a.c[1]));
    const uint64_t norm = vch_fp_sub(vch_fp_square(a.c[0]), seven);
    const struct vch_ext conjugate = {{a.c[0], vch_fp_neg(a.c[1])}};

    return vch_ext_mul_base(conjugate, vch_fp_inverse(norm));
}

// 1 for 0, so that a zero spoils no product.
static struct vch_ext nonzero(struct vch_ext a)
{
    return (struct vch_ext){{a.c[0] + vch_ext_is_zero(a), a.c[1]}};
}

void vch_ext_invert_many(struct vch_ext *values, size_t count, struct vch_ext *scratch)
{
    struct vch_ext product = vch_ext_from_base(1);

    for (size_t i = 0; i < count; i++) {
        scratch[i] = product;
        product = vch_ext_mul(product, nonzero(values[i]));
    }
    product = vch_ext_inverse(product);
    for (size_t i = count; i-- > 0;) {
        const struct vch_ext value = nonzero(values[i]);
        const uint64_t kept = !vch_ext_is_zero(values[i]);
        values[i] = vch_ext_mul_base(vch_ext_mul(product, scratch[i]), kept);
        product = vch_ext_mul(product, value);
    }
}

struct vch_ext vch_ext_eq(const struct vch_ext *a, const struct vch_ext *b, size_t n)
{
    const struct vch_ext one = vch_ext_from_base(1);
    struct vch_ext product = one;

    // ab + (1 - a)(1 - b) = 1 - a - b + 2ab
    for (size_t j = 0; j < n; j++) {
        const struct vch_ext both = vch_ext_mul(a[j], b[j]);
        const struct vch_ext none = vch_ext_sub(vch_ext_sub(one, a[j]), b[j]);
        product = vch_ext_mul(product, vch_ext_add(none, vch_ext_add(both, both)));
    }
    return product;
}
