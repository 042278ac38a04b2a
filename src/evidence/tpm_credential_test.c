// Credentials opened as a TPM does (Part 3, TPM2_ActivateCredential), by OpenSSL's own OAEP, ECDH
// and KDFs. A real TPM: tests/e2e/tpm_test.py.
#include "evidence/tpm_credential.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

static EVP_PKEY *secret_key;
static struct vch_spki ek;
static struct vch_tpm_credential credential;
static struct vch_tpm_credential_random entropy;
static uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE], secret[VCH_TPM_CREDENTIAL_SECRET_MAX];

static void fill(void *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = (uint8_t)test_below(256);
}

static void start(EVP_PKEY *key)
{
    unsigned char *der = NULL;

    secret_key = key;
    CHECK(key != NULL);
    int size = i2d_PUBKEY(key, &der);
    CHECK(size > 0);
    CHECK_OK(vch_spki_decode(&ek, der, (size_t)size));
    OPENSSL_free(der);
    fill(&entropy, sizeof entropy);
    fill(name, sizeof name);
    fill(secret, sizeof secret);
}

static vch_status make(size_t secret_size)
{
    return vch_tpm_credential_make(&credential, &ek, name, secret, secret_size, &entropy, NULL);
}

static uint32_t u16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static bool kdf(const char *kind, uint8_t *out, size_t size, OSSL_PARAM *params)
{
    EVP_KDF *algorithm = EVP_KDF_fetch(NULL, kind, NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(algorithm);
    bool is_done = EVP_KDF_derive(context, out, size, params) == 1;

    EVP_KDF_CTX_free(context);
    EVP_KDF_free(algorithm);
    return is_done;
}

static bool unwrap_rsa(uint8_t seed[32])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(secret_key, NULL);
    uint8_t plain[256];
    char *label = OPENSSL_strdup("IDENTITY"); // taken over by the context
    size_t size = sizeof plain;

    bool is_done = EVP_PKEY_decrypt_init(context) == 1 &&
                   EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                   EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
                   EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
                   EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, 9) == 1 &&
                   EVP_PKEY_decrypt(context, plain, &size, credential.seed + 2,
                                    credential.seed_size - 2u) == 1 &&
                   size == 32;
    EVP_PKEY_CTX_free(context);
    if (is_done) memcpy(seed, plain, 32);
    return is_done;
}

static bool unwrap_ecc(uint8_t seed[32])
{
    struct vch_spki ephemeral;
    uint8_t x_y[64], shared[32], info[9 + 64] = "IDENTITY";
    size_t size = sizeof shared;

    CHECK_EQ(credential.seed_size, 2 + 2 * 34);
    CHECK_EQ(u16(credential.seed), 68);
    memcpy(x_y, credential.seed + 4, 32);
    memcpy(x_y + 32, credential.seed + 38, 32);
    if (!vch_is_ok(vch_spki_of_point(&ephemeral, VCH_SPKI_P256, x_y))) return false;
    const uint8_t *der = ephemeral.bytes;
    EVP_PKEY *peer = d2i_PUBKEY(NULL, &der, (long)ephemeral.size);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(secret_key, NULL);
    CHECK(EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1);
    CHECK(EVP_PKEY_derive(context, shared, &size) == 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    memcpy(info + 9, x_y, 32);
    memcpy(info + 9 + 32, ek.bytes + ek.size - 64, 32);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, shared, sizeof shared),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, sizeof info), OSSL_PARAM_END};
    return kdf("SSKDF", seed, 32, params);
}

static void derive(uint8_t *out, size_t size, uint8_t seed[32], char *label, uint8_t *context,
                   size_t context_size)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, (char[]){"HMAC"}, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, seed, 32),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, label, strlen(label)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, context, context_size),
        OSSL_PARAM_END};
    CHECK(kdf("KBKDF", out, size, params));
}

// What a TPM that holds the key `named` would say; false: it refuses.
static bool activate(uint8_t named[VCH_TPM_PUBLIC_NAME_SIZE], uint8_t *out, size_t *out_size)
{
    uint8_t seed[32], key[32], mac[32], covered[256], zeroes[16] = {0};
    const uint8_t *inner = credential.blob + 4 + 32;
    size_t inner_size = credential.blob_size - 4u - 32u;
    int done = 0;

    CHECK_EQ(u16(credential.blob), credential.blob_size - 2);
    CHECK_EQ(u16(credential.blob + 2), 32);
    if (!(ek.kind == VCH_SPKI_RSA ? unwrap_rsa(seed) : unwrap_ecc(seed))) return false;
    derive(key, 32, seed, (char[]){"INTEGRITY"}, zeroes, 0);
    memcpy(covered, inner, inner_size);
    memcpy(covered + inner_size, named, VCH_TPM_PUBLIC_NAME_SIZE);
    HMAC(EVP_sha256(), key, 32, covered, inner_size + VCH_TPM_PUBLIC_NAME_SIZE, mac, NULL);
    if (memcmp(mac, credential.blob + 4, 32) != 0) return false;
    derive(key, 16, seed, (char[]){"STORAGE"}, named, VCH_TPM_PUBLIC_NAME_SIZE);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    CHECK(EVP_DecryptInit_ex(context, EVP_aes_128_cfb128(), NULL, key, zeroes) == 1);
    CHECK(EVP_DecryptUpdate(context, covered, &done, inner, (int)inner_size) == 1);
    EVP_CIPHER_CTX_free(context);
    *out_size = u16(covered);
    if (*out_size + 2 != inner_size) return false;
    memcpy(out, covered + 2, *out_size);
    return true;
}

static void check_credential(size_t secret_size)
{
    uint8_t said[256];
    size_t size = 0;

    CHECK_OK(make(secret_size));
    CHECK(activate(name, said, &size));
    CHECK_EQ(size, secret_size);
    CHECK(memcmp(said, secret, size) == 0);
    test_flip(name, test_below(8 * sizeof name)); // another key in the same TPM
    CHECK(!activate(name, said, &size));
}

TEST(credential_for_an_rsa_key_opens_in_that_tpm_for_that_name_alone)
{
    start(EVP_RSA_gen(2048));
    for (size_t size = 1; size <= VCH_TPM_CREDENTIAL_SECRET_MAX; size += 31)
        check_credential(size);
    EVP_PKEY_free(secret_key);
}

TEST(credential_for_a_p256_key_opens_in_that_tpm_for_that_name_alone)
{
    start(EVP_EC_gen("P-256"));
    for (size_t size = 1; size <= VCH_TPM_CREDENTIAL_SECRET_MAX; size++)
        check_credential(size);
    EVP_PKEY_free(secret_key);
}

TEST(credential_with_a_byte_altered_does_not_open)
{
    uint8_t said[256];
    size_t size = 0;

    start(EVP_EC_gen("P-256"));
    CHECK_OK(make(32));
    for (size_t bit = 8 * 4; bit < 8u * credential.blob_size; bit += 1 + test_below(8)) {
        test_flip(credential.blob, bit);
        CHECK(!activate(name, said, &size));
        test_flip(credential.blob, bit);
    }
    EVP_PKEY *other = secret_key; // nor does it in another TPM
    secret_key = EVP_EC_gen("P-256");
    CHECK(!activate(name, said, &size));
    EVP_PKEY_free(other);
    EVP_PKEY_free(secret_key);
}

TEST(credential_is_a_function_of_its_inputs)
{
    static struct vch_tpm_credential first;

    start(EVP_RSA_gen(2048));
    CHECK_OK(make(32));
    first = credential;
    CHECK_OK(make(32));
    CHECK(memcmp(&first, &credential, sizeof first) == 0);
    entropy.padding[0] ^= 1;
    CHECK_OK(make(32));
    CHECK(memcmp(first.seed, credential.seed, sizeof first.seed) != 0);
    CHECK(memcmp(first.blob, credential.blob, sizeof first.blob) == 0);
    EVP_PKEY_free(secret_key);
}

TEST(credential_for_other_keys_or_of_other_secrets_is_not_made)
{
    start(EVP_EC_gen("P-384"));
    CHECK_FAILS(make(32), UNSUPPORTED);
    EVP_PKEY_free(secret_key);
    uint8_t modulus[384];
    memset(modulus, 0xc3, sizeof modulus);
    CHECK_OK(vch_spki_of_rsa(&ek, modulus, sizeof modulus, 65537));
    CHECK_FAILS(make(32), UNSUPPORTED);
    start(EVP_EC_gen("P-256"));
    CHECK_FAILS(make(0), USAGE);
    CHECK_FAILS(make(VCH_TPM_CREDENTIAL_SECRET_MAX + 1), USAGE);
    EVP_PKEY_free(secret_key);
}
