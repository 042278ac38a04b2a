// Numbers modulo p = 2^255 - 19, the field of edwards25519, for public values alone: nothing here
// keeps its time from depending on them. Secrets are libsodium's.
//
// Five limbs of 51 bits. A *tight* number has limbs of at most 2^51 + 2^13, which is what products
// give. What is subtracted has limbs of at most 2^53 - 76, as tight numbers and sums of two have;
// what is multiplied, any two numbers whose limbs' bits sum up to 108; nothing has more than 2^54.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define VCH_FE25519_LIMBS 5
#define VCH_FE25519_LIMB_BITS 51
#define VCH_FE25519_MASK ((UINT64_C(1) << VCH_FE25519_LIMB_BITS) - 1)

struct vch_fe25519 {
    uint64_t limb[VCH_FE25519_LIMBS];
};

static inline struct vch_fe25519 vch_fe25519_small(uint32_t value)
{
    return (struct vch_fe25519){{value}};
}

static inline struct vch_fe25519 vch_fe25519_add(const struct vch_fe25519 *a,
                                                 const struct vch_fe25519 *b)
{
    struct vch_fe25519 sum;

    for (int i = 0; i < VCH_FE25519_LIMBS; i++)
        sum.limb[i] = a->limb[i] + b->limb[i];
    return sum;
}

// 4p is added first, limb by limb, so that nothing falls below zero.
static inline struct vch_fe25519 vch_fe25519_sub(const struct vch_fe25519 *a,
                                                 const struct vch_fe25519 *b)
{
    const uint64_t lowest = 4 * (VCH_FE25519_MASK - 18), others = 4 * VCH_FE25519_MASK;
    struct vch_fe25519 difference;

    difference.limb[0] = a->limb[0] + lowest - b->limb[0];
    for (int i = 1; i < VCH_FE25519_LIMBS; i++)
        difference.limb[i] = a->limb[i] + others - b->limb[i];
    return difference;
}

// Tight.
struct vch_fe25519 vch_fe25519_mul(const struct vch_fe25519 *a, const struct vch_fe25519 *b);
struct vch_fe25519 vch_fe25519_square(const struct vch_fe25519 *a);
struct vch_fe25519 vch_fe25519_invert(const struct vch_fe25519 *a); // 0 of 0
struct vch_fe25519 vch_fe25519_negate(const struct vch_fe25519 *a); // of what may be subtracted

// A root of numerator / denominator, the even one of the two; false where there is none, and then
// one of sqrt(-1) times that. Of something over 0 it is 0, and false.
bool vch_fe25519_root(struct vch_fe25519 *out, const struct vch_fe25519 *numerator,
                      const struct vch_fe25519 *denominator);

// The low 255 bits, whatever they are: 2^255 - 19 and more wrap.
struct vch_fe25519 vch_fe25519_decode(const uint8_t bytes[static 32]);
// The one number below p, little-endian.
void vch_fe25519_encode(uint8_t out[static 32], const struct vch_fe25519 *a);
bool vch_fe25519_is_odd(const struct vch_fe25519 *a); // of the number below p
bool vch_fe25519_is_equal(const struct vch_fe25519 *a, const struct vch_fe25519 *b);
bool vch_fe25519_is_zero(const struct vch_fe25519 *a);

extern const struct vch_fe25519 vch_fe25519_root_of_minus_one; // 2^((p - 1) / 4)
