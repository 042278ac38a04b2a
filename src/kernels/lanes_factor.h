// Products of many elements with the same one, which is prepared for it. Private to this folder.
//
// a c = sum over i < 3 of a_i (2^(22 i) c mod p), a_i digits of 22 bits: with the halves of what is
// in parentheses the products have 54 bits, so that six of them add up without a carry, and little
// is left to reduce.
#pragma once

#include "kernels/lanes.h"

struct digits {
    vec at[3];
};

struct base_factor {
    vec low[3], high[3]; // halves; vec_mul does not look above them
};

struct factor {
    struct base_factor c0, c1, seven_c1;
};

struct columns { // low + 2^32 high
    vec low, high;
};

static inline struct base_factor base_factor_of(uint64_t c)
{
    struct base_factor factor;

    for (size_t i = 0; i < 3; i++, c = vch_fp_mul(c, 1 << 22)) {
        factor.low[i] = all(c & 0xffffffff);
        factor.high[i] = all(c >> 32);
    }
    return factor;
}

static inline struct factor factor_of(struct vch_ext c)
{
    return (struct factor){base_factor_of(c.c[0]), base_factor_of(c.c[1]),
                           base_factor_of(vch_fp_mul(7, c.c[1]))};
}

static inline struct digits cut(vec a)
{
    const vec digit = all((1 << 22) - 1);

    return (struct digits){{vec_and(a, digit), vec_and(vec_right(a, 22), digit), vec_right(a, 44)}};
}

static inline struct columns columns_of(const struct digits *a, const struct base_factor *c)
{
    struct columns sums = {vec_mul(a->at[0], c->low[0]), vec_mul(a->at[0], c->high[0])};

    for (size_t i = 1; i < 3; i++) {
        sums.low = vec_add(sums.low, vec_mul(a->at[i], c->low[i]));
        sums.high = vec_add(sums.high, vec_mul(a->at[i], c->high[i]));
    }
    return sums;
}

static inline struct columns add_columns(struct columns a, struct columns b)
{
    return (struct columns){vec_add(a.low, b.low), vec_add(a.high, b.high)};
}

// Both columns below 2^57; loose.
static inline vec join(struct columns a)
{
    const vec top = vec_mul(vec_right(a.high, 32), all(VCH_FP_EPSILON));
    return add_loose(vec_left(a.high, 32), vec_add(a.low, top));
}

// a loose; loose.
static inline vec times_base(const struct digits *a, const struct base_factor *c)
{
    return join(columns_of(a, c));
}

static inline struct lanes times(struct lanes a, const struct factor *c)
{
    const struct digits a0 = cut(a.c0), a1 = cut(a.c1);

    return (struct lanes){join(add_columns(columns_of(&a0, &c->c0), columns_of(&a1, &c->seven_c1))),
                          join(add_columns(columns_of(&a0, &c->c1), columns_of(&a1, &c->c0)))};
}
