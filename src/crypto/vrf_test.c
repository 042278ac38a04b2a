// The published vector of C2SP vrf-r255, and everything that somebody may try instead of a proof.
#include "crypto/vrf.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/sign.h"
#include "harness/test.h"

static const char order_hex[] = "edd3f55c1a631258d69cf7a2def9de14"
                                "00000000000000000000000000000010";

static struct vch_vrf_secret key_of(uint32_t number)
{
    struct vch_vrf_secret key;
    uint8_t seed[VCH_VRF_SEED_SIZE] = {0};

    vch_put_u32le(seed, number);
    vch_vrf_key(&key, seed);
    return key;
}

// The published key is a scalar; ours grow from seeds.
static struct vch_vrf_secret key_of_scalar(const char *hex)
{
    struct vch_vrf_secret key = {0};

    CHECK_OK(vch_hex_decode(key.scalar, sizeof key.scalar, hex));
    CHECK_EQ(crypto_scalarmult_ristretto255_base(key.public_key.bytes, key.scalar), 0);
    return key;
}

TEST(vrf_gives_the_published_bytes)
{
    static const char alpha[] = "c2sp.org/vrf-r255";
    static const char beta_hex[] =
        "dd653f0879b48c3ef69e13551239bec4cbcc1c18fe8894de2e9e1c790e182736"
        "03bf1c6c25d7a797aeff3c43fd32b974d3fcbd4bcce916007097922a3ea3a794";
    struct vch_vrf_secret key =
        key_of_scalar("3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500");
    struct vch_vrf_proof proof;
    struct vch_vrf_beta beta = {0};

    CHECK_HEX(key.public_key.bytes, sizeof key.public_key.bytes,
              "54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e");
    vch_vrf_prove(&proof, &key, alpha, sizeof alpha - 1);
    CHECK_HEX(proof.bytes, sizeof proof.bytes,
              "0a97d961262fb549b4175c5117860f42ae44a123f93c476c439eddd1c0cff926"
              "5c805525233e2284dbed45e593b8eea3"
              "1d5ca9734d72bcbba9738d5237f955f3b2422351149d1312503b6441a47c940c");
    CHECK_OK(vch_vrf_verify(&beta, &key.public_key, alpha, sizeof alpha - 1, &proof));
    CHECK_HEX(beta.bytes, sizeof beta.bytes, beta_hex);
    beta = vch_vrf_beta(&proof);
    CHECK_HEX(beta.bytes, sizeof beta.bytes, beta_hex);
}

TEST(vrf_verifies_what_it_proved)
{
    for (uint32_t i = 0; i < 50; i++) {
        struct vch_vrf_secret key = key_of(test_below(UINT32_MAX));
        uint8_t alpha[200];
        size_t size = test_below(sizeof alpha + 1);
        struct vch_vrf_proof proof, again;
        struct vch_vrf_beta beta = {0}, quick;

        for (size_t j = 0; j < size; j++)
            alpha[j] = (uint8_t)test_below(256);
        vch_vrf_prove(&proof, &key, alpha, size);
        vch_vrf_prove(&again, &key, alpha, size);
        CHECK(memcmp(&proof, &again, sizeof proof) == 0);
        CHECK_OK(vch_vrf_check_public(&key.public_key));
        for (int known = 0; known < 3; known++) { // a key that comes again has a table
            CHECK_OK(vch_vrf_verify(&beta, &key.public_key, alpha, size, &proof));
            again.bytes[test_below(VCH_VRF_PROOF_SIZE)] ^= (uint8_t)(1 + test_below(255));
            CHECK_FAILS(vch_vrf_verify(&quick, &key.public_key, alpha, size, &again), BAD_PROOF);
            again = proof;
        }
        quick = vch_vrf_beta(&proof);
        CHECK(memcmp(&beta, &quick, sizeof beta) == 0);
    }
}

TEST(vrf_key_is_not_the_signing_key_of_the_same_seed)
{
    uint8_t seed[VCH_VRF_SEED_SIZE] = {1};
    struct vch_vrf_secret vrf;
    struct vch_secret_key signing;

    vch_vrf_key(&vrf, seed);
    vch_sign_key(&signing, seed);
    CHECK(memcmp(vrf.public_key.bytes, signing.public_key.bytes, VCH_VRF_PUBLIC_SIZE) != 0);
    CHECK(memcmp(vrf.seed, seed, sizeof seed) == 0);
    CHECK(memcmp(vrf.scalar, seed, sizeof seed) != 0);
}

TEST(vrf_refuses_any_flipped_bit)
{
    struct vch_vrf_secret key = key_of(7);
    struct {
        struct vch_vrf_public key;
        struct vch_vrf_proof proof;
        uint8_t alpha[32];
    } claim = {.key = key.public_key, .alpha = "what is drawn for"};
    struct vch_vrf_beta beta, untouched;

    _Static_assert(sizeof claim == 144, "no padding among the bits");
    memset(&beta, 0x5a, sizeof beta);
    untouched = beta;
    vch_vrf_prove(&claim.proof, &key, claim.alpha, sizeof claim.alpha);
    uint8_t *bytes = (uint8_t *)&claim;
    for (size_t bit = 0; bit < 8 * sizeof claim; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_FAILS(
            vch_vrf_verify(&beta, &claim.key, claim.alpha, sizeof claim.alpha, &claim.proof),
            BAD_PROOF);
        CHECK(memcmp(&beta, &untouched, sizeof beta) == 0);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK_OK(vch_vrf_verify(&beta, &claim.key, claim.alpha, sizeof claim.alpha, &claim.proof));
}

TEST(vrf_refuses_another_key_another_alpha_and_anothers_proof)
{
    struct vch_vrf_secret key = key_of(1), other = key_of(2);
    struct vch_vrf_proof proof, of_other, of_longer;
    struct vch_vrf_beta beta;

    vch_vrf_prove(&proof, &key, "alpha", 5);
    vch_vrf_prove(&of_other, &other, "alpha", 5);
    vch_vrf_prove(&of_longer, &key, "alpha!", 6);
    CHECK_OK(vch_vrf_verify(&beta, &key.public_key, "alpha", 5, &proof));
    CHECK_FAILS(vch_vrf_verify(&beta, &other.public_key, "alpha", 5, &proof), BAD_PROOF);
    CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "alpha", 5, &of_other), BAD_PROOF);
    CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "alpha", 5, &of_longer), BAD_PROOF);
    CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "alphA", 5, &proof), BAD_PROOF);
    CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "alpha", 4, &proof), BAD_PROOF);
    CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "", 0, &proof), BAD_PROOF);
}

// s and s + q multiply alike; accepting both would give one proof two encodings.
TEST(vrf_refuses_s_with_the_group_order_added)
{
    struct vch_vrf_secret key = key_of(3);
    struct vch_vrf_proof proof;
    struct vch_vrf_beta beta;
    uint8_t order[32];

    CHECK_OK(vch_hex_decode(order, sizeof order, order_hex));
    vch_vrf_prove(&proof, &key, "alpha", 5);
    for (int times = 0; times < 7; times++) { // 2^252 fits eight times, and s takes one
        unsigned carry = 0;
        for (size_t i = 0; i < 32; i++) {
            carry += (unsigned)proof.bytes[48 + i] + order[i];
            proof.bytes[48 + i] = (uint8_t)carry;
            carry >>= 8;
        }
        CHECK_EQ(carry, 0);
        CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "alpha", 5, &proof), BAD_PROOF);
    }
}

// Scalars chosen so that products vanish: s = 0, c = 0, all zero, s = q.
TEST(vrf_refuses_scalars_of_nothing)
{
    struct vch_vrf_secret key = key_of(4);
    struct vch_vrf_proof honest, lie;
    struct vch_vrf_beta beta;

    vch_vrf_prove(&honest, &key, "alpha", 5);
    lie = honest;
    memset(lie.bytes + 48, 0, 32);
    CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "alpha", 5, &lie), BAD_PROOF);
    CHECK_OK(vch_hex_decode(lie.bytes + 48, 32, order_hex));
    CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "alpha", 5, &lie), BAD_PROOF);
    lie = honest;
    memset(lie.bytes + 32, 0, 16);
    CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "alpha", 5, &lie), BAD_PROOF);
    memset(lie.bytes + 32, 0, 48);
    CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "alpha", 5, &lie), BAD_PROOF);
    memset(&lie, 0, sizeof lie);
    CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "alpha", 5, &lie), BAD_PROOF);
}

static void sha512_of_points(uint8_t out[64], const uint8_t (*points)[32], size_t count)
{
    crypto_hash_sha512_state hash;

    (void)crypto_hash_sha512_init(&hash);
    (void)crypto_hash_sha512_update(&hash,
                                    (const uint8_t *)"\xff"
                                                     "c2sp.org/vrf-r255\x02",
                                    19);
    (void)crypto_hash_sha512_update(&hash, points[0], 32 * count);
    (void)crypto_hash_sha512_update(&hash, (const uint8_t *)"", 1);
    (void)crypto_hash_sha512_final(&hash, out);
}

// H of a key and alpha, by the specification's words.
static void point_of(uint8_t out[32], const struct vch_vrf_public *key, const char *alpha)
{
    crypto_hash_sha512_state hash;
    uint8_t uniform[64];

    (void)crypto_hash_sha512_init(&hash);
    (void)crypto_hash_sha512_update(&hash,
                                    (const uint8_t *)"\xff"
                                                     "c2sp.org/vrf-r255\x82",
                                    19);
    (void)crypto_hash_sha512_update(&hash, key->bytes, 32);
    (void)crypto_hash_sha512_update(&hash, (const uint8_t *)alpha, strlen(alpha));
    (void)crypto_hash_sha512_final(&hash, uniform);
    (void)crypto_core_ristretto255_from_hash(out, uniform);
}

// The attack that the refusal of the identity stops: under the public key 0 and with Gamma = 0,
// U = s * B and V = s * H whatever c is, so that anybody proves anything.
TEST(vrf_refuses_the_identity_even_where_the_equation_holds)
{
    struct vch_vrf_public nobody = {0};
    struct vch_vrf_proof proof = {0};
    struct vch_vrf_beta beta;
    uint8_t points[5][32] = {{0}}, digest[64], s[32] = {5};

    point_of(points[1], &nobody, "alpha");
    CHECK_EQ(crypto_scalarmult_ristretto255_base(points[3], s), 0);
    CHECK_EQ(crypto_scalarmult_ristretto255(points[4], s, points[1]), 0);
    sha512_of_points(digest, (const uint8_t(*)[32])points, 5);
    memcpy(proof.bytes + 32, digest, 16);
    memcpy(proof.bytes + 48, s, 32);
    CHECK_FAILS(vch_vrf_check_public(&nobody), MALFORMED);
    CHECK_FAILS(vch_vrf_verify(&beta, &nobody, "alpha", 5, &proof), BAD_PROOF);
}

// The same beta from two proofs: whoever holds the key may choose another nonce. This is why
// nothing but beta may ever be drawn from.
TEST(vrf_beta_is_the_same_from_every_proof)
{
    struct vch_vrf_secret key = key_of(5);
    struct vch_vrf_proof honest, other;
    struct vch_vrf_beta first, second;
    uint8_t points[5][32], digest[64], nonce[32] = {9}, c[32] = {0}, s[32];

    vch_vrf_prove(&honest, &key, "alpha", 5);
    memcpy(points[0], key.public_key.bytes, 32);
    point_of(points[1], &key.public_key, "alpha");
    memcpy(points[2], honest.bytes, 32);
    CHECK_EQ(crypto_scalarmult_ristretto255_base(points[3], nonce), 0);
    CHECK_EQ(crypto_scalarmult_ristretto255(points[4], nonce, points[1]), 0);
    sha512_of_points(digest, (const uint8_t(*)[32])points, 5);
    memcpy(c, digest, 16);
    crypto_core_ristretto255_scalar_mul(s, c, key.scalar);
    crypto_core_ristretto255_scalar_add(s, s, nonce);
    memcpy(other.bytes, honest.bytes, 32);
    memcpy(other.bytes + 32, c, 16);
    memcpy(other.bytes + 48, s, 32);
    CHECK(memcmp(&honest, &other, sizeof other) != 0);
    CHECK_OK(vch_vrf_verify(&first, &key.public_key, "alpha", 5, &honest));
    CHECK_OK(vch_vrf_verify(&second, &key.public_key, "alpha", 5, &other));
    CHECK(memcmp(&first, &second, sizeof first) == 0);
}

// Gamma in its other encoding, which some versions of libsodium take: everything fits, and beta
// would be another one. A node could draw twice.
TEST(vrf_refuses_a_second_gamma_by_the_holder_of_the_key)
{
    struct vch_vrf_secret key = key_of(6);
    struct vch_vrf_proof honest, other;
    struct vch_vrf_public marked;
    struct vch_vrf_beta beta;
    uint8_t points[5][32], digest[64], nonce[32] = {9}, c[32] = {0}, s[32];

    vch_vrf_prove(&honest, &key, "alpha", 5);
    memcpy(points[0], key.public_key.bytes, 32);
    point_of(points[1], &key.public_key, "alpha");
    memcpy(points[2], honest.bytes, 32);
    points[2][31] |= 0x80;
    CHECK_EQ(crypto_scalarmult_ristretto255_base(points[3], nonce), 0);
    CHECK_EQ(crypto_scalarmult_ristretto255(points[4], nonce, points[1]), 0);
    sha512_of_points(digest, (const uint8_t(*)[32])points, 5);
    memcpy(c, digest, 16);
    crypto_core_ristretto255_scalar_mul(s, c, key.scalar);
    crypto_core_ristretto255_scalar_add(s, s, nonce);
    memcpy(other.bytes, points[2], 32);
    memcpy(other.bytes + 32, c, 16);
    memcpy(other.bytes + 48, s, 32);
    CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "alpha", 5, &other), BAD_PROOF);
    other.bytes[31] &= 0x7f; // which is not what was hashed
    CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "alpha", 5, &other), BAD_PROOF);
    marked = key.public_key;
    marked.bytes[31] |= 0x80;
    CHECK_FAILS(vch_vrf_check_public(&marked), MALFORMED);
}

// RFC 9496, appendix A.3: encodings that a decoder must refuse.
TEST(vrf_refuses_points_that_are_not_canonical)
{
    static const char *const bad[] = {
        "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
        "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
        "0000000000000000000000000000000000000000000000000000000000000000",
    };
    struct vch_vrf_secret key = key_of(6);
    struct vch_vrf_proof honest;

    vch_vrf_prove(&honest, &key, "alpha", 5);
    FOR_EACH(hex, bad)
    {
        struct vch_vrf_public lie;
        struct vch_vrf_proof proof = honest;
        struct vch_vrf_beta beta;
        CHECK_OK(vch_hex_decode(lie.bytes, sizeof lie.bytes, *hex));
        CHECK_FAILS(vch_vrf_check_public(&lie), MALFORMED);
        CHECK_FAILS(vch_vrf_verify(&beta, &lie, "alpha", 5, &honest), BAD_PROOF);
        memcpy(proof.bytes, lie.bytes, sizeof lie.bytes);
        CHECK_FAILS(vch_vrf_verify(&beta, &key.public_key, "alpha", 5, &proof), BAD_PROOF);
    }
}
