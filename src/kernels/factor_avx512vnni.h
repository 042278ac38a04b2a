// Products of many elements with the same one, which is prepared for it. Private to this folder.
//
// a c = sum over i < 3 of a_i (2^(22 i) c mod p), a_i digits of 22 bits: with the halves of what is
// in parentheses the products have 54 bits, so that six of them add up without a carry, and little
// is left to reduce.
#pragma once

#include "kernels/field_avx512vnni.h"

struct digits {
    __m512i at[3];
};

struct base_factor {
    __m512i low[3], high[3]; // halves; _mm512_mul_epu32 does not look above them
};

struct factor {
    struct base_factor c0, c1, seven_c1;
};

struct columns { // low + 2^32 high
    __m512i low, high;
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

static inline struct digits cut(__m512i a)
{
    const __m512i digit = all((1 << 22) - 1);

    return (struct digits){{_mm512_and_si512(a, digit),
                            _mm512_and_si512(_mm512_srli_epi64(a, 22), digit),
                            _mm512_srli_epi64(a, 44)}};
}

static inline struct columns columns_of(const struct digits *a, const struct base_factor *c)
{
    struct columns sums = {_mm512_mul_epu32(a->at[0], c->low[0]),
                           _mm512_mul_epu32(a->at[0], c->high[0])};

    for (size_t i = 1; i < 3; i++) {
        sums.low = _mm512_add_epi64(sums.low, _mm512_mul_epu32(a->at[i], c->low[i]));
        sums.high = _mm512_add_epi64(sums.high, _mm512_mul_epu32(a->at[i], c->high[i]));
    }
    return sums;
}

static inline struct columns add_columns(struct columns a, struct columns b)
{
    return (struct columns){_mm512_add_epi64(a.low, b.low), _mm512_add_epi64(a.high, b.high)};
}

// Both columns below 2^57; loose.
static inline __m512i join(struct columns a)
{
    const __m512i top = _mm512_mul_epu32(_mm512_srli_epi64(a.high, 32), all(VCH_FP_EPSILON));
    return add_loose(_mm512_slli_epi64(a.high, 32), _mm512_add_epi64(a.low, top));
}

// a loose; loose.
static inline __m512i times_base(const struct digits *a, const struct base_factor *c)
{
    return join(columns_of(a, c));
}

static inline struct lanes times(struct lanes a, const struct factor *c)
{
    const struct digits a0 = cut(a.c0), a1 = cut(a.c1);

    return (struct lanes){join(add_columns(columns_of(&a0, &c->c0), columns_of(&a1, &c->seven_c1))),
                          join(add_columns(columns_of(&a0, &c->c1), columns_of(&a1, &c->c0)))};
}
