#include "certificate/spki.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "harness/test.h"

static const uint8_t MESSAGE[] = "a message";

// A key made now, and what it says of MESSAGE.
static struct vch_spki key;
static uint8_t signature[512];
static size_t signature_size;

static void publish(EVP_PKEY *pair)
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(pair, &der);

    CHECK_OK(vch_spki_decode(&key, der, (size_t)size));
    OPENSSL_free(der);
}

static void sign(EVP_PKEY *pair, const EVP_MD *hash, int salt)
{
    EVP_PKEY_CTX *padding = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    CHECK_EQ(EVP_DigestSignInit(context, &padding, hash, NULL, pair), 1);
    if (salt >= 0) {
        CHECK_EQ(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING), 1);
        CHECK_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, salt), 1);
    }
    signature_size = sizeof signature;
    CHECK_EQ(EVP_DigestSign(context, signature, &signature_size, MESSAGE, sizeof MESSAGE), 1);
    EVP_MD_CTX_free(context);
}

static void take_numbers(uint8_t *r, uint8_t *s, int size)
{
    const unsigned char *end = signature;
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &end, (long)signature_size);

    CHECK_EQ(BN_bn2lebinpad(ECDSA_SIG_get0_r(numbers), r, size), size);
    CHECK_EQ(BN_bn2lebinpad(ECDSA_SIG_get0_s(numbers), s, size), size);
    ECDSA_SIG_free(numbers);
}

static vch_status verify(const uint8_t *r, const uint8_t *s, size_t size, bool is_little_endian)
{
    return vch_spki_verify_ecdsa(&key, &(struct vch_spki_ecdsa){r, s, size, is_little_endian},
                                 MESSAGE, sizeof MESSAGE);
}

static void check_ecdsa(const char *curve, const EVP_MD *hash, const char *order, int coordinate)
{
    EVP_PKEY *pair = EVP_EC_gen(curve);
    uint8_t r[72], s[72], zero[72] = {0}, n[72] = {0}, reverse_r[48], reverse_s[48];
    BIGNUM *number = NULL;

    publish(pair);
    sign(pair, hash, -1);
    CHECK_OK(vch_spki_verify_ecdsa_der(&key, signature, signature_size, MESSAGE, sizeof MESSAGE));
    CHECK_FAILS(vch_spki_verify_ecdsa_der(&key, signature, signature_size - 1, MESSAGE, 1),
                BAD_PROOF);
    CHECK_FAILS(vch_spki_verify_ecdsa_der(&key, signature, 0, MESSAGE, 1), BAD_PROOF);
    CHECK_FAILS(
        vch_spki_verify_ecdsa_der(&key, signature, signature_size, MESSAGE, sizeof MESSAGE - 1),
        BAD_PROOF);
    take_numbers(r, s, sizeof r);
    CHECK_OK(verify(r, s, sizeof r, true));
    CHECK_OK(verify(r, s, (size_t)coordinate, true));
    CHECK_FAILS(verify(r, s, (size_t)coordinate - 1, true), BAD_PROOF);
    CHECK_FAILS(verify(r, s, sizeof r, false), BAD_PROOF);
    CHECK_FAILS(verify(s, r, sizeof r, true), BAD_PROOF);
    for (int i = 0; i < coordinate; i++) {
        reverse_r[i] = r[coordinate - 1 - i];
        reverse_s[i] = s[coordinate - 1 - i];
    }
    CHECK_OK(verify(reverse_r, reverse_s, (size_t)coordinate, false));
    CHECK_FAILS(verify(zero, s, sizeof r, true), BAD_PROOF);
    CHECK_FAILS(verify(r, zero, sizeof r, true), BAD_PROOF);
    CHECK(BN_hex2bn(&number, order) > 0);
    CHECK_EQ(BN_bn2lebinpad(number, n, sizeof n), (int)sizeof n);
    CHECK_FAILS(verify(n, s, sizeof r, true), BAD_PROOF);
    CHECK_FAILS(verify(r, n, sizeof r, true), BAD_PROOF);
    for (size_t bit = 0; bit < 8 * sizeof r; bit++) {
        test_flip(r, bit);
        CHECK_FAILS(verify(r, s, sizeof r, true), BAD_PROOF);
        test_flip(r, bit);
    }
    // The other root: the same signature with n - s is one that ECDSA cannot tell from the first.
    BIGNUM *other = BN_lebin2bn(s, sizeof s, NULL);
    CHECK_EQ(BN_sub(other, number, other), 1);
    CHECK_EQ(BN_bn2lebinpad(other, s, sizeof s), (int)sizeof s);
    CHECK_OK(verify(r, s, sizeof r, true));
    // And s + n, which is the same number modulo n, is refused.
    CHECK_EQ(BN_add(other, other, number), 1);
    CHECK_EQ(BN_bn2lebinpad(other, s, sizeof s), (int)sizeof s);
    CHECK_FAILS(verify(r, s, sizeof r, true), BAD_PROOF);
    BN_free(other);
    BN_free(number);
    EVP_PKEY_free(pair);
}

TEST(spki_ecdsa_takes_numbers_of_the_group_in_either_order_of_bytes)
{
    check_ecdsa("P-256", EVP_sha256(),
                "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 32);
    check_ecdsa("P-384", EVP_sha384(),
                "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
                "581a0db248b0a77aecec196accc52973",
                48);
}

TEST(spki_rsa_takes_one_padding_and_one_salt)
{
    EVP_PKEY *pair = EVP_RSA_gen(2048);
    struct vch_spki again;

    publish(pair);
    CHECK(key.kind == VCH_SPKI_RSA);
    BIGNUM *modulus = NULL;
    uint8_t bytes[256];
    CHECK_EQ(EVP_PKEY_get_bn_param(pair, "n", &modulus), 1);
    CHECK_EQ(BN_bn2binpad(modulus, bytes, sizeof bytes), (int)sizeof bytes);
    BN_free(modulus);
    CHECK_OK(vch_spki_of_rsa(&again, bytes, sizeof bytes, 65537));
    CHECK(again.size == key.size && memcmp(again.bytes, key.bytes, key.size) == 0);
    CHECK_FAILS(vch_spki_of_rsa(&again, bytes, sizeof bytes, 1), UNSUPPORTED);
    CHECK_FAILS(vch_spki_of_rsa(&again, bytes, sizeof bytes, 4), UNSUPPORTED);
    CHECK_FAILS(vch_spki_of_rsa(&again, bytes, 255, 65537), UNSUPPORTED);

    sign(pair, EVP_sha384(), 48);
    CHECK_OK(vch_spki_verify_pss(&key, signature, signature_size, MESSAGE, sizeof MESSAGE));
    CHECK_FAILS(vch_spki_verify_pkcs1(&key, signature, signature_size, MESSAGE, sizeof MESSAGE),
                BAD_PROOF);
    signature[9] ^= 1;
    CHECK_FAILS(vch_spki_verify_pss(&key, signature, signature_size, MESSAGE, sizeof MESSAGE),
                BAD_PROOF);
    const int salts[] = {0, 32, 47, 49};
    FOR_EACH(salt, salts)
    {
        sign(pair, EVP_sha384(), *salt);
        CHECK_FAILS(vch_spki_verify_pss(&key, signature, signature_size, MESSAGE, sizeof MESSAGE),
                    BAD_PROOF);
    }
    sign(pair, EVP_sha256(), 48);
    CHECK_FAILS(vch_spki_verify_pss(&key, signature, signature_size, MESSAGE, sizeof MESSAGE),
                BAD_PROOF);
    sign(pair, EVP_sha256(), -1);
    CHECK_OK(vch_spki_verify_pkcs1(&key, signature, signature_size, MESSAGE, sizeof MESSAGE));
    CHECK_FAILS(vch_spki_verify_pkcs1(&key, signature, signature_size - 1, MESSAGE, 1), BAD_PROOF);
    sign(pair, EVP_sha1(), -1);
    CHECK_FAILS(vch_spki_verify_pkcs1(&key, signature, signature_size, MESSAGE, sizeof MESSAGE),
                BAD_PROOF);
    EVP_PKEY_free(pair);
}

TEST(spki_refuses_keys_that_are_small_or_strange)
{
    EVP_PKEY *pairs[] = {EVP_RSA_gen(1024), EVP_EC_gen("P-521"), EVP_EC_gen("secp256k1"),
                         EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};

    FOR_EACH(pair, pairs)
    {
        unsigned char *der = NULL;
        int size = i2d_PUBKEY(*pair, &der);
        CHECK(size > 0);
        CHECK_FAILS(vch_spki_decode(&key, der, (size_t)size), UNSUPPORTED);
        OPENSSL_free(der);
        EVP_PKEY_free(*pair);
    }
}

TEST(spki_of_a_point_off_the_curve_is_none)
{
    uint8_t x_y[96];

    memset(x_y, 0x11, sizeof x_y);
    CHECK_FAILS(vch_spki_of_point(&key, VCH_SPKI_P256, x_y), MALFORMED);
    CHECK_FAILS(vch_spki_of_point(&key, VCH_SPKI_P384, x_y), MALFORMED);
    memset(x_y, 0, sizeof x_y);
    CHECK_FAILS(vch_spki_of_point(&key, VCH_SPKI_P256, x_y), MALFORMED);
    CHECK_FAILS(vch_spki_of_point(&key, VCH_SPKI_RSA, x_y), USAGE);

    EVP_PKEY *pair = EVP_EC_gen("P-256");
    publish(pair);
    EVP_PKEY_free(pair);
    struct vch_spki again;
    CHECK_OK(vch_spki_of_point(&again, VCH_SPKI_P256, key.bytes + 27));
    CHECK(again.size == key.size && memcmp(again.bytes, key.bytes, key.size) == 0);
    for (size_t cut = 0; cut < key.size; cut++)
        CHECK(!vch_is_ok(vch_spki_decode(&again, key.bytes, cut)));
}
