// ristretto255 against libsodium's.
#include "crypto/ristretto.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

enum { TURNS = 200 };

static void random_bytes(uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)test_below(256);
}

// RFC 9496, appendix A.1: 0, 1, 2 and 3 times the generator.
TEST(ristretto_multiples_of_the_generator_are_the_published_ones)
{
    static const char *const multiples[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
        "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
        "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
    };
    const struct vch_edwards_point base = vch_edwards_base();
    const uint8_t zero[32] = {0};

    for (uint8_t i = 0; i < 4; i++) {
        const uint8_t scalar[32] = {i};
        const struct vch_edwards_point point = vch_edwards_combine_new(scalar, &base, zero, &base);
        uint8_t bytes[32];
        vch_ristretto_encode(bytes, &point);
        CHECK_HEX(bytes, sizeof bytes, multiples[i]);
    }
}

TEST(ristretto_combinations_are_those_of_libsodium)
{
    for (int i = 0; i < TURNS; i++) {
        uint8_t hash[64], p[32], q[32], a[32], b[32], ap[32], bq[32], sum[32], own[32];
        struct vch_edwards_point of_p, of_q;
        random_bytes(hash, sizeof hash);
        CHECK_EQ(crypto_core_ristretto255_from_hash(p, hash), 0);
        random_bytes(hash, sizeof hash);
        CHECK_EQ(crypto_core_ristretto255_from_hash(q, hash), 0);
        random_bytes(hash, sizeof hash);
        crypto_core_ristretto255_scalar_reduce(a, hash);
        random_bytes(hash, sizeof hash);
        crypto_core_ristretto255_scalar_reduce(b, hash);
        CHECK_EQ(crypto_scalarmult_ristretto255(ap, a, p), 0);
        CHECK_EQ(crypto_scalarmult_ristretto255(bq, b, q), 0);
        CHECK_EQ(crypto_core_ristretto255_add(sum, ap, bq), 0);
        CHECK(vch_ristretto_decode(&of_p, p) && vch_ristretto_decode(&of_q, q));
        const struct vch_edwards_point point = vch_edwards_combine_new(a, &of_p, b, &of_q);
        vch_ristretto_encode(own, &point);
        CHECK(memcmp(own, sum, sizeof own) == 0);
    }
}

TEST(ristretto_takes_the_encodings_that_libsodium_takes)
{
    int taken = 0;

    for (int i = 0; i < 20 * TURNS; i++) {
        struct vch_edwards_point point;
        uint8_t bytes[32], again[32];
        random_bytes(bytes, sizeof bytes);
        if (i % 2 == 0) bytes[0] &= 0xfe; // half of all are odd, which none may be
        if (i % 4 == 0) bytes[31] &= 0x7f;
        if (i % 8 == 0) memset(bytes + 1, 0xff, 30); // close to the modulus, and above
        const bool is_taken = vch_ristretto_decode(&point, bytes);
        // Version 1.0.18 does not look at the highest bit.
        const bool is_valid = crypto_core_ristretto255_is_valid_point(bytes) == 1;
        CHECK_EQ(is_taken, is_valid && bytes[31] >> 7 == 0);
        taken += is_taken;
        if (!is_taken) continue;
        vch_ristretto_encode(again, &point);
        CHECK(memcmp(again, bytes, sizeof bytes) == 0);
    }
    CHECK(taken > TURNS);
}

TEST(ristretto_points_of_hashes_are_those_of_libsodium)
{
    for (int i = 0; i < TURNS; i++) {
        uint8_t hash[64], theirs[32], own[32];
        random_bytes(hash, sizeof hash);
        if (i < 4) memset(hash, i % 2 == 0 ? 0 : 0xff, i < 2 ? 64 : 32); // not below the modulus
        CHECK_EQ(crypto_core_ristretto255_from_hash(theirs, hash), 0);
        const struct vch_edwards_point point = vch_ristretto_from_hash(hash);
        vch_ristretto_encode(own, &point);
        CHECK(memcmp(own, theirs, sizeof own) == 0);
    }
}
