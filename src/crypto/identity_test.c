#include "crypto/identity.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/signer.h"
#include "harness/test.h"

// Made by OpenSSL 3.0 of the key that grows from the seed 01 00 .. 00.
static const char CERTIFICATE[] =
    "3081d0308183a003020102020101300506032b65703010310e300c06035504030c05766f75636830"
    "22180f31393730303130313030303030305a180f39393939313233313233353935395a3010310e30"
    "0c06035504030c05766f756368302a300506032b6570032100cecc1507dc1ddd7295951c290888f0"
    "95adb9044d1b73d696e6df065d683bd4fc300506032b6570034100cf5f7becfa2bbbf9199432e8f2"
    "f3218d12c478dd7ce1b136f865339cd918e12087c8b8264d3ddd1c00d2fd6d01171525c96db5702d"
    "568a4a9eb7339ad2010f0e";

static struct vch_secret_key key_of(uint8_t first)
{
    const uint8_t seed[32] = {first};
    struct vch_secret_key key;

    vch_sign_key(&key, seed);
    return key;
}

TEST(identity_the_certificate_is_the_one_that_openssl_makes)
{
    const struct vch_secret_key key = key_of(1);
    const struct vch_signer signer = vch_signer_local(&key);
    uint8_t body[VCH_IDENTITY_BODY_SIZE], made[VCH_IDENTITY_CERTIFICATE_SIZE], want[sizeof made];
    struct vch_signature signature;

    vch_identity_body(body, &key.public_key);
    CHECK_OK(vch_signer_sign_tls(&signer, &signature, body, sizeof body));
    vch_identity_certificate(made, &key.public_key, &signature);
    CHECK_OK(vch_hex_decode(want, sizeof want, CERTIFICATE));
    CHECK(memcmp(made, want, sizeof want) == 0);
}

static size_t handshake(uint8_t *out, const char *what, size_t hash_size)
{
    memset(out, ' ', 64);
    memcpy(out + 64, what, strlen(what) + 1);
    memset(out + 64 + strlen(what) + 1, 0x5a, hash_size);
    return 64 + strlen(what) + 1 + hash_size;
}

TEST(identity_both_ends_of_a_handshake_are_signed)
{
    static const char *const ends[] = {"TLS 1.3, server CertificateVerify",
                                       "TLS 1.3, client CertificateVerify"};
    static const size_t hashes[] = {32, 48};
    const struct vch_secret_key key = key_of(1);
    const struct vch_signer signer = vch_signer_local(&key);
    struct vch_signature signature;
    uint8_t message[200];

    for (size_t i = 0; i < 4; i++) {
        size_t size = handshake(message, ends[i / 2], hashes[i % 2]);
        CHECK_OK(vch_signer_sign_tls(&signer, &signature, message, size));
        CHECK_OK(vch_sign_verify_bare_message(&key.public_key, message, size, &signature));
    }
}

static void check_refused(const void *message, size_t size)
{
    const struct vch_secret_key key = key_of(1);
    const struct vch_signer signer = vch_signer_local(&key);
    struct vch_signature signature;

    CHECK_FAILS(vch_signer_sign_tls(&signer, &signature, message, size), REFUSED);
}

TEST(identity_nothing_else_is_signed_for_tls)
{
    const struct vch_secret_key other = key_of(2);
    uint8_t message[300] = {0};

    check_refused(message, 0);
    check_refused(message, VCH_DIGEST_SIZE);
    check_refused("cosignature/v1\ntime 1\nlog\n1\nroot\n", 34);
    vch_identity_body(message, &other.public_key); // another key's certificate
    check_refused(message, VCH_IDENTITY_BODY_SIZE);
    size_t size = handshake(message, "TLS 1.3, server CertificateVerify", 32);
    check_refused(message, size - 1);
    check_refused(message, size + 1);
    check_refused(message + 1, size - 1);
    for (size_t i = 0; i < size - 32; i++) { // each byte of its form counts
        message[i] ^= 1;
        check_refused(message, size);
        message[i] ^= 1;
    }
}
