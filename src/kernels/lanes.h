// Arithmetic on several elements of F, or of K in two planes, side by side. Private to this folder.
//
// Whoever includes this has included lanes_avx512vnni.h or lanes_avx2.h, which say what a vector of
// an instruction set is. A *loose* element is any 64 bits, modulo p; a canonical one is loose too.
// Only what is added or subtracted second has to be canonical, so that one correction by 2^64 mod p
// always suffices.
#pragma once

#include "kernels/field_variants.h"

struct lanes { // of K
    vec c0, c1;
};

static inline vec add(vec a, vec b)
{
    return canonical(add_loose(a, b));
}

// low + 2^64 high, as vch_fp_reduce does it.
static inline vec reduce(vec low, vec high)
{
    const vec rest = sub(low, vec_right(high, 32));
    return add_loose(rest, vec_mul(high, all(VCH_FP_EPSILON)));
}

// Loose in and out. No sum of partial products passes 64 bits.
static inline vec mul_loose(vec a, vec b)
{
    const vec half = all(0xffffffff), a_high = upper(a), b_high = upper(b);
    const vec low = vec_mul(a, b);
    const vec middle = vec_add(vec_mul(a_high, b), vec_right(low, 32));
    const vec other = vec_add(vec_mul(a, b_high), vec_and(middle, half));
    const vec high = vec_add(vec_mul(a_high, b_high), vec_right(middle, 32));

    return reduce(halves(low, other), vec_add(high, vec_right(other, 32)));
}

static inline vec mul(vec a, vec b)
{
    return canonical(mul_loose(a, b));
}

// a * 2^bits, 0 < bits < 64; canonical.
static inline vec shift(vec a, unsigned bits)
{
    return canonical(reduce(vec_left(a, bits), vec_right(a, 64 - bits)));
}

static inline struct lanes load_lanes(struct vch_const_planes a, size_t at, lane_mask mask)
{
    return (struct lanes){load(a.c0 + at, mask), load(a.c1 + at, mask)};
}

static inline void store_lanes(struct vch_planes out, size_t at, lane_mask mask, struct lanes a)
{
    store(out.c0 + at, mask, a.c0);
    store(out.c1 + at, mask, a.c1);
}

static inline struct lanes canonical_lanes(struct lanes a)
{
    return (struct lanes){canonical(a.c0), canonical(a.c1)};
}

// As add: a loose, b canonical.
static inline struct lanes add_lanes(struct lanes a, struct lanes b)
{
    return (struct lanes){add(a.c0, b.c0), add(a.c1, b.c1)};
}

static inline struct lanes sub_lanes(struct lanes a, struct lanes b)
{
    return (struct lanes){sub(a.c0, b.c0), sub(a.c1, b.c1)};
}

static inline struct lanes difference(struct vch_const_planes a, size_t half, size_t i,
                                      lane_mask mask)
{
    return sub_lanes(load_lanes(a, half + i, mask), load_lanes(a, i, mask));
}

// a + 7b, both canonical; loose. 8b = (b << 3) + (b >> 61) 2^64, and a - b makes it 7b.
static inline vec add_seven(vec a, vec b)
{
    const vec top = vec_mul(vec_right(b, 61), all(VCH_FP_EPSILON));
    const vec eight = add_loose(vec_left(b, 3), top);
    return add_loose(eight, sub(a, b));
}

// Three products in place of four: a0 b1 + a1 b0 = (a0 + a1)(b0 + b1) - a0 b0 - a1 b1.
static inline struct lanes mul_lanes(struct lanes a, struct lanes b)
{
    const vec low = mul(a.c0, b.c0), high = mul(a.c1, b.c1);
    const vec both = mul_loose(add_loose(a.c0, a.c1), add_loose(b.c0, b.c1));

    return (struct lanes){canonical(add_seven(low, high)), canonical(sub(sub(both, low), high))};
}
