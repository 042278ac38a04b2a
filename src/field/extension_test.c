// Laws of the extension, and what Python's integers say.
#include "field/extension.h"

#include "harness/test.h"

enum { ROUNDS = 2000, MANY = 67, VARIABLES = 5 };

static uint64_t pick_base(void)
{
    static const uint64_t edges[] = {0, 1, VCH_FP_P - 1, 0xffffffffu, 0x100000000u, 1ull << 63};
    const uint64_t random = (uint64_t)test_below(UINT32_MAX) << 32 | test_below(UINT32_MAX);

    return test_below(2) == 0 ? edges[test_below(6)] : random % VCH_FP_P;
}

static struct vch_ext pick(void)
{
    return (struct vch_ext){{pick_base(), pick_base()}};
}

static const struct {
    struct vch_ext a, b, product, inverse; // the inverse is a's
} vectors[] = {
    {{{0xffffffff00000000u, 0xffffffff00000000u}},
     {{0xffffffff00000000u, 0xffffffff00000000u}},
     {{0x0000000000000008u, 0x0000000000000002u}},
     {{0xd555555480000001u, 0x2aaaaaaa80000000u}}},
    {{{0x0000000000000000u, 0x0000000000000001u}},
     {{0x0000000000000000u, 0x0000000000000001u}},
     {{0x0000000000000007u, 0x0000000000000000u}},
     {{0x0000000000000000u, 0x249249246db6db6eu}}},
    {{{0x0000000000000000u, 0xffffffff00000000u}},
     {{0x0000000000000001u, 0xffffffff00000000u}},
     {{0x0000000000000007u, 0xffffffff00000000u}},
     {{0x0000000000000000u, 0xdb6db6da92492493u}}},
    {{{0x0000000100000000u, 0x00000000ffffffffu}},
     {{0x8000000000000000u, 0xfffffffe00000001u}},
     {{0x7fffffff80000007u, 0xfffffffd80000002u}},
     {{0xb823ee083ee08fb9u, 0x08fb823eb823ee09u}}},
    {{{0xa648a7dd06839eb9u, 0x025b413f8a9a021eu}},
     {{0xe1988ad9f06c144au, 0xafbd67f9619699cfu}},
     {{0x44eeb79a061183e3u, 0xfcbf147caa497670u}},
     {{0x96e54ec635454f2bu, 0x6aff3acb80a2b780u}}},
    {{{0xf8130c4237730edfu, 0xb9d179e06c0fd4f5u}},
     {{0x8712b8bc076f3787u, 0xc381e88f38c0c8fdu}},
     {{0xec78975cab621087u, 0xd715e4ad4c77c591u}},
     {{0x300c09c56d72f5beu, 0xe3cd480ff628fe8du}}},
    {{{0xf06d3fef701966a0u, 0x8d88348a7eed8d14u}},
     {{0x587fd2803bab6c39u, 0xad45f23d3b1a11dfu}},
     {{0x74c440af7db27695u, 0x2d3c6e6a02809232u}},
     {{0xa31bf96354e2c49bu, 0x5913d0427fdfba19u}}},
    {{{0xc2cd789a380208a9u, 0xf3c64af775a89294u}},
     {{0xed2f89d94a2f20aau, 0x6a8ac4ba05805975u}},
     {{0x00e2817c47bbf267u, 0x21953410029bc8b8u}},
     {{0xb690e9783991f266u, 0x6f8436c455bd45d5u}}},
};

TEST(extension_agrees_with_big_integers)
{
    FOR_EACH(v, vectors)
    {
        CHECK(vch_ext_is_equal(vch_ext_mul(v->a, v->b), v->product));
        CHECK(vch_ext_is_equal(vch_ext_inverse(v->a), v->inverse));
    }
}

TEST(extension_obeys_the_laws)
{
    const struct vch_ext one = vch_ext_from_base(1);

    for (int round = 0; round < ROUNDS; round++) {
        const struct vch_ext a = pick(), b = pick(), c = pick();
        const struct vch_ext left = vch_ext_mul(a, vch_ext_add(b, c));
        const struct vch_ext right = vch_ext_add(vch_ext_mul(a, b), vch_ext_mul(a, c));

        CHECK(vch_ext_is_canonical(left) && vch_ext_is_equal(left, right));
        CHECK(vch_ext_is_equal(vch_ext_mul(a, b), vch_ext_mul(b, a)));
        CHECK(
            vch_ext_is_equal(vch_ext_mul(vch_ext_mul(a, b), c), vch_ext_mul(a, vch_ext_mul(b, c))));
        CHECK(vch_ext_is_equal(vch_ext_sub(vch_ext_add(a, b), b), a));
        CHECK(vch_ext_is_equal(vch_ext_sub(a, b), vch_ext_add(a, vch_ext_neg(b))));
        CHECK(vch_ext_is_equal(vch_ext_square(a), vch_ext_mul(a, a)));
        CHECK(vch_ext_is_equal(vch_ext_mul_base(a, b.c[0]),
                               vch_ext_mul(a, vch_ext_from_base(b.c[0]))));
        CHECK(vch_ext_is_zero(a) ? vch_ext_is_zero(vch_ext_inverse(a))
                                 : vch_ext_is_equal(vch_ext_mul(a, vch_ext_inverse(a)), one));
        CHECK(
            vch_ext_is_equal(vch_ext_pow(a, 5), vch_ext_mul(vch_ext_square(vch_ext_square(a)), a)));
    }
}

// x -> x^p is the conjugation, because u^2 = 7 has no root in the base field.
TEST(extension_is_a_field_of_its_own)
{
    for (int round = 0; round < 100; round++) {
        const struct vch_ext a = pick(), conjugate = {{a.c[0], vch_fp_neg(a.c[1])}};
        CHECK(vch_ext_is_equal(vch_ext_pow(a, VCH_FP_P), conjugate));
    }
    CHECK(vch_fp_pow(7, (VCH_FP_P - 1) / 2) == VCH_FP_P - 1);
}

TEST(extension_knows_zero_and_the_canonical)
{
    CHECK(vch_ext_is_zero((struct vch_ext){{0, 0}}));
    CHECK(!vch_ext_is_zero((struct vch_ext){{0, 1}}) && !vch_ext_is_zero((struct vch_ext){{1, 0}}));
    CHECK(!vch_ext_is_canonical((struct vch_ext){{VCH_FP_P, 0}}));
    CHECK(!vch_ext_is_canonical((struct vch_ext){{0, VCH_FP_P}}));
    CHECK(!vch_ext_is_equal((struct vch_ext){{1, 2}}, (struct vch_ext){{1, 3}}));
    CHECK(!vch_ext_is_equal((struct vch_ext){{1, 2}}, (struct vch_ext){{0, 2}}));
}

TEST(extension_inverts_many_at_once_and_leaves_zeros)
{
    struct vch_ext values[MANY], inverses[MANY], scratch[MANY];

    for (size_t count = 0; count <= MANY; count++) {
        for (size_t i = 0; i < count; i++)
            values[i] = inverses[i] = pick();
        vch_ext_invert_many(inverses, count, scratch);
        for (size_t i = 0; i < count; i++)
            CHECK(vch_ext_is_equal(inverses[i], vch_ext_inverse(values[i])));
    }
}

TEST(extension_eq_tells_corners_apart_and_is_multilinear)
{
    struct vch_ext a[VARIABLES], b[VARIABLES];

    for (uint32_t i = 0; i < 1 << VARIABLES; i++)
        for (uint32_t k = 0; k < 1 << VARIABLES; k++) {
            for (uint32_t j = 0; j < VARIABLES; j++) {
                a[j] = vch_ext_from_base(i >> j & 1);
                b[j] = vch_ext_from_base(k >> j & 1);
            }
            CHECK(vch_ext_is_equal(vch_ext_eq(a, b, VARIABLES), vch_ext_from_base(i == k)));
        }
    for (int round = 0; round < 100; round++) {
        for (size_t j = 0; j < VARIABLES; j++) {
            a[j] = pick();
            b[j] = pick();
        }
        // Along one variable, the value at 2 is twice that at 1 less that at 0.
        struct vch_ext at[3];
        for (uint64_t x = 0; x < 3; x++) {
            b[2] = vch_ext_from_base(x);
            at[x] = vch_ext_eq(a, b, VARIABLES);
        }
        CHECK(vch_ext_is_equal(vch_ext_add(at[0], at[2]), vch_ext_add(at[1], at[1])));
    }
    CHECK(vch_ext_is_equal(vch_ext_eq(a, b, 0), vch_ext_from_base(1)));
}
