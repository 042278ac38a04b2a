// Arithmetic modulo 2^255 - 19 against additions alone, at the widest limbs that are allowed.
#include "crypto/fe25519.h"

#include <string.h>

#include "harness/test.h"

typedef struct vch_fe25519 number;

enum { TURNS = 300 };

static number normal(const number *a)
{
    uint8_t bytes[32];

    vch_fe25519_encode(bytes, a);
    return vch_fe25519_decode(bytes);
}

// Every bit of b: nothing of the product that is tested.
static number multiply_slowly(const number *a, const number *b)
{
    const number once = normal(a);
    number sum = {{0}};
    uint8_t bits[32];

    vch_fe25519_encode(bits, b);
    for (int i = 255; i >= 0; i--) {
        sum = vch_fe25519_add(&sum, &sum);
        if (bits[i / 8] >> i % 8 & 1) sum = vch_fe25519_add(&sum, &once);
        sum = normal(&sum);
    }
    return sum;
}

// Limbs below 2^bits; often all ones, and zeros.
static number random_number(int bits)
{
    const uint32_t kind = test_below(4);
    number out;

    for (int i = 0; i < VCH_FE25519_LIMBS; i++) {
        uint64_t limb = 0;
        for (int byte = 0; byte < 8; byte++)
            limb = limb << 8 | test_below(256);
        if (kind == 0 || (kind == 1 && test_below(2) == 0)) limb = UINT64_MAX;
        if (kind == 2 && test_below(2) == 0) limb = 0;
        out.limb[i] = limb >> (64 - bits);
    }
    return out;
}

TEST(fe25519_products_are_repeated_sums)
{
    for (int i = 0; i < TURNS; i++) {
        const number a = random_number(54), b = random_number(54);
        const number product = vch_fe25519_mul(&a, &b), square = vch_fe25519_square(&a);
        const number slow = multiply_slowly(&a, &b), slow_square = multiply_slowly(&a, &a);
        CHECK(vch_fe25519_is_equal(&product, &slow));
        CHECK(vch_fe25519_is_equal(&square, &slow_square));
        for (int limb = 0; limb < VCH_FE25519_LIMBS; limb++) {
            CHECK(product.limb[limb] <= VCH_FE25519_MASK + (1 << 13) + 1);
            CHECK(square.limb[limb] <= VCH_FE25519_MASK + (1 << 13) + 1);
        }
    }
}

TEST(fe25519_differences_undo_sums)
{
    for (int i = 0; i < TURNS; i++) {
        const number a = random_number(53), b = random_number(52);
        const number sum = vch_fe25519_add(&a, &b), back = vch_fe25519_sub(&sum, &b);
        const number minus = vch_fe25519_negate(&b), nothing = vch_fe25519_add(&minus, &b);
        CHECK(vch_fe25519_is_equal(&back, &a));
        CHECK(vch_fe25519_is_zero(&nothing));
    }
}

TEST(fe25519_inverses_and_roots_are_what_they_say)
{
    const number zero = {{0}}, one = {{1}};
    const number of_zero = vch_fe25519_invert(&zero);
    int roots = 0;

    CHECK(vch_fe25519_is_zero(&of_zero));
    for (int i = 0; i < TURNS; i++) {
        const number a = random_number(51), b = random_number(51), c = vch_fe25519_square(&b);
        const number inverse = vch_fe25519_invert(&a), product = vch_fe25519_mul(&a, &inverse);
        number root;
        CHECK(vch_fe25519_is_zero(&a) || vch_fe25519_is_equal(&product, &one));
        if (vch_fe25519_is_zero(&a)) continue;
        CHECK(vch_fe25519_root(&root, &c, &one)); // c is a square
        const number again = vch_fe25519_square(&root);
        CHECK(vch_fe25519_is_equal(&again, &c) && !vch_fe25519_is_odd(&root));
        CHECK(!vch_fe25519_root(&root, &a, &zero) && vch_fe25519_is_zero(&root));
        const bool has_root = vch_fe25519_root(&root, &b, &a);
        const number square = vch_fe25519_square(&root), back = vch_fe25519_mul(&square, &a);
        const number ib = vch_fe25519_mul(&vch_fe25519_root_of_minus_one, &b);
        CHECK(vch_fe25519_is_equal(&back, has_root ? &b : &ib) && !vch_fe25519_is_odd(&root));
        roots += has_root;
    }
    CHECK(roots > TURNS / 4 && roots < 3 * TURNS / 4); // half of all numbers
}

TEST(fe25519_has_one_encoding_below_the_modulus)
{
    uint8_t bytes[32], again[32];

    for (int over = 0; over < 64; over++) { // from p - 32 on
        memset(bytes, 0xff, sizeof bytes);
        bytes[31] = 0x7f;
        bytes[0] = (uint8_t)(0xed - 32 + over);
        if (0xed - 32 + over > 0xff) continue;
        const number a = vch_fe25519_decode(bytes);
        vch_fe25519_encode(again, &a);
        CHECK_EQ(memcmp(again, bytes, sizeof bytes) == 0, over < 32);
        CHECK_EQ(vch_fe25519_is_zero(&a), over == 32);
        CHECK_EQ(vch_fe25519_is_odd(&a), over < 32 ? (over + 1) % 2 : over % 2);
    }
    const number i2 = vch_fe25519_square(&vch_fe25519_root_of_minus_one), one = {{1}};
    const number sum = vch_fe25519_add(&i2, &one);
    CHECK(vch_fe25519_is_zero(&sum));
}
