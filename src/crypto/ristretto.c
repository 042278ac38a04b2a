#include "crypto/ristretto.h"

#include <string.h>

typedef struct vch_fe25519 number;

static const number ONE = {{1}};
static const number D = {
    {0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb, 0x52036cee2b6ff}};
// 1 / sqrt(-1 - d)
static const number INVERSE_ROOT = {
    {0xfdaa805d40ea, 0x2eb482e57d339, 0x7610274bc58, 0x6510b613dc8ff, 0x786c8905cfaff}};

// 1 - d^2, (d - 1)^2 and sqrt(-d - 1)
static const number ONE_MINUS_D2 = {
    {0x409c1945fc176, 0x719abc6a1fc4f, 0x1c37f90b20684, 0x6bccca55eedf, 0x29072a8b2b3e}};
static const number D_MINUS_ONE_2 = {
    {0x55aaa44ed4d20, 0x59603c3332635, 0x26d3baf4a7928, 0x120a66e6997a9, 0x5968b37af66c2}};
static const number ROOT = {
    {0x7f6a0497b2e1b, 0x1836f0a97afd2, 0x7d747f6be7638, 0x456079e7e6498, 0x376931bf2b834}};

static number absolute(const number *a)
{
    return vch_fe25519_is_odd(a) ? vch_fe25519_negate(a) : *a;
}

// Section 4.3.1, with its names.
bool vch_ristretto_decode(struct vch_edwards_point *out,
                          const uint8_t bytes[static VCH_EDWARDS_SIZE])
{
    const number s = vch_fe25519_decode(bytes), ss = vch_fe25519_square(&s);
    const number u1 = vch_fe25519_sub(&ONE, &ss), u2 = vch_fe25519_add(&ONE, &ss);
    const number u1_sqr = vch_fe25519_square(&u1), u2_sqr = vch_fe25519_square(&u2);
    const number d_u1_sqr = vch_fe25519_mul(&D, &u1_sqr);
    const number minus_v = vch_fe25519_add(&d_u1_sqr, &u2_sqr), v = vch_fe25519_negate(&minus_v);
    const number v_u2_sqr = vch_fe25519_mul(&v, &u2_sqr);
    uint8_t again[VCH_EDWARDS_SIZE];
    number inverse;

    vch_fe25519_encode(again, &s);
    if (memcmp(again, bytes, sizeof again) != 0 || (bytes[0] & 1) != 0) return false;
    if (!vch_fe25519_root(&inverse, &ONE, &v_u2_sqr)) return false;
    const number den_x = vch_fe25519_mul(&inverse, &u2);
    const number inverse_v = vch_fe25519_mul(&inverse, &v);
    const number den_y = vch_fe25519_mul(&inverse_v, &den_x);
    const number s2 = vch_fe25519_add(&s, &s), signed_x = vch_fe25519_mul(&s2, &den_x);

    out->x = absolute(&signed_x);
    out->y = vch_fe25519_mul(&u1, &den_y);
    out->z = ONE;
    out->t = vch_fe25519_mul(&out->x, &out->y);
    return !vch_fe25519_is_odd(&out->t) && !vch_fe25519_is_zero(&out->y);
}

// Section 4.3.2, with its names.
void vch_ristretto_encode(uint8_t out[static VCH_EDWARDS_SIZE],
                          const struct vch_edwards_point *point)
{
    const number *const i = &vch_fe25519_root_of_minus_one;
    const number more = vch_fe25519_add(&point->z, &point->y);
    const number less = vch_fe25519_sub(&point->z, &point->y);
    const number u1 = vch_fe25519_mul(&more, &less), u2 = vch_fe25519_mul(&point->x, &point->y);
    const number u2_sqr = vch_fe25519_square(&u2), u1_u2_sqr = vch_fe25519_mul(&u1, &u2_sqr);
    number invsqrt;

    (void)vch_fe25519_root(&invsqrt, &ONE, &u1_u2_sqr); // there is one, or u1 u2^2 is 0
    const number den1 = vch_fe25519_mul(&invsqrt, &u1), den2 = vch_fe25519_mul(&invsqrt, &u2);
    const number den12 = vch_fe25519_mul(&den1, &den2);
    const number z_inv = vch_fe25519_mul(&den12, &point->t);
    const number t_z_inv = vch_fe25519_mul(&point->t, &z_inv);
    const bool rotates = vch_fe25519_is_odd(&t_z_inv);
    const number ix = vch_fe25519_mul(&point->x, i), iy = vch_fe25519_mul(&point->y, i);
    const number x = rotates ? iy : point->x, y = rotates ? ix : point->y;
    const number den_inv = rotates ? vch_fe25519_mul(&den1, &INVERSE_ROOT) : den2;
    const number x_z_inv = vch_fe25519_mul(&x, &z_inv);
    const number z_y = vch_fe25519_is_odd(&x_z_inv) ? vch_fe25519_add(&point->z, &y)
                                                    : vch_fe25519_sub(&point->z, &y);
    const number signed_s = vch_fe25519_mul(&den_inv, &z_y), s = absolute(&signed_s);

    vch_fe25519_encode(out, &s);
}

// Section 4.3.4, MAP, with its names.
static struct vch_edwards_point map(const uint8_t bytes[static 32])
{
    const number t = vch_fe25519_decode(bytes), t2 = vch_fe25519_square(&t);
    const number r = vch_fe25519_mul(&vch_fe25519_root_of_minus_one, &t2);
    const number r_1 = vch_fe25519_add(&r, &ONE), u = vch_fe25519_mul(&r_1, &ONE_MINUS_D2);
    const number r_d = vch_fe25519_mul(&r, &D), r_d_1 = vch_fe25519_add(&r_d, &ONE);
    const number minus = vch_fe25519_negate(&r_d_1), r_plus_d = vch_fe25519_add(&r, &D);
    const number v = vch_fe25519_mul(&minus, &r_plus_d);
    number s, c = vch_fe25519_negate(&ONE);

    if (!vch_fe25519_root(&s, &u, &v)) {
        const number st = vch_fe25519_mul(&s, &t), positive = absolute(&st);
        s = vch_fe25519_negate(&positive);
        c = r;
    }
    const number r_minus_1 = vch_fe25519_sub(&r, &ONE), cr = vch_fe25519_mul(&c, &r_minus_1);
    const number crd = vch_fe25519_mul(&cr, &D_MINUS_ONE_2), n = vch_fe25519_sub(&crd, &v);
    const number s2 = vch_fe25519_add(&s, &s), ss = vch_fe25519_square(&s);
    const number w0 = vch_fe25519_mul(&s2, &v), w1 = vch_fe25519_mul(&n, &ROOT);
    const number w2 = vch_fe25519_sub(&ONE, &ss), w3 = vch_fe25519_add(&ONE, &ss);

    return (struct vch_edwards_point){vch_fe25519_mul(&w0, &w3), vch_fe25519_mul(&w2, &w1),
                                      vch_fe25519_mul(&w1, &w3), vch_fe25519_mul(&w0, &w2)};
}

struct vch_edwards_point
vch_ristretto_from_hash(const uint8_t bytes[static VCH_RISTRETTO_HASH_SIZE])
{
    const struct vch_edwards_point first = map(bytes);
    const struct vch_edwards_point second = map(bytes + VCH_RISTRETTO_HASH_SIZE / 2);

    return vch_edwards_add(&first, &second);
}
