#include "crypto/fe25519.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

enum { BITS = VCH_FE25519_LIMB_BITS };

#define MASK VCH_FE25519_MASK

const struct vch_fe25519 vch_fe25519_root_of_minus_one = {
    {0x61b274a0ea0b0, 0xd5a5fc8f189d, 0x7ef5e9cbd0c60, 0x78595a6804c9e, 0x2b8324804fc1d}};

// Sums of products to limbs again. Limbs whose bits sum up to 108 make sums below 2^115, and so
// carries that fit 64 bits: the last one, of at most five products, also times 19.
static inline struct vch_fe25519 carry(wide s0, wide s1, wide s2, wide s3, wide s4)
{
    // One by one, in registers: as an array these cost as much again as the products.
    s1 += (uint64_t)(s0 >> BITS);
    s2 += (uint64_t)(s1 >> BITS);
    s3 += (uint64_t)(s2 >> BITS);
    s4 += (uint64_t)(s3 >> BITS);
    const uint64_t lowest = ((uint64_t)s0 & MASK) + 19 * (uint64_t)(s4 >> BITS); // 2^255 is 19

    return (struct vch_fe25519){{lowest & MASK, ((uint64_t)s1 & MASK) + (lowest >> BITS),
                                 (uint64_t)s2 & MASK, (uint64_t)s3 & MASK, (uint64_t)s4 & MASK}};
}

struct vch_fe25519 vch_fe25519_mul(const struct vch_fe25519 *a, const struct vch_fe25519 *b)
{
    const uint64_t a0 = a->limb[0], a1 = a->limb[1], a2 = a->limb[2], a3 = a->limb[3];
    const uint64_t a4 = a->limb[4];
    const uint64_t b0 = b->limb[0], b1 = b->limb[1], b2 = b->limb[2], b3 = b->limb[3];
    const uint64_t b4 = b->limb[4];
    const uint64_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4; // of 2^255 and more
    return carry((wide)a0 * b0 + (wide)a1 * c4 + (wide)a2 * c3 + (wide)a3 * c2 + (wide)a4 * c1,
                 (wide)a0 * b1 + (wide)a1 * b0 + (wide)a2 * c4 + (wide)a3 * c3 + (wide)a4 * c2,
                 (wide)a0 * b2 + (wide)a1 * b1 + (wide)a2 * b0 + (wide)a3 * c4 + (wide)a4 * c3,
                 (wide)a0 * b3 + (wide)a1 * b2 + (wide)a2 * b1 + (wide)a3 * b0 + (wide)a4 * c4,
                 (wide)a0 * b4 + (wide)a1 * b3 + (wide)a2 * b2 + (wide)a3 * b1 + (wide)a4 * b0);
}

struct vch_fe25519 vch_fe25519_square(const struct vch_fe25519 *a)
{
    const uint64_t a0 = a->limb[0], a1 = a->limb[1], a2 = a->limb[2], a3 = a->limb[3];
    const uint64_t a4 = a->limb[4];
    const uint64_t d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, c3 = 19 * a3, c4 = 19 * a4;
    return carry((wide)a0 * a0 + (wide)d1 * c4 + (wide)d2 * c3,
                 (wide)d0 * a1 + (wide)d2 * c4 + (wide)a3 * c3,
                 (wide)d0 * a2 + (wide)a1 * a1 + (wide)(2 * a3) * c4,
                 (wide)d0 * a3 + (wide)d1 * a2 + (wide)a4 * c4,
                 (wide)d0 * a4 + (wide)d1 * a3 + (wide)a2 * a2);
}

static struct vch_fe25519 square_often(struct vch_fe25519 a, int times)
{
    for (int i = 0; i < times; i++)
        a = vch_fe25519_square(&a);
    return a;
}

// Of exponents in binary: `low`, of m digits, behind `high`.
static struct vch_fe25519 append(const struct vch_fe25519 *high, int m,
                                 const struct vch_fe25519 *low)
{
    const struct vch_fe25519 shifted = square_often(*high, m);

    return vch_fe25519_mul(&shifted, low);
}

// a to the 2^250 - 1, and to the 11.
static struct vch_fe25519 raise(struct vch_fe25519 *eleventh, const struct vch_fe25519 *a)
{
    const struct vch_fe25519 a2 = vch_fe25519_square(a), a8 = square_often(a2, 2);
    const struct vch_fe25519 a9 = vch_fe25519_mul(&a8, a);

    *eleventh = vch_fe25519_mul(&a9, &a2);
    const struct vch_fe25519 n5 = append(eleventh, 1, &a9); // 2 * 11 + 9 is 2^5 - 1
    const struct vch_fe25519 n10 = append(&n5, 5, &n5), n20 = append(&n10, 10, &n10);
    const struct vch_fe25519 n40 = append(&n20, 20, &n20), n50 = append(&n40, 10, &n10);
    const struct vch_fe25519 n100 = append(&n50, 50, &n50), n200 = append(&n100, 100, &n100);
    return append(&n200, 50, &n50);
}

// a to the p - 2, which is 2^255 - 21.
struct vch_fe25519 vch_fe25519_invert(const struct vch_fe25519 *a)
{
    struct vch_fe25519 eleventh;
    const struct vch_fe25519 most = raise(&eleventh, a);

    return append(&most, 5, &eleventh);
}

struct vch_fe25519 vch_fe25519_negate(const struct vch_fe25519 *a)
{
    const struct vch_fe25519 zero = {{0}}, difference = vch_fe25519_sub(&zero, a);
    const uint64_t *d = difference.limb;

    return carry(d[0], d[1], d[2], d[3], d[4]);
}

static bool are_opposite(const struct vch_fe25519 *a, const struct vch_fe25519 *b)
{
    const struct vch_fe25519 sum = vch_fe25519_add(a, b);

    return vch_fe25519_is_zero(&sum);
}

// With p = 5 modulo 8: the square of u v^3 (u v^7)^((p - 5) / 8) is u / v times a fourth root of 1.
bool vch_fe25519_root(struct vch_fe25519 *out, const struct vch_fe25519 *numerator,
                      const struct vch_fe25519 *denominator)
{
    const struct vch_fe25519 *const u = numerator, *const v = denominator;
    const struct vch_fe25519 *const i = &vch_fe25519_root_of_minus_one;
    const struct vch_fe25519 v2 = vch_fe25519_square(v), v3 = vch_fe25519_mul(&v2, v);
    const struct vch_fe25519 v4 = vch_fe25519_square(&v2), uv3 = vch_fe25519_mul(u, &v3);
    const struct vch_fe25519 uv7 = vch_fe25519_mul(&uv3, &v4);
    struct vch_fe25519 unused;
    const struct vch_fe25519 most = raise(&unused, &uv7);
    const struct vch_fe25519 power = append(&most, 2, &uv7); // 2^252 - 3
    struct vch_fe25519 root = vch_fe25519_mul(&uv3, &power);
    const struct vch_fe25519 r2 = vch_fe25519_square(&root), again = vch_fe25519_mul(&r2, v);
    const struct vch_fe25519 iu = vch_fe25519_mul(i, u);
    const bool is_minus = are_opposite(&again, u);
    const bool is_square = is_minus || vch_fe25519_is_equal(&again, u);

    if (is_minus || (!is_square && are_opposite(&again, &iu))) root = vch_fe25519_mul(&root, i);
    *out = vch_fe25519_is_odd(&root) ? vch_fe25519_negate(&root) : root;
    return is_square;
}

struct vch_fe25519 vch_fe25519_decode(const uint8_t bytes[static 32])
{
    const uint64_t w0 = vch_get_u64le(bytes), w1 = vch_get_u64le(bytes + 8);
    const uint64_t w2 = vch_get_u64le(bytes + 16), w3 = vch_get_u64le(bytes + 24);

    return (struct vch_fe25519){{w0 & MASK, (w0 >> 51 | w1 << 13) & MASK,
                                 (w1 >> 38 | w2 << 26) & MASK, (w2 >> 25 | w3 << 39) & MASK,
                                 w3 >> 12 & MASK}};
}

// Limbs of 51 bits exactly, of the number below p.
static struct vch_fe25519 reduce(const struct vch_fe25519 *a)
{
    struct vch_fe25519 out = *a;

    for (int turn = 0; turn < 2; turn++) { // after the first, the number is below 2^255 + 2^20
        for (int i = 0; i < 4; i++) {
            out.limb[i + 1] += out.limb[i] >> BITS;
            out.limb[i] &= MASK;
        }
        out.limb[0] += 19 * (out.limb[4] >> BITS);
        out.limb[4] &= MASK;
    }
    uint64_t over = 19; // is the number plus 19 at 2^255 or above?
    for (int i = 0; i < VCH_FE25519_LIMBS; i++)
        over = (out.limb[i] + over) >> BITS;
    out.limb[0] += 19 * over;
    for (int i = 0; i < 4; i++) {
        out.limb[i + 1] += out.limb[i] >> BITS;
        out.limb[i] &= MASK;
    }
    out.limb[4] &= MASK;
    return out;
}

void vch_fe25519_encode(uint8_t out[static 32], const struct vch_fe25519 *a)
{
    const struct vch_fe25519 r = reduce(a);
    const uint64_t *l = r.limb;

    vch_put_u64le(out, l[0] | l[1] << 51);
    vch_put_u64le(out + 8, l[1] >> 13 | l[2] << 38);
    vch_put_u64le(out + 16, l[2] >> 26 | l[3] << 25);
    vch_put_u64le(out + 24, l[3] >> 39 | l[4] << 12);
}

bool vch_fe25519_is_odd(const struct vch_fe25519 *a)
{
    return reduce(a).limb[0] & 1;
}

bool vch_fe25519_is_equal(const struct vch_fe25519 *a, const struct vch_fe25519 *b)
{
    const struct vch_fe25519 x = reduce(a), y = reduce(b);

    return memcmp(&x, &y, sizeof x) == 0;
}

bool vch_fe25519_is_zero(const struct vch_fe25519 *a)
{
    const struct vch_fe25519 zero = {{0}};

    return vch_fe25519_is_equal(a, &zero);
}
