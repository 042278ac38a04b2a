// Points of edwards25519 against libsodium's, and where it has no word, against themselves.
#include "crypto/edwards.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

enum { TURNS = 100 };

static const char ORDER[] = "edd3f55c1a631258d69cf7a2def9de14"
                            "00000000000000000000000000000010";

static void random_scalar(uint8_t out[static 32])
{
    for (int i = 0; i < 32; i++)
        out[i] = (uint8_t)test_below(256);
    out[31] &= 0x0f; // below the order
}

// A point that libsodium has made, of the large subgroup.
static struct vch_edwards_point random_point(uint8_t bytes[static 32])
{
    struct vch_edwards_point point;
    uint8_t scalar[32];

    random_scalar(scalar);
    CHECK_EQ(crypto_scalarmult_ed25519_base_noclamp(bytes, scalar), 0);
    CHECK(vch_edwards_decode(&point, bytes));
    return point;
}

static bool is_point(const struct vch_edwards_point *point, const uint8_t bytes[static 32])
{
    uint8_t own[32];

    vch_edwards_encode(own, point);
    return memcmp(own, bytes, sizeof own) == 0;
}

TEST(edwards_combinations_are_those_of_libsodium)
{
    for (int i = 0; i < TURNS; i++) {
        uint8_t a[32], b[32], p[32], q[32], ap[32], bq[32], sum[32];
        struct vch_edwards_table of_p, of_q;
        const struct vch_edwards_point first = random_point(p), second = random_point(q);
        random_scalar(a);
        random_scalar(b);
        CHECK_EQ(crypto_scalarmult_ed25519_noclamp(ap, a, p), 0);
        CHECK_EQ(crypto_scalarmult_ed25519_noclamp(bq, b, q), 0);
        CHECK_EQ(crypto_core_ed25519_add(sum, ap, bq), 0);
        vch_edwards_tabulate(&of_p, &first);
        vch_edwards_tabulate(&of_q, &second);
        const struct vch_edwards_point known = vch_edwards_combine(a, &of_p, b, &of_q);
        const struct vch_edwards_point fresh = vch_edwards_combine_new(a, &first, b, &second);
        CHECK(is_point(&known, sum));
        CHECK(is_point(&fresh, sum));
        CHECK(!vch_edwards_has_small_order(&known));
    }
}

// Scalars at which digits run over: zeros, ones, the order and its neighbours, single bits.
TEST(edwards_combinations_hold_at_the_edges)
{
    const struct vch_edwards_point base = vch_edwards_base();
    const uint8_t zero[32] = {0}, identity[32] = {1};
    uint8_t order[32], scalar[32], other[32], p[32];
    struct vch_edwards_table table, of_point;

    CHECK_OK(vch_hex_decode(order, sizeof order, ORDER));
    vch_edwards_tabulate(&table, &base);
    const struct vch_edwards_point point = random_point(p);
    vch_edwards_tabulate(&of_point, &point);
    struct vch_edwards_point nothing = vch_edwards_combine(zero, &table, order, &of_point);
    CHECK(is_point(&nothing, identity));
    nothing = vch_edwards_combine_new(order, &base, zero, &point);
    CHECK(is_point(&nothing, identity));
    for (int bit = 0; bit < 255; bit++) { // 2^bit + (2^255 - 1 - 2^bit) = 2^255 - 1 times the base
        memset(scalar, 0, sizeof scalar);
        memset(other, 0xff, sizeof other);
        other[31] = 0x7f;
        scalar[bit / 8] = (uint8_t)(1 << bit % 8);
        other[bit / 8] ^= (uint8_t)(1 << bit % 8);
        const struct vch_edwards_point sum = vch_edwards_combine(scalar, &table, other, &table);
        const struct vch_edwards_point fresh = vch_edwards_combine_new(scalar, &base, other, &base);
        uint8_t own[32], ones[32];
        vch_edwards_encode(own, &sum);
        CHECK(is_point(&fresh, own));
        memset(scalar, 0xff, sizeof scalar);
        scalar[31] = 0x7f;
        CHECK_EQ(crypto_scalarmult_ed25519_base_noclamp(ones, scalar), 0);
        CHECK(memcmp(own, ones, sizeof own) == 0);
    }
}

TEST(edwards_takes_the_points_that_libsodium_takes)
{
    for (int i = 0; i < 40 * TURNS; i++) {
        struct vch_edwards_point point;
        uint8_t bytes[32], sum[32];
        random_scalar(bytes);
        bytes[31] |= (uint8_t)(test_below(16) << 4);
        if (i % 4 == 0) memset(bytes + 1, 0xff, 30); // close to the modulus, and above
        const bool is_taken = vch_edwards_decode(&point, bytes);
        if (is_taken) CHECK(is_point(&point, bytes));
        // libsodium's additions take what is on the curve, canonical or not.
        uint8_t base[32];
        const struct vch_edwards_point own = vch_edwards_base();
        vch_edwards_encode(base, &own);
        if (is_taken) CHECK_EQ(crypto_core_ed25519_add(sum, bytes, base), 0);
        if (!is_taken && i % 4 != 0) CHECK(crypto_core_ed25519_add(sum, bytes, base) != 0);
    }
}

TEST(edwards_knows_points_of_small_order)
{
    static const char *const keys[] = {
        "0100000000000000000000000000000000000000000000000000000000000000", // identity
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 2
        "0000000000000000000000000000000000000000000000000000000000000000", // order 4
        "0000000000000000000000000000000000000000000000000000000000000080", // order 4
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // order 8
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", // order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", // order 8
    };
    struct vch_edwards_point point;
    uint8_t bytes[32];

    FOR_EACH(hex, keys)
    {
        CHECK_OK(vch_hex_decode(bytes, sizeof bytes, *hex));
        CHECK(vch_edwards_decode(&point, bytes));
        CHECK(vch_edwards_has_small_order(&point));
    }
    bytes[31] = 0x80; // x = 0 with the other sign is no encoding
    memset(bytes, 0, 31);
    bytes[0] = 1;
    CHECK(!vch_edwards_decode(&point, bytes));
}
