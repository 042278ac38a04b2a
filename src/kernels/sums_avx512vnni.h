// Sums of products that are reduced once, at the end. Private to this folder.
#pragma once

#include "kernels/field_avx512vnni.h"

// words[0] + words[1] 2^32 + words[2] 2^64, each with a count of how often it passed 64 bits: for
// fewer than 2^31 products.
struct sum {
    __m512i words[3], carries[3];
};

struct lanes_sum { // of products in K: of the c0, of the c1, of c0 + c1
    struct sum low, high, both;
};

static inline struct sum sum_zero(void)
{
    const __m512i zero = _mm512_setzero_si512();
    return (struct sum){{zero, zero, zero}, {zero, zero, zero}};
}

static inline struct lanes_sum lanes_sum_zero(void)
{
    return (struct lanes_sum){sum_zero(), sum_zero(), sum_zero()};
}

static inline void sum_word(struct sum *sum, size_t word, __m512i a)
{
    const __m512i total = _mm512_add_epi64(sum->words[word], a);
    const __mmask8 carry = _mm512_cmplt_epu64_mask(total, a);

    sum->words[word] = total;
    sum->carries[word] =
        _mm512_mask_add_epi64(sum->carries[word], carry, sum->carries[word], all(1));
}

// Both loose.
static inline void sum_product(struct sum *sum, __m512i a, __m512i b)
{
    const __m512i a_high = upper(a), b_high = upper(b);

    sum_word(sum, 0, _mm512_mul_epu32(a, b));
    sum_word(sum, 1, _mm512_mul_epu32(a_high, b));
    sum_word(sum, 1, _mm512_mul_epu32(a, b_high));
    sum_word(sum, 2, _mm512_mul_epu32(a_high, b_high));
}

static inline void sum_lanes_product(struct lanes_sum *sum, struct lanes a, struct lanes b)
{
    sum_product(&sum->low, a.c0, b.c0);
    sum_product(&sum->high, a.c1, b.c1);
    sum_product(&sum->both, add_loose(a.c0, a.c1), add_loose(b.c0, b.c1));
}

// All eight lanes together.
static inline uint64_t sum_total(const struct sum *sum)
{
    const __m512i low = canonical(reduce(sum->words[0], sum->carries[0]));
    const __m512i middle = canonical(reduce(sum->words[1], sum->carries[1]));
    const __m512i high = mul(reduce(sum->words[2], sum->carries[2]), all(VCH_FP_EPSILON));
    uint64_t each[LANES], total = 0;

    _mm512_storeu_si512(each, add(add(low, shift(middle, 32)), high));
    for (size_t i = 0; i < LANES; i++)
        total = vch_fp_add(total, each[i]);
    return total;
}

static inline struct vch_ext lanes_sum_total(const struct lanes_sum *sum)
{
    const uint64_t low = sum_total(&sum->low), high = sum_total(&sum->high);
    const uint64_t both = sum_total(&sum->both);

    return (struct vch_ext){
        {vch_fp_add(low, vch_fp_mul(7, high)), vch_fp_sub(vch_fp_sub(both, low), high)}};
}
