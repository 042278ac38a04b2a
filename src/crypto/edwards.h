// Points of edwards25519, for public values alone (see fe25519.h): what verifying takes.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "crypto/fe25519.h"

#define VCH_EDWARDS_SIZE 32
#define VCH_EDWARDS_ROWS 8
#define VCH_EDWARDS_ROW_BITS 32 // check: 256 / 8
#define VCH_EDWARDS_ODD 8

// x = X / Z, y = Y / Z, x y = T / Z; all tight.
struct vch_edwards_point {
    struct vch_fe25519 x, y, z, t;
};

// An affine point as additions want it: y + x, y - x, 2 d x y.
struct vch_edwards_multiple {
    struct vch_fe25519 plus, minus, product;
};

// 1, 3, .. 15 times each 2^(32 row) times a point: with them a multiple takes 32 doublings and not
// 256. Making one takes as long as two multiples without.
struct vch_edwards_table {
    struct vch_edwards_multiple odd[VCH_EDWARDS_ROWS][VCH_EDWARDS_ODD];
};

// RFC 8032, section 5.1.3. False for what is no point, or not the one encoding of it.
bool vch_edwards_decode(struct vch_edwards_point *out,
                        const uint8_t bytes[static VCH_EDWARDS_SIZE]);
void vch_edwards_encode(uint8_t out[static VCH_EDWARDS_SIZE],
                        const struct vch_edwards_point *point);

struct vch_edwards_point vch_edwards_base(void); // RFC 8032's B
struct vch_edwards_point vch_edwards_negate(const struct vch_edwards_point *point);
struct vch_edwards_point vch_edwards_add(const struct vch_edwards_point *a,
                                         const struct vch_edwards_point *b);
bool vch_edwards_has_small_order(const struct vch_edwards_point *point); // 1, 2, 4 or 8

void vch_edwards_tabulate(struct vch_edwards_table *out, const struct vch_edwards_point *point);

// a A + b B, of the tables of A and B; scalars are little-endian, of any 256 bits.
struct vch_edwards_point vch_edwards_combine(const uint8_t a[static 32],
                                             const struct vch_edwards_table *of_a,
                                             const uint8_t b[static 32],
                                             const struct vch_edwards_table *of_b);
// The same of points that nobody has seen before. Scalars are below 2^255.
struct vch_edwards_point vch_edwards_combine_new(const uint8_t a[static 32],
                                                 const struct vch_edwards_point *of_a,
                                                 const uint8_t b[static 32],
                                                 const struct vch_edwards_point *of_b);
