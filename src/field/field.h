// The base field: integers modulo p = 2^64 - 2^32 + 1 ("Goldilocks").
//
// An element is a uint64_t below p, always; what comes from outside is asked vch_fp_is_canonical
// first. Adding, subtracting and multiplying take no branch that depends on a value.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VCH_FP_P 0xffffffff00000001u    // check: 2**64 - 2**32 + 1
#define VCH_FP_EPSILON 0xffffffffu      // check: 2**64 % (2**64 - 2**32 + 1)
#define VCH_FP_HALF 0x7fffffff80000000u // check: (2**64 - 2**32) // 2
#define VCH_FP_GENERATOR 7u             // of the multiplicative group
#define VCH_FP_ROOT_LOG_MAX 32u         // 2^32 divides p - 1, and 2^33 does not

__extension__ typedef unsigned __int128 vch_u128;

static inline bool vch_fp_is_canonical(uint64_t a)
{
    return a < VCH_FP_P;
}

static inline uint64_t vch_fp_sub(uint64_t a, uint64_t b)
{
    const uint64_t borrow = a < b;
    return a - b - (VCH_FP_EPSILON & (0 - borrow));
}

static inline uint64_t vch_fp_neg(uint64_t a)
{
    const uint64_t is_nonzero = a != 0;
    return (VCH_FP_P & (0 - is_nonzero)) - a;
}

static inline uint64_t vch_fp_add(uint64_t a, uint64_t b)
{
    return vch_fp_sub(a, VCH_FP_P - b); // p - b may be p, which subtracts as 0 does
}

// x modulo p. With x = low + 2^64 middle + 2^96 top, 2^64 is 2^32 - 1 and 2^96 is -1.
static inline uint64_t vch_fp_reduce(vch_u128 x)
{
    const uint64_t low = (uint64_t)x, high = (uint64_t)(x >> 64), top = high >> 32;
    const uint64_t borrow = low < top;
    const uint64_t rest = low - top - (VCH_FP_EPSILON & (0 - borrow));
    const uint64_t middle = (high & VCH_FP_EPSILON) * VCH_FP_EPSILON;
    const uint64_t sum = rest + middle, carry = sum < middle;
    const uint64_t folded = sum + (VCH_FP_EPSILON & (0 - carry)), excess = folded >= VCH_FP_P;
    return folded - (VCH_FP_P & (0 - excess));
}

static inline uint64_t vch_fp_mul(uint64_t a, uint64_t b)
{
    return vch_fp_reduce((vch_u128)a * b);
}

// a b + c d; what passes 128 bits is -2^32.
static inline uint64_t vch_fp_mul_add(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    const vch_u128 first = (vch_u128)a * b, sum = first + (vch_u128)c * d;
    const uint64_t carry = sum < first;
    return vch_fp_sub(vch_fp_reduce(sum), carry << 32);
}

static inline uint64_t vch_fp_square(uint64_t a)
{
    return vch_fp_mul(a, a);
}

static inline uint64_t vch_fp_from_i64(int64_t a)
{
    return (uint64_t)a + (VCH_FP_P & (0 - ((uint64_t)a >> 63)));
}

// The representative between -(p - 1)/2 and (p - 1)/2.
static inline int64_t vch_fp_to_i64(uint64_t a)
{
    const uint64_t is_negative = a > VCH_FP_HALF;
    return (int64_t)(a - (VCH_FP_P & (0 - is_negative)));
}

// The exponent is public: time depends on it.
uint64_t vch_fp_pow(uint64_t a, uint64_t exponent);
// 1/a, and 0 for 0.
uint64_t vch_fp_inverse(uint64_t a);
// Each value by its inverse, for little more than three multiplications each. `scratch` holds
// `count` elements more.
void vch_fp_invert_many(uint64_t *values, size_t count, uint64_t *scratch);
// A root of unity of order exactly 2^log_n: 7^((p - 1) / 2^log_n), log_n <= VCH_FP_ROOT_LOG_MAX.
uint64_t vch_fp_root(unsigned log_n);
