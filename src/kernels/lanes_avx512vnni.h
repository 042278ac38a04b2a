// Eight words of 64 bits in AVX-512's registers, for lanes.h. Private to this folder.
#pragma once

#include <immintrin.h>
#include <stdint.h>

#include "field/field.h"

#define VARIANT(name) vch_##name##_avx512vnni

typedef __m512i vec;
typedef __mmask8 lane_mask; // the lanes there are

enum { LOG_LANES = 3, LANES = 8, ALL_LANES = 0xff };

#define vec_zero _mm512_setzero_si512
#define vec_add _mm512_add_epi64
#define vec_sub _mm512_sub_epi64
#define vec_mul _mm512_mul_epu32 // of lower halves
#define vec_and _mm512_and_si512
#define vec_left _mm512_slli_epi64
#define vec_right _mm512_srli_epi64
#define vec_load _mm512_loadu_si512
#define vec_store _mm512_storeu_si512

static inline vec all(uint64_t value)
{
    return _mm512_set1_epi64((long long)value);
}

static inline lane_mask first_lanes(size_t count)
{
    return (lane_mask)(count >= LANES ? ALL_LANES : (1u << count) - 1);
}

static inline vec load(const uint64_t *a, lane_mask mask)
{
    return _mm512_maskz_loadu_epi64(mask, a);
}

static inline void store(uint64_t *out, lane_mask mask, vec a)
{
    _mm512_mask_storeu_epi64(out, mask, a);
}

// The upper halves, moved down; what is above them is for vec_mul, which does not look at it.
static inline vec upper(vec a)
{
    return _mm512_castps_si512(_mm512_movehdup_ps(_mm512_castsi512_ps(a)));
}

// The lower halves of both.
static inline vec halves(vec low, vec high)
{
    return _mm512_castps_si512(
        _mm512_mask_moveldup_ps(_mm512_castsi512_ps(low), 0xaaaa, _mm512_castsi512_ps(high)));
}

// Less p where that does not wrap around.
static inline vec canonical(vec a)
{
    return _mm512_min_epu64(a, vec_sub(a, all(VCH_FP_P)));
}

// a loose, b canonical; loose.
static inline vec add_loose(vec a, vec b)
{
    const vec sum = vec_add(a, b);
    return _mm512_mask_add_epi64(sum, _mm512_cmplt_epu64_mask(sum, b), sum, all(VCH_FP_EPSILON));
}

// a loose, b canonical; loose, and canonical if a is.
static inline vec sub(vec a, vec b)
{
    const vec rest = vec_sub(a, b);
    return _mm512_mask_sub_epi64(rest, _mm512_cmplt_epu64_mask(a, b), rest, all(VCH_FP_EPSILON));
}

// One more where total, a sum with a, has passed 64 bits.
static inline vec count_carry(vec carries, vec total, vec a)
{
    return _mm512_mask_add_epi64(carries, _mm512_cmplt_epu64_mask(total, a), carries, all(1));
}

static inline vec backwards(vec a)
{
    return _mm512_permutexvar_epi64(_mm512_set_epi64(0, 1, 2, 3, 4, 5, 6, 7), a);
}
