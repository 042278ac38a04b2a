// Laws of the base field, at the edges of its representation and at random, and what Python's
// integers say.
#include "field/field.h"

#include "harness/test.h"

enum { ROUNDS = 2000, MANY = 67 };

static const uint64_t edges[] = {
    0,
    1,
    2,
    0xffffffffu,
    0x100000000u,
    0x100000001u,
    1ull << 63,
    VCH_FP_P - 1,
    VCH_FP_P - 2,
    VCH_FP_HALF,
    VCH_FP_HALF + 1,
    VCH_FP_P - 0x100000000u,
};

// As often as not from an edge.
static uint64_t pick(void)
{
    const uint64_t random = (uint64_t)test_below(UINT32_MAX) << 32 | test_below(UINT32_MAX);
    const size_t count = sizeof edges / sizeof *edges;

    return test_below(2) == 0 ? edges[test_below((uint32_t)count)] : random % VCH_FP_P;
}

static const struct {
    uint64_t a, b, sum, difference, product, inverse; // the inverse is a's
} vectors[] = {
    {0xffffffff00000000u, 0xffffffff00000000u, 0xfffffffeffffffffu, 0x0000000000000000u,
     0x0000000000000001u, 0xffffffff00000000u},
    {0xffffffff00000000u, 0x0000000000000002u, 0x0000000000000001u, 0xfffffffefffffffeu,
     0xfffffffeffffffffu, 0xffffffff00000000u},
    {0x00000000ffffffffu, 0x0000000100000000u, 0x00000001ffffffffu, 0xffffffff00000000u,
     0xffffffff00000000u, 0xfffffffe00000001u},
    {0x0000000100000000u, 0x0000000100000000u, 0x0000000200000000u, 0x0000000000000000u,
     0x00000000ffffffffu, 0xfffffffe00000002u},
    {0x8000000000000000u, 0x0000000000000002u, 0x8000000000000002u, 0x7ffffffffffffffeu,
     0x00000000ffffffffu, 0xfffffffd00000001u},
    {0x8000000000000000u, 0x8000000000000000u, 0x00000000ffffffffu, 0x0000000000000000u,
     0xfffffffec0000001u, 0xfffffffd00000001u},
    {0xfffffffe00000001u, 0x00000000ffffffffu, 0xffffffff00000000u, 0xfffffffd00000002u,
     0x0000000000000001u, 0x00000000ffffffffu},
    {0x0000000000000000u, 0xffffffff00000000u, 0xffffffff00000000u, 0x0000000000000001u,
     0x0000000000000000u, 0x0000000000000000u},
    {0x7ce42c8218072e8cu, 0xe4b06ce60741c7a8u, 0x619499691f48f633u, 0x9833bf9b10c566e5u,
     0x7085a1e49db7f846u, 0xf6b497e56d87c591u},
    {0x63ca828dd5f4b3b2u, 0x9b810e766ec9d286u, 0xff4b910444be8638u, 0xc8497416672ae12du,
     0x0964fa7d27f28f18u, 0x9398e5406b7a9181u},
    {0xc4647159c324c985u, 0xb2221a58008a05a6u, 0x76868bb2c3aecf2au, 0x12425701c29ac3dfu,
     0xa691b0b82cc4ceb9u, 0x46ee083f88b28bcdu},
    {0x442e3d437204e52du, 0xcd447e35b8b6d8feu, 0x1172bb7a2abbbe2au, 0x76e9bf0cb94e0c30u,
     0xf75fe23bf8681119u, 0x5f093f1af57e9936u},
    {0x9755d4c13a902931u, 0x1a2b8f1ff1fd42a2u, 0xb18163e12c8d6bd3u, 0x7d2a45a14892e68fu,
     0xc4a71891d01b895du, 0x3a08bf506dd6db2eu},
    {0x51431193e6c3f339u, 0x05b6e6e307d4bedcu, 0x56f9f876ee98b215u, 0x4b8c2ab0deef345du,
     0x9faceffa01e53c88u, 0xd865b6e4d7537630u},
};

TEST(field_agrees_with_big_integers)
{
    FOR_EACH(v, vectors)
    {
        CHECK(vch_fp_add(v->a, v->b) == v->sum);
        CHECK(vch_fp_sub(v->a, v->b) == v->difference);
        CHECK(vch_fp_mul(v->a, v->b) == v->product);
        CHECK(vch_fp_inverse(v->a) == v->inverse);
    }
}

static const struct {
    unsigned log_n;
    uint64_t root;
} roots[] = {
    {0, 0x0000000000000001u},  {1, 0xffffffff00000000u}, {2, 0x0001000000000000u},
    {3, 0xfffffffeff000001u},  {5, 0x00003fffffffc000u}, {24, 0x86cdcc31c307e171u},
    {32, 0x185629dcda58878cu},
};

TEST(field_roots_of_unity_have_their_order)
{
    FOR_EACH(r, roots)
    CHECK(vch_fp_root(r->log_n) == r->root);
    for (unsigned log_n = 1; log_n <= VCH_FP_ROOT_LOG_MAX; log_n++) {
        CHECK(vch_fp_square(vch_fp_root(log_n)) == vch_fp_root(log_n - 1));
        CHECK(vch_fp_pow(vch_fp_root(log_n), 1ull << (log_n - 1)) == VCH_FP_P - 1);
    }
}

TEST(field_generator_generates)
{
    static const uint64_t primes[] = {2, 3, 5, 17, 257, 65537}; // those of p - 1

    CHECK(vch_fp_pow(VCH_FP_GENERATOR, VCH_FP_P - 1) == 1);
    FOR_EACH(prime, primes)
    {
        CHECK((VCH_FP_P - 1) % *prime == 0);
        CHECK(vch_fp_pow(VCH_FP_GENERATOR, (VCH_FP_P - 1) / *prime) != 1);
    }
}

TEST(field_obeys_the_laws)
{
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t a = pick(), b = pick(), c = pick();

        CHECK(vch_fp_is_canonical(vch_fp_add(a, b)) && vch_fp_is_canonical(vch_fp_sub(a, b)));
        CHECK(vch_fp_is_canonical(vch_fp_mul(a, b)) && vch_fp_is_canonical(vch_fp_neg(a)));
        CHECK(vch_fp_add(a, b) == ((vch_u128)a + b) % VCH_FP_P);
        CHECK(vch_fp_mul(a, b) == (vch_u128)a * b % VCH_FP_P);
        CHECK(vch_fp_sub(vch_fp_add(a, b), b) == a);
        CHECK(vch_fp_sub(a, b) == vch_fp_add(a, vch_fp_neg(b)));
        CHECK(vch_fp_mul(a, vch_fp_add(b, c)) == vch_fp_add(vch_fp_mul(a, b), vch_fp_mul(a, c)));
        CHECK(vch_fp_mul(vch_fp_mul(a, b), c) == vch_fp_mul(a, vch_fp_mul(b, c)));
        CHECK(vch_fp_mul_add(a, b, c, a) == vch_fp_add(vch_fp_mul(a, b), vch_fp_mul(c, a)));
        CHECK(vch_fp_mul(a, vch_fp_inverse(a)) == (a != 0));
        CHECK(vch_fp_pow(a, 5) == vch_fp_mul(vch_fp_square(vch_fp_square(a)), a));
    }
}

TEST(field_reduces_every_128_bits)
{
    for (int round = 0; round < ROUNDS; round++) {
        const vch_u128 x = (vch_u128)(pick() - test_below(2)) << 64 | (pick() - test_below(2));
        CHECK(vch_fp_reduce(x) == x % VCH_FP_P);
    }
    CHECK(vch_fp_reduce(~(vch_u128)0) == ~(vch_u128)0 % VCH_FP_P);
}

TEST(field_signed_integers_go_there_and_back)
{
    static const int64_t values[] = {0, 1, -1, INT32_MIN, VCH_FP_HALF, -(int64_t)VCH_FP_HALF};

    FOR_EACH(value, values)
    CHECK(vch_fp_to_i64(vch_fp_from_i64(*value)) == *value);
    CHECK(vch_fp_from_i64(-1) == VCH_FP_P - 1);
    CHECK(vch_fp_from_i64(INT64_MIN) == VCH_FP_P - (1ull << 63));
    CHECK(vch_fp_from_i64(INT64_MAX) == INT64_MAX);
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t a = pick();
        CHECK(vch_fp_from_i64(vch_fp_to_i64(a)) == a);
    }
}

TEST(field_knows_what_is_canonical)
{
    CHECK(vch_fp_is_canonical(0) && vch_fp_is_canonical(VCH_FP_P - 1));
    CHECK(!vch_fp_is_canonical(VCH_FP_P) && !vch_fp_is_canonical(UINT64_MAX));
}

TEST(field_inverts_many_at_once_and_leaves_zeros)
{
    uint64_t values[MANY], inverses[MANY], scratch[MANY];

    for (size_t count = 0; count <= MANY; count++) {
        for (size_t i = 0; i < count; i++)
            values[i] = inverses[i] = pick();
        vch_fp_invert_many(inverses, count, scratch);
        for (size_t i = 0; i < count; i++)
            CHECK(inverses[i] == vch_fp_inverse(values[i]));
    }
}
