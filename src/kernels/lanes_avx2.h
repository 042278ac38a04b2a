// Four words of 64 bits in AVX2's registers, for lanes.h. Private to this folder.
//
// Comparisons are of signed words here: both sides are moved by 2^63 first.
#pragma once

#include <immintrin.h>
#include <stdint.h>

#include "field/field.h"

#define VARIANT(name) vch_##name##_avx2

typedef __m256i vec;
typedef size_t lane_mask; // how many lanes there are: masked stores are slow on some processors

enum { LOG_LANES = 2, LANES = 4, ALL_LANES = 4 };

#define vec_zero _mm256_setzero_si256
#define vec_add _mm256_add_epi64
#define vec_sub _mm256_sub_epi64
#define vec_mul _mm256_mul_epu32 // of lower halves
#define vec_and _mm256_and_si256
#define vec_left(a, bits) _mm256_slli_epi64(a, (int)(bits))
#define vec_right(a, bits) _mm256_srli_epi64(a, (int)(bits))

static inline vec vec_load(const uint64_t *a)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)a);
}

static inline void vec_store(uint64_t *out, vec a)
{
    _mm256_storeu_si256((__m256i *)(void *)out, a);
}

static inline vec all(uint64_t value)
{
    return _mm256_set1_epi64x((long long)value);
}

static inline lane_mask first_lanes(size_t count)
{
    return count < LANES ? count : LANES;
}

static inline vec load(const uint64_t *a, lane_mask count)
{
    uint64_t some[LANES] = {0};

    if (count == LANES) return vec_load(a);
    for (size_t i = 0; i < count; i++)
        some[i] = a[i];
    return vec_load(some);
}

static inline void store(uint64_t *out, lane_mask count, vec a)
{
    uint64_t some[LANES];

    if (count == LANES) {
        vec_store(out, a);
        return;
    }
    vec_store(some, a);
    for (size_t i = 0; i < count; i++)
        out[i] = some[i];
}

// The upper halves, moved down; what is above them is for vec_mul, which does not look at it.
static inline vec upper(vec a)
{
    return _mm256_castps_si256(_mm256_movehdup_ps(_mm256_castsi256_ps(a)));
}

// The lower halves of both.
static inline vec halves(vec low, vec high)
{
    return _mm256_blend_epi32(low, vec_left(high, 32), 0xaa);
}

// All bits where a < b.
static inline vec is_less(vec a, vec b)
{
    const vec flip = all(1ull << 63);
    return _mm256_cmpgt_epi64(_mm256_xor_si256(b, flip), _mm256_xor_si256(a, flip));
}

// Less p, which is more by 2^64 mod p, unless a is below p.
static inline vec canonical(vec a)
{
    return vec_add(a, vec_right(is_less(all(VCH_FP_P - 1), a), 32));
}

// a loose, b canonical; loose.
static inline vec add_loose(vec a, vec b)
{
    const vec sum = vec_add(a, b);
    return vec_add(sum, vec_right(is_less(sum, b), 32));
}

// a loose, b canonical; loose, and canonical if a is.
static inline vec sub(vec a, vec b)
{
    return vec_sub(vec_sub(a, b), vec_right(is_less(a, b), 32));
}

// One more where total, a sum with a, has passed 64 bits.
static inline vec count_carry(vec carries, vec total, vec a)
{
    return vec_sub(carries, is_less(total, a));
}

static inline vec backwards(vec a)
{
    return _mm256_permute4x64_epi64(a, 0x1b);
}
