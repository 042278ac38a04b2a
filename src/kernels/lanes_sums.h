// Sums of products that are reduced once, at the end. Private to this folder.
#pragma once

#include "kernels/lanes.h"

// words[0] + words[1] 2^32 + words[2] 2^64, each with a count of how often it passed 64 bits: for
// fewer than 2^31 products.
struct sum {
    vec words[3], carries[3];
};

struct lanes_sum { // of products in K: of the c0, of the c1, of c0 + c1
    struct sum low, high, both;
};

static inline struct sum sum_zero(void)
{
    const vec zero = vec_zero();
    return (struct sum){{zero, zero, zero}, {zero, zero, zero}};
}

static inline struct lanes_sum lanes_sum_zero(void)
{
    return (struct lanes_sum){sum_zero(), sum_zero(), sum_zero()};
}

static inline void sum_word(struct sum *sum, size_t word, vec a)
{
    sum->words[word] = vec_add(sum->words[word], a);
    sum->carries[word] = count_carry(sum->carries[word], sum->words[word], a);
}

// Both loose.
static inline void sum_product(struct sum *sum, vec a, vec b)
{
    const vec a_high = upper(a), b_high = upper(b);

    sum_word(sum, 0, vec_mul(a, b));
    sum_word(sum, 1, vec_mul(a_high, b));
    sum_word(sum, 1, vec_mul(a, b_high));
    sum_word(sum, 2, vec_mul(a_high, b_high));
}

static inline void sum_lanes_product(struct lanes_sum *sum, struct lanes a, struct lanes b)
{
    sum_product(&sum->low, a.c0, b.c0);
    sum_product(&sum->high, a.c1, b.c1);
    sum_product(&sum->both, add_loose(a.c0, a.c1), add_loose(b.c0, b.c1));
}

// All lanes together.
static inline uint64_t sum_total(const struct sum *sum)
{
    const vec low = reduce(sum->words[0], sum->carries[0]);
    const vec middle = reduce(sum->words[1], sum->carries[1]);
    const vec high = mul(reduce(sum->words[2], sum->carries[2]), all(VCH_FP_EPSILON));
    uint64_t each[LANES], total = 0;

    vec_store(each, add(add(low, shift(middle, 32)), high));
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

// Adds the products of `count` elements to the sum.
static void sum_products(struct lanes_sum *sum, struct vch_const_planes a,
                         struct vch_const_planes b, size_t count)
{
    struct lanes_sum near = *sum;

    for (size_t i = 0; i < count; i += LANES) {
        const lane_mask mask = first_lanes(count - i);
        sum_lanes_product(&near, load_lanes(a, i, mask), load_lanes(b, i, mask));
    }
    *sum = near;
}
