// The extension K = F_p[u] / (u^2 - 7), from which challenges are drawn: about 2^128 elements.
//
// c[0] + c[1] u, each canonical. 7 generates the multiplicative group, so that it is no square and
// K is a field.
#pragma once

#include "field/field.h"

struct vch_ext {
    uint64_t c[2];
};

static inline struct vch_ext vch_ext_from_base(uint64_t a)
{
    return (struct vch_ext){{a, 0}};
}

static inline bool vch_ext_is_canonical(struct vch_ext a)
{
    return vch_fp_is_canonical(a.c[0]) && vch_fp_is_canonical(a.c[1]);
}

static inline bool vch_ext_is_zero(struct vch_ext a)
{
    return (a.c[0] | a.c[1]) == 0;
}

static inline bool vch_ext_is_equal(struct vch_ext a, struct vch_ext b)
{
    return ((a.c[0] ^ b.c[0]) | (a.c[1] ^ b.c[1])) == 0;
}

static inline struct vch_ext vch_ext_add(struct vch_ext a, struct vch_ext b)
{
    return (struct vch_ext){{vch_fp_add(a.c[0], b.c[0]), vch_fp_add(a.c[1], b.c[1])}};
}

static inline struct vch_ext vch_ext_sub(struct vch_ext a, struct vch_ext b)
{
    return (struct vch_ext){{vch_fp_sub(a.c[0], b.c[0]), vch_fp_sub(a.c[1], b.c[1])}};
}

static inline struct vch_ext vch_ext_neg(struct vch_ext a)
{
    return (struct vch_ext){{vch_fp_neg(a.c[0]), vch_fp_neg(a.c[1])}};
}

static inline struct vch_ext vch_ext_mul_base(struct vch_ext a, uint64_t b)
{
    return (struct vch_ext){{vch_fp_mul(a.c[0], b), vch_fp_mul(a.c[1], b)}};
}

// 7 b1 is brought to 64 bits, that both halves are sums of two products.
static inline struct vch_ext vch_ext_mul(struct vch_ext a, struct vch_ext b)
{
    const uint64_t seven = vch_fp_reduce((vch_u128)7 * b.c[1]);

    return (struct vch_ext){{vch_fp_mul_add(a.c[0], b.c[0], a.c[1], seven),
                             vch_fp_mul_add(a.c[0], b.c[1], a.c[1], b.c[0])}};
}

static inline struct vch_ext vch_ext_square(struct vch_ext a)
{
    return vch_ext_mul(a, a);
}

// The exponent is public: time depends on it.
struct vch_ext vch_ext_pow(struct vch_ext a, uint64_t exponent);
// 1/a, and 0 for 0.
struct vch_ext vch_ext_inverse(struct vch_ext a);
// As vch_fp_invert_many.
void vch_ext_invert_many(struct vch_ext *values, size_t count, struct vch_ext *scratch);
// The multilinear extension of equality: the product over j < n of a_j b_j + (1 - a_j)(1 - b_j).
struct vch_ext vch_ext_eq(const struct vch_ext *a, const struct vch_ext *b, size_t n);
