// RFC 8032 keys, signatures by another implementation, and forgeries.
#include "crypto/sign.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

// Seeds and public keys of RFC 8032, section 7.1, tests 1 to 3; the signatures, over
// SHA-256("abc"), were made with OpenSSL.
static const struct {
    const char *seed, *public_key, *signature;
} known[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
     "096f5569d807ee8ac7b1913da70cf0aab335c258f4b94c8f210dd141e9743927"
     "c8d1a6b378872a72c9446c1f75e6dc7b2def98bd0c214be6706d48791f57680a"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
     "6995e1a009aea0a390833093b5e8b43f508f46e140ddf9bb98d56a49b98870e7"
     "58c93435aebaea6c3db515f8b7631c1ddf4c3d091e5443d37e5ee5773940d408"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
     "469d095759f601a3108b75888fcc834d178c8b9660c49e379f000a3cf9119cf6"
     "738fc1418936353f3ea4fefdd0f737cab73056b0b25ef9c7c7bde4f49eb12a05"},
};

static void key_from_hex(struct vch_secret_key *out, const char *hex)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE];

    CHECK_OK(vch_hex_decode(seed, sizeof seed, hex));
    vch_sign_key(out, seed);
}

TEST(sign_agrees_with_other_implementations)
{
    struct vch_digest digest = vch_hash_bytes("abc", 3);
    FOR_EACH(row, known)
    {
        struct vch_secret_key key;
        struct vch_signature signature;
        key_from_hex(&key, row->seed);
        CHECK_HEX(key.public_key.bytes, sizeof key.public_key.bytes, row->public_key);
        vch_sign_digest(&signature, &key, &digest);
        CHECK_HEX(signature.bytes, sizeof signature.bytes, row->signature);
        CHECK_OK(vch_sign_verify(&key.public_key, &digest, &signature));
    }
}

TEST(sign_verifies_what_it_signed_and_nothing_else)
{
    struct vch_secret_key key, other;
    struct vch_signature signature;
    struct vch_digest digest = vch_hash_bytes("one", 3), another = vch_hash_bytes("two", 3);

    key_from_hex(&key, known[0].seed);
    key_from_hex(&other, known[1].seed);
    vch_sign_digest(&signature, &key, &digest);
    CHECK_OK(vch_sign_verify(&key.public_key, &digest, &signature));
    CHECK_FAILS(vch_sign_verify(&key.public_key, &another, &signature), BAD_PROOF);
    CHECK_FAILS(vch_sign_verify(&other.public_key, &digest, &signature), BAD_PROOF);
}

TEST(sign_refuses_any_flipped_bit)
{
    struct vch_secret_key key;
    struct {
        struct vch_public_key key;
        struct vch_digest digest;
        struct vch_signature signature;
    } claim;

    key_from_hex(&key, known[0].seed);
    claim.key = key.public_key;
    claim.digest = vch_hash_bytes("abc", 3);
    vch_sign_digest(&claim.signature, &key, &claim.digest);
    _Static_assert(sizeof claim == 128, "no padding among the bits");
    CHECK_OK(vch_sign_verify(&claim.key, &claim.digest, &claim.signature)); // and is remembered
    uint8_t *bytes = (uint8_t *)&claim;
    for (size_t bit = 0; bit < 8 * sizeof claim; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_FAILS(vch_sign_verify(&claim.key, &claim.digest, &claim.signature), BAD_PROOF);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK_OK(vch_sign_verify(&claim.key, &claim.digest, &claim.signature));
}

// S and S + L sign alike in arithmetic modulo L; accepting both would let anyone change the bytes
// of a valid signature.
TEST(sign_refuses_a_signature_with_the_group_order_added)
{
    uint8_t order[32];
    struct vch_digest digest = vch_hash_bytes("abc", 3);
    struct vch_secret_key key;
    struct vch_signature signature;
    unsigned carry = 0;

    CHECK_OK(vch_hex_decode(order, sizeof order,
                            "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"));
    key_from_hex(&key, known[0].seed);
    vch_sign_digest(&signature, &key, &digest);
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature.bytes[32 + i] + order[i];
        signature.bytes[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    CHECK_EQ(carry, 0);
    CHECK_FAILS(vch_sign_verify(&key.public_key, &digest, &signature), BAD_PROOF);
}

// With the identity as public key, (R, S) = (B, 1) satisfies S * B = R + h * A for every message.
TEST(sign_refuses_keys_of_small_order)
{
    static const char *const keys[] = {
        "0100000000000000000000000000000000000000000000000000000000000000", // identity
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 2
        "0000000000000000000000000000000000000000000000000000000000000000", // order 4
        "0000000000000000000000000000000000000000000000000000000000000080", // order 4
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // identity, again
    };
    struct vch_digest digest = vch_hash_bytes("abc", 3);
    struct vch_signature signature = {0};

    CHECK_OK(vch_hex_decode(signature.bytes, 32,
                            "5866666666666666666666666666666666666666666666666666666666666666"));
    signature.bytes[32] = 1;
    FOR_EACH(hex, keys)
    {
        struct vch_public_key key;
        CHECK_OK(vch_hex_decode(key.bytes, sizeof key.bytes, *hex));
        // Small-order keys accept at least one message in eight when nobody looks; try many.
        for (int i = 0; i < 64; i++) {
            CHECK_FAILS(vch_sign_verify(&key, &digest, &signature), BAD_PROOF);
            digest = vch_hash_bytes(digest.bytes, sizeof digest.bytes);
        }
    }
}

TEST(sign_refuses_bytes_that_are_no_key)
{
    struct vch_digest digest = vch_hash_bytes("abc", 3);
    struct vch_secret_key key;
    struct vch_signature signature;
    struct vch_public_key noise;

    key_from_hex(&key, known[0].seed);
    vch_sign_digest(&signature, &key, &digest);
    for (int i = 0; i < 200; i++) {
        for (size_t j = 0; j < sizeof noise.bytes; j++)
            noise.bytes[j] = (uint8_t)test_below(256);
        CHECK_FAILS(vch_sign_verify(&noise, &digest, &signature), BAD_PROOF);
    }
    memset(&noise, 0xff, sizeof noise); // above the field's modulus
    CHECK_FAILS(vch_sign_verify(&noise, &digest, &signature), BAD_PROOF);
}

// RFC 8032, section 7.1, TEST SHA(abc).
TEST(sign_of_a_bare_message_agrees_with_the_standard)
{
    struct vch_secret_key key;
    struct vch_signature signature;
    uint8_t message[64];

    key_from_hex(&key, "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42");
    CHECK_OK(vch_hex_decode(message, sizeof message,
                            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"));
    vch_sign_bare_message(&signature, &key, message, sizeof message);
    CHECK_HEX(signature.bytes, sizeof signature.bytes,
              "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
              "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704");
    CHECK_OK(vch_sign_verify_bare_message(&key.public_key, message, sizeof message, &signature));
    message[0] ^= 1;
    CHECK_FAILS(vch_sign_verify_bare_message(&key.public_key, message, sizeof message, &signature),
                BAD_PROOF);
}

TEST(sign_of_a_digest_is_never_one_of_a_bare_message)
{
    struct vch_secret_key key;
    struct vch_signature signature;
    struct vch_digest digest = vch_hash_bytes("abc", 3);

    key_from_hex(&key, known[0].seed);
    vch_sign_digest(&signature, &key, &digest);
    CHECK_FAILS(vch_sign_verify_bare_message(&key.public_key, digest.bytes, sizeof digest.bytes,
                                             &signature),
                BAD_PROOF);
}

// A signer who is heard of again is checked in another way: every answer must stay the same.
static void check_answers(const struct vch_public_key *key, const struct vch_digest *digest,
                          const struct vch_signature *signature, bool expected)
{
    for (int i = 0; i < 3; i++)
        CHECK_EQ(vch_is_ok(vch_sign_verify(key, digest, signature)), expected);
}

static bool agrees_with_libsodium(const struct vch_public_key *key, const struct vch_digest *digest,
                                  const struct vch_signature *signature)
{
    const bool expected = crypto_sign_ed25519_verify_detached(signature->bytes, digest->bytes,
                                                              VCH_DIGEST_SIZE, key->bytes) == 0;

    check_answers(key, digest, signature, expected);
    return expected;
}

TEST(sign_answers_as_libsodium_does_whoever_it_has_heard_of)
{
    for (int i = 0; i < 300; i++) {
        struct vch_secret_key key;
        struct vch_signature signature;
        uint8_t seed[VCH_SIGN_SEED_SIZE] = {(uint8_t)i, (uint8_t)(i >> 8)};
        struct vch_digest digest = vch_hash_bytes(seed, sizeof seed);
        vch_sign_key(&key, seed);
        vch_sign_digest(&signature, &key, &digest);
        CHECK(agrees_with_libsodium(&key.public_key, &digest, &signature));
        const uint32_t bit = test_below(8 * VCH_SIGN_SIGNATURE_SIZE); // of what was found right
        signature.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!agrees_with_libsodium(&key.public_key, &digest, &signature));
    }
}

static struct vch_digest challenge_of(const uint8_t r[static 32], const struct vch_public_key *key,
                                      const struct vch_digest *digest)
{
    uint8_t bytes[32 + 32 + VCH_DIGEST_SIZE], wide[64];
    struct vch_digest out;

    memcpy(bytes, r, 32);
    memcpy(bytes + 32, key->bytes, 32);
    memcpy(bytes + 64, digest->bytes, VCH_DIGEST_SIZE);
    (void)crypto_hash_sha512(wide, bytes, sizeof bytes);
    crypto_core_ed25519_scalar_reduce(out.bytes, wide);
    return out;
}

// Keys and commitments with a part of small order, made by whoever knows the secret: verifiers with
// a cofactor, as libsodium's later versions are, take them all. We take those alone in which the
// parts cancel, whether we have heard of the key or not: else two readers of one log would differ.
TEST(sign_refuses_parts_of_small_order_unless_they_cancel)
{
    static const char eighth_hex[] =
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
    uint8_t eighth[32], small[8][32] = {{1}}, scalar[32] = {7}, nonce[32] = {9}, r[32];
    int taken = 0;

    CHECK_OK(vch_hex_decode(eighth, sizeof eighth, eighth_hex));
    for (int i = 1; i < 8; i++)
        CHECK_EQ(crypto_core_ed25519_add(small[i], small[i - 1], eighth), 0);
    for (int i = 0; i < 8 * 8 * 8; i++) {
        struct vch_public_key key;
        struct vch_signature signature;
        const struct vch_digest digest = vch_hash_bytes(&i, sizeof i);
        CHECK_EQ(crypto_scalarmult_ed25519_base_noclamp(key.bytes, scalar), 0);
        CHECK_EQ(crypto_core_ed25519_add(key.bytes, key.bytes, small[i % 8]), 0);
        CHECK_EQ(crypto_scalarmult_ed25519_base_noclamp(r, nonce), 0);
        CHECK_EQ(crypto_core_ed25519_add(r, r, small[i / 8 % 8]), 0);
        const struct vch_digest h = challenge_of(r, &key, &digest);
        uint8_t *s = signature.bytes + 32;
        memcpy(signature.bytes, r, sizeof r);
        crypto_core_ed25519_scalar_mul(s, h.bytes, scalar);
        crypto_core_ed25519_scalar_add(s, s, nonce);
        const bool cancels = (i / 8 % 8 + h.bytes[0] % 8 * (i % 8)) % 8 == 0;
        check_answers(&key, &digest, &signature, cancels);
        taken += cancels;
    }
    CHECK(taken > 512 / 16 && taken < 512 / 4); // one in eight
    // R of small order, whose S is chosen so that the equation holds.
    struct vch_secret_key key;
    struct vch_signature signature = {0};
    const struct vch_digest digest = vch_hash_bytes("abc", 3);
    CHECK_EQ(crypto_scalarmult_ed25519_base_noclamp(key.public_key.bytes, scalar), 0);
    memcpy(signature.bytes, small[0], 32);
    const struct vch_digest h = challenge_of(small[0], &key.public_key, &digest);
    crypto_core_ed25519_scalar_mul(signature.bytes + 32, h.bytes, scalar);
    check_answers(&key.public_key, &digest, &signature, false);
}
