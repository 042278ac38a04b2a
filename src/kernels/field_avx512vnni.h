// Eight elements of F, or of K in two planes, in AVX-512's registers. Private to this folder.
//
// A *loose* element is any 64 bits, modulo p; a canonical one is loose too. Only what is added or
// subtracted second has to be canonical, so that one correction by 2^64 mod p always suffices.
#pragma once

#include <immintrin.h>

#include "kernels/field_kernels.h"

enum { LANES = 8 };

struct lanes { // of K
    __m512i c0, c1;
};

static inline __m512i all(uint64_t value)
{
    return _mm512_set1_epi64((long long)value);
}

static inline __mmask8 first_lanes(size_t count)
{
    return (__mmask8)(count >= LANES ? 0xff : (1u << count) - 1);
}

static inline __m512i load(const uint64_t *a, __mmask8 mask)
{
    return _mm512_maskz_loadu_epi64(mask, a);
}

static inline void store(uint64_t *out, __mmask8 mask, __m512i a)
{
    _mm512_mask_storeu_epi64(out, mask, a);
}

// Less p where that does not wrap around.
static inline __m512i canonical(__m512i a)
{
    return _mm512_min_epu64(a, _mm512_sub_epi64(a, all(VCH_FP_P)));
}

// a loose, b canonical; loose.
static inline __m512i add_loose(__m512i a, __m512i b)
{
    const __m512i sum = _mm512_add_epi64(a, b);
    return _mm512_mask_add_epi64(sum, _mm512_cmplt_epu64_mask(sum, b), sum, all(VCH_FP_EPSILON));
}

// a loose, b canonical; loose, and canonical if a is.
static inline __m512i sub(__m512i a, __m512i b)
{
    const __m512i rest = _mm512_sub_epi64(a, b);
    return _mm512_mask_sub_epi64(rest, _mm512_cmplt_epu64_mask(a, b), rest, all(VCH_FP_EPSILON));
}

static inline __m512i add(__m512i a, __m512i b)
{
    return canonical(add_loose(a, b));
}

// What _mm512_mul_epu32 does not look at: the upper halves, moved down.
static inline __m512i upper(__m512i a)
{
    return _mm512_castps_si512(_mm512_movehdup_ps(_mm512_castsi512_ps(a)));
}

// low + 2^64 high, as vch_fp_reduce does it.
static inline __m512i reduce(__m512i low, __m512i high)
{
    const __m512i rest = sub(low, _mm512_srli_epi64(high, 32));
    return add_loose(rest, _mm512_mul_epu32(high, all(VCH_FP_EPSILON)));
}

// Loose in and out. No sum of partial products passes 64 bits.
static inline __m512i mul_loose(__m512i a, __m512i b)
{
    const __m512i half = all(0xffffffff), a_high = upper(a), b_high = upper(b);
    const __m512i low = _mm512_mul_epu32(a, b);
    const __m512i middle =
        _mm512_add_epi64(_mm512_mul_epu32(a_high, b), _mm512_srli_epi64(low, 32));
    const __m512i other =
        _mm512_add_epi64(_mm512_mul_epu32(a, b_high), _mm512_and_si512(middle, half));
    const __m512i high =
        _mm512_add_epi64(_mm512_mul_epu32(a_high, b_high), _mm512_srli_epi64(middle, 32));
    const __m512 moved = _mm512_mask_moveldup_ps(_mm512_castsi512_ps(low), 0xaaaa,
                                                 _mm512_castsi512_ps(other)); // its lower halves up

    return reduce(_mm512_castps_si512(moved), _mm512_add_epi64(high, _mm512_srli_epi64(other, 32)));
}

static inline __m512i mul(__m512i a, __m512i b)
{
    return canonical(mul_loose(a, b));
}

// a * 2^bits, 0 < bits < 64; canonical.
static inline __m512i shift(__m512i a, unsigned bits)
{
    return canonical(reduce(_mm512_slli_epi64(a, bits), _mm512_srli_epi64(a, 64 - bits)));
}

static inline struct lanes load_lanes(struct vch_const_planes a, size_t at, __mmask8 mask)
{
    return (struct lanes){load(a.c0 + at, mask), load(a.c1 + at, mask)};
}

static inline void store_lanes(struct vch_planes out, size_t at, __mmask8 mask, struct lanes a)
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
                                      __mmask8 mask)
{
    return sub_lanes(load_lanes(a, half + i, mask), load_lanes(a, i, mask));
}

// a + 7b, b loose, a canonical; loose. 8b = (b << 3) + (b >> 61) 2^64, and a - b makes it 7b.
static inline __m512i add_seven(__m512i a, __m512i b)
{
    const __m512i top = _mm512_mul_epu32(_mm512_srli_epi64(b, 61), all(VCH_FP_EPSILON));
    const __m512i eight = add_loose(_mm512_slli_epi64(b, 3), top);
    return add_loose(eight, sub(a, canonical(b)));
}

// Three products in place of four: a0 b1 + a1 b0 = (a0 + a1)(b0 + b1) - a0 b0 - a1 b1.
static inline struct lanes mul_lanes(struct lanes a, struct lanes b)
{
    const __m512i low = mul(a.c0, b.c0), high = mul(a.c1, b.c1);
    const __m512i both = mul_loose(add_loose(a.c0, a.c1), add_loose(b.c0, b.c1));

    return (struct lanes){canonical(add_seven(low, high)), canonical(sub(sub(both, low), high))};
}
